/* For the files of the device only. */
#ifndef DEVICE_PRIVATE_H
#define DEVICE_PRIVATE_H

#include "session.h"
#include "shape_stream.h"

/* Adds what the scenario says about how this device writes. */
void device_plan_shape(struct device *d, struct shape *shape);

#endif

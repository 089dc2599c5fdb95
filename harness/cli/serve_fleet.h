/* `mailassay serve --profile NAME`: a fleet on loopback, until interrupted. */
#ifndef SERVE_FLEET_H
#define SERVE_FLEET_H

#include "fault.h"
#include "options.h"

struct serve_fleet {
    const char *profile; /* a name or a file */
    const char *state, *address;
    const char *password;          /* of all accounts; NULL: random ones */
    const struct text_list *ports; /* HOST:PORT=PORT */
    struct faults faults;
    bool clear_login;
};

/* The exit status; everything is said. */
int serve_fleet(const struct serve_fleet *options);

#endif

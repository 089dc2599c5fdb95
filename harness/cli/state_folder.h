/* The folder of a server that runs: what clients need to know, readable by its owner alone. */
#ifndef STATE_FOLDER_H
#define STATE_FOLDER_H

#include "buf.h"
#include "error.h"
#include "slice.h"
#include <limits.h>

struct state_folder {
    char path[PATH_MAX]; /* absolute */
};

/* Makes the folder (mode 0700) when it is not there; NULL: a new one in /tmp. ERR_INTERNAL. */
int state_folder_open(const char *wanted, struct state_folder *ret, struct error *err);
/* Writes a file into it (mode 0600), in place of what it held. ERR_INTERNAL. */
int state_folder_write(const struct state_folder *folder, const char *name, slice text,
                       struct error *err);

/* Adds the path of a file of the folder ("alice" and ".password") as a scalar of YAML. */
void state_folder_add_path(const struct state_folder *folder, const char *name, const char *end,
                           struct buf *out);
/* Any text as a scalar of YAML, in double quotes. */
void yaml_add_quoted(struct buf *out, const char *text);

#endif

/* Live progress for a person who waits, written to stderr: a bar that is redrawn on a terminal, plain
   lines in a log. Says nothing that the reports do not say. Writing is best effort: a broken stderr
   does not harm a run. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "result.h"
#include <stdio.h>

struct progress_options {
    FILE *out;     /* NULL: say nothing at all */
    bool terminal; /* redraw one line; otherwise a line for each tenth of the run */
    bool colour;
    int width; /* columns of the terminal, 0: 80 */
};

struct progress {
    struct progress_options options;
    int total, done, failed, errors, skipped;
    nsec drawn;   /* when the bar was drawn last */
    int lines;    /* tenths that were written */
    bool visible; /* a bar stands on the line of the cursor */
};

void progress_begin(struct progress *p, const struct progress_options *options, int total);
/* A check begins. `at` is the time since the run began. The bar is redrawn at most ten times a second. */
void progress_running(struct progress *p, const char *id, nsec at);
/* A check has its verdict (in any order). A failure is written as a line of its own at once. */
void progress_done(struct progress *p, const struct result *r, nsec at);
/* A line between the progress ("rate limited, waiting 30 s"). */
void progress_say(struct progress *p, const char *text);
/* Takes the bar away. */
void progress_end(struct progress *p);

#endif

/* Child processes, waited for as tasks wait: with a deadline, through pidfd. Real clock only.
   A child gets its own process group, default signals, /dev/null as input, and no descriptor of
   ours beyond 0, 1 and 2. */
#ifndef CHILD_H
#define CHILD_H

#include "buf.h"
#include "error.h"
#include "task.h"

enum { CHILD_OUTPUT_MAX = 1 << 20 }; /* default limit of each captured stream, in bytes */

struct child_options {
    const char *const *argv; /* NULL-terminated, argv[0] searched in PATH; or NULL and: */
    const char *shell;       /* a command line for sh -c */
    const char *directory;   /* working directory; NULL: ours */
    size_t output_max;       /* of out and err each; 0 means CHILD_OUTPUT_MAX */
};

struct child_result {
    int exit_status; /* of exit(), or -1 when a signal ended it */
    int signo;       /* that signal, or 0 */
    struct buf out;  /* standard output; .overflow when there was more than the limit */
    struct buf err;  /* standard error, likewise */
};
void child_result_release(struct child_result *r);

/* Runs a command to its end. 0 when it ran, whatever its exit status (ret is then filled; release
   it). ERR_TIMEOUT / ERR_CANCEL: its whole process group was killed. ERR_INTERNAL: it could not be
   started. A background process that it leaves behind is not waited for. */
int child_run(const struct child_options *options, nsec deadline, struct error *err,
              struct child_result *ret);

/* The same in pieces, for a command that stays (a server under test). Output goes on being read
   only while child_wait() waits. */
struct child;
int child_open(const struct child_options *options, struct error *err, struct child **ret);
/* WAKE_READY once it has ended and *ret is filled (release it). ret may be NULL. */
enum wake child_wait(struct child *c, nsec deadline, struct child_result *ret);
/* Sends signo to its process group. */
void child_kill(struct child *c, int signo);
/* Kills what still runs (SIGKILL to the group), reaps it, frees c. NULL is fine. */
void child_close(struct child *c);
/* The standard output that has been read so far; borrowed until the next call on c. */
slice child_output(const struct child *c);

/* "exited with status 3", "was ended by signal 9 (Killed)": for error sentences. */
char *child_result_text(const struct child_result *r, char text[64]);

#endif

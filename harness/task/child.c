#include "child.h"
#include "alloc.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child {
    pid_t pid;
    int pidfd; /* -1 once reaped */
    struct output {
        int fd; /* our end of the pipe, -1 after its end */
        struct buf text;
    } out, err;
    int status; /* of waitpid */
};

void child_result_release(struct child_result *r)
{
    buf_release(&r->out);
    buf_release(&r->err);
}

char *child_result_text(const struct child_result *r, char text[64])
{
    if (r->signo)
        snprintf(text, 64, "was ended by signal %d (%s)", r->signo, strsignal(r->signo));
    else
        snprintf(text, 64, "exited with status %d", r->exit_status);
    return text;
}

static void attributes_init(posix_spawnattr_t *a)
{
    sigset_t set;
    posix_spawnattr_init(a);
    posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                    POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(a, 0);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(a, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(a, &set);
}

static int spawn(struct child *c, const struct child_options *o, int out, int err)
{
    const char *const shell[] = { "/bin/sh", "-c", o->shell, NULL };
    const char *const *argv = o->argv ? o->argv : shell;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    if (o->directory)
        posix_spawn_file_actions_addchdir_np(&files, o->directory);
    attributes_init(&attributes);
    int failure = posix_spawnp(&c->pid, argv[0], &files, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

static void child_release(struct child *c)
{
    task_close_fd(c->pidfd);
    task_close_fd(c->out.fd);
    task_close_fd(c->err.fd);
    buf_release(&c->out.text);
    buf_release(&c->err.text);
    free(c);
}

/* A pipe whose reading end is ours and non-blocking. False with errno set. */
static bool output_open(struct output *o, size_t max, int *ret_write_end)
{
    int ends[2];
    buf_init(&o->text, max ? max : CHILD_OUTPUT_MAX);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    o->fd = ends[0];
    *ret_write_end = ends[1];
    return true;
}

int child_open(const struct child_options *options, struct error *err, struct child **ret)
{
    assert(!options->argv != !options->shell);
    struct child *c = NEW(struct child);
    c->pidfd = c->out.fd = c->err.fd = -1;
    int out = -1, errors = -1, failure = 0;
    if (!output_open(&c->out, options->output_max, &out) ||
        !output_open(&c->err, options->output_max, &errors))
        failure = errno;
    if (!failure)
        failure = spawn(c, options, out, errors);
    if (out >= 0)
        close(out);
    if (errors >= 0)
        close(errors);
    if (!failure && (c->pidfd = pidfd_open(c->pid, 0)) < 0) {
        failure = errno;
        kill(-c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    if (failure) {
        child_release(c);
        return error_set(err, ERR_INTERNAL, "cannot run \"%s\": %s",
                         options->argv ? options->argv[0] : options->shell, strerror(failure));
    }
    *ret = c;
    return 0;
}

/* What is beyond the limit is read and dropped, so that the child never blocks on us. */
static void output_keep(struct output *o, slice data)
{
    size_t room = o->text.max - o->text.n;
    buf_add(&o->text, slice_sub(data, 0, room));
    if (data.n > room)
        o->text.overflow = true;
}

/* Reads what is there. False when nothing more will come. */
static bool output_drain(struct output *o)
{
    char data[4096];
    while (o->fd >= 0) {
        ssize_t n = read(o->fd, data, sizeof data);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n > 0) {
            output_keep(o, slice_make(data, (size_t)n));
            continue;
        }
        task_close_fd(o->fd);
        o->fd = -1;
    }
    return false;
}

static void output_reader(void *arg)
{
    struct output *o = arg;
    while (output_drain(o) && task_wait_fd(o->fd, POLLIN, NEVER) == WAKE_READY)
        ;
}

static void reap(struct child *c)
{
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
        ;
    task_close_fd(c->pidfd);
    c->pidfd = -1;
}

static void result_fill(struct child *c, struct child_result *ret)
{
    *ret = (struct child_result) {
        .exit_status = WIFEXITED(c->status) ? WEXITSTATUS(c->status) : -1,
        .signo = WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0,
        .out = c->out.text,
        .err = c->err.text,
    };
    buf_init(&c->out.text, ret->out.max);
    buf_init(&c->err.text, ret->err.max);
}

enum wake child_wait(struct child *c, nsec deadline, struct child_result *ret)
{
    if (c->pidfd >= 0) {
        struct output *outputs[] = { &c->out, &c->err };
        struct task *readers[2];
        for (int i = 0; i < 2; i++)
            readers[i] = task_spawn(output_reader, outputs[i]);
        enum wake why = task_wait_fd(c->pidfd, POLLIN, deadline);
        for (int i = 0; i < 2; i++) {
            task_cancel(readers[i]);
            task_join(readers[i]);
        }
        if (why != WAKE_READY)
            return why;
        reap(c);
        output_drain(&c->out);
        output_drain(&c->err);
    }
    if (ret)
        result_fill(c, ret);
    return WAKE_READY;
}

void child_kill(struct child *c, int signo)
{
    if (c->pidfd >= 0)
        kill(-c->pid, signo);
}

slice child_output(const struct child *c)
{
    return buf_slice(&c->out.text);
}

void child_close(struct child *c)
{
    if (!c)
        return;
    if (c->pidfd >= 0) {
        child_kill(c, SIGKILL);
        reap(c);
    }
    child_release(c);
}

int child_run(const struct child_options *options, nsec deadline, struct error *err,
              struct child_result *ret)
{
    struct child *c;
    int failure = child_open(options, err, &c);
    if (failure)
        return failure;
    enum wake why = child_wait(c, deadline, ret);
    child_close(c);
    const char *what = options->argv ? options->argv[0] : options->shell;
    if (why == WAKE_TIMEOUT)
        return error_set(err, ERR_TIMEOUT, "\"%s\" did not end in time and was killed", what);
    if (why == WAKE_CANCEL)
        return error_set(err, ERR_CANCEL, "cancelled while \"%s\" ran", what);
    return 0;
}

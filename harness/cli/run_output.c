#include "run_output.h"
#include "commands.h"
#include "task.h"
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int run_output_prepare(struct run_output *o, const struct text_list *reports, struct error *err)
{
    int r = 0;
    if (reports->n > RUN_REPORTS_MAX)
        return error_set(err, ERR_USAGE, "at most %d reports", RUN_REPORTS_MAX);
    for (o->n = 0; o->n < reports->n && r == 0; o->n++) {
        r = report_parse(reports->v[o->n], &o->requests[o->n], err);
        if (r == 0)
            r = report_probe(&o->requests[o->n], err);
    }
    return r;
}

int terminal_width(void)
{
    struct winsize w;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 100;
}

int write_stdout(slice text)
{
    struct error err;
    if (fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0)
        return EXIT_GOOD;
    error_set(&err, ERR_INTERNAL, "cannot write to standard output");
    return say_error(&err);
}

bool run_output_save(const struct run_output *o, const struct run *run, int *status)
{
    struct error err;
    bool stdout_taken = false;
    struct report_options plain = { .verbosity = o->verbosity, .width = 100 };
    for (size_t i = 0; i < o->n; i++) {
        stdout_taken |= strcmp(o->requests[i].path, "-") == 0;
        if (report_save(&o->requests[i], run, &plain, &err) < 0) {
            int own = say_error(&err);
            *status = *status == EXIT_GOOD ? own : *status;
        }
    }
    return stdout_taken;
}

int run_output_write(const struct run_output *o, const struct run *run)
{
    struct report_options options = { .verbosity = o->verbosity,
                                      .colour = wants_colour(stdout, o->colour),
                                      .width = terminal_width() };
    struct error err;
    int status = run->exit_code;
    if (run_output_save(o, run, &status))
        return status;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    int own = report_text(run, &options, &text, &err) < 0 ? say_error(&err)
                                                          : write_stdout(buf_slice(&text));
    return own ? own : status;
}

void add_quoted(struct buf *out, const char *word)
{
    buf_addc(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, *word);
    buf_addc(out, '\'');
}

static bool is_plain(const char *word)
{
    return *word &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "-_./:=,@%+")] == '\0';
}

const char *command_text(struct arena *arena, const char *command, int argc, char **argv)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_addf(&text, "mailassay %s", command);
    for (int i = 0; i < argc; i++) {
        buf_addc(&text, ' ');
        if (is_plain(argv[i]))
            buf_adds(&text, argv[i]);
        else
            add_quoted(&text, argv[i]);
    }
    return arena_str(arena, buf_slice(&text));
}

/* ---- runs that can be interrupted ---- */

struct interruptible {
    const sigset_t *signals;
    struct task *work;
    bool *interrupted;
    bool finished;
};

static void watch_signals(void *arg)
{
    struct interruptible *i = arg;
    int signo;
    if (task_wait_signal(i->signals, NEVER, &signo) != WAKE_READY || i->finished)
        return;
    *i->interrupted = true;
    task_cancel(i->work);
}

void run_interruptible(const sigset_t *signals, void (*fn)(void *), void *arg, bool *interrupted)
{
    struct interruptible i = { signals, task_spawn_named("work", fn, arg), interrupted, false };
    struct task *watcher = task_spawn_named("signals", watch_signals, &i);
    task_join(i.work);
    i.finished = true;
    task_cancel(watcher);
    task_join(watcher);
}

void run_describe(struct run *run, const char *target, const char *typed, bool strict)
{
    run->tool_version = run->suite_version = MAILASSAY_VERSION;
    run->started = (nsec)time(NULL) * SECONDS(1);
    run->settings.strict = strict;
    run->settings.level = LEVEL_NOTE;
    run->target.name = run_text(run, slice_of(target));
    run->command_line = run_text(run, slice_of(typed));
}

#include "report.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const struct report_writer report_writers[] = {
    { "text", "txt", "for people, as on the terminal", report_text },
    { "json", "json", "everything; schema: result", report_json },
    { "html", "html", "one offline page", report_html },
    { "junit", "xml", "JUnit as GitLab and GitHub actions read it", report_junit },
    { "junit-strict", "xml", "JUnit as the Jenkins xUnit schema wants it", report_junit_strict },
    { "tap", "tap", "TAP version 13", report_tap },
    { "markdown", "md", "a short summary for a job page", report_markdown },
    { NULL, NULL, NULL, NULL },
};

const struct report_writer *report_writer_find(slice name)
{
    for (const struct report_writer *w = report_writers; w->name; w++)
        if (slice_eq_str(name, w->name))
            return w;
    return NULL;
}

static int unknown_format(slice name, struct error *err)
{
    auto_buf names;
    buf_init(&names, BUF_OURS);
    for (const struct report_writer *w = report_writers; w->name; w++)
        buf_addf(&names, "%s%s", names.n ? ", " : "", w->name);
    return error_set(err, ERR_USAGE, "no report format \"%.*s\"; there are %s", SLICE_ARG(name),
                     names.p);
}

int report_parse(const char *text, struct report_request *ret, struct error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || !equals[1])
        return error_set(err, ERR_USAGE, "a report is FORMAT=PATH, not \"%s\"", text);
    slice name = slice_make(text, (size_t)(equals - text));
    const struct report_writer *w = report_writer_find(name);
    if (!w)
        return unknown_format(name, err);
    *ret = (struct report_request) { w, equals + 1 };
    return 0;
}

bool report_wants_transcript(enum transcripts which, const struct result *r)
{
    bool plain =
        r->outcome == OUTCOME_PASS || r->outcome == OUTCOME_SKIP || r->outcome == OUTCOME_NOT_RUN;
    return which == TRANSCRIPTS_ALL || (which == TRANSCRIPTS_FAILED && !plain);
}

/* ---- saving ---- */

static int not_writable(const char *path, struct error *err)
{
    return error_set(err, ERR_INTERNAL, "cannot write the report %s: %s", path, strerror(errno));
}

static bool is_stdout(const char *path)
{
    return !strcmp(path, "-");
}

/* A device or pipe is written in place: there is nothing to rename over. */
static bool is_special(const char *path)
{
    struct stat st;
    return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static bool is_directory(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int report_probe(const struct report_request *request, struct error *err)
{
    if (is_stdout(request->path))
        return 0;
    if (is_directory(request->path)) {
        errno = EISDIR;
        return not_writable(request->path, err);
    }
    autofree char *copy = xstrdup(request->path);
    const char *place = is_special(request->path) ? request->path : dirname(copy);
    return access(place, W_OK) ? not_writable(request->path, err) : 0;
}

static bool write_all(int fd, slice bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = slice_skip(bytes, (size_t)n);
    }
    return true;
}

static int save_in_place(const char *path, slice bytes, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write_all(fd, bytes);
    if (fd >= 0 && close(fd))
        ok = false;
    return ok ? 0 : not_writable(path, err);
}

static bool give_usual_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    return !fchmod(fd, 0666 & ~mask);
}

static int save_by_rename(const char *path, slice bytes, struct error *err)
{
    autofree char *beside = xprintf("%s.XXXXXX", path);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return not_writable(path, err);
    bool ok = write_all(fd, bytes) && give_usual_mode(fd);
    if (close(fd))
        ok = false;
    if (ok && !rename(beside, path))
        return 0;
    not_writable(path, err);
    unlink(beside);
    return ERR_INTERNAL;
}

static int save_stdout(slice bytes, struct error *err)
{
    bool ok = fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n && !fflush(stdout);
    return ok ? 0 : not_writable("on standard output", err);
}

int report_save(const struct report_request *request, const struct run *run,
                const struct report_options *options, struct error *err)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    int code = request->writer->write(run, options, &out, err);
    if (code)
        return code;
    if (out.overflow)
        return error_set(err, ERR_INTERNAL, "the report %s is too large", request->path);
    if (is_stdout(request->path))
        return save_stdout(buf_slice(&out), err);
    return is_special(request->path) ? save_in_place(request->path, buf_slice(&out), err)
                                     : save_by_rename(request->path, buf_slice(&out), err);
}

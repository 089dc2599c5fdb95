#include "state_folder.h"
#include "alloc.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int state_folder_open(const char *wanted, struct state_folder *ret, struct error *err)
{
    char made[] = "/tmp/mailassay-serve-XXXXXX";
    if (!wanted && !(wanted = mkdtemp(made)))
        return error_set(err, ERR_INTERNAL, "cannot make a folder in /tmp");
    if (mkdir(wanted, 0700) < 0 && errno != EEXIST)
        return error_set(err, ERR_INTERNAL, "cannot make the folder %s: %s", wanted,
                         strerror(errno));
    if (!realpath(wanted, ret->path))
        return error_set(err, ERR_INTERNAL, "cannot find the folder %s", wanted);
    return 0;
}

int state_folder_write(const struct state_folder *folder, const char *name, slice text,
                       struct error *err)
{
    autofree char *path = xprintf("%s/%s", folder->path, name);
    FILE *f = fopen(path, "we");
    if (!f || fchmod(fileno(f), 0600) < 0 || fwrite(text.p, 1, text.n, f) != text.n) {
        if (f)
            fclose(f);
        return error_set(err, ERR_INTERNAL, "cannot write %s: %s", path, strerror(errno));
    }
    if (fclose(f) != 0)
        return error_set(err, ERR_INTERNAL, "cannot write %s: %s", path, strerror(errno));
    return 0;
}

void yaml_add_quoted(struct buf *out, const char *text)
{
    buf_addc(out, '"');
    for (; *text; text++)
        if ((unsigned char)*text < ' ')
            buf_addf(out, "\\x%02X", (unsigned char)*text);
        else
            buf_addf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    buf_addc(out, '"');
}

void state_folder_add_path(const struct state_folder *folder, const char *name, const char *end,
                           struct buf *out)
{
    autofree char *path = xprintf("%s/%s%s", folder->path, name, end);
    yaml_add_quoted(out, path);
}

/* The golden messages of scenarios/messages for unit tests: NAME.eml and the values of NAME.yaml,
   which are written so that this small reader does: "key: 'value'" and lists of "  - 'value'". */
#ifndef TEST_IMAP_GOLDEN_H
#define TEST_IMAP_GOLDEN_H

#include "array.h"
#include "buf.h"
#include "testing.h"
#include <dirent.h>
#include <stdio.h>

enum { GOLDEN_MAX = 100, GOLDEN_FILE_MAX = 1 << 20 };

static const char *golden_folder;
static char *golden_names[GOLDEN_MAX];
static size_t n_goldens;

/* Whole content, malloc'ed; the test fails when there is no such file. */
static inline slice golden_read(const char *name, const char *suffix)
{
    autofree char *path = xprintf("%s/%s%s", golden_folder, name, suffix);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *p = xcalloc(1, GOLDEN_FILE_MAX);
    size_t n = fread(p, 1, GOLDEN_FILE_MAX - 1, file);
    fclose(file);
    return slice_make(p, n);
}

static inline int golden_cmp(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Before the tests: the names, sorted. */
static inline void golden_list(const char *folder)
{
    golden_folder = folder;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) && n_goldens < GOLDEN_MAX;) {
        slice name = slice_of(entry->d_name);
        if (slice_ends(name, S(".eml")))
            golden_names[n_goldens++] = xslicedup(slice_sub(name, 0, name.n - 4));
    }
    if (dir)
        closedir(dir);
    qsort(golden_names, n_goldens, sizeof *golden_names, golden_cmp);
}

static inline void golden_release(void)
{
    while (n_goldens)
        free(golden_names[--n_goldens]);
}

/* 'a''b' -> a'b */
static inline void golden_unquote(slice text, struct buf *out)
{
    bool quoted = text.n >= 2 && text.p[0] == '\'';
    text = quoted ? slice_sub(text, 1, text.n - 1) : text;
    for (size_t i = 0; i < text.n; i++) {
        buf_addc(out, text.p[i]);
        i += quoted && text.p[i] == '\'';
    }
}

/* The value of a key, or item `at` of the list under it. False when it is not there. */
static inline bool golden_value(slice yaml, const char *key, int at, struct buf *ret)
{
    slice line;
    bool here = false;
    int seen = 0;
    while (slice_line(&yaml, &line)) {
        slice rest = line;
        if (here && slice_starts(line, S("  - "))) {
            if (seen++ == at) {
                golden_unquote(slice_skip(line, 4), ret);
                return true;
            }
            continue;
        }
        slice name = S("");
        slice_cut(&rest, ':', &name);
        here = slice_eq_str(name, key);
        if (here && at < 0) {
            golden_unquote(slice_trim(rest), ret);
            return true;
        }
    }
    return false;
}

#endif

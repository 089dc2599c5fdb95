#include "library.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MAILASSAY_SOURCE_SCENARIOS
#error "the build defines where the scenarios of the source tree are"
#endif

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *library_root(struct arena *arena)
{
    const char *chosen = getenv("MAILASSAY_SCENARIOS");
    if (chosen)
        return arena_str(arena, slice_of(chosen));
    /* Installed: PREFIX/bin/mailassay and PREFIX/share/mailassay/scenarios. */
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe);
    if (n > 0) {
        slice path = slice_make(exe, (size_t)n);
        for (int up = 0; up < 2; up++)
            while (path.n && path.p[--path.n] != '/')
                ;
        const char *beside = arena_printf(arena, "%.*s/share/mailassay/scenarios", SLICE_ARG(path));
        if (is_folder(beside))
            return beside;
    }
    return is_folder(MAILASSAY_SOURCE_SCENARIOS) ? MAILASSAY_SOURCE_SCENARIOS : NULL;
}

void library_init(struct library *l, const struct step_kinds *kinds)
{
    *l = (struct library) { .kinds = kinds };
}

void library_release(struct library *l)
{
    array_release(&l->checks);
    array_release(&l->includes);
    clauses_release(&l->clauses);
    problems_release(&l->problems);
    arena_release(&l->arena);
}

static struct check_loader loader_of(struct library *l)
{
    return (struct check_loader) { .arena = &l->arena,
                                   .problems = &l->problems,
                                   .clauses = &l->clauses,
                                   .kinds = l->kinds,
                                   .includes = &l->includes,
                                   .root = l->root };
}

static void load_folder(struct library *l, const char *path, const char *prefix);

static void load_entry(struct library *l, const char *folder, const char *prefix, const char *name)
{
    struct check_loader loader = loader_of(l);
    const char *path = arena_printf(&l->arena, "%s/%s", folder, name);
    slice bare = slice_of(name);
    if (is_folder(path)) {
        load_folder(l, path, arena_printf(&l->arena, "%s%s/", prefix, name));
    } else if (slice_ends(bare, S(".yaml"))) {
        bare.n -= 5;
        const char *id = arena_printf(&l->arena, "%s%.*s", prefix, SLICE_ARG(bare));
        const char *shown = arena_printf(&l->arena, "scenarios/%s%s", prefix, name);
        check_load_file(&loader, path, shown, id, &l->checks);
    }
}

/* Folders of the library that hold no scenarios. */
static bool is_scenario_entry(const char *prefix, const char *name)
{
    static const char *const other[] = { "clauses", "messages", "profiles", "policies", "common" };
    for (size_t i = 0; !prefix[0] && i < COUNT(other); i++)
        if (strcmp(name, other[i]) == 0)
            return false;
    return name[0] != '.';
}

static void load_folder(struct library *l, const char *path, const char *prefix)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        problem_add(&l->problems, (struct place) { path, 0, 0, 0 }, "cannot read the folder: %s",
                    strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        if (is_scenario_entry(prefix, names[i]->d_name))
            load_entry(l, path, prefix, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

bool library_load(struct library *l, const char *root)
{
    size_t before = l->problems.list.n;
    l->root = arena_str(&l->arena, slice_of(root));
    clauses_load(&l->clauses, arena_printf(&l->arena, "%s/clauses", root), &l->problems);
    load_folder(l, root, "");
    return l->problems.list.n == before;
}

/* The id prefix of a file: its path under the root, or its bare name. */
static const char *prefix_of(struct library *l, const char *path, const char **ret_shown)
{
    char real[PATH_MAX], root[PATH_MAX];
    *ret_shown = arena_str(&l->arena, slice_of(path));
    slice whole = slice_of(path);
    if (realpath(path, real) && l->root && realpath(l->root, root)) {
        slice inside = slice_of(real), start = slice_of(root);
        if (slice_starts(inside, start) && inside.p[start.n] == '/') {
            whole = slice_skip(inside, start.n + 1);
            *ret_shown = arena_printf(&l->arena, "scenarios/%.*s", SLICE_ARG(whole));
            whole.n -= slice_ends(whole, S(".yaml")) ? 5 : 0;
            return arena_str(&l->arena, whole);
        }
    }
    for (size_t at; (at = slice_find_char(whole, '/')) != SIZE_MAX;)
        whole = slice_skip(whole, at + 1);
    whole.n -= slice_ends(whole, S(".yaml")) ? 5 : 0;
    return arena_str(&l->arena, whole);
}

bool library_load_file(struct library *l, const char *path)
{
    size_t before = l->problems.list.n;
    struct check_loader loader = loader_of(l);
    const char *shown, *prefix = prefix_of(l, path, &shown);
    for (size_t i = 0; i < l->checks.n; i++)
        if (strcmp(l->checks.v[i]->file, shown) == 0)
            return true; /* it was read with the library */
    check_load_file(&loader, path, shown, prefix, &l->checks);
    return l->problems.list.n == before;
}

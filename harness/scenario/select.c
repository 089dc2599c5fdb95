/* Selectors: which checks and variants are meant. */
#include "library.h"
#include <fnmatch.h>
#include <stdio.h>

static bool equal_or_glob(const char *pattern, const char *text)
{
    return strpbrk(pattern, "*?") ? fnmatch(pattern, text, 0) == 0 : strcmp(pattern, text) == 0;
}

/* "imap" and "imap/idle" name all below them. */
static bool is_above(const char *pattern, const char *id)
{
    size_t n = strlen(pattern);
    while (n && pattern[n - 1] == '/')
        n--;
    return n && strncmp(pattern, id, n) == 0 && (id[n] == '/' || id[n] == '\0');
}

static bool by_clause(const struct check *c, const char *pattern)
{
    const char *colon = strchr(pattern, ':');
    size_t n = colon ? (size_t)(colon - pattern) : strlen(pattern);
    for (size_t i = 0; i < c->n_clauses; i++) {
        const struct clause *clause = c->clauses[i];
        if (equal_or_glob(pattern, clause->id))
            return true;
        if (strlen(clause->rfc) == n && strncmp(clause->rfc, pattern, n) == 0 &&
            (!colon || strcmp(colon + 1, clause->section) == 0))
            return true;
    }
    return false;
}

static bool by_tag(const struct check *c, const char *word)
{
    for (size_t i = 0; i < c->n_tags; i++)
        if (slice_eq_str(c->tags[i], word))
            return true;
    return false;
}

static bool by_level(const struct check *c, const char *word)
{
    return strcmp(word, c->note ? "note" : level_name(c->level)) == 0;
}

static bool by_fault(const struct check *c, const char *pattern)
{
    const struct fault_row *rows = fault_rows(&(size_t) { 0 });
    for (size_t i = 0; i < c->n_faults; i++)
        if (equal_or_glob(pattern, rows[c->faults[i]].name))
            return true;
    return false;
}

/* The file as people type it: as shown, or any path that ends in it. */
static bool by_file(const struct check *c, const char *pattern)
{
    slice path = slice_of(pattern), shown = slice_of(c->file);
    if (!slice_ends(path, S(".yaml")))
        return false;
    return slice_ends(path, shown) || slice_ends(shown, path);
}

static bool selects_check(const struct check *c, const char *pattern)
{
    static const struct {
        const char *prefix;
        bool (*matches)(const struct check *c, const char *rest);
    } kinds[] = { { "tag:", by_tag }, { "level:", by_level }, { "proved-by:", by_fault } };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strncmp(pattern, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].matches(c, pattern + strlen(kinds[i].prefix));
    if (strncmp(pattern, "rfc", 3) == 0)
        return by_clause(c, pattern);
    return equal_or_glob(pattern, c->id) || is_above(pattern, c->id) ||
           equal_or_glob(pattern, c->name) || by_file(c, pattern);
}

/* A pattern with [label] selects one variant; brackets are no wildcard of ours. */
static bool selects(const struct planned *p, const char *pattern)
{
    const char *label = strchr(pattern, '[');
    if (!label)
        return selects_check(p->check, pattern);
    const char *own = strchr(p->id, '[');
    autofree char *bare = xslicedup(slice_make(pattern, (size_t)(label - pattern)));
    return own && strcmp(own, label) == 0 && selects_check(p->check, bare);
}

static bool any_selects(const struct planned *p, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (selects(p, patterns[i]))
            return true;
    return false;
}

static const char *check_id_at(const void *ctx, size_t i)
{
    return ((const struct library *)ctx)->checks.v[i]->id;
}

static const char *check_name_at(const void *ctx, size_t i)
{
    return ((const struct library *)ctx)->checks.v[i]->name;
}

static int nothing_selected(const struct library *l, const char *pattern, struct error *err)
{
    const char *near = nearest_of(slice_of(pattern), l->checks.n, check_id_at, l);
    if (!near)
        near = nearest_of(slice_of(pattern), l->checks.n, check_name_at, l);
    return error_set(err, ERR_USAGE, "\"%s\" selects no check%s%s%s", pattern,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

int library_select(const struct library *l, const struct selection *selection, struct arena *arena,
                   struct planned_list *ret, struct error *err)
{
    struct planned_list all = { 0 };
    bool *used = xcalloc(selection->n_include + selection->n_exclude, sizeof *used);
    int r = 0;
    for (size_t i = 0; i < l->checks.n; i++)
        check_variants(l->checks.v[i], arena, &all);
    for (size_t i = 0; i < all.n; i++) {
        struct planned *p = &all.v[i];
        bool in = !selection->n_include;
        for (size_t k = 0; k < selection->n_include; k++)
            if (selects(p, selection->include[k]))
                in = used[k] = true;
        for (size_t k = 0; k < selection->n_exclude; k++)
            if (selects(p, selection->exclude[k]))
                used[selection->n_include + k] = true;
        if (any_selects(p, selection->exclude, selection->n_exclude))
            in = false;
        if (in && (selection->level == LEVEL_NONE || p->check->level <= selection->level))
            *array_push(ret) = *p;
    }
    for (size_t k = 0; k < selection->n_include + selection->n_exclude && r == 0; k++)
        if (!used[k])
            r = nothing_selected(l,
                                 k < selection->n_include
                                     ? selection->include[k]
                                     : selection->exclude[k - selection->n_include],
                                 err);
    free(used);
    array_release(&all);
    return r;
}

const struct check *library_find(const struct library *l, slice id)
{
    const struct check *found = NULL;
    for (size_t i = 0; i < l->checks.n; i++) {
        if (slice_eq_str(id, l->checks.v[i]->id))
            return l->checks.v[i];
        if (slice_eq_str(id, l->checks.v[i]->name)) {
            if (found)
                return NULL;
            found = l->checks.v[i];
        }
    }
    return found;
}

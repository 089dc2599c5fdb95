#include "profile.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

static void load_entry(const char *folder, const char *name, struct profile_list *ret,
                       struct problems *problems)
{
    autofree char *path = xprintf("%s/%s", folder, name);
    autofree char *shown = xprintf("scenarios/profiles/%s", name);
    struct profile *p = NEW(struct profile);
    if (profile_load(path, shown, p, problems))
        *array_push(&ret->list) = p;
    else
        free(p);
}

static int is_profile_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && slice_ends(slice_of(entry->d_name), S(".yaml"));
}

/* By name, not by file name: "gmx" before "gmx-net". */
static int by_name(const void *a, const void *b)
{
    const struct profile *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

bool profiles_load(const char *root, struct profile_list *ret, struct problems *problems)
{
    autofree char *folder = xprintf("%s/profiles", root);
    size_t before = problems->list.n;
    struct dirent **names;
    int n = scandir(folder, &names, is_profile_file, alphasort);
    if (n < 0) {
        problem_add(problems,
                    (struct place) { arena_str(&problems->arena, slice_of(folder)), 0, 0, 0 },
                    "cannot read the folder: %s", strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        load_entry(folder, names[i]->d_name, ret, problems);
        free(names[i]);
    }
    free(names);
    if (ret->list.n)
        qsort(ret->list.v, ret->list.n, sizeof *ret->list.v, by_name);
    return problems->list.n == before;
}

void profiles_release(struct profile_list *list)
{
    array_each (p, &list->list) {
        profile_release(*p);
        free(*p);
    }
    array_release(&list->list);
}

const struct profile *profile_find(const struct profile_list *list, slice name)
{
    array_each (p, &list->list)
        if (slice_eq_nocase(name, slice_of((*p)->name)))
            return *p;
    return NULL;
}

const struct profile *profile_of_domain(const struct profile_list *list, slice address_or_domain)
{
    slice domain = address_or_domain;
    for (size_t at; (at = slice_find_char(domain, '@')) != SIZE_MAX;)
        domain = slice_skip(domain, at + 1);
    if (domain.n && domain.p[domain.n - 1] == '.')
        domain.n--;
    array_each (p, &list->list)
        for (size_t i = 0; i < (*p)->n_domains; i++)
            if (slice_eq_nocase(domain, slice_of((*p)->domains[i])))
                return *p;
    return NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
    return ((const struct profile_list *)ctx)->list.v[i]->name;
}

const char *profile_nearest(const struct profile_list *list, slice name)
{
    return nearest_of(name, list->list.n, name_at, list);
}

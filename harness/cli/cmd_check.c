/* mailassay check: the linter of scenario, target, baseline, profile and policy files, and of
   published settings. */
#include "commands.h"
#include "baseline.h"
#include "import.h"
#include "port_policy.h"
#include "profile.h"
#include <string.h>
#include <unistd.h>

static const struct command_line line = {
    "check", "[FILE]...",
    "Validates scenario, target, baseline, profile and policy files (told apart by their\n"
    "content) and shows every mistake with its place; of published settings (autoconfig,\n"
    "Autodiscover, mobileconfig) also what is suspicious. Without a file: what is bundled.",
    NULL, 0
};

/* Settings in another format: autoconfig, Autodiscover, mobileconfig. What is suspicious about them
   is a mistake here. */
static void check_settings(struct library *l, const char *path)
{
    struct import im = { .email = "user@example.org", .problems = &l->problems };
    struct profile p = { 0 };
    import_file(&im, path, &p);
    array_each (f, &im.findings) {
        struct place at = f->at;
        at.file = arena_str(&l->problems.arena, slice_of(path));
        if (f->grade == IMPORT_WARN)
            problem_add(&l->problems, at, "%s", f->text);
    }
    profile_release(&p);
    import_release(&im);
}

/* Ports that do not go with the mode: `ports` would see what is true, a linter only that it is odd. */
static void check_modes(struct library *l, const struct profile *p)
{
    for (size_t i = 0; i < p->n_services; i++) {
        const struct profile_service *s = &p->services[i];
        const struct service *standard = service_at_port(s->port);
        bool implicit = s->tls == TLS_MODE_IMPLICIT;
        struct place at = s->at;
        if (!standard || standard->protocol != s->protocol || standard->implicit_tls == implicit)
            continue;
        at.file = arena_str(&l->problems.arena, slice_of(at.file));
        problem_add(&l->problems, at, "port %u %s, but tls is not %s; correct one of the two",
                    s->port, implicit ? "begins in clear text" : "is TLS from the first byte",
                    implicit ? "starttls" : "implicit");
    }
}

static void check_profile(struct library *l, const char *path)
{
    struct profile p = { 0 };
    if (profile_load(path, path, &p, &l->problems))
        check_modes(l, &p);
    profile_release(&p);
}

/* Its name gets a folder, so that it is not taken for that of a bundled policy. */
static void check_policy(struct library *l, const char *path)
{
    struct port_policy p;
    struct error err;
    autofree char *beside = strchr(path, '/') ? NULL : xprintf("./%s", path);
    if (port_policy_load("", beside ? beside : path, &p, &l->problems, &err) == 0)
        port_policy_release(&p);
}

/* A file with "services" is a target, one with "offers" or "requires" a profile, one with
   "versions" and "suites" a policy, a list is a baseline, anything else a scenario. */
static void check_file(struct library *l, const char *path)
{
    struct problems peeked = { 0 };
    struct arena arena = { 0 };
    if (import_is_foreign_file(path)) {
        check_settings(l, path);
        return;
    }
    const struct node *root = node_load(path, path, &arena, &peeked);
    bool target = root && node_get(root, "services"), list = root && root->kind == NODE_LIST;
    bool profile = root && profile_is_one(root), policy = root && port_policy_is_one(root);
    problems_release(&peeked);
    if (target) {
        struct target t;
        target_init(&t);
        target_load(path, &t, &l->problems);
        target_release(&t);
    } else if (profile) {
        check_profile(l, path);
    } else if (policy) {
        check_policy(l, path);
    } else if (list) {
        struct baseline b = { 0 };
        baseline_load(&b, path, l);
        baseline_release(&b);
    } else {
        library_load_file(l, path);
    }
    arena_release(&arena);
}

/* How many bundled profiles there are. */
static size_t check_profiles(struct library *l)
{
    struct profile_list list = { 0 };
    autofree char *folder = xprintf("%s/profiles", l->root);
    if (access(folder, F_OK) != 0)
        return 0; /* a library of one's own has none */
    profiles_load(l->root, &list, &l->problems);
    size_t n = list.list.n;
    profiles_release(&list);
    return n;
}

/* The bundled policies. */
static void check_policies(struct library *l)
{
    const char *const *names;
    size_t n = port_policy_names(l->root, &l->arena, &names);
    for (size_t i = 0; i < n; i++) {
        autofree char *path = xprintf("%s/policies/%s.yaml", l->root, names[i]);
        check_policy(l, path);
    }
}

int cmd_check(int argc, char **argv)
{
    struct error err;
    struct library l;
    struct text_list words = { 0 }, none = { 0 };
    int r = options_parse(&line, argc, argv, &words, &err);
    if (r)
        return r > 0 ? EXIT_GOOD : say_error(&err);
    int status = open_library(&l, NULL, &none);
    size_t bundled = l.checks.n, profiles = status ? 0 : check_profiles(&l);
    if (!status)
        check_policies(&l);
    for (size_t i = 0; i < words.n; i++)
        check_file(&l, words.v[i]);
    if (!status && l.problems.list.n)
        status = say_problems(&l.problems);
    if (!status && words.n)
        printf("%zu file%s and ", words.n, words.n == 1 ? "" : "s");
    if (!status)
        printf("%zu bundled check%s", bundled, bundled == 1 ? "" : "s");
    if (!status && profiles)
        printf(" and %zu profiles", profiles);
    if (!status)
        printf(": no mistakes\n");
    array_release(&words);
    library_release(&l);
    return status;
}

#include "ports_subject.h"
#include "port_expect.h"
#include <string.h>
#include <unistd.h>

int ports_subject_read(struct ports_subject *s, const char *root, struct problems *problems,
                       struct error *err)
{
    if (profiles_load(root, &s->profiles, problems))
        return 0;
    return error_set(err, ERR_FILE, "a bundled profile is not valid");
}

void ports_subject_release(struct ports_subject *s)
{
    port_rows_release(&s->rows);
    profiles_release(&s->profiles);
    profile_release(&s->imported);
}

/* ---- --expect ---- */

static int read_expected(struct ports_subject *s, const char *expect, struct problems *problems,
                         struct error *err)
{
    s->expected = profile_find(&s->profiles, slice_of(expect));
    if (s->expected)
        return 0;
    if (access(expect, R_OK) != 0) {
        const char *near = profile_nearest(&s->profiles, slice_of(expect));
        return error_set(err, ERR_USAGE, "--expect: \"%s\" is neither a profile nor a file%s%s%s",
                         expect, near ? "; did you mean \"" : "", near ? near : "",
                         near ? "\"?" : "");
    }
    if (!profile_load(expect, expect, &s->imported, problems))
        return error_set(err, ERR_FILE, "the file of --expect is not valid");
    s->expected = &s->imported;
    return 0;
}

/* ---- the argument ---- */

static int add_profile(struct ports_subject *s, const struct profile *p, struct error *err)
{
    struct port_spec specs[PROFILE_SERVICES_MAX];
    if (p->kind == PROFILE_REQUIRES)
        return error_set(err, ERR_USAGE,
                         "%s is a client: it has no ports; say --expect %s and the host", p->name,
                         p->name);
    size_t n = port_rows_of_profile(p, specs, PROFILE_SERVICES_MAX);
    for (size_t i = 0; i < n && i < PROFILE_SERVICES_MAX; i++)
        port_rows_add(&s->rows, &specs[i]);
    s->expected = s->expected ? s->expected : p;
    return 0;
}

int ports_subject_open(struct ports_subject *s, const char *word, const char *expect,
                       const struct text_list *ports, struct problems *problems, struct error *err)
{
    int r = expect ? read_expected(s, expect, problems, err) : 0;
    if (r < 0)
        return r;
    const struct profile *named = profile_find(&s->profiles, slice_of(word));
    if (!named)
        named = profile_of_domain(&s->profiles, slice_of(word));
    if (named)
        return add_profile(s, named, err);
    return port_rows_of_host(&s->rows, word, ports->v, ports->n, err);
}

#include "server_certs.h"
#include "array.h"

enum { DAY = 24 * 3600, STAPLE_MAX = 64 * 1024 };

/* Certificates of a kind that leaves no room for more. */
static const struct {
    enum fault_id fault;
    enum cert_kind kind;
} kind_faults[] = {
    { FAULT_TLS_CERTIFICATE_EXPIRED, CERT_EXPIRED },
    { FAULT_TLS_CERTIFICATE_NOT_YET, CERT_NOT_YET_VALID },
    { FAULT_TLS_CERTIFICATE_WRONG_NAME, CERT_WRONG_NAME },
    { FAULT_TLS_CERTIFICATE_SELF_SIGNED, CERT_SELF_SIGNED },
    { FAULT_TLS_CERTIFICATE_UNKNOWN_CA, CERT_OTHER_CA },
};

/* Otherwise good ones with something odd; what is not zero replaces what is good. */
static const struct {
    enum fault_id fault;
    struct cert_spec spec;
} spec_faults[] = {
    { FAULT_TLS_CIPHER_STATIC_RSA, { .rsa = true } },
    { FAULT_TLS_CERTIFICATE_ENDS_SOON, { .starts_in = -88 * DAY, .ends_in = 2 * DAY } },
    { FAULT_TLS_CERTIFICATE_LONG, { .ends_in = (int64_t)3650 * DAY } },
    { FAULT_TLS_CERTIFICATE_SMALL_KEY, { .rsa = true, .rsa_bits = 1024 } },
    { FAULT_TLS_CERTIFICATE_SHA1, { .sha1 = true } },
    { FAULT_TLS_CERTIFICATE_CLIENT_USE, { .client = true } },
    { FAULT_TLS_STAPLE_MISSING, { .must_staple = true } },
};

static const struct {
    enum fault_id fault;
    enum staple_kind kind;
} staple_faults[] = {
    { FAULT_TLS_STAPLE_STALE, STAPLE_STALE },
    { FAULT_TLS_STAPLE_REVOKED, STAPLE_REVOKED },
};

struct names {
    ARRAY(char *) list; /* NULL-terminated */
};

/* "m*.mailassay.test" of "mail.mailassay.test"; addresses and single labels as they are */
static char *partial_wildcard(const char *host_name)
{
    slice host = slice_of(host_name);
    size_t dot = slice_find_char(host, '.');
    if (dot == SIZE_MAX || slice_find_char(host, ':') != SIZE_MAX ||
        ascii_is_digit(host.p[host.n - 1]))
        return xstrdup(host_name);
    return xprintf("%.1s*%.*s", host_name, SLICE_ARG(slice_skip(host, dot)));
}

static struct cert_spec spec_of(const struct faults *faults, const char *host_name)
{
    struct cert_spec spec = { .common_name = host_name };
    for (size_t i = 0; i < COUNT(spec_faults); i++)
        if (fault_on(faults, spec_faults[i].fault)) {
            spec = spec_faults[i].spec;
            spec.common_name = host_name;
        }
    return spec;
}

static void add_name(struct names *names, char *name)
{
    *array_push(&names->list) = name;
}

/* All that the server goes by, and where tests reach it. */
static void collect_names(struct names *names, const struct reference_options *o,
                          const char *host_name)
{
    static const char *const local[] = { "localhost", "127.0.0.1", "::1" };
    bool odd = fault_on(&o->faults, FAULT_TLS_CERTIFICATE_WILDCARD);
    add_name(names, odd ? partial_wildcard(host_name) : xstrdup(host_name));
    for (size_t i = 0; o->names && o->names[i]; i++)
        add_name(names, odd ? partial_wildcard(o->names[i]) : xstrdup(o->names[i]));
    for (size_t i = 0; i < COUNT(local); i++)
        add_name(names, xstrdup(local[i]));
    add_name(names, NULL);
}

static void names_release(struct names *names)
{
    array_each (name, &names->list)
        free(*name);
    array_release(&names->list);
}

static struct identity leaf_of(const struct ca *issuer, const struct reference_options *o,
                               const char *host_name, const struct names *names)
{
    struct cert_spec spec = spec_of(&o->faults, host_name);
    if (!fault_on(&o->faults, FAULT_TLS_CERTIFICATE_NO_DNS_ID))
        spec.names = (const char *const *)names->list.v;
    return identity_new(issuer, &spec);
}

static void add_to_chain(struct identity *id, slice pem)
{
    char *chain = xprintf("%s%.*s", id->chain_pem, SLICE_ARG(pem));
    free(id->chain_pem);
    id->chain_pem = chain;
}

static void add_stranger(struct identity *id)
{
    struct ca *stranger = ca_new("An authority that has nothing to do with it");
    add_to_chain(id, ca_pem(stranger));
    ca_free(stranger);
}

static void add_staple(struct server_certificate *c, const struct ca *issuer,
                       const struct faults *faults)
{
    enum staple_kind kind = STAPLE_GOOD;
    if (fault_on(faults, FAULT_TLS_STAPLE_MISSING))
        return;
    for (size_t i = 0; i < COUNT(staple_faults); i++)
        if (fault_on(faults, staple_faults[i].fault))
            kind = staple_faults[i].kind;
    ca_staple(issuer, slice_of(c->identity.chain_pem), kind, &c->staple);
}

static void make_good(const struct ca *ca, const struct reference_options *o, const char *host_name,
                      const struct names *names, struct server_certificate *ret)
{
    struct ca *intermediate = ca_new_under(ca, "mailassay reference intermediate");
    ret->identity = leaf_of(intermediate, o, host_name, names);
    add_staple(ret, intermediate, &o->faults);
    if (fault_on(&o->faults, FAULT_TLS_CERTIFICATE_ORDER))
        add_stranger(&ret->identity);
    if (!fault_on(&o->faults, FAULT_TLS_CERTIFICATE_INCOMPLETE))
        add_to_chain(&ret->identity, ca_pem(intermediate));
    ca_free(intermediate);
}

void server_certificate_make(const struct ca *ca, const struct reference_options *o,
                             const char *host_name, struct server_certificate *ret)
{
    struct names names = { 0 };
    size_t i = 0;
    buf_init(&ret->staple, STAPLE_MAX);
    collect_names(&names, o, host_name);
    while (i < COUNT(kind_faults) && !fault_on(&o->faults, kind_faults[i].fault))
        i++;
    if (i < COUNT(kind_faults))
        ret->identity =
            identity_of_names(ca, kind_faults[i].kind, (const char *const *)names.list.v);
    else
        make_good(ca, o, host_name, &names, ret);
    names_release(&names);
}

void server_certificate_release(struct server_certificate *c)
{
    identity_release(&c->identity);
    buf_release(&c->staple);
}

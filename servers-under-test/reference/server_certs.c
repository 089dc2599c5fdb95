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
    ARRAY(const char *) list; /* NULL-terminated */
};

static void add_name(struct names *names, const char *name)
{
    *array_push(&names->list) = name;
}

/* "m*.mailassay.test" of "mail.mailassay.test" */
static char *partial_wildcard(const char *host_name)
{
    slice host = slice_of(host_name);
    size_t dot = slice_find_char(host, '.');
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

static struct identity leaf_of(const struct ca *issuer, const struct reference_options *o,
                               const char *host_name)
{
    struct names names = { 0 };
    struct cert_spec spec = spec_of(&o->faults, host_name);
    autofree char *wildcard = partial_wildcard(host_name);
    bool odd = fault_on(&o->faults, FAULT_TLS_CERTIFICATE_WILDCARD);
    add_name(&names, odd ? wildcard : host_name);
    for (size_t i = 0; o->names && o->names[i]; i++)
        add_name(&names, o->names[i]);
    add_name(&names, "localhost");
    add_name(&names, "127.0.0.1");
    add_name(&names, "::1");
    add_name(&names, NULL);
    if (!fault_on(&o->faults, FAULT_TLS_CERTIFICATE_NO_DNS_ID))
        spec.names = names.list.v;
    struct identity id = identity_new(issuer, &spec);
    array_release(&names.list);
    return id;
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

void server_certificate_make(const struct ca *ca, const struct reference_options *o,
                             const char *host_name, struct server_certificate *ret)
{
    buf_init(&ret->staple, STAPLE_MAX);
    for (size_t i = 0; i < COUNT(kind_faults); i++)
        if (fault_on(&o->faults, kind_faults[i].fault)) {
            ret->identity = identity_of_kind(ca, kind_faults[i].kind, host_name);
            return;
        }
    struct ca *intermediate = ca_new_under(ca, "mailassay reference intermediate");
    ret->identity = leaf_of(intermediate, o, host_name);
    add_staple(ret, intermediate, &o->faults);
    if (fault_on(&o->faults, FAULT_TLS_CERTIFICATE_ORDER))
        add_stranger(&ret->identity);
    if (!fault_on(&o->faults, FAULT_TLS_CERTIFICATE_INCOMPLETE))
        add_to_chain(&ret->identity, ca_pem(intermediate));
    ca_free(intermediate);
}

void server_certificate_release(struct server_certificate *c)
{
    identity_release(&c->identity);
    buf_release(&c->staple);
}

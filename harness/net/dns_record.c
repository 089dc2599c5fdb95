#include "dns_record.h"
#include "octets.h"
#include <arpa/inet.h>
#include <stdlib.h>

/* <character-string>: one octet of length, and as many octets (RFC 1035 section 3.3). */
static bool take_string(slice *in, slice *ret)
{
    return octets_take_vector(in, 1, ret);
}

/* A label in text: lower case; what is no letter, digit, "-" or "_" as \DDD, so that no label can
   pass for two or for something printable that it is not. */
static void label_text(slice label, struct buf *out)
{
    for (size_t i = 0; i < label.n; i++) {
        char c = ascii_lower(label.p[i]);
        if (ascii_is_alnum(c) || c == '-' || c == '_')
            buf_addc(out, c);
        else
            buf_addf(out, "\\%03u", (uint8_t)c);
    }
}

/* <domain-name>: labels of at most 63 octets, then an empty one; 255 octets in all (RFC 1035
   sections 2.3.4, 3.1). "" is the root. */
static bool take_name(slice *in, struct arena *arena, const char **ret)
{
    slice rest = *in, label;
    auto_buf text;
    buf_init(&text, (size_t)4 * DNS_NAME_WIRE_MAX + 1);
    for (;;) {
        if (!take_string(&rest, &label) || label.n > DNS_LABEL_MAX ||
            in->n - rest.n > DNS_NAME_WIRE_MAX)
            return false;
        if (!label.n)
            break;
        if (text.n)
            buf_addc(&text, '.');
        label_text(label, &text);
    }
    *ret = arena_str(arena, buf_slice(&text));
    *in = rest;
    return true;
}

static bool parse_address(int family, size_t octets, slice *in, struct arena *arena,
                          struct dns_record *r)
{
    char text[INET6_ADDRSTRLEN];
    slice address;
    if (!octets_take(in, octets, &address) || !inet_ntop(family, address.p, text, sizeof text))
        return false;
    r->address = arena_str(arena, slice_of(text));
    return true;
}

static bool parse_a(slice *in, struct arena *arena, struct dns_record *r)
{
    return parse_address(AF_INET, 4, in, arena, r);
}

static bool parse_aaaa(slice *in, struct arena *arena, struct dns_record *r)
{
    return parse_address(AF_INET6, 16, in, arena, r);
}

static bool parse_cname(slice *in, struct arena *arena, struct dns_record *r)
{
    return take_name(in, arena, &r->host);
}

/* PREFERENCE EXCHANGE (RFC 1035 section 3.3.9) */
static bool parse_mx(slice *in, struct arena *arena, struct dns_record *r)
{
    return octets_take_number(in, 2, &r->priority) && take_name(in, arena, &r->host);
}

/* Priority Weight Port Target (RFC 2782) */
static bool parse_srv(slice *in, struct arena *arena, struct dns_record *r)
{
    uint32_t port;
    if (!octets_take_number(in, 2, &r->priority) || !octets_take_number(in, 2, &r->weight) ||
        !octets_take_number(in, 2, &port))
        return false;
    r->port = (uint16_t)port;
    return take_name(in, arena, &r->host);
}

/* One or more <character-string>s (RFC 1035 section 3.3.14) */
static bool parse_txt(slice *in, struct arena *arena, struct dns_record *r)
{
    slice string;
    auto_buf text;
    buf_init(&text, in->n);
    if (!in->n)
        return false;
    while (in->n) {
        if (!take_string(in, &string))
            return false;
        buf_add(&text, string);
    }
    r->text = arena_dup(arena, buf_slice(&text));
    return true;
}

/* Usage Selector Matching-type Association (RFC 6698 section 2.1) */
static bool parse_tlsa(slice *in, struct arena *arena, struct dns_record *r)
{
    if (!octets_take_number(in, 1, &r->usage) || !octets_take_number(in, 1, &r->selector) ||
        !octets_take_number(in, 1, &r->matching))
        return false;
    r->association = arena_dup(arena, *in);
    *in = slice_skip(*in, in->n);
    return true;
}

/* Flags Tag-length Tag Value; a tag is letters and digits (RFC 8659 section 4.1) */
static bool parse_caa(slice *in, struct arena *arena, struct dns_record *r)
{
    slice tag;
    if (!octets_take_number(in, 1, &r->flags) || !take_string(in, &tag) || !tag.n)
        return false;
    char *lower = arena_str(arena, tag);
    for (size_t i = 0; i < tag.n; i++) {
        if (!ascii_is_alnum(tag.p[i]))
            return false;
        lower[i] = ascii_lower(tag.p[i]);
    }
    r->tag = lower;
    r->text = arena_dup(arena, *in);
    *in = slice_skip(*in, in->n);
    return true;
}

static const struct kind {
    enum dns_type type;
    const char *name;
    bool (*parse)(slice *in, struct arena *arena, struct dns_record *r);
} kinds[] = {
    { DNS_A, "A", parse_a },       { DNS_AAAA, "AAAA", parse_aaaa },
    { DNS_MX, "MX", parse_mx },    { DNS_SRV, "SRV", parse_srv },
    { DNS_TXT, "TXT", parse_txt }, { DNS_TLSA, "TLSA", parse_tlsa },
    { DNS_CAA, "CAA", parse_caa }, { DNS_CNAME, "CNAME", parse_cname },
};

static const struct kind *kind_of(enum dns_type type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

bool dns_record_parse(enum dns_type type, slice rdata, struct arena *arena, struct dns_record *ret)
{
    const struct kind *kind = kind_of(type);
    struct dns_record record = { .raw = rdata };
    slice rest = rdata;
    if (!kind || !kind->parse(&rest, arena, &record) || rest.n)
        return false;
    *ret = record;
    return true;
}

static int order(const void *a, const void *b)
{
    const struct dns_record *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int by_name = strcmp(x->host, y->host); // the server's order is no order: reports stay the same
    return by_name ? by_name : (int)x->port - (int)y->port;
}

void dns_records_sort(enum dns_type type, struct dns_record *records, size_t n)
{
    if (n && (type == DNS_MX || type == DNS_SRV))
        qsort(records, n, sizeof *records, order);
}

const char *dns_type_name(enum dns_type type)
{
    const struct kind *kind = kind_of(type);
    return kind ? kind->name : "unknown";
}

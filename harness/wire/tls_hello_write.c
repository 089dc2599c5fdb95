#include "tls_hello.h"
#include "array.h"

enum { GREASE = 0x3a3a, GROUP_P256 = 0x0017, GROUP_X25519 = 0x001d, FRAGMENT = 16384 };

/* The generator of P-256, uncompressed: a valid point that needs no arithmetic. */
static const char p256_point[] = "\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40"
                                 "\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2"
                                 "\x96\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e"
                                 "\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51"
                                 "\xf5";

/* CIPHER-KINDs of SSL 2.0. */
static const uint32_t ssl2_kinds[] = { 0x010080, 0x020080, 0x030080, 0x040080,
                                       0x050080, 0x060040, 0x0700c0 };

static void put_list(struct buf *b, const struct tls_list *l, size_t octets, bool grease)
{
    size_t begun = octets_put_begin(b, octets);
    if (grease)
        octets_put_u16(b, GREASE);
    for (size_t i = 0; i < l->n; i++)
        octets_put_u16(b, l->v[i]);
    octets_put_end(b, octets, begun);
}

/* An extension that is one list. */
static void put_list_extension(struct buf *b, enum tls_extension type, const struct tls_list *l,
                               size_t octets, bool grease)
{
    if (!l->n)
        return;
    octets_put_u16(b, type);
    size_t begun = octets_put_begin(b, 2);
    put_list(b, l, octets, grease);
    octets_put_end(b, 2, begun);
}

static void put_extension(struct buf *b, uint32_t type, slice content)
{
    octets_put_u16(b, type);
    octets_put_vector(b, 2, content);
}

/* RFC 6066 section 3: a ServerNameList of one host_name. */
static void put_server_name(struct buf *b, slice name)
{
    if (!name.n || name.n > TLS_NAME_MAX)
        return;
    octets_put_u16(b, EXT_SERVER_NAME);
    size_t extension = octets_put_begin(b, 2), list = octets_put_begin(b, 2);
    octets_put_u8(b, 0);
    octets_put_vector(b, 2, name);
    octets_put_end(b, 2, list);
    octets_put_end(b, 2, extension);
}

/* RFC 8446 section 4.2.8. Any 32 octets are a point of X25519. */
static void put_key_share(struct buf *b, const struct tls_client_hello *h)
{
    if (!h->key_share)
        return;
    octets_put_u16(b, EXT_KEY_SHARE);
    size_t extension = octets_put_begin(b, 2), list = octets_put_begin(b, 2);
    if (h->flags & HELLO_GREASE) {
        octets_put_u16(b, GREASE);
        octets_put_vector(b, 2, S("\0"));
    }
    for (size_t i = 0; i < h->shares.n; i++) {
        bool p256 = h->shares.v[i] == GROUP_P256;
        if (!p256 && h->shares.v[i] != GROUP_X25519)
            continue;
        octets_put_u16(b, h->shares.v[i]);
        octets_put_vector(b, 2,
                          p256 ? slice_make(p256_point, sizeof p256_point - 1)
                               : slice_make(h->random, sizeof h->random));
    }
    octets_put_end(b, 2, list);
    octets_put_end(b, 2, extension);
}

/* What each flag puts there. */
static const struct {
    enum tls_hello_flag flag;
    uint16_t type;
    slice content;
} flagged[] = {
    { HELLO_EXTENDED_MASTER_SECRET, EXT_EXTENDED_MASTER_SECRET, { "", 0 } },
    { HELLO_RENEGOTIATION_INFO, EXT_RENEGOTIATION, { "\0", 1 } },
    { HELLO_TRUNCATED_HMAC, EXT_TRUNCATED_HMAC, { "", 0 } },
    { HELLO_ENCRYPT_THEN_MAC, EXT_ENCRYPT_THEN_MAC, { "", 0 } },
    { HELLO_STATUS_REQUEST, EXT_STATUS_REQUEST, { "\1\0\0\0\0", 5 } },
    { HELLO_SESSION_TICKET, EXT_SESSION_TICKET, { "", 0 } },
    { HELLO_UNKNOWN, EXT_UNASSIGNED, { "mail", 4 } },
    { HELLO_GREASE, GREASE, { "\0", 1 } },
};

/* RFC 7685: zeros up to the wished length of the message, whose head is 4 octets. */
static void put_padding(struct buf *b, const struct tls_client_hello *h, size_t message)
{
    size_t octets = b->n - message + 4 + 4;
    if (octets >= h->pad_to)
        return;
    octets_put_u16(b, EXT_PADDING);
    size_t begun = octets_put_begin(b, 2);
    for (; octets < h->pad_to; octets++)
        octets_put_u8(b, 0);
    octets_put_end(b, 2, begun);
}

static void put_extensions(struct buf *b, const struct tls_client_hello *h, size_t message)
{
    bool grease = h->flags & HELLO_GREASE;
    size_t begun = octets_put_begin(b, 2);
    put_server_name(b, h->server_name);
    for (size_t i = 0; i < COUNT(flagged); i++)
        if (h->flags & flagged[i].flag)
            put_extension(b, flagged[i].type, flagged[i].content);
    put_list_extension(b, EXT_GROUPS, &h->groups, 2, grease);
    if (h->groups.n)
        put_extension(b, EXT_POINT_FORMATS, S("\1\0"));
    put_list_extension(b, EXT_SIGNATURES, &h->signatures, 2, grease);
    put_list_extension(b, EXT_VERSIONS, &h->versions, 1, grease);
    if (h->versions.n)
        put_extension(b, EXT_PSK_MODES, S("\1\1"));
    put_key_share(b, h);
    put_padding(b, h, message);
    octets_put_end(b, 2, begun);
}

/* ClientHello of RFC 8446 section 4.1.2, with its head. */
static void put_message(struct buf *b, const struct tls_client_hello *h)
{
    octets_put_u8(b, MESSAGE_CLIENT_HELLO);
    size_t message = octets_put_begin(b, 3);
    octets_put_u16(b, h->version);
    buf_add(b, slice_make(h->random, sizeof h->random));
    octets_put_vector(b, 1, slice_sub(h->session_id, 0, 32));
    put_list(b, &h->suites, 2, h->flags & HELLO_GREASE);
    octets_put_vector(b, 1, h->compresses ? S("\1\0") : S("\0"));
    if (!h->bare)
        put_extensions(b, h, message);
    octets_put_end(b, 3, message);
}

/* CLIENT-HELLO of SSL 2.0: no padding, so two octets of length with the top bit set. */
static void put_ssl2(struct buf *b, const struct tls_client_hello *h)
{
    size_t kinds = h->ssl2_suites ? COUNT(ssl2_kinds) : 0;
    size_t octets = 3 * (kinds + h->suites.n);
    octets_put_u16(b, (uint32_t)(0x8000 | (9 + octets + 16)));
    octets_put_u8(b, MESSAGE_CLIENT_HELLO);
    octets_put_u16(b, h->version);
    octets_put_u16(b, (uint32_t)octets);
    octets_put_u16(b, 0);
    octets_put_u16(b, 16);
    for (size_t i = 0; i < kinds; i++)
        octets_put_number(b, 3, ssl2_kinds[i]);
    for (size_t i = 0; i < h->suites.n; i++)
        octets_put_number(b, 3, h->suites.v[i]);
    buf_add(b, slice_make(h->random, 16));
}

void tls_hello_write(const struct tls_client_hello *h, struct buf *out)
{
    if (h->ssl2) {
        put_ssl2(out, h);
        return;
    }
    auto_buf message;
    buf_init(&message, TLS_HELLO_MAX);
    put_message(&message, h);
    out->overflow |= message.overflow;
    for (slice rest = buf_slice(&message); rest.n; rest = slice_skip(rest, FRAGMENT)) {
        octets_put_u8(out, RECORD_HANDSHAKE);
        octets_put_u16(out, h->record_version);
        octets_put_vector(out, 2, slice_sub(rest, 0, FRAGMENT));
    }
}

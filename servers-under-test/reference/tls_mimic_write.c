#include "array.h"
#include "tls_mimic.h"

enum {
    ALERT_LEVEL_FATAL = 2,
    SSL2_SERVER_HELLO = 4,
    SSL2_X509 = 1,
    NAMED_CURVE = 3,
    SIGNATURE_OCTETS = 70,
    FLIGHT_MAX = 64 * 1024
};

static const char server_random[33] = "a server that only says it exists";

static void put_filler(struct buf *b, size_t octets, char with)
{
    for (size_t i = 0; i < octets; i++)
        buf_addc(b, with);
}

/* SERVER-HELLO of SSL 2.0: RC4 with MD5, a connection id of 16 octets. */
static void put_ssl2(struct buf *b, slice leaf)
{
    static const char kind[] = "\x01\x00\x80";
    octets_put_u16(b, (uint32_t)(0x8000 | (11 + leaf.n + 3 + 16)));
    octets_put_u8(b, SSL2_SERVER_HELLO);
    octets_put_u8(b, 0);
    octets_put_u8(b, SSL2_X509);
    octets_put_u16(b, WIRE_SSL2);
    octets_put_u16(b, (uint32_t)leaf.n);
    octets_put_u16(b, 3);
    octets_put_u16(b, 16);
    buf_add(b, leaf);
    buf_add(b, slice_make(kind, 3));
    put_filler(b, 16, 'c');
}

static const struct {
    enum tls_hello_flag flag;
    uint16_t type;
    slice content;
} extensions[] = {
    { HELLO_RENEGOTIATION_INFO, EXT_RENEGOTIATION, { "\0", 1 } },
    { HELLO_EXTENDED_MASTER_SECRET, EXT_EXTENDED_MASTER_SECRET, { "", 0 } },
    { HELLO_TRUNCATED_HMAC, EXT_TRUNCATED_HMAC, { "", 0 } },
    { HELLO_ENCRYPT_THEN_MAC, EXT_ENCRYPT_THEN_MAC, { "", 0 } },
};

static void put_hello(struct buf *b, const struct mimic_flight *f)
{
    octets_put_u8(b, MESSAGE_SERVER_HELLO);
    size_t message = octets_put_begin(b, 3);
    octets_put_u16(b, f->version);
    buf_add(b, slice_make(server_random, 32));
    octets_put_u8(b, 0);
    octets_put_u16(b, f->suite);
    octets_put_u8(b, f->compresses);
    if (f->flags) {
        size_t list = octets_put_begin(b, 2);
        for (size_t i = 0; i < COUNT(extensions); i++)
            if (f->flags & extensions[i].flag) {
                octets_put_u16(b, extensions[i].type);
                octets_put_vector(b, 2, extensions[i].content);
            }
        octets_put_end(b, 2, list);
    }
    octets_put_end(b, 3, message);
}

static void put_certificate(struct buf *b, slice leaf)
{
    octets_put_u8(b, MESSAGE_CERTIFICATE);
    size_t message = octets_put_begin(b, 3), list = octets_put_begin(b, 3);
    if (leaf.n)
        octets_put_vector(b, 3, leaf);
    octets_put_end(b, 3, list);
    octets_put_end(b, 3, message);
}

static void put_number(struct buf *b, unsigned bits)
{
    size_t number = octets_put_begin(b, 2);
    put_filler(b, bits / 8, (char)0xfb);
    octets_put_end(b, 2, number);
}

static void put_key_exchange(struct buf *b, const struct mimic_flight *f)
{
    if (!f->group && !f->prime_bits)
        return;
    octets_put_u8(b, MESSAGE_SERVER_KEY_EXCHANGE);
    size_t message = octets_put_begin(b, 3);
    if (f->group) {
        octets_put_u8(b, NAMED_CURVE);
        octets_put_u16(b, f->group);
        size_t point = octets_put_begin(b, 1);
        put_filler(b, 49, 4);
        octets_put_end(b, 1, point);
    } else {
        put_number(b, f->prime_bits);
        octets_put_vector(b, 2, S("\2"));
        put_number(b, f->prime_bits);
    }
    if (f->version >= WIRE_TLS12)
        octets_put_u16(b, f->signature);
    size_t signature = octets_put_begin(b, 2);
    put_filler(b, SIGNATURE_OCTETS, 's');
    octets_put_end(b, 2, signature);
    octets_put_end(b, 3, message);
}

void tls_mimic_write(const struct mimic_flight *f, slice leaf, struct buf *out)
{
    if (f->ssl2) {
        put_ssl2(out, leaf);
        return;
    }
    if (f->alert) {
        octets_put_u8(out, RECORD_ALERT);
        octets_put_u16(out, WIRE_TLS12);
        octets_put_u16(out, 2);
        octets_put_u8(out, ALERT_LEVEL_FATAL);
        octets_put_u8(out, (uint32_t)f->alert);
        return;
    }
    auto_buf messages;
    buf_init(&messages, FLIGHT_MAX);
    put_hello(&messages, f);
    put_certificate(&messages, leaf);
    put_key_exchange(&messages, f);
    octets_put_u8(&messages, MESSAGE_SERVER_HELLO_DONE);
    octets_put_number(&messages, 3, 0);
    octets_put_u8(out, RECORD_HANDSHAKE);
    octets_put_u16(out, f->version);
    octets_put_vector(out, 2, buf_slice(&messages));
}

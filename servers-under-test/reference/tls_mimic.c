#include "tls_mimic.h"
#include "array.h"

enum {
    ALERT_ILLEGAL_PARAMETER = 47,
    ALERT_DECODE_ERROR = 50,
    ALERT_UNSUPPORTED_EXTENSION = 110,
    GROUP_SECP192R1 = 0x0013,
    LONG_HELLO = 512
};

/* The first of `values` that is in the list; 0 when none is. */
static uint16_t first_of(const struct tls_list *l, const uint16_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tls_list_has(l, values[i]))
            return values[i];
    return 0;
}
#define FIRST_OF(list, values) first_of((list), (values), COUNT(values))

/* What the real server takes, its favourite first (server_tls.c). */
static const uint16_t good_suites[] = { 0xc02c, 0xc02b, 0xcca9 };
static const uint16_t good_groups[] = { 0x001d, 0x0017, 0x001e, 0x0019, 0x0018 };
static const uint16_t good_schemes[] = { 0x0403, 0x0503, 0x0603 };

static bool is_12(const struct tls_client_hello *h)
{
    return !h->ssl2 && tls_hello_newest(h) == WIRE_TLS12;
}

/* What a real server would answer in TLS 1.2, to be changed. False when it would refuse. */
static bool answer_12(const struct tls_client_hello *h, struct mimic_flight *f)
{
    if (!is_12(h))
        return false;
    *f = (struct mimic_flight) { .version = WIRE_TLS12,
                                 .suite = FIRST_OF(&h->suites, good_suites),
                                 .group = FIRST_OF(&h->groups, good_groups),
                                 .signature = FIRST_OF(&h->signatures, good_schemes),
                                 .flags = h->flags & (HELLO_EXTENDED_MASTER_SECRET |
                                                      HELLO_RENEGOTIATION_INFO) };
    return f->suite && f->group && f->signature;
}

/* A suite with RSA key exchange, when nothing good is offered: no ServerKeyExchange is due. */
static bool answer_rsa(const struct tls_client_hello *h, const uint16_t *suites, size_t n,
                       struct mimic_flight *f)
{
    if (!is_12(h) || FIRST_OF(&h->suites, good_suites))
        return false;
    f->version = WIRE_TLS12;
    f->suite = first_of(&h->suites, suites, n);
    f->flags = h->flags & (HELLO_EXTENDED_MASTER_SECRET | HELLO_RENEGOTIATION_INFO);
    return f->suite;
}

static bool ssl2(const struct tls_client_hello *h, struct mimic_flight *f)
{
    f->ssl2 = true;
    return h->ssl2 && h->ssl2_suites;
}

static bool ssl3(const struct tls_client_hello *h, struct mimic_flight *f)
{
    static const uint16_t suites[] = { 0x0035, 0x002f, 0x000a, 0x0005 };
    uint16_t newest = tls_hello_newest(h);
    f->version = WIRE_SSL3;
    f->suite = FIRST_OF(&h->suites, suites);
    return !h->ssl2 && f->suite && newest >= WIRE_SSL3 && newest <= WIRE_TLS11;
}

static bool rc4(const struct tls_client_hello *h, struct mimic_flight *f)
{
    static const uint16_t suites[] = { 0x0005, 0x0004 };
    return answer_rsa(h, suites, COUNT(suites), f);
}

static bool export_grade(const struct tls_client_hello *h, struct mimic_flight *f)
{
    static const uint16_t suites[] = { 0x0008, 0x0006, 0x0003 };
    return answer_rsa(h, suites, COUNT(suites), f);
}

static bool des(const struct tls_client_hello *h, struct mimic_flight *f)
{
    static const uint16_t suites[] = { 0x0009 };
    return answer_rsa(h, suites, COUNT(suites), f);
}

static bool des3(const struct tls_client_hello *h, struct mimic_flight *f)
{
    static const uint16_t suites[] = { 0x000a };
    return answer_rsa(h, suites, COUNT(suites), f);
}

static bool dhe_of(const struct tls_client_hello *h, unsigned bits, struct mimic_flight *f)
{
    static const uint16_t suites[] = { 0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033 };
    f->prime_bits = bits;
    f->signature = 0x0804;
    return answer_rsa(h, suites, COUNT(suites), f);
}

static bool dhe(const struct tls_client_hello *h, struct mimic_flight *f)
{
    return dhe_of(h, 2048, f);
}

static bool dhe_1024(const struct tls_client_hello *h, struct mimic_flight *f)
{
    return dhe_of(h, 1024, f);
}

static bool small_group(const struct tls_client_hello *h, struct mimic_flight *f)
{
    if (FIRST_OF(&h->groups, good_groups) || !tls_list_has(&h->groups, GROUP_SECP192R1) ||
        !is_12(h))
        return false;
    *f = (struct mimic_flight) { .version = WIRE_TLS12,
                                 .suite = FIRST_OF(&h->suites, good_suites),
                                 .group = GROUP_SECP192R1,
                                 .signature = FIRST_OF(&h->signatures, good_schemes),
                                 .flags = h->flags & (HELLO_EXTENDED_MASTER_SECRET |
                                                      HELLO_RENEGOTIATION_INFO) };
    return f->suite && f->signature;
}

static bool no_renegotiation_info(const struct tls_client_hello *h, struct mimic_flight *f)
{
    bool answered = answer_12(h, f);
    f->flags &= ~(unsigned)HELLO_RENEGOTIATION_INFO;
    return answered;
}

static bool compression(const struct tls_client_hello *h, struct mimic_flight *f)
{
    bool answered = h->compresses && answer_12(h, f);
    f->compresses = true;
    return answered;
}

static bool truncated_hmac(const struct tls_client_hello *h, struct mimic_flight *f)
{
    bool answered = (h->flags & HELLO_TRUNCATED_HMAC) && answer_12(h, f);
    f->flags |= HELLO_TRUNCATED_HMAC;
    return answered;
}

static bool fallback_ignored(const struct tls_client_hello *h, struct mimic_flight *f)
{
    return tls_list_has(&h->suites, SUITE_FALLBACK_SCSV) && answer_12(h, f);
}

static bool record_version(const struct tls_client_hello *h, struct mimic_flight *f)
{
    f->alert = ALERT_PROTOCOL_VERSION;
    return h->record_version != WIRE_TLS10;
}

static bool grease(const struct tls_client_hello *h, struct mimic_flight *f)
{
    f->alert = ALERT_ILLEGAL_PARAMETER;
    return h->flags & HELLO_GREASE;
}

static bool unknown_extension(const struct tls_client_hello *h, struct mimic_flight *f)
{
    f->alert = ALERT_UNSUPPORTED_EXTENSION;
    return h->flags & HELLO_UNKNOWN;
}

static bool unknown_version(const struct tls_client_hello *h, struct mimic_flight *f)
{
    f->alert = ALERT_PROTOCOL_VERSION;
    for (size_t i = 0; i < h->versions.n; i++)
        if (h->versions.v[i] > WIRE_TLS13 && !tls_is_grease(h->versions.v[i]))
            return true;
    return false;
}

static bool long_hello(const struct tls_client_hello *h, struct mimic_flight *f)
{
    f->alert = ALERT_DECODE_ERROR;
    return h->pad_to > LONG_HELLO;
}

/* Each says whether its fault is about this hello, and what it answers. */
static const struct {
    enum fault_id fault;
    bool (*answers)(const struct tls_client_hello *h, struct mimic_flight *f);
} rows[] = {
    { FAULT_HELLO_SSL2, ssl2 },
    { FAULT_HELLO_SSL3, ssl3 },
    { FAULT_HELLO_RC4, rc4 },
    { FAULT_HELLO_EXPORT, export_grade },
    { FAULT_HELLO_DES, des },
    { FAULT_HELLO_3DES, des3 },
    { FAULT_HELLO_DHE, dhe },
    { FAULT_HELLO_DHE_1024, dhe_1024 },
    { FAULT_HELLO_SMALL_GROUP, small_group },
    { FAULT_HELLO_NO_RENEGOTIATION_INFO, no_renegotiation_info },
    { FAULT_HELLO_COMPRESSION, compression },
    { FAULT_HELLO_TRUNCATED_HMAC, truncated_hmac },
    { FAULT_HELLO_FALLBACK_IGNORED, fallback_ignored },
    { FAULT_HELLO_RECORD_VERSION, record_version },
    { FAULT_HELLO_GREASE, grease },
    { FAULT_HELLO_UNKNOWN_EXTENSION, unknown_extension },
    { FAULT_HELLO_UNKNOWN_VERSION, unknown_version },
    { FAULT_HELLO_LONG, long_hello },
};

bool tls_mimic_wanted(const struct faults *faults)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (fault_on(faults, rows[i].fault))
            return true;
    return fault_on(faults, FAULT_HELLO_PREFERS_1_2);
}

/* FRAME_READY: *h is the hello; `bytes` has all that was read, in any case. */
static enum frame read_hello(struct stream *s, nsec deadline, struct buf *bytes,
                             struct buf *scratch, struct tls_client_hello *h)
{
    enum { READ_SIZE = 4096 };
    enum frame got = FRAME_MORE;
    size_t octets;
    while (got == FRAME_MORE) {
        char *room = buf_room(bytes, READ_SIZE);
        ssize_t n = room ? stream_read(s, room, READ_SIZE, deadline) : 0;
        if (n <= 0)
            break;
        buf_claim(bytes, (size_t)n);
        got = tls_hello_read(buf_slice(bytes), scratch, h, &octets);
    }
    return got;
}

static bool answer(const struct faults *faults, const struct tls_client_hello *h, slice leaf,
                   struct buf *out)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mimic_flight f = { 0 };
        if (!fault_on(faults, rows[i].fault) || !rows[i].answers(h, &f))
            continue;
        tls_mimic_write(&f, leaf, out);
        return true;
    }
    return false;
}

/* Sends the flight; then whatever the client says is read and passed over until it ends. */
static void send_flight(struct stream *s, slice flight, nsec deadline)
{
    char waste[1024];
    if (stream_write_slice(s, flight, deadline) < 0)
        return;
    while (stream_read(s, waste, sizeof waste, deadline) > 0)
        ;
}

bool tls_mimic(struct stream **stream, const struct faults *faults, slice leaf,
               struct tls_options *options, nsec deadline)
{
    auto_buf bytes, scratch, out;
    struct tls_client_hello hello;
    buf_init(&bytes, TLS_HELLO_MAX + TLS_RECORD_MAX);
    buf_init(&scratch, TLS_HELLO_MAX);
    buf_init(&out, BUF_OURS);
    bool read = read_hello(*stream, deadline, &bytes, &scratch, &hello) == FRAME_READY;
    if (read && answer(faults, &hello, leaf, &out)) {
        send_flight(*stream, buf_slice(&out), deadline);
        return false;
    }
    if (read && fault_on(faults, FAULT_HELLO_PREFERS_1_2) &&
        tls_list_has(&hello.versions, WIRE_TLS12))
        options->max_version = TLS1_2_VERSION;
    *stream = tls_mimic_replay(*stream, &bytes);
    return true;
}

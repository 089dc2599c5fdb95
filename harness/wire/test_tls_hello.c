#include "fuzz_replay.h"
#include "array.h"
#include "testing.h"
#include "tls_answer.h"

/* --- hellos: written, then read again --- */

static void list_of(struct tls_list *l, const uint16_t *values)
{
    for (; *values; values++)
        tls_list_add(l, *values);
}

static const struct {
    const char *name;
    uint16_t record_version, version;
    uint16_t suites[6], versions[6], groups[6], signatures[6], shares[4];
    unsigned flags;
    bool key_share, compresses, bare, ssl2, ssl2_suites;
    const char *server_name;
    size_t pad_to;
    uint16_t newest;
} hellos[] = {
    { "SSL 3.0", .record_version = 0x0300, .version = 0x0300, .suites = { 0x0005, 0x000a },
      .bare = true, .compresses = true, .newest = 0x0300 },
    { "TLS 1.0", .record_version = 0x0301, .version = 0x0301, .suites = { 0x002f },
      .groups = { 0x0017 }, .flags = HELLO_RENEGOTIATION_INFO, .newest = 0x0301 },
    { "TLS 1.2", .record_version = 0x0301, .version = 0x0303, .suites = { 0xc02b, 0x5600 },
      .groups = { 0x0017, 0x001d }, .signatures = { 0x0403, 0x0804 },
      .flags = HELLO_RENEGOTIATION_INFO | HELLO_EXTENDED_MASTER_SECRET | HELLO_TRUNCATED_HMAC |
               HELLO_ENCRYPT_THEN_MAC | HELLO_STATUS_REQUEST | HELLO_SESSION_TICKET,
      .server_name = "mail.example.org", .newest = 0x0303 },
    { "TLS 1.3", .record_version = 0x0303, .version = 0x0303, .suites = { 0x1301, 0x1302 },
      .versions = { 0x0305, 0x0304, 0x0303 }, .groups = { 0x001d }, .signatures = { 0x0403 },
      .key_share = true, .shares = { 0x001d, 0x0017 }, .newest = 0x0304 },
    { "no share", .record_version = 0x0301, .version = 0x0303, .suites = { 0x1301 },
      .versions = { 0x0304 }, .groups = { 0x001d }, .key_share = true, .newest = 0x0304 },
    { "padded", .record_version = 0x0301, .version = 0x0303, .suites = { 0xc02b },
      .flags = HELLO_UNKNOWN, .pad_to = 700, .newest = 0x0303 },
    { "long", .record_version = 0x0301, .version = 0x0303, .suites = { 0xc02b }, .pad_to = 20000,
      .newest = 0x0303 },
    { "GREASE", .record_version = 0x0301, .version = 0x0303, .suites = { 0x1301 },
      .versions = { 0x0304 }, .groups = { 0x001d }, .signatures = { 0x0403 }, .flags = HELLO_GREASE,
      .key_share = true, .shares = { 0x001d }, .newest = 0x0304 },
    { "SSL 2.0", .record_version = 0x0002, .version = 0x0002, .bare = true, .ssl2 = true,
      .ssl2_suites = true, .newest = 0x0002 },
    { "SSL 2.0 form of TLS 1.0", .record_version = 0x0301, .version = 0x0301,
      .suites = { 0x0005, 0x002f }, .bare = true, .ssl2 = true, .newest = 0x0301 },
};

static struct tls_client_hello *make_hello(int i)
{
    struct tls_client_hello *h = calloc(1, sizeof *h);
    *h = (struct tls_client_hello) { .ssl2 = hellos[i].ssl2,
                                     .ssl2_suites = hellos[i].ssl2_suites,
                                     .record_version = hellos[i].record_version,
                                     .version = hellos[i].version,
                                     .flags = hellos[i].flags,
                                     .key_share = hellos[i].key_share,
                                     .compresses = hellos[i].compresses,
                                     .bare = hellos[i].bare,
                                     .server_name = slice_of(hellos[i].server_name),
                                     .pad_to = hellos[i].pad_to };
    memset(h->random, 0x5a, hellos[i].ssl2 ? 16 : sizeof h->random);
    list_of(&h->suites, hellos[i].suites);
    list_of(&h->versions, hellos[i].versions);
    list_of(&h->groups, hellos[i].groups);
    list_of(&h->signatures, hellos[i].signatures);
    list_of(&h->shares, hellos[i].shares);
    return h;
}

static void check_list(const char *what, const struct tls_list *got, const struct tls_list *want)
{
    size_t seen = 0;
    for (size_t i = 0; i < got->n; i++)
        if (!tls_is_grease(got->v[i])) {
            ck_assert_msg(seen < want->n && got->v[i] == want->v[seen], "%s[%zu]", what, i);
            seen++;
        }
    ck_assert_msg(seen == want->n, "%s: %zu, not %zu", what, seen, want->n);
}

static void check_hello(const struct tls_client_hello *got, const struct tls_client_hello *want)
{
    ck_assert_int_eq(got->ssl2, want->ssl2);
    ck_assert_int_eq(got->ssl2_suites, want->ssl2_suites);
    ck_assert_uint_eq(got->record_version, want->record_version);
    ck_assert_uint_eq(got->version, want->version);
    ck_assert_uint_eq(got->flags, want->flags);
    ck_assert_int_eq(got->key_share, want->key_share);
    ck_assert_int_eq(got->compresses, want->compresses);
    ck_assert_int_eq(got->bare, want->bare);
    ck_assert_slice(got->server_name, want->server_name);
    ck_assert_mem_eq(got->random, want->random, sizeof got->random);
    ck_assert_uint_ge(got->pad_to, want->pad_to);
    check_list("suites", &got->suites, &want->suites);
    check_list("versions", &got->versions, &want->versions);
    check_list("groups", &got->groups, &want->groups);
    check_list("signatures", &got->signatures, &want->signatures);
    check_list("shares", &got->shares, &want->shares);
}

START_TEST(hello_is_read_as_written)
{
    auto_buf wire, scratch;
    buf_init(&wire, TLS_HELLO_MAX);
    buf_init(&scratch, TLS_HELLO_MAX);
    struct tls_client_hello *h = make_hello(_i), *got = calloc(1, sizeof *got);
    tls_hello_write(h, &wire);
    ck_assert(!wire.overflow);
    size_t whole = wire.n, octets;
    buf_adds(&wire, "more");
    for (size_t n = 0; n < whole; n += n < 100 || n + 100 > whole ? 1 : 17)
        ck_assert_int_eq(tls_hello_read(slice_sub(buf_slice(&wire), 0, n), &scratch, got, &octets),
                         FRAME_MORE);
    ck_assert_int_eq(tls_hello_read(buf_slice(&wire), &scratch, got, &octets), FRAME_READY);
    ck_assert_uint_eq(octets, whole);
    check_hello(got, h);
    ck_assert_uint_eq(tls_hello_newest(got), hellos[_i].newest);
    if (hellos[_i].pad_to && !hellos[_i].ssl2)
        ck_assert_uint_eq(got->pad_to, hellos[_i].pad_to);
    free(h);
    free(got);
}
END_TEST

/* Type, length and content: what is read as written may still be wrong for everybody else. */
static const struct {
    unsigned flag;
    slice octets;
} flagged[] = {
    { HELLO_EXTENDED_MASTER_SECRET, { "\x00\x17\x00\x00", 4 } }, /* RFC 7627 section 5.1 */
    { HELLO_RENEGOTIATION_INFO, { "\xff\x01\x00\x01\x00", 5 } }, /* RFC 5746 section 3.2 */
    { HELLO_TRUNCATED_HMAC, { "\x00\x04\x00\x00", 4 } },         /* RFC 6066 section 7 */
    { HELLO_ENCRYPT_THEN_MAC, { "\x00\x16\x00\x00", 4 } },       /* RFC 7366 section 2 */
    { HELLO_STATUS_REQUEST,
      { "\x00\x05\x00\x05\x01\x00\x00\x00\x00", 9 } },   /* RFC 6066 section 8 */
    { HELLO_SESSION_TICKET, { "\x00\x23\x00\x00", 4 } }, /* RFC 5077 section 3.2 */
};

START_TEST(flags_are_extensions_of_their_documents)
{
    auto_buf wire;
    buf_init(&wire, TLS_HELLO_MAX);
    struct tls_client_hello *h = make_hello(1);
    h->flags = flagged[_i].flag;
    tls_hello_write(h, &wire);
    ck_assert(slice_find(buf_slice(&wire), flagged[_i].octets) != SIZE_MAX);
    free(h);
}
END_TEST

/* What is no ClientHello is told from one that is not complete. */
static const struct {
    slice bytes;
    enum frame got;
} others[] = {
    { S(""), FRAME_MORE },
    { S("\x16\x03\x01"), FRAME_MORE },
    { S("EHLO client.example.org\r\n"), FRAME_LIMIT },
    { S("\x15\x03\x01\x00\x02\x02\x28"), FRAME_LIMIT },
    { S("\x16\x03\x01\x00\x00"), FRAME_LIMIT },
    { S("\x16\x03\x01\x49\x00"), FRAME_LIMIT },
    { S("\x16\x02\x00\x00\x10"), FRAME_LIMIT },
    { S("\x16\x03\x01\x00\x04\x02\x00\x00\x00"), FRAME_LIMIT },
    { S("\x16\x03\x01\x00\x04\x01\x02\x00\x00"), FRAME_LIMIT },         /* longer than the limit */
    { S("\x16\x03\x01\x00\x04\x01\x00\x00\x00"), FRAME_LIMIT },         /* empty */
    { S("\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03"), FRAME_LIMIT }, /* ends too early */
    { S("\x80\x03\x01\x03\x01"), FRAME_LIMIT },
    { S("\x80\x20\x04"), FRAME_LIMIT },
    { S("\x80\x20\x01"), FRAME_MORE },
};

START_TEST(others_are_no_hello)
{
    auto_buf scratch;
    buf_init(&scratch, TLS_HELLO_MAX);
    struct tls_client_hello *h = calloc(1, sizeof *h);
    size_t octets;
    ck_assert_int_eq(tls_hello_read(others[_i].bytes, &scratch, h, &octets), others[_i].got);
    free(h);
}
END_TEST

/* RFC 8446 section 4.1.2: legacy_session_id<0..32>. */
START_TEST(a_session_id_is_bounded)
{
    auto_buf bytes, scratch;
    buf_init(&bytes, TLS_HELLO_MAX);
    buf_init(&scratch, TLS_HELLO_MAX);
    struct tls_client_hello *h = calloc(1, sizeof *h);
    size_t octets;
    octets_put_u8(&bytes, RECORD_HANDSHAKE);
    octets_put_u16(&bytes, WIRE_TLS10);
    size_t record = octets_put_begin(&bytes, 2);
    octets_put_u8(&bytes, MESSAGE_CLIENT_HELLO);
    size_t message = octets_put_begin(&bytes, 3);
    octets_put_u16(&bytes, WIRE_TLS12);
    buf_add(&bytes, slice_make(h->random, sizeof h->random));
    octets_put_u8(&bytes, (uint32_t)_i);
    for (int i = 0; i < _i; i++)
        octets_put_u8(&bytes, 0);
    octets_put_vector(&bytes, 2, S("\x13\x01"));
    octets_put_vector(&bytes, 1, S("\0"));
    octets_put_end(&bytes, 3, message);
    octets_put_end(&bytes, 2, record);
    ck_assert_int_eq(tls_hello_read(buf_slice(&bytes), &scratch, h, &octets),
                     _i > 32 ? FRAME_LIMIT : FRAME_READY);
    free(h);
}
END_TEST

START_TEST(lists_are_bounded)
{
    struct tls_list *l = calloc(1, sizeof *l);
    for (uint32_t i = 0; i < TLS_LIST_MAX + 10; i++)
        tls_list_add(l, i % 7);
    ck_assert_uint_eq(l->n, TLS_LIST_MAX);
    ck_assert(tls_list_has(l, 3));
    ck_assert(tls_list_remove(l, 3));
    ck_assert(!tls_list_has(l, 3));
    ck_assert(!tls_list_remove(l, 3));
    ck_assert(tls_is_grease(0x0a0a) && tls_is_grease(0xfafa));
    ck_assert(!tls_is_grease(0x0a1a) && !tls_is_grease(0x1301));
    free(l);
}
END_TEST

/* --- answers --- */

#define RANDOM "0123456789abcdef0123456789abcdef"
#define RETRY                                                                                      \
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"                             \
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"
/* TLS 1.2, ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, renegotiation_info, extended_master_secret. */
#define HELLO_12                                                                                   \
    "\x16\x03\x03\x00\x39\x02\x00\x00\x35\x03\x03" RANDOM "\x00\xc0\x2b\x00\x00\x0d\xff\x01\x00"   \
    "\x01\x00\x00\x17\x00\x00\x00\x05\x00\x00"
/* Two certificates: "leaf", "ca". */
#define CERTIFICATE                                                                                \
    "\x16\x03\x03\x00\x13\x0b\x00\x00\x0f\x00\x00\x0c\x00\x00\x04leaf\x00\x00\x02"                 \
    "ca"
/* X25519 (a point of two octets will do), ecdsa_secp256r1_sha256. */
#define KEY_EXCHANGE_EC "\x16\x03\x03\x00\x10\x0c\x00\x00\x0c\x03\x00\x1d\x02PP\x04\x03\x00\x02sg"
/* A prime of 21 bits, rsa_pss_rsae_sha256. */
#define KEY_EXCHANGE_DH                                                                            \
    "\x16\x03\x03\x00\x15\x0c\x00\x00\x11\x00\x03\x10pp\x00\x01g\x00\x01y\x08\x04\x00\x02sg"
#define DONE "\x16\x03\x03\x00\x04\x0e\x00\x00\x00"
#define ALERT(level, what) "\x15\x03\x03\x00\x02" level what

static const struct {
    const char *name;
    slice bytes;
    enum tls_answer_state state;
    int alert;
    bool hello, retry, ssl2, compresses, requested;
    uint16_t version, suite, group, signature;
    unsigned flags, bits;
    const char *leaf;
} answers[] = {
    { "alert", S(ALERT("\x02", "\x28")), ANSWER_ALERT, 40, .leaf = "" },
    { "closed", S(ALERT("\x01", "\x00")), ANSWER_ALERT, 0, .leaf = "" },
    { "warning", S(ALERT("\x01", "\x70")), ANSWER_MORE, -1, .leaf = "" },
    { "text", S("220 mail.example.org ESMTP\r\n"), ANSWER_FOREIGN, -1, .leaf = "" },
    { "web", S("HTTP/1.1 400 Bad Request\r\n"), ANSWER_FOREIGN, -1, .leaf = "" },
    { "version", S("\x16\x02\x00\x00\x04"), ANSWER_FOREIGN, -1, .leaf = "" },
    { "length", S("\x16\x03\x03\xff\xff"), ANSWER_FOREIGN, -1, .leaf = "" },
    { "TLS 1.2", S(HELLO_12 CERTIFICATE KEY_EXCHANGE_EC DONE), ANSWER_DONE, -1, .hello = true,
      .version = 0x0303, .suite = 0xc02b, .group = 0x001d, .signature = 0x0403,
      .flags = HELLO_RENEGOTIATION_INFO | HELLO_EXTENDED_MASTER_SECRET | HELLO_STATUS_REQUEST,
      .leaf = "leaf" },
    { "warning first", S(ALERT("\x01", "\x70") HELLO_12 DONE), ANSWER_DONE, -1, .hello = true,
      .version = 0x0303, .suite = 0xc02b,
      .flags = HELLO_RENEGOTIATION_INFO | HELLO_EXTENDED_MASTER_SECRET | HELLO_STATUS_REQUEST,
      .leaf = "" },
    { "alert later", S(HELLO_12 ALERT("\x02", "\x50")), ANSWER_ALERT, 80, .hello = true,
      .version = 0x0303, .suite = 0xc02b,
      .flags = HELLO_RENEGOTIATION_INFO | HELLO_EXTENDED_MASTER_SECRET | HELLO_STATUS_REQUEST,
      .leaf = "" },
    { "DHE, request",
      S("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" RANDOM "\x00\x00\x9e\x01" KEY_EXCHANGE_DH
        "\x16\x03\x03\x00\x05\x0d\x00\x00\x01\x00" DONE),
      ANSWER_DONE, -1, .hello = true, .compresses = true, .requested = true, .version = 0x0303,
      .suite = 0x009e, .signature = 0x0804, .bits = 21, .leaf = "" },
    { "SSL 3.0", S("\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00" RANDOM "\x00\x00\x05\x00"),
      ANSWER_MORE, -1, .hello = true, .version = 0x0300, .suite = 0x0005, .leaf = "" },
    { "TLS 1.3",
      S("\x16\x03\x03\x00\x3a\x02\x00\x00\x36\x03\x03" RANDOM
        "\x00\x13\x01\x00\x00\x0e\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x04\x00\x1d\x00\x00"),
      ANSWER_DONE, -1, .hello = true, .version = 0x0304, .suite = 0x1301, .group = 0x001d,
      .leaf = "" },
    { "retry",
      S("\x16\x03\x03\x00\x38\x02\x00\x00\x34\x03\x03" RETRY
        "\x00\x13\x01\x00\x00\x0c\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x02\x00\x17"),
      ANSWER_DONE, -1, .hello = true, .retry = true, .version = 0x0304, .suite = 0x1301,
      .group = 0x0017, .leaf = "" },
    { "certificate first", S(CERTIFICATE), ANSWER_BROKEN, -1, .leaf = "" },
    { "cut hello", S("\x16\x03\x03\x00\x06\x02\x00\x00\x02\x03\x03"), ANSWER_BROKEN, -1,
      .leaf = "" },
    { "huge message", S("\x16\x03\x03\x00\x04\x02\x7f\xff\xff"), ANSWER_BROKEN, -1, .leaf = "" },
    { "text behind", S(HELLO_12 "oops"), ANSWER_BROKEN, -1, .hello = true, .version = 0x0303,
      .suite = 0xc02b,
      .flags = HELLO_RENEGOTIATION_INFO | HELLO_EXTENDED_MASTER_SECRET | HELLO_STATUS_REQUEST,
      .leaf = "" },
    { "SSL 2.0",
      S("\x80\x16\x04\x00\x01\x00\x02\x00\x04\x00\x03\x00\x04leaf\x01\x00\x80"
        "conn"),
      ANSWER_DONE, -1, .hello = true, .ssl2 = true, .version = 0x0002, .leaf = "leaf" },
    { "SSL 2.0 error", S("\x80\x03\x00\x00\x01"), ANSWER_ALERT, 40, .leaf = "" },
    { "SSL 2.0, another message", S("\x80\x0d\x05\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"),
      ANSWER_FOREIGN, -1, .leaf = "" },
    { "SSL 2.0 cut", S("\x80\x04\x04\x00\x01\x00"), ANSWER_FOREIGN, -1, .leaf = "" },
};

static void check_answer(int i, size_t step)
{
    struct tls_answer a;
    tls_answer_init(&a);
    for (size_t at = 0; at < answers[i].bytes.n; at += step)
        tls_answer_feed(&a, slice_sub(answers[i].bytes, at, at + step));
    ck_assert_msg(a.state == answers[i].state, "%s: state %d", answers[i].name, a.state);
    ck_assert_int_eq(a.alert, answers[i].alert);
    ck_assert_int_eq(a.hello, answers[i].hello);
    ck_assert_int_eq(a.retry, answers[i].retry);
    ck_assert_int_eq(a.ssl2, answers[i].ssl2);
    ck_assert_int_eq(a.compresses, answers[i].compresses);
    ck_assert_int_eq(a.certificate_requested, answers[i].requested);
    ck_assert_uint_eq(a.version, answers[i].version);
    ck_assert_uint_eq(a.suite, answers[i].suite);
    ck_assert_uint_eq(a.group, answers[i].group);
    ck_assert_uint_eq(a.signature, answers[i].signature);
    ck_assert_uint_eq(a.flags, answers[i].flags);
    ck_assert_uint_eq(a.prime_bits, answers[i].bits);
    ck_assert_slice(buf_slice(&a.leaf), slice_of(answers[i].leaf));
    tls_answer_release(&a);
}

START_TEST(answer_is_read)
{
    check_answer(_i, answers[_i].bytes.n);
}
END_TEST

START_TEST(answer_is_read_octet_by_octet)
{
    check_answer(_i, 1);
    check_answer(_i, 7);
}
END_TEST

START_TEST(endless_messages_hit_the_limit)
{
    struct tls_answer a;
    auto_buf record;
    buf_init(&record, 2 * TLS_RECORD_MAX);
    octets_put_u8(&record, RECORD_HANDSHAKE);
    octets_put_u16(&record, WIRE_TLS12);
    octets_put_u16(&record, 16000);
    for (int i = 0; i < 16000; i++)
        buf_addc(&record, 0x0b);
    tls_answer_init(&a);
    tls_answer_feed(&a, S(HELLO_12));
    for (int i = 0; i < 100 && a.state == ANSWER_MORE; i++)
        tls_answer_feed(&a, buf_slice(&record));
    ck_assert_int_eq(a.state, ANSWER_BROKEN);
    tls_answer_release(&a);
}
END_TEST

START_TEST(fuzz_target_takes_answers)
{
    fuzz_replay(answers[_i].bytes);
}
END_TEST

START_TEST(fuzz_target_takes_hellos)
{
    auto_buf wire;
    buf_init(&wire, TLS_HELLO_MAX);
    struct tls_client_hello *h = make_hello(_i);
    h->pad_to = h->pad_to > 600 ? 600 : h->pad_to;
    tls_hello_write(h, &wire);
    fuzz_replay(buf_slice(&wire));
    free(h);
}
END_TEST

/* Warnings without end are no answer. */
START_TEST(answer_without_end)
{
    static const slice warning = S("\x15\x03\x03\x00\x02\x01\x5a");
    struct tls_answer a;
    size_t n = 0;
    tls_answer_init(&a);
    while (n <= TLS_ANSWER_MAX && tls_answer_feed(&a, warning) == ANSWER_MORE)
        n += warning.n;
    ck_assert_int_eq(a.state, ANSWER_BROKEN);
    ck_assert_uint_le(n, TLS_ANSWER_MAX);
    tls_answer_release(&a);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, answer_without_end);
    tcase_add_loop_test(cases, hello_is_read_as_written, 0, COUNT(hellos));
    tcase_add_loop_test(cases, flags_are_extensions_of_their_documents, 0, COUNT(flagged));
    tcase_add_loop_test(cases, others_are_no_hello, 0, COUNT(others));
    tcase_add_loop_test(cases, a_session_id_is_bounded, 31, 34);
    tcase_add_test(cases, lists_are_bounded);
    tcase_add_loop_test(cases, answer_is_read, 0, COUNT(answers));
    tcase_add_loop_test(cases, answer_is_read_octet_by_octet, 0, COUNT(answers));
    tcase_add_test(cases, endless_messages_hit_the_limit);
    tcase_add_loop_test(cases, fuzz_target_takes_answers, 0, COUNT(answers));
    tcase_add_loop_test(cases, fuzz_target_takes_hellos, 0, COUNT(hellos));
}

int main(void)
{
    return run_tests("tls_hello", add);
}

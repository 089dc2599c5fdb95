/* The survey against reference servers in memory: the clean one is as it is configured, and every
   fault of the hello is seen. */
#include "buf.h"
#include "reference.h"
#include "testing.h"
#include "tls.h"
#include "tls_survey.h"

struct served {
    struct served *next;
    struct reference *ref;
    struct stream *stream;
    struct task *task;
    int min_version;
};

/* A server in memory, and how it treats connections. */
struct lab {
    struct reference *ref;
    struct served *served;
    int min_version; /* bare TLS of that version at least, and no mail behind it; 0: the server */
    unsigned opened, rate_after, silent_after, hangs_at; /* 0: never */
};

static void serve(void *arg)
{
    struct served *s = arg;
    reference_serve(s->ref, SERVICE_POP3S, s->stream, NULL);
}

static void shake(void *arg)
{
    struct served *s = arg;
    struct stream *top;
    struct tls_options options = { .min_version = s->min_version };
    if (tls_open_server(s->stream, reference_tls_context(s->ref), &options, now() + SECONDS(20),
                        NULL, &top) < 0)
        top = s->stream;
    stream_close(top);
}

/* Closes at once. */
static void drop(void *arg)
{
    struct served *s = arg;
    stream_close(s->stream);
}

/* Says nothing, once the connection is there. */
static void hang(void *arg)
{
    struct served *s = arg;
    task_sleep(now() + SECONDS(60));
    stream_close(s->stream);
}

static int lab_open(void *ctx, const char *question, nsec deadline, struct error *err,
                    struct stream **ret)
{
    struct lab *lab = ctx;
    struct stream *ends[2];
    lab->opened++;
    if (lab->rate_after && lab->opened > lab->rate_after)
        return error_set(err, ERR_RATE, "421 4.7.0 too many connections");
    pair_open(ends);
    struct served *s = NEW(struct served);
    *s = (struct served) {
        .next = lab->served, .ref = lab->ref, .stream = ends[1], .min_version = lab->min_version
    };
    lab->served = s;
    bool silent = lab->silent_after && lab->opened > lab->silent_after;
    bool hangs = lab->opened == lab->hangs_at;
    s->task = task_spawn_named("server",
                               hangs            ? hang
                               : silent         ? drop
                               : s->min_version ? shake
                                                : serve,
                               s);
    *ret = ends[0];
    return 0;
}

static void lab_begin(struct lab *lab, const char *fault)
{
    struct reference_options o = { 0 };
    if (fault)
        ck_assert_msg(fault_add(&o.faults, slice_of(fault)), "%s", fault);
    ck_assert_int_eq(reference_new(&o, NULL, &lab->ref), 0);
}

static void lab_end(struct lab *lab)
{
    for (struct served *s; (s = lab->served);) {
        lab->served = s->next;
        task_cancel(s->task);
        task_join(s->task);
        free(s);
    }
    reference_free(lab->ref);
}

static struct survey_way way_to(struct lab *lab)
{
    return (struct survey_way) {
        .open = lab_open, .ctx = lab, .host = "mail.mailassay.test", .timeout = SECONDS(10)
    };
}

/* --- what is seen, as text: one word a line is easier to compare than thirty fields --- */

static char mark(enum survey_answer a)
{
    return "-ny?"[a];
}

static void describe_list(struct buf *out, const char *what, const uint16_t *v, size_t n)
{
    buf_addf(out, " %s", what);
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%c%04x", i ? ',' : '=', v[i]);
}

static void describe(const struct tls_survey *s, struct buf *out)
{
    buf_adds(out, "versions=");
    for (size_t i = 0; i < SURVEY_VERSIONS; i++)
        buf_addc(out, mark(s->version[i]));
    buf_addf(out, " prefers13=%c", mark(s->prefers_13));
    describe_list(out, "13", s->suites[SURVEY_TLS13].list.v, s->suites[SURVEY_TLS13].list.n);
    describe_list(out, "12", s->suites[SURVEY_TLS12].list.v, s->suites[SURVEY_TLS12].list.n);
    buf_addf(out, " order=%c", mark(s->suites[SURVEY_TLS12].own_order));
    describe_list(out, "weak", s->weak_list.v, s->weak_list.n);
    describe_list(out, "groups", s->groups.v, s->groups.n);
    buf_addf(out, " dhe=%u", s->dhe_bits);
    describe_list(out, "signs", s->signatures.v, s->signatures.n);
    buf_addf(out, " renegotiates=%c", mark(s->client_renegotiation));
    buf_addf(out, " sha1=%c ems=%c reneg=%c comp=%c thmac=%c etm=%c fallback=%c tolerates=",
             mark(s->sha1_signature), mark(s->extended_master_secret),
             mark(s->secure_renegotiation), mark(s->compression), mark(s->truncated_hmac),
             mark(s->encrypt_then_mac), mark(s->fallback_scsv));
    for (size_t i = 0; i < TOLERANCES; i++)
        buf_addc(out, mark(s->tolerance[i]));
    buf_addf(out, " unclear=%zu ", s->unclear.n);
}

#define CLEAN_12 "12=c02c,c02b,cca9 "
#define CLEAN_GROUPS "groups=001d,0017,001e,0019,0018,0100,0101,0102,0103,0104 "
#define CLEAN_SIGNS "signs=0403,0503,0603 "

/* What a survey of a server with that fault must have in its text. */
static const struct {
    const char *fault;
    const char *has[6];
    int min_version;
} rows[] = {
    { NULL,
      { "versions=nnnnyy prefers13=y 13=1302,1303,1301 " CLEAN_12 "order=y weak " CLEAN_GROUPS,
        "dhe=0",
        CLEAN_SIGNS "renegotiates=n sha1=n ems=y reneg=y comp=n thmac=n etm=- fallback=y "
                    "tolerates=yyyyy unclear=0 " } },
    { "tls.hello.ssl2", { "versions=ynnnyy", "unclear=0 " } },
    { "tls.hello.ssl3", { "versions=nynnyy", "unclear=0 " } },
    { "tls.hello.prefers-1.2", { "versions=nnnnyy prefers13=n 13=1302,1303,1301" } },
    { "tls.hello.fallback-ignored", { "fallback=n" } },
    { "tls.hello.rc4", { "weak=0005,0004 ", "12=c02c,c02b,cca9,0005,0004 " } },
    { "tls.hello.export", { "weak=0008,0006,0003 " } },
    { "tls.hello.des", { "weak=0009 " } },
    { "tls.hello.3des", { "weak=000a " } },
    { "tls.hello.cbc", { ",c009", "etm=n", "weak groups" } },
    { "tls.hello.dhe", { "12=c02c,c02b,cca9,009f,009e,006b,0067,0039,0033 ", "dhe=2048 " } },
    { "tls.hello.client-order", { "order=n", ",c009" } },
    { "tls.hello.dhe-1024", { "dhe=1024 " } },
    { "tls.hello.small-group", { ",0013 " } },
    { "tls.hello.rare-groups", { "groups=0019 dhe" } },
    { "tls.hello.sha1-signature", { "sha1=y" } },
    { "tls.hello.no-extended-master-secret", { "ems=n reneg=y" } },
    { "tls.hello.no-secure-renegotiation", { "ems=y reneg=n" } },
    { "tls.hello.client-renegotiation", { "renegotiates=y" } },
    { "tls.hello.compression", { "comp=y thmac=n" } },
    { "tls.hello.truncated-hmac", { "comp=n thmac=y" } },
    { "tls.hello.record-version-intolerant", { "tolerates=nyyyy" } },
    { "tls.hello.grease-intolerant", { "tolerates=ynyyy" } },
    { "tls.hello.unknown-extension-intolerant", { "tolerates=yynyy" } },
    { "tls.hello.unknown-version-intolerant", { "tolerates=yyyny" } },
    { "tls.hello.long-hello-intolerant", { "tolerates=yyyyn", CLEAN_12 } },
    { "tls.versions.old-accepted", { "versions=nnyyyy" } },
    { "tls.versions.only-old", { "versions=nnyynn prefers13=-", "tolerates=-----" } },
    { NULL,
      { "versions=nnnnny prefers13=y", "order=- weak " CLEAN_GROUPS, "signs=0403 ",
        "renegotiates=- sha1=- ems=-", "tolerates=yyyyy unclear=0 " },
      TLS1_3_VERSION },
    { "tls.versions.no-1.3", { "versions=nnnnyn prefers13=-", "fallback=-", "tolerates=yyyyy" } },
    { "tls.ciphers.null-accepted", { "weak=", "c006" } },
    { "tls.ciphers.anonymous-accepted", { "weak=", "c019" } },
    { "tls.ciphers.static-rsa",
      { "versions=nnnnyn", "12=009d", "order=y weak groups dhe=0 signs" } },
};

static void survey_row(void *arg)
{
    int i = (int)(intptr_t)arg;
    struct lab lab = { .min_version = rows[i].min_version };
    struct tls_survey s = { 0 };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    lab_begin(&lab, rows[i].fault);
    struct survey_way way = way_to(&lab);
    survey_enumerate(&way, 0, &s);
    describe(&s, &text);
    for (size_t j = 0; j < COUNT(rows[i].has) && rows[i].has[j]; j++)
        ck_assert_msg(strstr(text.p, rows[i].has[j]), "%s: no \"%s\" in%s", rows[i].fault,
                      rows[i].has[j], text.p);
    ck_assert_uint_eq(s.connections, lab.opened);
    ck_assert_uint_le(s.connections, rows[i].fault ? 90 : 50);
    tls_survey_release(&s);
    lab_end(&lab);
}

START_TEST(survey_sees)
{
    sched_main(CLOCK_VIRTUAL, survey_row, (void *)(intptr_t)_i);
}
END_TEST

/* --- the quick questions --- */

static const struct {
    const char *fault;
    enum survey_answer old;
    uint16_t old_version;
    enum survey_answer weak;
    uint16_t weak_suite;
    enum survey_answer tls12;
    bool leaf;
} quick[] = {
    { NULL, SURVEY_REFUSED, 0, SURVEY_REFUSED, 0, SURVEY_ACCEPTED, true },
    { "tls.hello.ssl3", SURVEY_ACCEPTED, 0x0300, SURVEY_REFUSED, 0, SURVEY_ACCEPTED, true },
    { "tls.versions.old-accepted", SURVEY_ACCEPTED, 0x0302, SURVEY_ACCEPTED, 0, SURVEY_ACCEPTED,
      true },
    { "tls.hello.rc4", SURVEY_REFUSED, 0, SURVEY_ACCEPTED, 0x0005, SURVEY_ACCEPTED, true },
    { "tls.hello.export", SURVEY_REFUSED, 0, SURVEY_ACCEPTED, 0x0008, SURVEY_ACCEPTED, true },
    { "tls.hello.3des", SURVEY_REFUSED, 0, SURVEY_ACCEPTED, 0x000a, SURVEY_ACCEPTED, true },
    { "tls.versions.only-old", SURVEY_ACCEPTED, 0x0302, SURVEY_ACCEPTED, 0, SURVEY_REFUSED, true },
    { "tls.handshake.silent", SURVEY_UNCLEAR, 0, SURVEY_UNCLEAR, 0, SURVEY_UNCLEAR, false },
    { "tls.implicit.speaks-plain", SURVEY_UNCLEAR, 0, SURVEY_UNCLEAR, 0, SURVEY_UNCLEAR, false },
};

static void ask_quickly(void *arg)
{
    int i = (int)(intptr_t)arg;
    struct lab lab = { 0 };
    struct tls_survey s = { 0 };
    slice leaf;
    lab_begin(&lab, quick[i].fault);
    struct survey_way way = way_to(&lab);
    survey_ask_old_versions(&way, &s);
    survey_ask_weak_suites(&way, &s);
    survey_ask_tls12(&way, &s, &leaf);
    ck_assert_int_eq(s.old_versions, quick[i].old);
    ck_assert_uint_eq(s.old_version, quick[i].old_version);
    ck_assert_int_eq(s.weak_suites, quick[i].weak);
    if (quick[i].weak_suite)
        ck_assert_uint_eq(s.weak_suite, quick[i].weak_suite);
    ck_assert_int_eq(s.version[SURVEY_TLS12], quick[i].tls12);
    ck_assert_int_eq(leaf.n > 300, quick[i].leaf);
    ck_assert_uint_eq(s.connections, 3);
    ck_assert_uint_eq(s.unclear.n, quick[i].tls12 == SURVEY_UNCLEAR ? 3 : 0);
    tls_survey_release(&s);
    lab_end(&lab);
}

START_TEST(quick_questions)
{
    sched_main(CLOCK_VIRTUAL, ask_quickly, (void *)(intptr_t)_i);
}
END_TEST

/* --- no verdict where there is none --- */

static const struct {
    const char *fault;
    unsigned rate_after, silent_after, max;
    unsigned connections;
    const char *says;
} troubles[] = {
    { NULL, 7, 0, 0, 8, "too many connections; no more was asked" },
    { NULL, 0, 7, 0, 9, "closes every connection without a word; no more was asked" },
    { NULL, 0, 0, 9, 9, "no connection is left for it; no more was asked" },
    { "tls.handshake.silent", 0, 0, 0, 3, "no answer to the hello in time; no more was asked" },
    { "tls.implicit.speaks-plain", 0, 0, 0, 3,
      "what came is not TLS: +OK mail.mailassay.test POP3 server ready; no more was asked" },
};

static void meet_trouble(void *arg)
{
    int i = (int)(intptr_t)arg;
    struct lab lab = { .rate_after = troubles[i].rate_after,
                       .silent_after = troubles[i].silent_after };
    struct tls_survey s = { 0 };
    lab_begin(&lab, troubles[i].fault);
    struct survey_way way = way_to(&lab);
    survey_enumerate(&way, troubles[i].max, &s);
    ck_assert_uint_eq(s.connections, troubles[i].connections);
    ck_assert_uint_ge(s.unclear.n, 1);
    const char *last = s.unclear.v[s.unclear.n - 1];
    ck_assert_msg(strstr(last, troubles[i].says), "%s", last);
    ck_assert_int_eq(s.version[SURVEY_SSL2], SURVEY_UNCLEAR);
    ck_assert_int_eq(s.version[SURVEY_TLS10], SURVEY_UNCLEAR);
    ck_assert_int_ne(s.weak_suites, SURVEY_REFUSED);
    for (size_t t = 0; t < TOLERANCES; t++)
        ck_assert_int_ne(s.tolerance[t], SURVEY_REFUSED);
    tls_survey_release(&s);
    lab_end(&lab);
}

START_TEST(trouble_is_no_verdict)
{
    sched_main(CLOCK_VIRTUAL, meet_trouble, (void *)(intptr_t)_i);
}
END_TEST

/* One answer that does not come, at whatever question. The fifth is about hygiene; its name is that
   of a version, too. */
enum { CLEAN_CONNECTIONS = 40, HYGIENE_CONNECTION = 5 };

static void miss_one(void *arg)
{
    struct lab lab = { .hangs_at = (unsigned)(intptr_t)arg };
    struct tls_survey s = { 0 };
    bool suites = false, old = false;
    lab_begin(&lab, NULL);
    struct survey_way way = way_to(&lab);
    survey_enumerate(&way, 0, &s);
    ck_assert_uint_eq(s.unclear.n, 1);
    slice question = slice_of(s.unclear.v[0]), version;
    ck_assert(slice_cut(&question, ':', &version));
    for (int v = SURVEY_SSL3; v <= SURVEY_TLS13; v++) {
        bool this = slice_eq_str(version, survey_version_names[v]);
        suites |= this && lab.hangs_at != HYGIENE_CONNECTION;
        old |= this && v <= SURVEY_TLS11;
    }
    const char *says = s.unclear.v[0];
    ck_assert_msg(s.weak_suites == (suites ? SURVEY_UNCLEAR : SURVEY_REFUSED), "%s", says);
    ck_assert_msg(s.old_versions == (old ? SURVEY_UNCLEAR : SURVEY_REFUSED), "%s", says);
    if (slice_starts(version, S("renegotiation")))
        ck_assert_int_eq(s.client_renegotiation, SURVEY_UNCLEAR);
    tls_survey_release(&s);
    lab_end(&lab);
}

/* What was seen to be taken stays so, whatever could not be asked. */
static void miss_one_of_old(void *arg)
{
    enum { TLS10_CONNECTION = 11 };
    struct lab lab = { .hangs_at = TLS10_CONNECTION };
    struct tls_survey s = { 0 };
    lab_begin(&lab, "tls.hello.ssl3");
    struct survey_way way = way_to(&lab);
    survey_enumerate(&way, 0, &s);
    ck_assert_int_eq(s.version[SURVEY_TLS10], SURVEY_UNCLEAR);
    ck_assert_int_eq(s.version[SURVEY_SSL3], SURVEY_ACCEPTED);
    ck_assert_int_eq(s.old_versions, SURVEY_ACCEPTED);
    ck_assert_uint_eq(s.old_version, 0x0300);
    tls_survey_release(&s);
    lab_end(&lab);
}

START_TEST(one_old_version_that_is_taken_is_a_verdict)
{
    sched_main(CLOCK_VIRTUAL, miss_one_of_old, NULL);
}
END_TEST

START_TEST(one_answer_that_is_missing_is_no_verdict)
{
    sched_main(CLOCK_VIRTUAL, miss_one, (void *)(intptr_t)_i);
}
END_TEST

/* --- tables --- */

START_TEST(names)
{
    char text[64];
    ck_assert_str_eq(tls_suite_name(0x0005, text), "TLS_RSA_WITH_RC4_128_SHA");
    ck_assert_str_eq(tls_suite_name(0x1234, text), "0x1234");
    ck_assert_str_eq(tls_group_name(0x001d, text), "x25519");
    ck_assert_str_eq(tls_group_name(0x7777, text), "0x7777");
    ck_assert_str_eq(tls_signature_name(0x0403, text), "ecdsa_secp256r1_sha256");
    ck_assert_str_eq(tls_signature_name(0x7777, text), "0x7777");
}
END_TEST

static const struct tls_suite made_of[] = {
    { 0x1301, "TLS_AES_128_GCM_SHA256", "any", "AES-GCM", "any", "AEAD", 128, false },
    { 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE", "AES-GCM", "ECDSA", "AEAD", 128,
      false },
    { 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE", "CHACHA20", "RSA", "AEAD",
      256, false },
    { 0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8", "DHE", "AES-CCM8", "RSA", "AEAD", 256, false },
    { 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", "RSA", "AES-CBC", "RSA", "SHA256", 128, false },
    { 0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "RSA", "RC4", "RSA", "MD5", 40, true },
    { 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "RSA", "3DES", "RSA", "SHA1", 112, false },
    { 0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", "anon", "RC4", "anon", "MD5", 128, false },
    { 0x0001, "TLS_RSA_WITH_NULL_MD5", "RSA", "NULL", "RSA", "MD5", 0, false },
    { 0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", "RSA", "IDEA", "RSA", "SHA1", 128, false },
};

START_TEST(suites_are_taken_apart)
{
    const struct tls_suite *want = &made_of[_i], *got = tls_suite_find(want->id);
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got->name, want->name);
    ck_assert_str_eq(got->exchange, want->exchange);
    ck_assert_str_eq(got->cipher, want->cipher);
    ck_assert_str_eq(got->authentication, want->authentication);
    ck_assert_str_eq(got->mac, want->mac);
    ck_assert_uint_eq(got->bits, want->bits);
    ck_assert_int_eq(got->export_grade, want->export_grade);
}
END_TEST

START_TEST(suites_are_listed_once)
{
    ck_assert_uint_gt(n_tls_suites, 200);
    for (size_t i = 0; i < n_tls_suites; i++) {
        ck_assert_ptr_eq(tls_suite_find(tls_suites[i].id), &tls_suites[i]);
        ck_assert_uint_lt(strlen(tls_suites[i].name), 64);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(tls_suites[i].name, tls_suites[j].name);
    }
}
END_TEST

START_TEST(every_fault_of_the_hello_is_shown)
{
    size_t n;
    const struct fault_row *faults = fault_rows(&n);
    for (size_t i = 0; i < n; i++) {
        bool shown = !slice_starts(slice_of(faults[i].name), S("tls.hello."));
        for (size_t j = 0; j < COUNT(rows); j++)
            shown |= rows[j].fault && strcmp(rows[j].fault, faults[i].name) == 0;
        ck_assert_msg(shown, "%s is not surveyed", faults[i].name);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, names);
    tcase_add_loop_test(cases, suites_are_taken_apart, 0, COUNT(made_of));
    tcase_add_test(cases, suites_are_listed_once);
    tcase_add_loop_test(cases, survey_sees, 0, COUNT(rows));
    tcase_add_loop_test(cases, quick_questions, 0, COUNT(quick));
    tcase_add_loop_test(cases, trouble_is_no_verdict, 0, COUNT(troubles));
    tcase_add_loop_test(cases, one_answer_that_is_missing_is_no_verdict, 1, CLEAN_CONNECTIONS + 1);
    tcase_add_test(cases, one_old_version_that_is_taken_is_a_verdict);
    tcase_add_test(cases, every_fault_of_the_hello_is_shown);
}

int main(void)
{
    return run_tests("tls_survey", add);
}

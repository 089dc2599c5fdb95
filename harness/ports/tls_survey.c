#include "tls_survey.h"
#include "tls_survey_ask.h"

const char *const survey_version_names[SURVEY_VERSIONS] = { "SSL 2.0", "SSL 3.0", "TLS 1.0",
                                                            "TLS 1.1", "TLS 1.2", "TLS 1.3" };

const char *const survey_tolerance_names[TOLERANCES] = {
    [TOLERATE_RECORD_VERSIONS] = "record versions of TLS 1.1 and 1.2",
    [TOLERATE_GREASE] = "GREASE values",
    [TOLERATE_UNKNOWN_EXTENSION] = "an unknown extension",
    [TOLERATE_UNKNOWN_VERSION] = "an unknown version",
    [TOLERATE_LONG_HELLO] = "a hello longer than 512 octets",
};

static const uint16_t wire_versions[SURVEY_VERSIONS] = { WIRE_SSL2,  WIRE_SSL3,  WIRE_TLS10,
                                                         WIRE_TLS11, WIRE_TLS12, WIRE_TLS13 };

uint16_t survey_wire_version(enum survey_version v)
{
    return wire_versions[v];
}

void tls_survey_release(struct tls_survey *s)
{
    for (size_t i = 0; i < SURVEY_VERSIONS; i++)
        array_release(&s->suites[i].list);
    array_release(&s->weak_list);
    array_release(&s->groups);
    array_release(&s->signatures);
    array_release(&s->unclear);
    arena_release(&s->arena);
}

void survey_note_answer(struct survey *s, const struct tls_answer *answer)
{
    const struct tls_suite *suite = tls_suite_find(answer->suite);
    unsigned bits = answer->prime_bits;
    if (!bits || !suite || strstr(suite->name, "_DH") == NULL || suite->export_grade)
        return;
    if (!s->facts->dhe_bits || bits < s->facts->dhe_bits)
        s->facts->dhe_bits = bits;
}

/* Is there a chosen version that was among those asked for, oldest to newest? */
static bool chose_between(const struct tls_answer *a, uint16_t oldest, uint16_t newest)
{
    return a->version >= oldest && a->version <= newest;
}

void survey_ask_old_versions(const struct survey_way *way, struct tls_survey *facts)
{
    struct survey s;
    struct tls_answer answer;
    struct tls_client_hello hello;
    survey_begin(&s, way, facts, 0);
    hello_init(&hello, way, WIRE_TLS11);
    hello_offer(&hello, OFFER_OLD);
    facts->old_versions = survey_ask(&s, "old versions", &hello, &answer);
    if (facts->old_versions == SURVEY_ACCEPTED) {
        facts->old_version = answer.version;
        if (!chose_between(&answer, WIRE_SSL3, WIRE_TLS11))
            facts->old_versions = SURVEY_REFUSED;
    }
    tls_answer_release(&answer);
    survey_end(&s);
}

void survey_ask_weak_suites(const struct survey_way *way, struct tls_survey *facts)
{
    struct survey s;
    struct tls_answer answer;
    struct tls_client_hello hello;
    survey_begin(&s, way, facts, 0);
    hello_init(&hello, way, WIRE_TLS12);
    hello_offer(&hello, OFFER_WEAK);
    facts->weak_suites = survey_ask(&s, "weak cipher suites", &hello, &answer);
    if (facts->weak_suites == SURVEY_ACCEPTED) {
        facts->weak_suite = answer.suite;
        survey_note_answer(&s, &answer);
        if (!tls_list_has(&hello.suites, answer.suite))
            facts->weak_suites = SURVEY_REFUSED;
    }
    tls_answer_release(&answer);
    survey_end(&s);
}

static enum survey_answer said(bool yes)
{
    return yes ? SURVEY_ACCEPTED : SURVEY_REFUSED;
}

/* What a ServerHello of TLS 1.2 or older says about hygiene. encrypt_then_mac means nothing unless
   the suite is one with CBC. */
static void note_hygiene(struct tls_survey *f, const struct tls_answer *a)
{
    const struct tls_suite *suite = tls_suite_find(a->suite);
    f->extended_master_secret = said(a->flags & HELLO_EXTENDED_MASTER_SECRET);
    f->secure_renegotiation = said(a->flags & HELLO_RENEGOTIATION_INFO);
    f->truncated_hmac = said(a->flags & HELLO_TRUNCATED_HMAC);
    f->compression = said(a->compresses);
    if (suite && strstr(suite->cipher, "-CBC"))
        f->encrypt_then_mac = said(a->flags & HELLO_ENCRYPT_THEN_MAC);
}

static void note_unclear(struct tls_survey *f)
{
    f->extended_master_secret = f->secure_renegotiation = f->truncated_hmac = f->compression =
        SURVEY_UNCLEAR;
}

enum survey_answer survey_tls12(struct survey *s, enum offer what, bool with_name, slice *ret_leaf)
{
    struct tls_survey *f = s->facts;
    struct tls_answer answer;
    struct tls_client_hello hello;
    hello_init(&hello, s->way, WIRE_TLS12);
    hello_offer(&hello, what);
    hello.flags |= HELLO_TRUNCATED_HMAC | HELLO_ENCRYPT_THEN_MAC;
    hello.compresses = true;
    if (!with_name)
        hello.server_name = (slice) { 0 };
    enum survey_answer got =
        survey_ask(s, with_name ? "TLS 1.2" : "TLS 1.2 without a server name", &hello, &answer);
    if (got == SURVEY_ACCEPTED) {
        note_hygiene(f, &answer);
        survey_note_answer(s, &answer);
        if (answer.version == WIRE_TLS12)
            f->version_suite[SURVEY_TLS12] = answer.suite;
        else
            got = SURVEY_REFUSED;
    } else if (got == SURVEY_UNCLEAR) {
        note_unclear(f);
    }
    f->version[SURVEY_TLS12] = got;
    if (ret_leaf)
        *ret_leaf = arena_dup(&f->arena, buf_slice(&answer.leaf));
    tls_answer_release(&answer);
    return got;
}

void survey_withdraw(struct tls_survey *s, const char *why)
{
    s->old_versions = s->weak_suites = s->version[SURVEY_TLS12] = SURVEY_UNCLEAR;
    note_unclear(s);
    *array_push(&s->unclear) = arena_str(&s->arena, slice_of(why));
}

void survey_ask_tls12(const struct survey_way *way, struct tls_survey *facts, slice *ret_leaf)
{
    struct survey s;
    survey_begin(&s, way, facts, 0);
    *ret_leaf = (slice) { "", 0 };
    survey_tls12(&s, OFFER_MODERN, false, ret_leaf);
    survey_end(&s);
}

#include "tls_survey_full.h"

enum { LONG_HELLO = 1000 };

/* TLS 1.3 and 1.2, as a client of today says it. */
static void modern_hello(const struct survey *s, struct tls_client_hello *h)
{
    hello_init(h, s->way, WIRE_TLS13);
    hello_offer(h, OFFER_MODERN);
    tls_list_add(&h->versions, WIRE_TLS12);
}

/* The first question: what a client of today gets. Adds the suite to `chosen` of its version. */
static void survey_modern(struct survey *s, struct tls_list *chosen_13)
{
    struct tls_client_hello hello;
    struct tls_answer answer;
    modern_hello(s, &hello);
    static const char question[] = "TLS 1.3 and 1.2";
    enum survey_answer got = survey_ask(s, question, &hello, &answer);
    if (got == SURVEY_REFUSED && s->way->served && !s->facts->answered)
        got = survey_closed(s, question);
    s->facts->prefers_13 = got;
    s->modern = got == SURVEY_ACCEPTED;
    if (got == SURVEY_ACCEPTED && answer.version == WIRE_TLS13)
        tls_list_add(chosen_13, answer.suite);
    else if (got == SURVEY_ACCEPTED)
        s->facts->prefers_13 = SURVEY_REFUSED;
    tls_answer_release(&answer);
}

static bool is_cbc(const struct tls_suite *suite)
{
    return strstr(suite->cipher, "-CBC") || strcmp(suite->cipher, "3DES") == 0;
}

static void survey_encrypt_then_mac(struct survey *s)
{
    struct tls_client_hello hello;
    struct tls_answer answer;
    hello_init(&hello, s->way, WIRE_TLS12);
    hello_offer_of(&hello, &s->facts->suites[SURVEY_TLS12], is_cbc);
    if (!hello.suites.n)
        return;
    hello.flags |= HELLO_ENCRYPT_THEN_MAC;
    enum survey_answer got = survey_ask(s, "encrypt_then_mac", &hello, &answer);
    if (got == SURVEY_ACCEPTED && !(answer.flags & HELLO_ENCRYPT_THEN_MAC))
        got = SURVEY_REFUSED;
    s->facts->encrypt_then_mac = got;
    tls_answer_release(&answer);
}

/* RFC 7507: only meaningful one step below the server's newest version. Some close instead of saying
   inappropriate_fallback (Dovecot): the client is stopped all the same. */
static void survey_fallback(struct survey *s)
{
    struct tls_client_hello hello;
    struct tls_answer answer;
    enum survey_version newest = SURVEY_TLS13;
    while (newest > SURVEY_SSL3 && s->facts->version[newest] != SURVEY_ACCEPTED)
        newest--;
    if (newest <= SURVEY_SSL3 || s->facts->version[newest - 1] != SURVEY_ACCEPTED)
        return;
    survey_hello(s, newest - 1, &hello);
    tls_list_add(&hello.suites, SUITE_FALLBACK_SCSV);
    enum survey_answer got = survey_ask(s, "fallback SCSV", &hello, &answer);
    s->facts->fallback_scsv = got == SURVEY_REFUSED    ? SURVEY_ACCEPTED
                              : got == SURVEY_ACCEPTED ? SURVEY_REFUSED
                                                       : got;
    tls_answer_release(&answer);
}

static enum survey_answer tolerates(struct survey *s, enum survey_tolerance what,
                                    const struct tls_client_hello *hello)
{
    struct tls_answer answer;
    enum survey_answer got = survey_ask(s, survey_tolerance_names[what], hello, &answer);
    tls_answer_release(&answer);
    return got;
}

static enum survey_answer tolerates_records(struct survey *s, struct tls_client_hello *hello)
{
    enum survey_answer got = SURVEY_ACCEPTED;
    for (uint16_t v = WIRE_TLS11; v <= WIRE_TLS12 && got == SURVEY_ACCEPTED; v++) {
        hello->record_version = v;
        got = tolerates(s, TOLERATE_RECORD_VERSIONS, hello);
    }
    return got;
}

static void survey_tolerances(struct survey *s)
{
    /* What is to be tolerated is put into a hello that was taken without it. */
    if (!s->modern)
        return;
    for (int i = 0; i < TOLERANCES; i++) {
        struct tls_client_hello hello;
        modern_hello(s, &hello);
        switch ((enum survey_tolerance)i) {
        case TOLERATE_RECORD_VERSIONS:
            s->facts->tolerance[i] = tolerates_records(s, &hello);
            continue;
        case TOLERATE_GREASE:
            hello.flags |= HELLO_GREASE;
            break;
        case TOLERATE_UNKNOWN_EXTENSION:
            hello.flags |= HELLO_UNKNOWN;
            break;
        case TOLERATE_UNKNOWN_VERSION:
            tls_list_add(&hello.versions, WIRE_TLS13 + 1);
            break;
        default:
            hello.pad_to = LONG_HELLO;
        }
        s->facts->tolerance[i] = tolerates(s, (enum survey_tolerance)i, &hello);
    }
}

static void sum_up_old_versions(struct tls_survey *f)
{
    f->old_versions = SURVEY_REFUSED;
    for (enum survey_version v = SURVEY_SSL3; v <= SURVEY_TLS11; v++) {
        if (f->version[v] == SURVEY_ACCEPTED)
            f->old_version = survey_wire_version(v);
        if (f->version[v] != SURVEY_REFUSED && f->old_versions != SURVEY_ACCEPTED)
            f->old_versions = f->version[v];
    }
}

static void sum_up_weak_suites(struct tls_survey *f, bool suites_unclear)
{
    f->weak_suites = suites_unclear ? SURVEY_UNCLEAR : SURVEY_REFUSED;
    if (!f->weak_list.n)
        return;
    f->weak_suites = SURVEY_ACCEPTED;
    f->weak_suite = f->weak_list.v[0];
}

/* What the quick questions would have said, where they were not asked. */
static void answer_quick_questions(struct survey *s)
{
    if (!s->facts->old_versions)
        sum_up_old_versions(s->facts);
    if (!s->facts->weak_suites)
        sum_up_weak_suites(s->facts, s->suites_unclear);
}

static void survey_all(struct survey *s)
{
    struct tls_list chosen_13 = { 0 };
    survey_modern(s, &chosen_13);
    survey_suites(s, SURVEY_TLS13, &chosen_13);
    if (s->facts->version[SURVEY_TLS13] == SURVEY_REFUSED)
        s->facts->prefers_13 = SURVEY_NOT_ASKED; /* there was nothing to choose from */
    if (!s->facts->compression)
        survey_tls12(s, OFFER_MODERN, true, NULL);
    for (enum survey_version v = SURVEY_TLS12; v >= SURVEY_SSL3; v--)
        survey_suites(s, v, NULL);
    survey_ssl2(s);
    survey_weak(s->facts);
    survey_order(s, SURVEY_TLS13);
    survey_order(s, SURVEY_TLS12);
    survey_groups(s);
    survey_signatures(s);
    survey_encrypt_then_mac(s);
    survey_fallback(s);
    survey_renegotiation(s);
    survey_tolerances(s);
}

void survey_enumerate(const struct survey_way *way, unsigned max, struct tls_survey *facts)
{
    struct survey s;
    survey_begin(&s, way, facts, max);
    survey_all(&s);
    answer_quick_questions(&s);
    survey_end(&s);
}

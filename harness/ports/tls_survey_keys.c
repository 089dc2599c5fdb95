#include "tls_survey_full.h"

static bool is_ecdhe(const struct tls_suite *suite)
{
    return strcmp(suite->exchange, "ECDHE") == 0;
}

/* Key exchanges that the server signs. */
static bool is_signed(const struct tls_suite *suite)
{
    return is_ecdhe(suite) || strcmp(suite->exchange, "DHE") == 0;
}

/* The newest version before 1.3 that takes such suites; the hello offers them. */
static bool hello_before_13(const struct survey *s, bool (*wanted)(const struct tls_suite *),
                            enum survey_version oldest, struct tls_client_hello *ret)
{
    for (enum survey_version v = SURVEY_TLS12; v >= oldest; v--) {
        survey_hello(s, v, ret);
        hello_offer_of(ret, &s->facts->suites[v], wanted);
        if (ret->suites.n)
            return true;
    }
    return false;
}

static void note_asked(enum survey_answer *field, enum survey_answer got)
{
    /* One clear answer is worth more than the unclear end of the row. */
    if (*field == SURVEY_NOT_ASKED || got == SURVEY_ACCEPTED)
        *field = got;
}

/* Asks and takes the group that was chosen out of the hello. Returns whether to go on. */
static bool next_group(struct survey *s, struct tls_client_hello *hello)
{
    struct tls_answer answer;
    enum survey_answer got = survey_ask(s, "groups", hello, &answer);
    bool fits = got == SURVEY_ACCEPTED && tls_list_remove(&hello->groups, answer.group);
    if (fits) {
        tls_list_remove(&hello->shares, answer.group);
        *array_push(&s->facts->groups) = answer.group;
    }
    note_asked(&s->facts->groups_asked, got == SURVEY_REFUSED ? SURVEY_ACCEPTED : got);
    tls_answer_release(&answer);
    return fits && hello->groups.n;
}

static void groups_13(struct survey *s)
{
    struct tls_client_hello hello;
    survey_hello(s, SURVEY_TLS13, &hello);
    hello.shares.n = 0; /* so that the answer is a retry, which names the server's favourite */
    size_t before = s->facts->groups.n;
    while (next_group(s, &hello))
        ;
    if (s->facts->groups.n > before)
        return;
    /* No answer to a hello without shares, although TLS 1.3 is spoken. */
    survey_hello(s, SURVEY_TLS13, &hello);
    while (next_group(s, &hello))
        ;
}

void survey_groups(struct survey *s)
{
    struct tls_client_hello hello;
    if (s->facts->version[SURVEY_TLS13] == SURVEY_ACCEPTED)
        groups_13(s);
    if (!hello_before_13(s, is_ecdhe, SURVEY_TLS10, &hello))
        return;
    array_each (group, &s->facts->groups)
        tls_list_remove(&hello.groups, *group);
    while (next_group(s, &hello))
        ;
}

/* In TLS 1.2 the scheme stands in ServerKeyExchange. */
static bool next_signature(struct survey *s, struct tls_client_hello *hello)
{
    struct tls_answer answer;
    enum survey_answer got = survey_ask(s, "signature schemes", hello, &answer);
    bool fits = got == SURVEY_ACCEPTED && tls_list_remove(&hello->signatures, answer.signature);
    if (fits)
        *array_push(&s->facts->signatures) = answer.signature;
    tls_answer_release(&answer);
    return fits && hello->signatures.n;
}

/* TLS 1.3 encrypts the signature: what it takes is seen by offering one at a time. */
static void signatures_13(struct survey *s)
{
    static const uint16_t schemes[] = { 0x0403, 0x0503, 0x0603, 0x0804,
                                        0x0805, 0x0806, 0x0807, 0x0808 };
    struct tls_client_hello hello;
    survey_hello(s, SURVEY_TLS13, &hello);
    for (size_t i = 0; i < COUNT(schemes) && !s->stopped; i++) {
        struct tls_answer answer;
        hello.signatures.n = 0;
        tls_list_add(&hello.signatures, schemes[i]);
        if (survey_ask(s, "signature schemes", &hello, &answer) == SURVEY_ACCEPTED)
            *array_push(&s->facts->signatures) = schemes[i];
        tls_answer_release(&answer);
    }
}

static bool is_sha1(uint16_t scheme)
{
    return scheme >> 8 == 1 || scheme >> 8 == 2; /* MD5 and SHA-1 (RFC 5246 section 7.4.1.4.1) */
}

static void sha1(struct survey *s, struct tls_client_hello *hello)
{
    static const uint16_t schemes[] = { 0x0203, 0x0201, 0x0202, 0x0101 };
    struct tls_answer answer;
    hello->signatures.n = 0;
    for (size_t i = 0; i < COUNT(schemes); i++)
        tls_list_add(&hello->signatures, schemes[i]);
    enum survey_answer got = survey_ask(s, "SHA-1 signatures", hello, &answer);
    if (got == SURVEY_ACCEPTED && !is_sha1(answer.signature))
        got = SURVEY_REFUSED;
    s->facts->sha1_signature = got;
    tls_answer_release(&answer);
}

void survey_signatures(struct survey *s)
{
    struct tls_client_hello hello;
    if (!hello_before_13(s, is_signed, SURVEY_TLS12, &hello)) {
        if (s->facts->version[SURVEY_TLS13] == SURVEY_ACCEPTED)
            signatures_13(s);
        return;
    }
    struct tls_client_hello old = hello;
    while (next_signature(s, &hello))
        ;
    sha1(s, &old);
}

#include "tls_survey_full.h"

/* What to offer to a server that is asked for this version. */
static const enum offer offers[SURVEY_VERSIONS] = { OFFER_OLD, OFFER_OLD, OFFER_OLD,
                                                    OFFER_OLD, OFFER_ALL, OFFER_13 };

void survey_hello(const struct survey *s, enum survey_version v, struct tls_client_hello *h)
{
    hello_init(h, s->way, survey_wire_version(v));
    hello_offer(h, offers[v]);
}

static void take_suite(struct survey *s, enum survey_version v, uint16_t suite)
{
    struct tls_survey *f = s->facts;
    if (!f->suites[v].list.n)
        f->version_suite[v] = suite;
    *array_push(&f->suites[v].list) = suite;
    f->version[v] = SURVEY_ACCEPTED;
}

/* Asks once more with what is left; takes the suite that was chosen out of the hello. Returns
   whether to go on. */
static bool next_suite(struct survey *s, enum survey_version v, struct tls_client_hello *hello)
{
    struct tls_answer answer;
    enum survey_answer got = survey_ask(s, survey_version_names[v], hello, &answer);
    bool fits = got == SURVEY_ACCEPTED && answer.version == survey_wire_version(v) &&
                tls_list_remove(&hello->suites, answer.suite);
    if (fits) {
        take_suite(s, v, answer.suite);
        survey_note_answer(s, &answer);
    } else if (!s->facts->suites[v].list.n) {
        s->facts->version[v] = got == SURVEY_UNCLEAR ? SURVEY_UNCLEAR : SURVEY_REFUSED;
    }
    s->suites_unclear |= got == SURVEY_UNCLEAR;
    tls_answer_release(&answer);
    return fits && hello->suites.n && tls_suite_find(hello->suites.v[0]);
}

void survey_suites(struct survey *s, enum survey_version v, const struct tls_list *known)
{
    struct tls_client_hello hello;
    survey_hello(s, v, &hello);
    for (size_t i = 0; known && i < known->n; i++)
        if (tls_list_remove(&hello.suites, known->v[i]))
            take_suite(s, v, known->v[i]);
    while (next_suite(s, v, &hello))
        ;
    if (s->facts->version[v] != SURVEY_REFUSED || v != SURVEY_TLS12)
        return;
    /* Some servers cannot take a list that long. */
    hello_offer(&hello, OFFER_MODERN);
    while (next_suite(s, v, &hello))
        ;
}

/* The accepted suites the other way round: does the server still choose the same one first? */
void survey_order(struct survey *s, enum survey_version v)
{
    struct survey_suites *list = &s->facts->suites[v];
    struct tls_client_hello hello;
    struct tls_answer answer;
    if (list->list.n < 2)
        return;
    survey_hello(s, v, &hello);
    hello.suites.n = 0;
    for (size_t i = list->list.n; i-- > 0;)
        tls_list_add(&hello.suites, list->list.v[i]);
    list->own_order = survey_ask(s, "order of cipher suites", &hello, &answer);
    if (list->own_order == SURVEY_ACCEPTED && answer.suite != list->list.v[0])
        list->own_order = SURVEY_REFUSED;
    else if (list->own_order == SURVEY_REFUSED)
        list->own_order = SURVEY_UNCLEAR;
    tls_answer_release(&answer);
}

/* SSL 2.0: a SERVER-HELLO, whatever suites it lists. */
void survey_ssl2(struct survey *s)
{
    struct tls_client_hello hello;
    struct tls_answer answer;
    hello_init(&hello, s->way, WIRE_SSL2);
    hello.ssl2 = hello.ssl2_suites = true;
    enum survey_answer got = survey_ask(s, survey_version_names[SURVEY_SSL2], &hello, &answer);
    s->facts->version[SURVEY_SSL2] = got == SURVEY_ACCEPTED && !answer.ssl2 ? SURVEY_REFUSED : got;
    tls_answer_release(&answer);
}

void survey_weak(struct tls_survey *f)
{
    for (size_t v = 0; v < SURVEY_VERSIONS; v++)
        array_each (id, &f->suites[v].list) {
            const struct tls_suite *suite = tls_suite_find(*id);
            bool listed = false;
            array_each (other, &f->weak_list)
                listed |= *other == *id;
            if (suite && tls_suite_is_weak(suite) && !listed)
                *array_push(&f->weak_list) = *id;
        }
}

/* Comparing and picking, without a network: sources are written down, one row each. */
#include "discover_private.h"
#include "testing.h"
#include <stdio.h>

struct row {
    enum discover_id source;
    enum mail_protocol protocol;
    const char *host;
    uint16_t port;
    enum tls_mode tls;
    enum username_form user;
    unsigned auth, priority;
    enum outcome seen; /* what a visit gave; NOT_RUN: none */
};
enum { ROWS_MAX = 8 };
#define ST TLS_MODE_STARTTLS
#define IMPL TLS_MODE_IMPLICIT

#define SRV DISCOVER_SRV
#define AC DISCOVER_AUTOCONFIG
#define AD DISCOVER_AUTODISCOVER
#define PROF DISCOVER_PROFILE
#define IMAP PROTOCOL_IMAP
#define POP PROTOCOL_POP3
#define SMTP PROTOCOL_SMTP

static void build(struct discovery *d, const struct row *rows)
{
    d->domain = "example.test";
    for (int i = 0; i < DISCOVER_SOURCES; i++)
        d->sources[i].id = (enum discover_id)i;
    for (const struct row *r = rows; r->host; r++) {
        struct discover_source *s = &d->sources[r->source];
        struct profile_service service = { .protocol = r->protocol,
                                           .role =
                                               r->protocol == SMTP ? ROLE_SUBMISSION : ROLE_ACCESS,
                                           .host = r->host,
                                           .port = r->port,
                                           .tls = r->tls,
                                           .username = r->user,
                                           .auth = r->auth };
        s->state = DISCOVER_FOUND;
        s->priority[s->profile.n_services] = r->priority;
        profile_add(&s->profile, &service);
        if (r->seen != OUTCOME_NOT_RUN)
            *array_push(&d->endpoints) =
                (struct discover_endpoint) { &s->profile.services[s->profile.n_services - 1],
                                             r->source, "x", r->seen };
    }
}

/* ---- contradictions ---- */

static const struct {
    const char *what;
    struct row rows[ROWS_MAX];
    const char *want; /* "outcome sentence-part", several by newline; "" for none */
} comparisons[] = {
    { "one source cannot contradict itself",
      { { SRV, IMAP, "a.test", 993, IMPL }, { SRV, IMAP, "b.test", 993, IMPL } },
      "" },
    { "the same endpoint, in either case",
      { { SRV, IMAP, "a.test", 993, IMPL }, { AC, IMAP, "A.Test", 993, IMPL } },
      "" },
    { "one lists more than the other",
      { { SRV, IMAP, "a.test", 993, IMPL },
        { AC, IMAP, "b.test", 993, IMPL },
        { AC, IMAP, "a.test", 993, IMPL } },
      "" },
    { "another host",
      { { SRV, IMAP, "a.test", 993, IMPL }, { AC, IMAP, "b.test", 993, IMPL } },
      "fail the SRV records say a.test:993, autoconfig says b.test:993; the hosts differ" },
    { "another port",
      { { AC, SMTP, "a.test", 587, ST }, { AD, SMTP, "a.test", 2587, ST } },
      "fail submission with STARTTLS: autoconfig says a.test:587, Autodiscover says a.test:2587; "
      "the ports differ" },
    { "host and port",
      { { AC, POP, "a.test", 995, IMPL }, { AD, POP, "b.test", 1995, IMPL } },
      "fail host and port differ" },
    { "one port, two modes",
      { { AC, SMTP, "a.test", 465, IMPL }, { AD, SMTP, "a.test", 465, ST } },
      "fail submission at a.test:465: implicit TLS by autoconfig, STARTTLS by Autodiscover\n"
      "warn autoconfig names implicit TLS (a.test:465), Autodiscover does not" },
    { "clear text, and STARTTLS",
      { { AC, IMAP, "a.test", 143, ST }, { AD, IMAP, "a.test", 143, TLS_MODE_NONE } },
      "fail IMAP at a.test:143: STARTTLS by autoconfig, clear text by Autodiscover; who goes by "
      "Autodiscover sends passwords that everybody can read" },
    { "user names",
      { { AC, IMAP, "a.test", 993, IMPL, USERNAME_ADDRESS },
        { AD, IMAP, "a.test", 993, IMPL, USERNAME_LOCAL_PART } },
      "fail the full address by autoconfig, the local part of the address by Autodiscover" },
    { "a user name that is not said contradicts none",
      { { SRV, IMAP, "a.test", 993, IMPL }, { AD, IMAP, "a.test", 993, IMPL, USERNAME_ADDRESS } },
      "" },
    { "logins without anything in common",
      { { AC, IMAP, "a.test", 993, IMPL, 0, AUTH_OAUTH2 },
        { AD, IMAP, "a.test", 993, IMPL, 0, AUTH_PASSWORD } },
      "warn autoconfig wants OAuth2, Autodiscover wants password" },
    { "logins that overlap",
      { { AC, IMAP, "a.test", 993, IMPL, 0, AUTH_OAUTH2 | AUTH_PASSWORD },
        { AD, IMAP, "a.test", 993, IMPL, 0, AUTH_PASSWORD } },
      "" },
    { "only one knows implicit TLS",
      { { SRV, IMAP, "a.test", 993, IMPL }, { AC, IMAP, "a.test", 143, ST } },
      "warn the SRV records name implicit TLS (a.test:993), autoconfig does not" },
    { "different services do not meet",
      { { SRV, IMAP, "a.test", 993, IMPL }, { AC, POP, "b.test", 995, IMPL } },
      "" },
    { "a bundled profile may be out of date",
      { { SRV, IMAP, "a.test", 993, IMPL }, { PROF, IMAP, "b.test", 993, IMPL } },
      "warn the hosts differ" },
    { "guesses contradict nobody",
      { { SRV, IMAP, "a.test", 993, IMPL }, { DISCOVER_GUESS, IMAP, "b.test", 993, IMPL } },
      "" },
};

START_TEST(contradictions)
{
    struct discovery d = { 0 };
    build(&d, comparisons[_i].rows);
    discover_compare(&d);
    slice rest = slice_of(comparisons[_i].want), line;
    size_t n = 0;
    while (slice_line(&rest, &line)) {
        size_t space = slice_find_char(line, ' ');
        ck_assert_msg(n < d.contradictions.n, "%s: too few", comparisons[_i].what);
        const struct discover_contradiction *c = &d.contradictions.v[n++];
        ck_assert_slice(slice_of(outcome_name(c->outcome)), slice_sub(line, 0, space));
        ck_assert_msg(slice_find(slice_of(c->text), slice_skip(line, space + 1)) != SIZE_MAX,
                      "%s: %s", comparisons[_i].what, c->text);
    }
    ck_assert_msg(n == d.contradictions.n, "%s: %s", comparisons[_i].what,
                  n < d.contradictions.n ? d.contradictions.v[n].text : "");
    discovery_release(&d);
}
END_TEST

START_TEST(not_offered_against_an_offer)
{
    static const struct row rows[] = { { SRV, IMAP, "a.test", 993, IMPL },
                                       { AC, POP, "a.test", 995, IMPL },
                                       { AC, POP, "a.test", 110, ST },
                                       { 0 } };
    struct discovery d = { 0 };
    build(&d, rows);
    d.sources[SRV].refused[POP] = 1 << ST;
    discover_compare(&d);
    ck_assert_uint_eq(d.contradictions.n, 1);
    ck_assert_str_eq(d.contradictions.v[0].text,
                     "POP3 with STARTTLS: the SRV records say that it is (target \".\") not "
                     "offered, autoconfig says a.test:110");
    discovery_release(&d);
}
END_TEST

/* ---- the pick ---- */

static const struct {
    const char *what;
    struct row rows[ROWS_MAX];
    const char *incoming, *outgoing; /* "host:port", NULL: nothing */
    const char *why;                 /* part of incoming's */
} picks[] = {
    { "nothing", { { 0 } }, NULL, NULL, NULL },
    { "implicit TLS before STARTTLS",
      { { AC, IMAP, "a.test", 143, ST },
        { AC, IMAP, "a.test", 993, IMPL },
        { AC, SMTP, "s.test", 587, ST },
        { AC, SMTP, "s.test", 465, IMPL } },
      "a.test:993",
      "s.test:465",
      NULL },
    { "IMAP before POP3, even when only POP3 has implicit TLS",
      { { AC, POP, "p.test", 995, IMPL }, { AC, IMAP, "a.test", 143, ST } },
      "a.test:143",
      NULL,
      NULL },
    { "SRV priorities say POP3",
      { { SRV, IMAP, "a.test", 993, IMPL, 0, 0, 20 }, { SRV, POP, "p.test", 995, IMPL, 0, 0, 10 } },
      "p.test:995",
      NULL,
      "RFC 6186" },
    { "the lower priority",
      { { SRV, IMAP, "b.test", 993, IMPL, 0, 0, 20 }, { SRV, IMAP, "a.test", 993, IMPL, 0, 0, 5 } },
      "a.test:993",
      NULL,
      NULL },
    { "what works before what does not",
      { { SRV, IMAP, "a.test", 993, IMPL, 0, 0, 0, OUTCOME_FAIL },
        { AC, IMAP, "b.test", 143, ST, 0, 0, 0, OUTCOME_PASS } },
      "b.test:143",
      NULL,
      NULL },
    { "nothing works",
      { { SRV, IMAP, "a.test", 993, IMPL, 0, 0, 0, OUTCOME_FAIL } },
      "a.test:993",
      NULL,
      "seen not to work" },
    { "clear text comes last, with a warning",
      { { AC, IMAP, "a.test", 143, TLS_MODE_NONE } },
      "a.test:143",
      NULL,
      "can be read on the way" },
    { "a guess without a visit is nothing",
      { { DISCOVER_GUESS, IMAP, "imap.test", 993, IMPL } },
      NULL,
      NULL,
      NULL },
    { "a guess that works",
      { { DISCOVER_GUESS, IMAP, "imap.test", 993, IMPL, 0, 0, 0, OUTCOME_PASS } },
      "imap.test:993",
      NULL,
      NULL },
    { "one port, two modes: the visit was to the other one",
      { { SRV, IMAP, "a.test", 993, IMPL, 0, 0, 0, OUTCOME_PASS },
        { AC, IMAP, "a.test", 993, ST },
        { AC, IMAP, "a.test", 143, ST } },
      "a.test:993",
      NULL,
      NULL },
};

static void expect_pick(const struct discover_pick *p, const char *want, const char *what)
{
    char text[300] = "nothing";
    if (p->row)
        snprintf(text, sizeof text, "%s:%u", p->row->host, p->row->port);
    ck_assert_msg(strcmp(text, want ? want : "nothing") == 0, "%s: %s", what, text);
}

START_TEST(picking)
{
    struct discovery d = { 0 };
    build(&d, picks[_i].rows);
    discover_choose(&d);
    expect_pick(&d.incoming, picks[_i].incoming, picks[_i].what);
    expect_pick(&d.outgoing, picks[_i].outgoing, picks[_i].what);
    if (picks[_i].why)
        ck_assert_msg(d.incoming.why && strstr(d.incoming.why, picks[_i].why), "%s: %s",
                      picks[_i].what, d.incoming.why ? d.incoming.why : "no reason");
    ck_assert_int_eq(discover_found(&d), picks[_i].incoming || picks[_i].outgoing);
    discovery_release(&d);
}
END_TEST

/* ---- never green when nothing was found ---- */

static const struct {
    enum discover_state state;
    int exit_code;
} states[] = {
    { DISCOVER_ABSENT, 4 }, { DISCOVER_BROKEN, 1 }, { DISCOVER_BLOCKED, 5 }, { DISCOVER_UNKNOWN, 5 }
};

START_TEST(nothing_found_is_never_a_success)
{
    struct discovery d = { 0 };
    auto_run run;
    run_init(&run);
    build(&d, (const struct row[]) { { 0 } });
    source_say(&d, &d.sources[SRV], DISCOVER_ABSENT, "none");
    source_say(&d, &d.sources[AC], states[_i].state, "a reason");
    discover_choose(&d);
    discover_judge(&d, NULL, &run);
    run_finish(&run, 0);
    ck_assert_int_eq(run.exit_code, states[_i].exit_code);
    discovery_release(&d);
}
END_TEST

START_TEST(own_hosts_are_the_domain_and_what_is_below)
{
    struct discovery d = { .domain = "example.test" };
    ck_assert(discover_is_own(&d, "example.test"));
    ck_assert(discover_is_own(&d, "Autoconfig.Example.test"));
    ck_assert(!discover_is_own(&d, "badexample.test"));
    ck_assert(!discover_is_own(&d, "example.test.evil.test"));
    ck_assert(!discover_is_own(&d, "test"));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, contradictions, 0, COUNT(comparisons));
    tcase_add_test(t, not_offered_against_an_offer);
    tcase_add_loop_test(t, picking, 0, COUNT(picks));
    tcase_add_loop_test(t, nothing_found_is_never_a_success, 0, COUNT(states));
    tcase_add_test(t, own_hosts_are_the_domain_and_what_is_below);
}

int main(void)
{
    return run_tests("discover", add);
}

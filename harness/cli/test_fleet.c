#include "fleet.h"
#include "port_expect.h"
#include "port_visit.h"
#include "testing.h"
#include "tls.h"
#include <stdio.h>

/* Every bundled provider's fleet against its own profile, and against another's: visited in memory,
   on the virtual clock, with the same code that looks at the internet. */

static const char *scenarios;
static struct profile_list bundled;

static void open_bundled(void)
{
    struct problems problems = { 0 };
    ck_assert(profiles_load(scenarios, &bundled, &problems));
    problems_release(&problems);
}

struct trial {
    const struct profile *plays, *expected;
    const char *fault;
    struct run run;
};

enum { ROWS_MAX = 200 };

/* Visits the rows of one profile in the fleet of another (or of itself). */
static void visit_fleet(struct trial *t, struct fleet *fleet, const struct profile *rows)
{
    struct port_spec specs[ROWS_MAX];
    struct error err;
    struct tls_client_config config = { .ca_pem = fleet_ca_pem(fleet) };
    struct port_options options = { .dialer = { fleet_dial, fleet } };
    struct budget budget = { .max = 8 };
    size_t n = port_rows_of_profile(rows, specs, ROWS_MAX);
    ck_assert_uint_le(n, ROWS_MAX);
    struct port_facts *facts = xcalloc(n, sizeof *facts);
    ck_assert_int_eq(tls_client_context_new(&config, &err, &options.tls), 0);
    options.budget = &budget;
    for (size_t i = 0; i < n; i++)
        port_facts_init(&facts[i], &specs[i]);
    port_visit_all(&options, facts, n, NULL, NULL);
    port_expect(t->expected, facts, n, &t->run);
    run_finish(&t->run, 0);
    for (size_t i = 0; i < n; i++)
        port_facts_release(&facts[i]);
    free(facts);
    tls_context_free(options.tls);
}

static void run_trial(void *arg)
{
    struct trial *t = arg;
    struct error err = { 0 };
    struct fleet *fleet = NULL;
    struct fleet_options options = { .profile = t->plays };
    if (t->fault)
        ck_assert(fault_add(&options.faults, slice_of(t->fault)));
    ck_assert_msg(fleet_open(&options, &err, &fleet) == 0, "%s", err.text);
    visit_fleet(t, fleet, t->plays);
    fleet_close(fleet);
}

static void add_findings(const struct run *run, struct buf *out)
{
    array_each (p, &run->results) {
        const struct result *r = *p;
        if (r->outcome != OUTCOME_PASS)
            buf_addf(out, "%s %s: %s\n", outcome_name(r->outcome), r->id,
                     r->failure  ? r->failure->message
                     : r->reason ? r->reason
                                 : "");
    }
}

/* The exit status, and what was found as text. */
static int try_fleet(const struct profile *plays, const struct profile *expected, const char *fault,
                     struct buf *found)
{
    struct trial t = { .plays = plays, .expected = expected, .fault = fault };
    run_init(&t.run);
    sched_main(CLOCK_VIRTUAL, run_trial, &t);
    add_findings(&t.run, found);
    int status = t.run.exit_code;
    run_release(&t.run);
    return status;
}

static bool is_provider(const struct profile *p)
{
    return p->kind == PROFILE_OFFERS;
}

START_TEST(every_fleet_passes_its_own_profile)
{
    size_t tried = 0;
    open_bundled();
    array_each (p, &bundled.list) {
        auto_buf found;
        buf_init(&found, BUF_OURS);
        if (!is_provider(*p))
            continue;
        int status = try_fleet(*p, *p, NULL, &found);
        ck_assert_msg(status == 0, "%s: exit %d\n%s", (*p)->name, status, found.p);
        tried++;
    }
    ck_assert_uint_gt(tried, 0);
    profiles_release(&bundled);
}
END_TEST

START_TEST(every_fleet_fails_another_profile)
{
    open_bundled();
    for (size_t i = 0; i < bundled.list.n; i++) {
        const struct profile *mine = bundled.list.v[i], *other = NULL;
        auto_buf found;
        buf_init(&found, BUF_OURS);
        for (size_t k = 1; k < bundled.list.n && !other; k++) {
            other = bundled.list.v[(i + k) % bundled.list.n];
            other = is_provider(other) ? other : NULL;
        }
        if (!is_provider(mine) || !other)
            continue;
        int status = try_fleet(mine, other, NULL, &found);
        ck_assert_msg(status == 1, "%s as %s: exit %d\n%s", mine->name, other->name, status,
                      found.p);
        ck_assert_msg(strstr(found.p, "does not carry the published host"), "%s", found.p);
    }
    profiles_release(&bundled);
}
END_TEST

static const struct {
    const char *plays, *expected, *fault;
    int status;
    const char *says;
} trials[] = {
    { "gmail", "gmail", "tls.certificate.expired", 1, "expired" },
    { "gmail", "gmail", "tls.certificate.wrong-name", 1,
      "imap.gmail.com:993 does not carry the published host imap.gmail.com" },
    { "gmail", "gmail", "tls.implicit.speaks-plain", 1,
      "imap.gmail.com:993 speaks IMAP in clear text and offers STARTTLS, where implicit TLS is "
      "published" },
    { "icloud", "icloud", "tls.starttls.not-offered", 1,
      "smtp.mail.me.com:587 does not offer STARTTLS, although it is published" },
    { "icloud", "icloud", "tls.plain.speaks-tls", 1,
      "smtp.mail.me.com:587 expects TLS from the first byte where STARTTLS is published" },
    { "outlook", "icloud", NULL, 1,
      "the certificate of smtp-mail.outlook.com:587 does not carry the published host "
      "smtp.mail.me.com" },
    { "outlook", "icloud", NULL, 1,
      "outlook.office365.com:995 answers as POP3, which is published as not offered" },
};

START_TEST(sentences)
{
    auto_buf found;
    buf_init(&found, BUF_OURS);
    open_bundled();
    const struct profile *plays = profile_find(&bundled, slice_of(trials[_i].plays));
    const struct profile *expected = profile_find(&bundled, slice_of(trials[_i].expected));
    int status = try_fleet(plays, expected, trials[_i].fault, &found);
    ck_assert_msg(status == trials[_i].status, "exit %d\n%s", status, found.p);
    ck_assert_msg(strstr(found.p, trials[_i].says), "%s", found.p);
    profiles_release(&bundled);
}
END_TEST

/* ---- profiles made up ---- */

static void publish(struct profile *p, enum mail_protocol protocol, const char *host, uint16_t port,
                    enum tls_mode mode, unsigned auth)
{
    enum service_role role = port == 25                  ? ROLE_MX
                             : protocol == PROTOCOL_SMTP ? ROLE_SUBMISSION
                                                         : ROLE_ACCESS;
    ck_assert(profile_add(p, &(struct profile_service) { .protocol = protocol,
                                                         .role = role,
                                                         .host = host,
                                                         .port = port,
                                                         .tls = mode,
                                                         .auth = auth }));
}

/* Every mode, every kind of login, several hosts. */
START_TEST(an_odd_profile_is_played_as_well)
{
    struct profile p = { .name = "odd", .title = "Odd", .not_offered = 0 };
    auto_buf found;
    buf_init(&found, BUF_OURS);
    publish(&p, PROTOCOL_IMAP, "a.test", 993, TLS_MODE_IMPLICIT, AUTH_OAUTH2);
    publish(&p, PROTOCOL_IMAP, "b.test", 143, TLS_MODE_NONE, AUTH_PASSWORD);
    publish(&p, PROTOCOL_IMAP, "b.test", 1143, TLS_MODE_STARTTLS, AUTH_ENCRYPTED_PASSWORD);
    publish(&p, PROTOCOL_POP3, "b.test", 995, TLS_MODE_IMPLICIT, AUTH_CLIENT_CERTIFICATE);
    publish(&p, PROTOCOL_POP3, "192.0.2.7", 110, TLS_MODE_STARTTLS, 0);
    publish(&p, PROTOCOL_SMTP, "2001:db8::7", 587, TLS_MODE_NONE, AUTH_PASSWORD | AUTH_OAUTH2);
    publish(&p, PROTOCOL_SMTP, "a.test", 25, TLS_MODE_STARTTLS, AUTH_NONE);
    int status = try_fleet(&p, &p, NULL, &found);
    ck_assert_msg(status == 0, "exit %d\n%s", status, found.p);
    /* The kinds of login are really kept apart. */
    struct profile q = { .name = "other", .title = "Other" };
    publish(&q, PROTOCOL_IMAP, "a.test", 993, TLS_MODE_IMPLICIT, AUTH_PASSWORD);
    publish(&q, PROTOCOL_IMAP, "b.test", 143, TLS_MODE_NONE, AUTH_OAUTH2);
    buf_clear(&found);
    ck_assert_int_eq(try_fleet(&p, &q, NULL, &found), 1);
    ck_assert_msg(strstr(found.p, "a.test:993 offers no login with a password in TLS"), "%s",
                  found.p);
    ck_assert_msg(strstr(found.p, "b.test:143 offers no login with OAuth2: that needs"), "%s",
                  found.p);
    profile_release(&p);
    profile_release(&q);
}
END_TEST

struct opening {
    struct fleet_options options;
    int result;
    struct error err;
    struct buf text;
    const char *user;
};

static void run_opening(void *arg)
{
    struct opening *o = arg;
    struct fleet *fleet = NULL;
    size_t n;
    o->result = fleet_open(&o->options, &o->err, &fleet);
    if (o->result == 0) {
        fleet_resolve_text(fleet, &o->text);
        buf_addf(&o->text, "%s", fleet_accounts(fleet, &n)[0].user);
    }
    fleet_close(fleet);
}

START_TEST(what_cannot_be_played)
{
    struct profile client = { .name = "client", .kind = PROFILE_REQUIRES };
    struct profile empty = { .name = "empty" };
    struct profile guess = { .name = "guess" };
    struct profile good = { .name = "good" };
    struct fleet_port nowhere = { "h.test", 994, 1 };
    publish(&client, PROTOCOL_IMAP, NULL, 993, TLS_MODE_IMPLICIT, 0);
    publish(&guess, PROTOCOL_IMAP, NULL, 993, TLS_MODE_IMPLICIT, 0);
    publish(&good, PROTOCOL_IMAP, "h.test", 993, TLS_MODE_IMPLICIT, 0);
    struct opening tries[] = {
        { .options = { .profile = &client } },
        { .options = { .profile = &empty } },
        { .options = { .profile = &guess } },
        { .options = { .profile = &good, .ports = &nowhere, .n_ports = 1 } },
    };
    static const char *const says[] = { "client is a client", "offers nothing", "host and port",
                                        "good has no h.test:994" };
    for (size_t i = 0; i < COUNT(tries); i++) {
        sched_main(CLOCK_VIRTUAL, run_opening, &tries[i]);
        ck_assert_int_eq(tries[i].result, ERR_USAGE);
        ck_assert_msg(strstr(tries[i].err.text, says[i]), "%s", tries[i].err.text);
    }
    profile_release(&client);
    profile_release(&guess);
    profile_release(&good);
}
END_TEST

START_TEST(on_loopback_every_row_has_a_line)
{
    struct profile p = { .name = "p", .not_offered = 1u << PROTOCOL_POP3 };
    publish(&p, PROTOCOL_IMAP, "imap.test", 993, TLS_MODE_IMPLICIT, 0);
    publish(&p, PROTOCOL_SMTP, "2001:db8::7", 465, TLS_MODE_IMPLICIT, 0);
    struct opening o = { .options = { .profile = &p, .loopback = true } };
    static const char *const begins[] = {
        "imap.test:993 127.0.0.1:", "[2001:db8::7]:465 127.0.0.1:", "imap.test:110 127.0.0.1:",
        "imap.test:995 127.0.0.1:", "alice@mailassay.test"
    };
    buf_init(&o.text, BUF_OURS);
    sched_main(CLOCK_REAL, run_opening, &o);
    ck_assert_msg(o.result == 0, "%s", o.err.text);
    slice rest = buf_slice(&o.text), line;
    size_t n = 0;
    while (slice_line(&rest, &line)) {
        ck_assert_uint_lt(n, COUNT(begins));
        ck_assert_msg(slice_starts(line, slice_of(begins[n])), "%.*s", SLICE_ARG(line));
        n++;
    }
    ck_assert_uint_eq(n, COUNT(begins));
    buf_release(&o.text);
    profile_release(&p);
}
END_TEST

static void add(TCase *t)
{
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_fleet_passes_its_own_profile);
    tcase_add_test(t, every_fleet_fails_another_profile);
    tcase_add_loop_test(t, sentences, 0, COUNT(trials));
    tcase_add_test(t, an_odd_profile_is_played_as_well);
    tcase_add_test(t, what_cannot_be_played);
    tcase_add_test(t, on_loopback_every_row_has_a_line);
}

int main(int argc, char **argv)
{
    scenarios = argv[1];
    return run_tests("fleet", add);
}

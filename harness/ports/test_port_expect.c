#include "test_port_scene.h"
#include <stdio.h>
#include <sys/socket.h>

/* ---- one published row, every kind of mismatch ---- */

static void filtered(struct port_facts *f)
{
    f->reach = REACH_FILTERED;
}
static void no_address(struct port_facts *f)
{
    f->reach = REACH_NO_ADDRESS;
}
static void untried(struct port_facts *f)
{
    f->reach = REACH_UNTRIED;
}
static void broken(struct port_facts *f)
{
    f->reach = REACH_BROKEN;
    error_set(&f->error, ERR_NETWORK, "connection reset by peer");
}
static void clear(struct port_facts *f)
{
    f->speaks = SPEAKS_CLEAR;
    f->tls.up = false;
}
static void clear_with_starttls(struct port_facts *f)
{
    f->speaks = SPEAKS_CLEAR;
    f->starttls_offered = f->starttls_works = SEEN_YES;
}
static void implicit(struct port_facts *f)
{
    f->speaks = SPEAKS_TLS;
}
static void http(struct port_facts *f)
{
    f->speaks = SPEAKS_HTTP;
}
static void silence(struct port_facts *f)
{
    f->speaks = SPEAKS_SILENCE;
}
static void unknown(struct port_facts *f)
{
    f->speaks = SPEAKS_UNKNOWN;
}
static void smtp(struct port_facts *f)
{
    f->protocol_seen = PORT_SMTP;
}
static void imap(struct port_facts *f)
{
    f->protocol_seen = PORT_IMAP;
}
static void lmtp(struct port_facts *f)
{
    f->protocol_seen = PORT_LMTP;
}
static void no_handshake(struct port_facts *f)
{
    f->tls.up = false;
    f->tls.failure = "handshake failure (alert 40)";
    f->tls.alert = 40;
}
static void late_handshake(struct port_facts *f)
{
    f->tls.up = false;
    f->tls.failure = "no answer in time";
    f->tls.alert = -1;
}
static void starttls_refused(struct port_facts *f)
{
    f->starttls_works = SEEN_NO;
    f->starttls_said = "454 not now";
}
static void starttls_untried(struct port_facts *f)
{
    f->starttls_works = SEEN_NOT_ASKED;
    f->tls.up = false;
}
static void untrusted(struct port_facts *f)
{
    f->tls.chain_code = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    f->tls.chain_text = "it is signed by itself";
}
static void no_certificate(struct port_facts *f)
{
    X509_free(f->tls.certificate);
    f->tls.certificate = NULL;
}
static void only_bearer(struct port_facts *f)
{
    offer(&f->tls_caps, f->spec.protocol, "OAUTHBEARER");
}
static void no_logins(struct port_facts *f)
{
    offer(&f->tls_caps, f->spec.protocol, "");
}
static void only_user(struct port_facts *f)
{
    offer(&f->tls_caps, f->spec.protocol, "");
    capabilities_add(&f->tls_caps, S("USER"), S(""));
}
static void caps_unknown_login(struct port_facts *f)
{
    f->tls_caps.known = false;
    f->login_in_tls = SEEN_YES;
}
static void only_apop(struct port_facts *f)
{
    only_user(f);
    f->apop = true;
}
static void asks_certificate(struct port_facts *f)
{
    f->tls.client_certificate_requested = true;
}

static const struct {
    enum mail_protocol protocol;
    enum tls_mode mode;
    unsigned auth;
    void (*spoil)(struct port_facts *f);
    enum outcome outcome;
    const char *says;
} cases[] = {
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW | OAUTH, spoil_as_it_is, OUTCOME_PASS, "" },
    { PROTOCOL_IMAP, TLS_MODE_STARTTLS, PW | OAUTH, spoil_as_it_is, OUTCOME_PASS, "" },
    { PROTOCOL_IMAP, TLS_MODE_NONE, PW | OAUTH, spoil_as_it_is, OUTCOME_PASS, "" },
    { PROTOCOL_POP3, TLS_MODE_STARTTLS, PW, spoil_as_it_is, OUTCOME_PASS, "" },
    { PROTOCOL_SMTP, TLS_MODE_STARTTLS, APP | OAUTH, spoil_as_it_is, OUTCOME_PASS, "" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, 0, no_logins, OUTCOME_PASS, "" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, AUTH_NONE, no_logins, OUTCOME_PASS, "" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, 0, lmtp, OUTCOME_PASS, "" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, spoil_refused, OUTCOME_FAIL,
      "nothing listens at " HOST },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, filtered, OUTCOME_ERROR, "are not answered" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, spoil_rate_limited, OUTCOME_ERROR, "rate limited" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, no_address, OUTCOME_ERROR, "no address" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, untried, OUTCOME_ERROR, "not visited" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, broken, OUTCOME_ERROR, "reset by peer" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, clear, OUTCOME_FAIL,
      "speaks IMAP in clear text, where implicit TLS is published; switch TLS on" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, PW, clear_with_starttls, OUTCOME_FAIL,
      "offers STLS, where implicit TLS is published; publish it as STARTTLS" },
    { PROTOCOL_SMTP, TLS_MODE_STARTTLS, PW, implicit, OUTCOME_FAIL,
      "expects TLS from the first byte where STARTTLS is published; publish it as implicit" },
    { PROTOCOL_IMAP, TLS_MODE_NONE, PW, implicit, OUTCOME_FAIL, "where clear text is published" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, http, OUTCOME_FAIL, "speaks HTTP where IMAP" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, silence, OUTCOME_ERROR, "says nothing" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, unknown, OUTCOME_ERROR, "could not be found out" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, smtp, OUTCOME_FAIL,
      "speaks SMTP where IMAP with implicit TLS is published" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, PW, imap, OUTCOME_FAIL, "speaks IMAP where SMTP" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, no_handshake, OUTCOME_FAIL, "alert 40" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, late_handshake, OUTCOME_ERROR, "no answer in time" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, lmtp, OUTCOME_FAIL, "speaks LMTP where IMAP" },
    { PROTOCOL_SMTP, TLS_MODE_STARTTLS, PW, spoil_no_starttls, OUTCOME_FAIL,
      "does not offer STARTTLS, although it is published" },
    { PROTOCOL_POP3, TLS_MODE_STARTTLS, PW, spoil_no_starttls, OUTCOME_FAIL,
      "does not offer STLS" },
    { PROTOCOL_SMTP, TLS_MODE_STARTTLS, PW, starttls_refused, OUTCOME_FAIL,
      "it does not work: it answers 454 not now" },
    { PROTOCOL_SMTP, TLS_MODE_STARTTLS, PW, starttls_untried, OUTCOME_ERROR, "was not tried" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, spoil_other_name, OUTCOME_FAIL,
      "does not carry the published host " HOST " (it is for " HOST ", second.example.test)" },
    { PROTOCOL_IMAP, TLS_MODE_NONE, PW, spoil_other_name, OUTCOME_PASS, "" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, untrusted, OUTCOME_FAIL, "signed by itself" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, no_certificate, OUTCOME_FAIL, "no certificate" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, spoil_only_oauth, OUTCOME_FAIL,
      "offers no login with a password in TLS: that needs PLAIN or LOGIN, or the LOGIN command, "
      "and it offers XOAUTH2" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, APP, spoil_only_oauth, OUTCOME_FAIL,
      "or USER, and it offers" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, PW, only_user, OUTCOME_PASS, "" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, OAUTH, only_user, OUTCOME_FAIL, "it offers USER;" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, AUTH_ENCRYPTED_PASSWORD, only_apop, OUTCOME_PASS, "" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, AUTH_ENCRYPTED_PASSWORD, only_user, OUTCOME_FAIL,
      "or SCRAM-SHA-512-PLUS, or APOP, and it offers USER;" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, OAUTH, only_apop, OUTCOME_FAIL, "it offers APOP, USER;" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, no_logins, OUTCOME_PASS, "" }, /* LOGIN */
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, PW, no_logins, OUTCOME_FAIL, "and it offers none;" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, OAUTH, only_bearer, OUTCOME_PASS, "" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, OAUTH, spoil_only_plain, OUTCOME_FAIL,
      "offers no login with OAuth2 in TLS: that needs XOAUTH2 or OAUTHBEARER, and it offers "
      "PLAIN" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, PW | OAUTH, spoil_only_plain, OUTCOME_FAIL, "with OAuth2" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, AUTH_ENCRYPTED_PASSWORD, spoil_only_scram, OUTCOME_PASS,
      "" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, AUTH_ENCRYPTED_PASSWORD, spoil_only_plain, OUTCOME_FAIL,
      "CRAM-MD5, DIGEST-MD5" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, AUTH_CLIENT_CERTIFICATE, spoil_only_plain, OUTCOME_FAIL,
      "EXTERNAL" },
    { PROTOCOL_SMTP, TLS_MODE_IMPLICIT, AUTH_CLIENT_CERTIFICATE, asks_certificate, OUTCOME_PASS,
      "" },
    { PROTOCOL_IMAP, TLS_MODE_IMPLICIT, PW, spoil_caps_unknown, OUTCOME_ERROR,
      "could not be found out" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, PW, caps_unknown_login, OUTCOME_PASS, "" },
    { PROTOCOL_POP3, TLS_MODE_IMPLICIT, OAUTH, caps_unknown_login, OUTCOME_ERROR, "logins" },
};

static enum port_protocol seen_as(enum mail_protocol p)
{
    return p == PROTOCOL_IMAP ? PORT_IMAP : p == PROTOCOL_POP3 ? PORT_POP3 : PORT_SMTP;
}

START_TEST(one_row_that_is_published)
{
    struct scene s;
    scene_open(&s);
    publish(&s, cases[_i].protocol, HOST, 4711, cases[_i].mode, cases[_i].auth);
    struct port_facts *f = add_row(&s, HOST, 4711, seen_as(cases[_i].protocol), cases[_i].mode);
    cases[_i].spoil(f);
    const struct result *r = judged(&s, "ports/expect/" HOST ":4711");
    ck_assert_msg(r->outcome == cases[_i].outcome, "%s: %s", outcome_name(r->outcome), said(r));
    ck_assert_msg(strstr(said(r), cases[_i].says), "%s", said(r));
    static const int exits[OUTCOME_COUNT] = { [OUTCOME_FAIL] = 1, [OUTCOME_ERROR] = 5 };
    ck_assert_msg(s.run.exit_code == exits[r->outcome] || s.run.exit_code == 6, "exit %d",
                  s.run.exit_code);
    ck_assert_str_eq(r->file, "mine.yaml");
    ck_assert_int_eq(r->line, 7);
    if (r->outcome == OUTCOME_FAIL) {
        ck_assert_str_eq(r->failure->source_line, "    - {host: x}");
        ck_assert_uint_eq(r->failure->expected.n, 1);
        ck_assert(r->failure->actual[0] && r->failure->why);
    }
    scene_close(&s);
}
END_TEST

/* ---- several rows ---- */

START_TEST(a_row_that_nobody_looked_at_is_no_failure)
{
    struct scene s;
    scene_open(&s);
    publish(&s, PROTOCOL_IMAP, HOST, 993, TLS_MODE_IMPLICIT, PW);
    publish(&s, PROTOCOL_POP3, HOST, 995, TLS_MODE_IMPLICIT, PW);
    add_row(&s, HOST, 993, PORT_IMAP, TLS_MODE_IMPLICIT);
    const struct result *r = judged(&s, "ports/expect/" HOST ":995");
    ck_assert_int_eq(r->outcome, OUTCOME_ERROR);
    ck_assert_ptr_nonnull(strstr(r->reason, "not visited"));
    ck_assert_int_eq(r->error, ERR_NETWORK); /* the run's exit status is 5, not 6 */
    ck_assert_int_eq(run_find(&s.run, "ports/expect/" HOST ":993")->outcome, OUTCOME_PASS);
    scene_close(&s);
}
END_TEST

static const struct {
    enum port_reach v4, v6;
    enum outcome outcome;
    const char *says;
} families[] = {
    { REACH_OPEN, REACH_OPEN, OUTCOME_PASS, "" },
    { REACH_OPEN, REACH_NO_ADDRESS, OUTCOME_PASS, "" },
    { REACH_OPEN, REACH_NO_ROUTE, OUTCOME_PASS, "" },
    { REACH_OPEN, REACH_FILTERED, OUTCOME_PASS, "" },
    { REACH_OPEN, REACH_REFUSED, OUTCOME_FAIL, "(IPv6)" },
    { REACH_REFUSED, REACH_NO_ROUTE, OUTCOME_FAIL, "nothing listens" },
    { REACH_NO_ADDRESS, REACH_OPEN, OUTCOME_PASS, "" },
    { REACH_RATE_LIMITED, REACH_OPEN, OUTCOME_PASS, "" },
    { REACH_RATE_LIMITED, REACH_NO_ROUTE, OUTCOME_ERROR, "rate limited" },
    { REACH_NO_ADDRESS, REACH_NO_ADDRESS, OUTCOME_ERROR, "no address" },
};

START_TEST(two_address_families)
{
    struct scene s;
    scene_open(&s);
    publish(&s, PROTOCOL_IMAP, "Mail.Example.Test.", 993, TLS_MODE_IMPLICIT, PW);
    for (int i = 0; i < 2; i++) {
        struct port_facts *f = add_row(&s, HOST, 993, PORT_IMAP, TLS_MODE_IMPLICIT);
        f->spec.family = i ? AF_INET6 : AF_INET;
        f->reach = i ? families[_i].v6 : families[_i].v4;
    }
    const struct result *r = judged(&s, "ports/expect/Mail.Example.Test.:993");
    ck_assert_msg(r->outcome == families[_i].outcome, "%s: %s", outcome_name(r->outcome), said(r));
    ck_assert_msg(strstr(said(r), families[_i].says), "%s", said(r));
    scene_close(&s);
}
END_TEST

/* A new server is looked at by a name of its own: the port decides, but the certificate must carry
   what is published. */
START_TEST(another_host_stands_in)
{
    static const char *const published[] = { "second.example.test", "imap.example.test" };
    struct scene s;
    scene_open(&s);
    publish(&s, PROTOCOL_IMAP, published[_i], 993, TLS_MODE_IMPLICIT, PW);
    add_row(&s, "other.example.test", 993, PORT_IMAP, TLS_MODE_IMPLICIT);
    char id[80];
    snprintf(id, sizeof id, "ports/expect/%s:993", published[_i]);
    const struct result *r = judged(&s, id);
    ck_assert_int_eq(r->outcome, _i ? OUTCOME_FAIL : OUTCOME_PASS);
    if (_i)
        ck_assert_ptr_nonnull(
            strstr(r->failure->message, "does not carry the published host imap.example.test"));
    scene_close(&s);
}
END_TEST

START_TEST(the_same_row_twice_gives_two_results)
{
    struct scene s;
    scene_open(&s);
    publish(&s, PROTOCOL_IMAP, HOST, 993, TLS_MODE_IMPLICIT, PW);
    publish(&s, PROTOCOL_IMAP, HOST, 993, TLS_MODE_IMPLICIT, OAUTH);
    add_row(&s, HOST, 993, PORT_IMAP, TLS_MODE_IMPLICIT);
    ck_assert_int_eq(judged(&s, "ports/expect/" HOST ":993#2")->outcome, OUTCOME_PASS);
    scene_close(&s);
}
END_TEST

/* ---- not offered ---- */

static const struct {
    uint16_t port;
    enum port_protocol protocol;
    enum port_reach reach;
    enum port_protocol seen;
    bool known;
    enum outcome outcome;
    const char *says;
} silences[] = {
    { 995, PORT_POP3, REACH_REFUSED, PORT_POP3, false, OUTCOME_PASS, "" },
    { 995, PORT_POP3, REACH_FILTERED, PORT_POP3, false, OUTCOME_PASS, "" },
    { 995, PORT_POP3, REACH_OPEN, PORT_POP3, true, OUTCOME_FAIL,
      HOST ":995 answers as POP3, which is published as not offered" },
    { 993, PORT_IMAP, REACH_OPEN, PORT_POP3, true, OUTCOME_FAIL, HOST ":993 answers as POP3" },
    { 995, PORT_POP3, REACH_OPEN, PORT_IMAP, true, OUTCOME_ERROR, "no port of POP3" },
    { 995, PORT_POP3, REACH_OPEN, PORT_POP3, false, OUTCOME_ERROR, "could not be found out" },
    { 995, PORT_POP3, REACH_RATE_LIMITED, PORT_POP3, false, OUTCOME_ERROR, "could not be" },
    { 143, PORT_IMAP, REACH_REFUSED, PORT_IMAP, false, OUTCOME_ERROR, "no port of POP3" },
};

START_TEST(what_is_not_offered_must_not_answer)
{
    struct scene s;
    scene_open(&s);
    publish(&s, PROTOCOL_IMAP, HOST, 993, TLS_MODE_IMPLICIT, PW);
    s.profile.not_offered = 1u << PROTOCOL_POP3;
    struct port_facts *f =
        add_row(&s, HOST, silences[_i].port, silences[_i].protocol, TLS_MODE_IMPLICIT);
    f->reach = silences[_i].reach;
    f->protocol_seen = silences[_i].seen;
    f->protocol_known = silences[_i].known;
    const struct result *r = judged(&s, "ports/expect/no-POP3");
    ck_assert_msg(r->outcome == silences[_i].outcome, "%s: %s", outcome_name(r->outcome), said(r));
    ck_assert_msg(strstr(said(r), silences[_i].says), "%s", said(r));
    scene_close(&s);
}
END_TEST

/* ---- which rows to visit ---- */

START_TEST(rows_of_a_profile)
{
    struct scene s;
    struct port_spec rows[16];
    scene_open(&s);
    publish(&s, PROTOCOL_IMAP, "imap.test", 993, TLS_MODE_IMPLICIT, PW);
    publish(&s, PROTOCOL_IMAP, "imap.test", 1143, TLS_MODE_STARTTLS, PW);
    publish(&s, PROTOCOL_SMTP, "smtp.test", 587, TLS_MODE_STARTTLS, PW);
    ck_assert_uint_eq(port_rows_of_profile(&s.profile, rows, 16), 3);
    ck_assert_str_eq(rows[0].name, "imaps");
    ck_assert_ptr_null(rows[1].name);
    ck_assert_int_eq(rows[1].port, 1143);
    ck_assert_int_eq(rows[1].mode, TLS_MODE_STARTTLS);
    ck_assert_int_eq(rows[2].role, ROLE_SUBMISSION);
    s.profile.not_offered = 1u << PROTOCOL_POP3;
    ck_assert_uint_eq(port_rows_of_profile(&s.profile, rows, 16), 5);
    for (int i = 3; i < 5; i++) {
        ck_assert_str_eq(rows[i].host, "imap.test");
        ck_assert_int_eq(rows[i].protocol, PORT_POP3);
        ck_assert(rows[i].port == 110 || rows[i].port == 995);
    }
    ck_assert_uint_ge(port_rows_of_profile(&s.profile, rows, 2), 5);
    s.profile.not_offered = 1u << PROTOCOL_SMTP; /* never the port of mail between servers */
    size_t n = port_rows_of_profile(&s.profile, rows, 16);
    ck_assert_uint_gt(n, 3);
    for (size_t i = 3; i < n; i++)
        ck_assert_int_eq(rows[i].role, ROLE_SUBMISSION);
    scene_close(&s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, one_row_that_is_published, 0, COUNT(cases));
    tcase_add_test(t, a_row_that_nobody_looked_at_is_no_failure);
    tcase_add_loop_test(t, two_address_families, 0, COUNT(families));
    tcase_add_loop_test(t, another_host_stands_in, 0, 2);
    tcase_add_test(t, the_same_row_twice_gives_two_results);
    tcase_add_loop_test(t, what_is_not_offered_must_not_answer, 0, COUNT(silences));
    tcase_add_test(t, rows_of_a_profile);
}

int main(void)
{
    return run_tests("port_expect", add);
}

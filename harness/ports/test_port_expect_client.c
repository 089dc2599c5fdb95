#include "test_port_scene.h"

/* A client's demands, on facts made up. */

static void demand(struct scene *s, enum mail_protocol protocol, uint16_t port, enum tls_mode mode,
                   unsigned auth)
{
    publish(s, protocol, NULL, port, mode, auth);
    s->profile.kind = PROFILE_REQUIRES;
}

static const struct {
    uint16_t port;
    enum tls_mode mode;
    void (*spoil)(struct port_facts *f);
    enum outcome outcome;
    const char *says;
} demands[] = {
    { 993, TLS_MODE_IMPLICIT, spoil_as_it_is, OUTCOME_PASS, "" },
    { 143, TLS_MODE_STARTTLS, spoil_as_it_is, OUTCOME_PASS, "" },
    { 993, TLS_MODE_IMPLICIT, spoil_only_plain, OUTCOME_PASS, "" }, /* either login does */
    { 993, TLS_MODE_IMPLICIT, spoil_only_oauth, OUTCOME_PASS, "" },
    { 143, TLS_MODE_STARTTLS, spoil_no_starttls, OUTCOME_FAIL,
      "Mine needs IMAP with implicit TLS or IMAP with STARTTLS on port 143, and nothing here fits: "
      "mail.example.test:143 does not offer STARTTLS, although it is needed: mail and passwords "
      "would "
      "go in clear text; enable it, or serve the port of implicit TLS (993)" },
    { 993, TLS_MODE_IMPLICIT, spoil_other_name, OUTCOME_FAIL, "does not carry" },
    { 993, TLS_MODE_IMPLICIT, spoil_refused, OUTCOME_FAIL, "and nothing listens for it" },
    { 993, TLS_MODE_IMPLICIT, spoil_rate_limited, OUTCOME_ERROR, "rate limited" },
    { 993, TLS_MODE_IMPLICIT, spoil_caps_unknown, OUTCOME_ERROR, "could not be found out" },
};

START_TEST(a_client_needs_one_of_its_alternatives)
{
    struct scene s;
    scene_open(&s);
    demand(&s, PROTOCOL_IMAP, 0, TLS_MODE_IMPLICIT, PW | OAUTH);
    demand(&s, PROTOCOL_IMAP, 143, TLS_MODE_STARTTLS, PW | OAUTH);
    demands[_i].spoil(add_row(&s, HOST, demands[_i].port, PORT_IMAP, demands[_i].mode));
    const struct result *r = judged(&s, "ports/expect/imap");
    ck_assert_msg(r->outcome == demands[_i].outcome, "%s: %s", outcome_name(r->outcome), said(r));
    ck_assert_msg(strstr(said(r), demands[_i].says), "%s", said(r));
    scene_close(&s);
}
END_TEST

START_TEST(none_of_several_logins_is_there)
{
    struct scene s;
    scene_open(&s);
    demand(&s, PROTOCOL_SMTP, 0, TLS_MODE_IMPLICIT, PW | OAUTH);
    spoil_only_scram(add_row(&s, HOST, 465, PORT_SMTP, TLS_MODE_IMPLICIT));
    const struct result *r = judged(&s, "ports/expect/submission");
    ck_assert_int_eq(r->outcome, OUTCOME_FAIL);
    ck_assert_ptr_nonnull(strstr(r->failure->message,
                                 "none of the logins that are needed (password, OAuth2); it offers "
                                 "SCRAM-SHA-256; enable one of them on the server"));
    scene_close(&s);
}
END_TEST

/* Nobody published anything. */
START_TEST(a_client_publishes_nothing)
{
    static void (*const spoils[])(struct port_facts *) = { spoil_no_starttls, spoil_other_name,
                                                           spoil_only_oauth, spoil_only_scram,
                                                           spoil_refused };
    struct scene s;
    scene_open(&s);
    demand(&s, PROTOCOL_IMAP, 0, TLS_MODE_STARTTLS, PW);
    spoils[_i](add_row(&s, HOST, 143, PORT_IMAP, TLS_MODE_STARTTLS));
    const char *text = said(judged(&s, "ports/expect/imap"));
    ck_assert_msg(!strstr(text, "publish"), "%s", text);
    scene_close(&s);
}
END_TEST

START_TEST(imap_and_pop3_stand_for_each_other)
{
    struct scene s;
    scene_open(&s);
    demand(&s, PROTOCOL_IMAP, 0, TLS_MODE_IMPLICIT, PW);
    demand(&s, PROTOCOL_POP3, 0, TLS_MODE_IMPLICIT, PW);
    struct port_facts *imap = add_row(&s, HOST, 993, PORT_IMAP, TLS_MODE_IMPLICIT);
    spoil_refused(add_row(&s, HOST, 995, PORT_POP3, TLS_MODE_IMPLICIT));
    if (_i)
        spoil_refused(imap);
    const struct result *r = judged(&s, "ports/expect/pop3");
    ck_assert_int_eq(r->outcome, _i ? OUTCOME_FAIL : OUTCOME_SKIP);
    ck_assert_int_eq(run_find(&s.run, "ports/expect/imap")->outcome,
                     _i ? OUTCOME_FAIL : OUTCOME_PASS);
    scene_close(&s);
}
END_TEST

START_TEST(no_row_of_that_kind)
{
    struct scene s;
    scene_open(&s);
    demand(&s, PROTOCOL_SMTP, 0, TLS_MODE_IMPLICIT, PW);
    add_row(&s, HOST, 993, PORT_IMAP, TLS_MODE_IMPLICIT);
    const struct result *r = judged(&s, "ports/expect/submission");
    ck_assert_int_eq(r->outcome, OUTCOME_ERROR);
    ck_assert_ptr_nonnull(strstr(r->reason, "no port of this kind"));
    scene_close(&s);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, a_client_needs_one_of_its_alternatives, 0, COUNT(demands));
    tcase_add_test(t, none_of_several_logins_is_there);
    tcase_add_loop_test(t, a_client_publishes_nothing, 0, 5);
    tcase_add_loop_test(t, imap_and_pop3_stand_for_each_other, 0, 2);
    tcase_add_test(t, no_row_of_that_kind);
}

int main(void)
{
    return run_tests("port_expect_client", add);
}

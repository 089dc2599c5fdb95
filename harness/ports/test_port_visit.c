/* Visits of the reference servers: without a fault, and with each of those that the matrix looks for.
   A fault must change the line of the facts that is about it. */
#include "fault.h"
#include "port_column.h"
#include "port_visit_private.h"
#include "test_port_driver.h"
#include <sys/socket.h>
#include <time.h>

static const int all_ports[] = { 25, 2525, 587, 465, 110, 995, 143, 993, 24 };

/* ---- clean ---- */

static void look_clean(struct port_facts *rows, size_t n, void *arg)
{
    char text[FACTS_TEXT];
    for (size_t i = 0; i < n; i++) {
        const struct port_facts *f = &rows[i];
        bool implicit = f->spec.mode == TLS_MODE_IMPLICIT;
        bool good = f->reach == REACH_OPEN && f->connections == PORT_QUICK_CONNECTIONS &&
                    f->speaks == (implicit ? SPEAKS_TLS : SPEAKS_CLEAR) && f->protocol_known &&
                    f->protocol_seen == f->spec.protocol && f->tls.up && f->tls.name_ok &&
                    f->tls.chain_code == X509_V_OK && f->tls.close_notify == SEEN_YES &&
                    f->starttls_taken_in_tls == SEEN_NO && f->unclear.n == 0 &&
                    f->tls.without_name == CERT_SAME && f->tls.staple_good && f->took <= SECONDS(1);
        if (implicit)
            good = good && f->tls.alpn_foreign == SEEN_NO;
        else
            good = good && f->starttls_works == SEEN_YES && f->tls.resumed == SEEN_YES &&
                   f->injection == INJECTION_DISCARDED && f->falls_back == SEEN_NO;
        ck_assert_msg(good, "%s", facts_text(f, text));
    }
}

START_TEST(clean)
{
    visit_ports(&(struct visiting) { 0 }, all_ports, COUNT(all_ports), look_clean, NULL);
}
END_TEST

/* What the quick visit has no connection for. */
static void look_full(struct port_facts *rows, size_t n, void *arg)
{
    char text[FACTS_TEXT];
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(rows[i].tls.resumed == SEEN_YES && rows[i].tls.alpn_foreign == SEEN_NO &&
                          rows[i].tls.unknown_name == CERT_REFUSED && !rows[i].unclear.n,
                      "%s", facts_text(&rows[i], text));
}

START_TEST(full)
{
    static const int ports[] = { 587, 465, 993 };
    visit_ports(&(struct visiting) { .full = true }, ports, COUNT(ports), look_full, NULL);
}
END_TEST

/* All that is sent, to be sure that nobody is told a password, or given mail. */
static void look_polite(struct port_facts *rows, size_t n, void *arg)
{
    static const char *const never[] = {
        "PASS ", "RCPT", "DATA", "BDAT", " LOGIN ", "AUTH PLAIN ", "AUTHENTICATE PLAIN "
    };
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < transcript_count(rows[i].transcript); j++) {
            const struct transcript_entry *e = transcript_at(rows[i].transcript, j);
            for (size_t k = 0; k < COUNT(never) && e->direction == TRANSCRIPT_SENT; k++)
                ck_assert_msg(slice_find_nocase(e->head, slice_of(never[k])) == SIZE_MAX, "%.*s",
                              SLICE_ARG(e->head));
        }
}

START_TEST(nothing_secret_is_sent)
{
    visit_ports(&(struct visiting) { .fault = "tls.login.accepted-in-clear" }, all_ports,
                COUNT(all_ports), look_polite, NULL);
}
END_TEST

/* A second greeting shifts the answers: it is no command that was executed. */
static void look_uninjected(struct port_facts *rows, size_t n, void *arg)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(rows[i].injection != INJECTION_EXECUTED, "%u: %s", rows[i].spec.port,
                      rows[i].injection_said);
}

START_TEST(a_second_greeting_is_no_injection)
{
    visit_ports(&(struct visiting) { .fault = "tls.starttls.second-greeting" }, all_ports,
                COUNT(all_ports), look_uninjected, NULL);
}
END_TEST

/* ---- interrupted ---- */

enum { INTERRUPTIONS = 60, INTERRUPTED_EVERY_MILLIS = 80, PIECE_MILLIS = 20 };

/* Servers without a fault, however little was heard of them. */
static void look_unaccused(struct port_facts *rows, size_t n, void *arg)
{
    const struct port_policy *policy = arg;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < n_port_columns; c++) {
            struct port_judging j = { &rows[i], policy, rows, n, (int64_t)time(NULL) };
            struct port_verdict v;
            port_judge(&j, &port_columns[c], &v);
            ck_assert_msg(v.outcome == OUTCOME_PASS || v.outcome == OUTCOME_SKIP ||
                              v.outcome == OUTCOME_ERROR,
                          "port %u, %s: %s", rows[i].spec.port, port_columns[c].name, v.text);
        }
}

START_TEST(an_interruption_accuses_nobody)
{
    static const int ports[] = { 25, -587, 465, 110, -143, -993 };
    struct visiting how = { .delay = MILLIS(PIECE_MILLIS),
                            .interrupt_at = MILLIS(INTERRUPTED_EVERY_MILLIS) * (_i + 1),
                            .full = true };
    struct port_policy policy;
    struct problems problems = { 0 };
    ck_assert_int_eq(port_policy_load(TEST_SCENARIOS, "rfc9325", &policy, &problems, NULL), 0);
    visit_ports(&how, ports, COUNT(ports), look_unaccused, &policy);
    port_policy_release(&policy);
    problems_release(&problems);
}
END_TEST

/* ---- both address families ---- */

#define SESSION                                                                                    \
    .speaks = SPEAKS_TLS, .tls = { .up = true, .version_name = "TLSv1.3", .cipher = "x" }
#define CLEAR .speaks = SPEAKS_CLEAR, .protocol_known = true
#define OLD(answer) .survey = { .version = { [SURVEY_TLS10] = answer } }
static const struct {
    struct port_facts v4, v6;
    enum seen parity;
    const char *text;
} families[] = {
    { { SESSION }, { SESSION }, SEEN_YES, NULL },
    { { SESSION },
      { .speaks = SPEAKS_TLS, .tls = { .up = true, .version_name = "TLSv1.2", .cipher = "y" } },
      SEEN_NO,
      "the version of TLS, the cipher suite" },
    { { SESSION }, { .speaks = SPEAKS_UNKNOWN }, SEEN_UNCLEAR, NULL },
    { { .speaks = SPEAKS_SILENCE }, { SESSION }, SEEN_UNCLEAR, NULL },
    { { SESSION }, { CLEAR }, SEEN_NO, "what speaks there" },
    { { SESSION },
      { .speaks = SPEAKS_TLS, .tls = { .failure = "late", .alert = -1 } },
      SEEN_UNCLEAR,
      NULL },
    { { SESSION },
      { .speaks = SPEAKS_TLS, .tls = { .failure = "alert 40", .alert = 40 } },
      SEEN_NO,
      "whether TLS comes about" },
    { { CLEAR, .protocol_seen = PORT_IMAP },
      { CLEAR, .protocol_seen = PORT_POP3 },
      SEEN_NO,
      "what speaks there" },
    { { CLEAR, .starttls_offered = SEEN_YES },
      { CLEAR, .starttls_offered = SEEN_NO },
      SEEN_NO,
      "the offer of STARTTLS" },
    { { CLEAR, .starttls_offered = SEEN_YES }, { CLEAR }, SEEN_UNCLEAR, NULL },
    { { CLEAR, .clear_caps = { .known = true, .list = { .n = 1 } } },
      { CLEAR },
      SEEN_UNCLEAR,
      NULL },
    { { SESSION, OLD(SURVEY_ACCEPTED) },
      { SESSION, OLD(SURVEY_REFUSED) },
      SEEN_NO,
      "the versions that are taken" },
    { { SESSION, OLD(SURVEY_ACCEPTED) }, { SESSION, OLD(SURVEY_UNCLEAR) }, SEEN_YES, NULL },
};

/* What was not heard of one of them is no difference. */
START_TEST(families_are_compared)
{
    struct port_facts rows[] = { families[_i].v4, families[_i].v6 };
    for (size_t i = 0; i < 2; i++) {
        rows[i].spec =
            (struct port_spec) { .host = TEST_HOST, .port = 993, .family = i ? AF_INET6 : AF_INET };
        rows[i].reach = REACH_OPEN;
    }
    visit_parity(rows, 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_msg(rows[i].parity == families[_i].parity, "%s", rows[i].parity_text);
        ck_assert_pstr_eq(rows[i].parity_text, families[_i].text);
        arena_release(&rows[i].arena);
    }
}
END_TEST

/* ---- faults ---- */

struct shown {
    const char *fault;
    int port; /* negative: both families are visited, and the last row is looked at */
    const char *line;
    bool full;
};

/* clang-format off */
static const struct shown shown[] = {
    { "tls.certificate.ends-soon", 993, "days left: 2" },
    { "tls.certificate.long-lived", 993, "days left: 3650" },
    { "tls.certificate.small-key", 993, "key bits: 1024" },
    { "tls.certificate.sha1", 993, "signed with: SHA1" },
    { "tls.certificate.common-name-only", 993, "DNS names: 0" },
    { "tls.certificate.common-name-only", 143, "name ok: 0" },
    { "tls.certificate.wildcard-inside", 465, "partial wildcard: 1" },
    { "tls.certificate.no-server-use", 465, "chain: 26 unsuitable certificate purpose" },
    { "tls.certificate.chain-disordered", 465, "chain of: 3" },
    { "tls.certificate.expired", 995, "chain: 10 certificate has expired" },
    { "tls.certificate.not-yet-valid", 995, "chain: 9 certificate is not yet valid" },
    { "tls.certificate.wrong-name", 995, "name ok: 0" },
    { "tls.certificate.self-signed", 995, "chain: 18 self-signed certificate" },
    { "tls.certificate.unknown-authority", 25, "chain: 20 unable to get local issuer certificate" },
    { "tls.certificate.incomplete-chain", 25, "chain of: 1" },
    { "tls.certificate.requested", 25, "client certificate asked: 1" },
    { "tls.sni.needed", 993, "without name: other, wrong" },
    { "tls.sni.needed", 143, "without name: other, wrong" },
    { "tls.sni.missing-refused", 25, "without name: refused" },
    { "tls.sni.missing-refused", 993, "without name: refused" },
    { "tls.sni.missing-refused", 25, "TLS 1.2: not asked" },
    { "tls.sni.unknown-refused", 25, "unknown name: refused", true },
    { "tls.sni.unknown-served", 993, "unknown name: same", true },
    { "tls.sni.own-name-refused", 993, "alert: 112" },
    { "tls.channel-binding.in-clear", 110, "binding in clear: 1" },
    { "tls.resumption.refused", 993, "resumed: no" },
    { "tls.resumption.refused", 143, "resumed: no" },
    { "tls.resumption.ticket-long", 993, "ticket: 2592000" },
    { "tls.resumption.early-data", 993, "early data: 16384" },
    { "tls.staple.missing", 993, "stapled: no" },
    { "tls.staple.missing", 143, "must staple: 1" },
    { "tls.staple.stale", 993, "staple: 0 it is out of date" },
    { "tls.staple.revoked", 993, "staple: 0 it says that the certificate is revoked" },
    { "tls.parity.ipv6-differs", -993, "parity: no" },
    { "tls.parity.ipv6-differs", -143,
      "parity text: the certificate, the version of TLS, the cipher suite" },
    { "smtp.requiretls.in-clear", 25, "REQUIRETLS in clear: yes" },
    { "smtp.requiretls.refused", 25, "REQUIRETLS taken: no" },
    { "submission.mail.in-clear", 587, "work in clear: yes" },
    { "imap.greeting.preauth-in-clear", 143, "preauth: 1" },
    { "tls.versions.no-1.3", 993, "session: TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 x25519" },
    { "tls.versions.only-old", 993, "session: TLSv1.1" },
    { "tls.ciphers.static-rsa", 993, "session: TLSv1.2 AES256-GCM-SHA384" },
    { "tls.alpn.foreign-accepted", 993, "http/1.1: yes" },
    { "tls.alpn.foreign-accepted", 993, "resumed: yes" },
    { "tls.implicit.speaks-plain", 993, "speaks: clear" },
    { "tls.implicit.speaks-plain", 465, "first: SMTP" },
    { "tls.implicit.speaks-plain", 995, "STARTTLS works: yes" },
    { "tls.plain.speaks-tls", 143, "speaks: TLS" },
    { "tls.plain.speaks-tls", 25, "protocol: SMTP" },
    { "tls.handshake.silent", 143, "STARTTLS works: unclear" },
    { "tls.handshake.silent", 993, "speaks: silence" },
    { "tls.close.no-close-notify", 993, "close_notify: no" },
    { "tls.close.no-close-notify", 25, "close_notify: no" },
    { "tls.starttls.not-offered", 143, "STARTTLS offered: no" },
    { "tls.starttls.hidden", 110, "STARTTLS offered: no" },
    { "tls.starttls.hidden", 25, "STARTTLS works: yes" },
    { "tls.starttls.offered-but-refused", 110, "STARTTLS works: no" },
    { "tls.starttls.still-offered", 587, "STARTTLS listed in TLS: yes" },
    { "tls.starttls.accepted-twice", 587, "STARTTLS taken in TLS: yes" },
    { "tls.starttls.accepted-twice", 143, "STARTTLS taken in TLS: yes" },
    { "tls.starttls.keeps-plaintext", 25, "injection: executed" },
    { "tls.starttls.keeps-plaintext", 110, "injection: executed" },
    { "tls.starttls.keeps-plaintext", 143, "injection: executed" },
    { "tls.starttls.keeps-plaintext", 24, "injection: executed" },
    { "tls.starttls.extra-plaintext", 110, "extra bytes: 1" },
    { "tls.starttls.extra-plaintext", 25, "extra bytes: 1" },
    { "tls.starttls.falls-back", 25, "falls back: yes" },
    { "tls.starttls.falls-back", 110, "falls back: yes" },
    { "tls.starttls.falls-back", 143, "falls back: yes" },
    { "tls.login.accepted-in-clear", 587, "AUTH PLAIN: offered yes, taken yes" },
    { "tls.login.accepted-in-clear", 110, "USER: offered yes, taken yes" },
    { "tls.login.accepted-in-clear", 143, "AUTHENTICATE PLAIN: offered yes, taken yes" },
    { "tls.login.accepted-in-clear", 143, "work in clear: yes" },
    { "tls.login.refused-in-tls", 993, "login in TLS: no" },
    { "tls.login.refused-in-tls", 995, "login in TLS: no" },
    { "tls.login.refused-in-tls", 587, "login in TLS: no" },
    { "smtp.mx.starttls-required", 25, "work in clear: no" },
};
/* clang-format on */

static bool has_line(const struct port_facts *f, const char *line)
{
    char text[FACTS_TEXT];
    autofree char *want = xprintf("\n%s", line);
    const char *found = strstr(facts_text(f, text), want);
    return found && !ascii_is_alnum(found[strlen(want)]);
}

static void look_for_line(struct port_facts *rows, size_t n, void *arg)
{
    const struct shown *s = arg;
    char text[FACTS_TEXT];
    ck_assert_msg(has_line(&rows[n - 1], s->line), "%s: not \"%s\":\n%s", s->fault, s->line,
                  facts_text(&rows[n - 1], text));
}

static void look_for_its_absence(struct port_facts *rows, size_t n, void *arg)
{
    const struct shown *s = arg;
    /* Lines that say what works in spite of the fault. */
    bool always = strstr(s->line, "works: yes") || strstr(s->line, "resumed: yes") ||
                  strstr(s->line, "protocol: ");
    ck_assert_msg(always || !has_line(&rows[n - 1], s->line), "%s: \"%s\" without it", s->fault,
                  s->line);
}

START_TEST(fault_shows)
{
    struct shown s = shown[_i];
    struct visiting how = { .fault = s.fault, .full = s.full };
    if (s.full)
        how.max_connections = 9;
    visit_ports(&how, &s.port, 1, look_for_line, &s);
    how.fault = NULL;
    visit_ports(&how, &s.port, 1, look_for_its_absence, &s);
}
END_TEST

START_TEST(every_fault_of_the_matrix_shows)
{
    static const char *const names[] = {
#define FAULT(id, name, clause, says) name,
#include "faults_ports.def"
#undef FAULT
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        bool found = false;
        for (size_t j = 0; j < COUNT(shown); j++)
            found |= strcmp(shown[j].fault, names[i]) == 0;
        ck_assert_msg(found, "%s", names[i]);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, clean);
    tcase_add_test(t, full);
    tcase_add_test(t, nothing_secret_is_sent);
    tcase_add_test(t, a_second_greeting_is_no_injection);
    tcase_add_loop_test(t, an_interruption_accuses_nobody, 0, INTERRUPTIONS);
    tcase_add_loop_test(t, families_are_compared, 0, COUNT(families));
    tcase_add_loop_test(t, fault_shows, 0, COUNT(shown));
    tcase_add_test(t, every_fault_of_the_matrix_shows);
}

int main(void)
{
    return run_tests("port_visit", add);
}

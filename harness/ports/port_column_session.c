/* Columns of sessions: hygiene of TLS 1.2, names and protocols that the client sends, channel
   binding, resumption, closing, and sameness. */
#include "port_column_private.h"
#include <stdio.h>
#include <sys/socket.h>

/* ---- T05 tolerance ---- */

static const char *const tolerance_clauses[TOLERANCES] = {
    [TOLERATE_RECORD_VERSIONS] = "rfc8446/5.1/record-version-ignored",
    [TOLERATE_GREASE] = "rfc8446/4.1.2/unknown-suites-ignored",
    [TOLERATE_UNKNOWN_EXTENSION] = "rfc8446/4.1.2/unknown-extensions-ignored",
    [TOLERATE_UNKNOWN_VERSION] = "rfc8446/4.2.1/unknown-versions-ignored",
    [TOLERATE_LONG_HELLO] = "rfc8446/5.1/records-up-to-16384-octets",
};

COLUMN(tolerance)
{
    const struct tls_survey *s = &j->facts->survey;
    for (size_t i = 0; i < TOLERANCES; i++) {
        char question[120];
        snprintf(question, sizeof question, "a ClientHello is borne with (%s)",
                 survey_tolerance_names[i]);
        if (s->tolerance[i] == SURVEY_REFUSED)
            find(v, OUTCOME_FAIL, tolerance_clauses[i], "intolerant",
                 "a ClientHello is refused for no good reason (%s), so newer clients cannot "
                 "connect; take a TLS library (or a proxy in between) that passes over what it "
                 "does not know",
                 survey_tolerance_names[i]);
        else
            surveyed(j, v, s->tolerance[i], question);
    }
    size_t good = 0;
    for (size_t i = 0; i < TOLERANCES; i++)
        good += s->tolerance[i] == SURVEY_ACCEPTED;
    if (good == TOLERANCES)
        find(v, OUTCOME_PASS, NULL, "yes", "newer and unusual ClientHellos are borne with");
}

/* ---- T11 hygiene ---- */

/* One extension or habit of TLS 1.2: which answer is wrong, and what then. */
struct habit {
    size_t offset; /* in struct tls_survey */
    enum survey_answer wrong;
    enum outcome outcome;
    const char *clause, *short_text, *question, *text;
};
#define ANSWER(member) offsetof(struct tls_survey, member)
static const struct habit habits[] = {
    { ANSWER(secure_renegotiation), SURVEY_REFUSED, OUTCOME_FAIL, "rfc9325/3.5/renegotiation-info",
      "no RI", "renegotiation is secure",
      "renegotiation_info (RFC 5746) is not answered, and careful clients refuse such a server; "
      "update the TLS library" },
    { ANSWER(extended_master_secret), SURVEY_REFUSED, OUTCOME_FAIL,
      "rfc9325/3.5/extended-master-secret", "no EMS", "the extended master secret is known",
      "the extended master secret (RFC 7627) is not known, which leaves TLS 1.2 open to session "
      "mix-ups; update the TLS library" },
    { ANSWER(truncated_hmac), SURVEY_ACCEPTED, OUTCOME_FAIL, "rfc9325/4.6/no-truncated-hmac",
      "short HMAC", "truncated_hmac is refused",
      "truncated_hmac is agreed to, which is known to be insecure; turn it off" },
    { ANSWER(compression), SURVEY_ACCEPTED, OUTCOME_WARN, "rfc9325/3.3/no-compression",
      "compression", "TLS compression is refused",
      "TLS compression is agreed to, by which secrets can be guessed from lengths (CRIME); turn it "
      "off" },
};

static bool judge_habit(const struct port_judging *j, struct port_verdict *v, const struct habit *h)
{
    enum survey_answer answer;
    memcpy(&answer, (const char *)&j->facts->survey + h->offset, sizeof answer);
    if (answer == h->wrong)
        find(v, outcome_softened(j, h->outcome), h->clause, h->short_text, "%s", h->text);
    else
        return surveyed(j, v, answer, h->question);
    return true;
}

COLUMN(hygiene)
{
    const struct tls_survey *s = &j->facts->survey;
    size_t known = 0;
    if (s->version[SURVEY_TLS12] == SURVEY_REFUSED) {
        if (!j->facts->tls.failure || has_tls(j, v))
            find(v, OUTCOME_SKIP, NULL, "",
                 "TLS 1.2 is not spoken, and TLS 1.3 knows none of this");
        return;
    }
    for (size_t i = 0; i < COUNT(habits); i++)
        known += judge_habit(j, v, &habits[i]);
    if (s->client_renegotiation == SURVEY_ACCEPTED)
        find(v, outcome_softened(j, outcome_of_grade(j->policy->renegotiation)),
             "rfc5746/5/renegotiation-disabled", "renegotiates",
             "clients may renegotiate, each time at the server's cost; turn it off (OpenSSL: "
             "NoRenegotiation; Postfix: tls_ssl_options = NO_RENEGOTIATION)");
    if (s->fallback_scsv == SURVEY_REFUSED)
        find(v, OUTCOME_NOTE, "rfc7507/3/inappropriate-fallback-refused", "fallback",
             "a client that was driven back to an older version and says so is not stopped; update "
             "the TLS library, which should answer inappropriate_fallback");
    if (known == COUNT(habits))
        find(v, OUTCOME_PASS, NULL, "clean",
             "TLS 1.2 is used with its repairs and without compression");
}

/* ---- T15 server names ---- */

static void judge_without_name(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    bool mx = is_opportunistic(f);
    switch (f->tls.without_name) {
    case CERT_REFUSED:
        find(v, mx ? OUTCOME_FAIL : OUTCOME_NOTE,
             mx ? "rfc8461/7.1/sni-not-enforced" : "rfc8314/4.4/certificate-without-sni", "needed",
             "clients that send no server name (SNI) are refused; serve them with a default "
             "certificate");
        break;
    case CERT_OTHER_WRONG:
        find(v, OUTCOME_NOTE,
             mx ? "rfc8461/7.1/sni-not-enforced" : "rfc8314/4.4/certificate-without-sni",
             "other cert.",
             "clients that send no server name (SNI) get a certificate for another name, and "
             "refuse it; make the one of this host the default, or name both in one");
        break;
    case CERT_UNCLEAR:
        /* Nobody is served where no session comes about: that is told by another column. */
        if (has_tls(j, v))
            answered(j, v, SEEN_UNCLEAR, "clients without a server name are served");
        break;
    case CERT_NOT_ASKED:
        answered(j, v, SEEN_NOT_ASKED, "clients without a server name are served");
        break;
    case CERT_SAME:
    case CERT_OTHER_FITS:
        find(v, OUTCOME_PASS, NULL, "not needed",
             "clients that send no server name (SNI) get a certificate that fits, too");
    }
}

static void judge_unknown_name(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_facts *f = j->facts;
    bool mx = is_opportunistic(f), served;
    enum same_certificate c = f->tls.unknown_name;
    served = c == CERT_SAME || c == CERT_OTHER_FITS || c == CERT_OTHER_WRONG;
    if (mx && c == CERT_REFUSED)
        find(v, OUTCOME_FAIL, "rfc8461/7.1/unknown-name-served", "refuses",
             "a sender that gives a server name (SNI) which is unknown here is refused, and "
             "senders may know this host by another name; serve it with a default certificate");
    else if (!mx && served)
        find(v, OUTCOME_WARN, "rfc9325/3.7/unknown-name-refused", "any name",
             "the handshake goes on with a server name (SNI) that nobody has here, which helps "
             "attacks across protocols; refuse it with unrecognized_name where the server can");
    else if (c == CERT_UNCLEAR)
        answered(j, v, SEEN_UNCLEAR, "an unknown server name is refused");
}

COLUMN(sni)
{
    judge_without_name(j, v);
    judge_unknown_name(j, v);
}

/* ---- T16 ALPN ---- */

COLUMN(alpn)
{
    const struct port_facts *f = j->facts;
    if (!answered(j, v, f->tls.alpn_foreign, "a client that offers only http/1.1 is served"))
        return;
    if (f->tls.alpn_foreign == SEEN_YES)
        find(v, outcome_softened(j, OUTCOME_WARN), "rfc9325/3.8/alpn-mismatch-refused", "ignored",
             "the handshake goes on with a client that wants to speak HTTP (ALPN http/1.1), which "
             "helps attacks across protocols; refuse it with no_application_protocol where the "
             "server can");
    else
        find(v, OUTCOME_PASS, NULL, "enforced", "a client that wants to speak HTTP is refused");
}

/* ---- T22 channel binding ---- */

static bool offers_plus(const struct capabilities *caps)
{
    static const char *const plus[] = { "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS",
                                        "SCRAM-SHA-512-PLUS" };
    for (size_t i = 0; i < COUNT(plus); i++)
        if (caps_has_mechanism(caps, slice_of(plus[i])))
            return true;
    return false;
}

COLUMN(channel_binding)
{
    const struct port_facts *f = j->facts;
    const char *said = f->tls.binding_text ? f->tls.binding_text : "no reason is known";
    if (offers_plus(&f->clear_caps))
        find(v, OUTCOME_WARN, "rfc5802/6/plus-means-binding", "in clear",
             "SCRAM with channel binding (-PLUS) is offered before TLS, where there is no channel "
             "to bind to; offer it inside TLS only");
    /* A login that failed for another reason accuses nobody who offers none. */
    bool none = f->tls_caps.known && !offers_plus(&f->tls_caps);
    if (f->tls.binding == SEEN_NO && !none)
        find(v, OUTCOME_FAIL, "rfc9266/3/binding-matches", "fails",
             "SCRAM with channel binding is offered and does not work (%s), so clients that prefer "
             "it cannot log in; bind to tls-exporter with TLS 1.3 and to tls-unique with TLS 1.2",
             said);
    if (v->outcome != OUTCOME_NOT_RUN || !has_tls(j, v))
        return;
    if (none)
        find(v, OUTCOME_SKIP, NULL, "none", "no mechanism with channel binding is offered");
    else if (f->tls.binding == SEEN_YES)
        find(v, OUTCOME_PASS, NULL, "works", "SCRAM with channel binding works");
    else if (f->tls.binding == SEEN_UNCLEAR)
        find(v, OUTCOME_ERROR, NULL, "unclear", "could not tell whether channel binding works: %s",
             said);
    else
        find(v, OUTCOME_SKIP, NULL, "", "needs an account: give --target FILE");
}

/* ---- T23 resumption ---- */

enum { TICKET_SECONDS_MAX = 604800, SECONDS_PER_DAY = 86400 };

static void judge_ticket(const struct port_judging *j, struct port_verdict *v)
{
    const struct port_tls_facts *t = &j->facts->tls;
    uint32_t lifetime = t->ticket_lifetime, days = lifetime / SECONDS_PER_DAY;
    char short_text[24];
    snprintf(short_text, sizeof short_text, "%u days", days);
    if (lifetime > TICKET_SECONDS_MAX && t->version == TLS1_3_VERSION)
        find(v, OUTCOME_FAIL, "rfc8446/4.6.1/ticket-lifetime", short_text,
             "session tickets are good for %u days, where TLS 1.3 allows 7; set a shorter lifetime",
             days);
    else if (j->policy->ticket_seconds_warn && lifetime > j->policy->ticket_seconds_warn)
        find(v, OUTCOME_WARN, "rfc9325/3.4/ticket-lifetime", short_text,
             "session tickets are good for %u days, so that a key which is stolen opens sessions "
             "that long ago; set a lifetime of a day or less",
             days);
    if (t->early_data)
        find(v, outcome_softened(j, OUTCOME_FAIL), "rfc9325/3.10/no-early-data", "0-RTT",
             "early data (0-RTT, %u octets) is allowed, which can be replayed and which no "
             "document allows for mail; set its size to 0",
             t->early_data);
}

COLUMN(resumption)
{
    const struct port_tls_facts *t = &j->facts->tls;
    if (!has_tls(j, v))
        return;
    judge_ticket(j, v);
    if (v->outcome != OUTCOME_NOT_RUN || !answered(j, v, t->resumed, "sessions can be resumed"))
        return;
    bool given = t->ticket_lifetime > 0;
    if (t->resumed == SEEN_YES)
        find(v, OUTCOME_PASS, NULL, "yes", "sessions can be resumed");
    else
        find(v, OUTCOME_NOTE, "rfc8446/2.2/resumption", "no",
             "sessions of %s are not resumed%s, so every connection costs a whole handshake; %s",
             version_name((uint16_t)t->version), given ? " although tickets for it are given" : "",
             given ? "let all processes of the server have the same ticket keys or session cache, "
                     "or give no tickets"
                   : "turn on session tickets or a session cache");
}

/* ---- T24 closing ---- */

COLUMN(closure)
{
    const struct port_facts *f = j->facts;
    if (!has_tls(j, v) || !answered(j, v, f->tls.close_notify, "close_notify is sent"))
        return;
    if (f->tls.close_notify == SEEN_YES)
        find(v, OUTCOME_PASS, NULL, "yes", "the session ends with close_notify");
    else
        find(v, outcome_softened(j, OUTCOME_WARN), "rfc8314/3.4/close-alert", "no",
             "the connection is closed without close_notify, so a client cannot tell the end from "
             "a cut; let the server shut TLS down before it closes");
}

/* ---- T25 sameness ---- */

/* The first row of the same host with TLS, if it is not this one. */
static const struct port_facts *first_with_tls(const struct port_judging *j)
{
    for (size_t i = 0; i < j->n_all; i++) {
        const struct port_facts *r = &j->all[i];
        if (r->tls.up && r->tls.certificate && strcmp(r->spec.host, j->facts->spec.host) == 0 &&
            r->spec.family == j->facts->spec.family)
            return r == j->facts ? NULL : r;
    }
    return NULL;
}

static bool has_neighbour(const struct port_judging *j)
{
    for (size_t i = 0; i < j->n_all; i++)
        if (&j->all[i] != j->facts && j->all[i].tls.up &&
            strcmp(j->all[i].spec.host, j->facts->spec.host) == 0)
            return true;
    return false;
}

/* The same port in the other family, where nothing listens. */
static const struct port_facts *closed_sibling(const struct port_judging *j)
{
    const struct port_facts *f = j->facts;
    for (size_t i = 0; i < j->n_all && f->reach == REACH_OPEN; i++) {
        const struct port_facts *r = &j->all[i];
        if (r->spec.port == f->spec.port && r->spec.family != f->spec.family &&
            strcmp(r->spec.host, f->spec.host) == 0 && r->reach == REACH_REFUSED)
            return r;
    }
    return NULL;
}

static const char *family_name(const struct port_facts *f)
{
    return f->spec.family == AF_INET6 ? "IPv6" : "IPv4";
}

COLUMN(parity)
{
    const struct port_facts *f = j->facts, *first = first_with_tls(j), *closed = closed_sibling(j);
    if (closed)
        find(
            v, OUTCOME_NOTE, "", "one family",
            "the host has an address for %s, and nothing listens there on port %u, so clients that "
            "try it first lose time or give up; listen there, too, or take the address out of the "
            "DNS",
            family_name(closed), closed->spec.port);
    if (f->parity == SEEN_NO)
        find(v, OUTCOME_WARN, "rfc9325/3.9/equal-security", "differs",
             "IPv4 and IPv6 are not served alike (%s); give both the same settings and certificate",
             f->parity_text ? f->parity_text : "no detail is known");
    if (!has_tls(j, v))
        return;
    if (first && f->tls.version != first->tls.version)
        find(v, OUTCOME_NOTE, "rfc9325/3.9/equal-security", "version",
             "%s is spoken here and %s on port %u of the same host; give all ports the same TLS "
             "settings",
             f->tls.version_name, first->tls.version_name, first->spec.port);
    if (first && f->tls.certificate && X509_cmp(f->tls.certificate, first->tls.certificate) != 0)
        find(v, OUTCOME_NOTE, "rfc9325/3.9/equal-security", "other cert.",
             "the certificate is another one than on port %u of the same host; see that all are "
             "renewed together",
             first->spec.port);
    if (v->outcome != OUTCOME_NOT_RUN)
        return;
    if (f->parity == SEEN_UNCLEAR)
        answered(j, v, f->parity, "IPv4 and IPv6 are served alike");
    else if (f->parity == SEEN_YES || first)
        find(v, OUTCOME_PASS, NULL, "same", "TLS is the same as on the other %s of this host",
             f->parity == SEEN_YES && first ? "ports and in the other address family"
             : first                        ? "ports"
                                            : "address family");
    else
        find(v, OUTCOME_SKIP, NULL, "", "%s",
             has_neighbour(j) ? "the other ports of this host are compared with this one"
                              : "there is no other port or address family to compare with");
}

/* ---- T26 trace ---- */

COLUMN(trace)
{
    const struct port_facts *f = j->facts;
    if (!is_smtp(f))
        find(v, OUTCOME_SKIP, NULL, "", "only mail that comes in gets a Received: field");
    else if (f->trace_fits == SEEN_NOT_ASKED)
        find(v, OUTCOME_SKIP, NULL, "",
             "needs an account, to see a message that came in: give --target FILE");
    else if (f->trace_fits == SEEN_UNCLEAR)
        find(v, OUTCOME_ERROR, NULL, "unclear", "could not tell what the Received: field says: %s",
             f->trace_text);
    else if (f->trace_fits == SEEN_NO)
        find(v, OUTCOME_FAIL, NULL, "wrong word",
             "the Received: field of a message that came by TLS names another protocol (%s); it "
             "must say ESMTPS, with a login ESMTPSA",
             f->trace_text);
    else
        find(v, OUTCOME_PASS, NULL, "fits",
             "the Received: field of a message that came by TLS says so, or names no protocol");
}

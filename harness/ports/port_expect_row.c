#include "port_expect_private.h"
#include <openssl/x509v3.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

enum { NAMES_SHOWN = 4 };

void held_init(struct held *h)
{
    *h = (struct held) { .outcome = OUTCOME_PASS };
    buf_init(&h->text, 4096);
    buf_init(&h->actual, 4096);
}

void held_release(struct held *h)
{
    buf_release(&h->text);
    buf_release(&h->actual);
}

bool same_host(const char *a, const char *b)
{
    slice x = slice_of(a), y = slice_of(b);
    x.n -= x.n && x.p[x.n - 1] == '.';
    y.n -= y.n && y.p[y.n - 1] == '.';
    return a && b && slice_eq_nocase(x, y);
}

enum port_protocol port_protocol_of(const struct profile_service *s)
{
    static const enum port_protocol of[] = { [PROTOCOL_SMTP] = PORT_SMTP,
                                             [PROTOCOL_LMTP] = PORT_LMTP,
                                             [PROTOCOL_POP3] = PORT_POP3,
                                             [PROTOCOL_IMAP] = PORT_IMAP };
    return of[s->protocol];
}

static const char *mode_text(enum mail_protocol protocol, enum tls_mode mode)
{
    if (mode == TLS_MODE_STARTTLS && protocol == PROTOCOL_POP3)
        return "with STLS";
    return tls_mode_ways[mode];
}

const char *port_wanted_text(const struct profile_service *s, char text[80])
{
    snprintf(text, 80, "%s %s", mail_protocol_name(s->protocol), mode_text(s->protocol, s->tls));
    return text;
}

/* What is being said of which endpoint. */
struct holding {
    const struct profile_service *s;
    const struct port_facts *f;
    const char *host; /* as published */
    char name[300];   /* "imap.example.test:993", with the family when there are two */
    char wanted[80];
    const char *is_wanted; /* "is published", or "is needed" by a client, who publishes nothing */
    bool client;
    struct held *ret;
};

static bool fail(struct holding *h, const char *actual)
{
    h->ret->outcome = OUTCOME_FAIL;
    buf_adds(&h->ret->actual, actual);
    return false;
}

/* ---- is it there? ---- */

static bool unknown(struct holding *h, enum error_code code, const char *why)
{
    h->ret->outcome = OUTCOME_ERROR;
    h->ret->error = code;
    buf_addf(&h->ret->text, "%s could not be looked at: %s", h->name, why);
    return false;
}

static bool is_reached(struct holding *h)
{
    const struct port_facts *f = h->f;
    struct held *ret = h->ret;
    switch (f->reach) {
    case REACH_OPEN:
        return true;
    case REACH_REFUSED:
        buf_addf(
            &ret->text,
            "nothing listens at %s (connection refused), where %s %s; start the service there%s",
            h->name, h->wanted, h->is_wanted, h->client ? "" : " or publish another port");
        return fail(h, "connection refused");
    case REACH_UNTRIED:
        return unknown(h, ERR_NETWORK, "it was not visited in this run");
    case REACH_FILTERED:
        return unknown(h, ERR_TIMEOUT, "connections to it are not answered (filtered, perhaps)");
    case REACH_RATE_LIMITED:
        return unknown(h, ERR_RATE, "it says that we are too many or too fast (rate limited)");
    case REACH_NO_ADDRESS:
        return unknown(h, ERR_NETWORK, "no address of the host was found");
    case REACH_NO_ROUTE:
        return unknown(h, ERR_NETWORK, "its network cannot be reached from here");
    default:
        return unknown(h, ERR_NETWORK, f->error.code ? f->error.text : "the connection broke");
    }
}

/* ---- does it speak as is published? ---- */

static const char *other_port(enum mail_protocol protocol, bool implicit)
{
    static const char *const ports[][2] = { [PROTOCOL_SMTP] = { "587", "465" },
                                            [PROTOCOL_LMTP] = { "24", "24" },
                                            [PROTOCOL_POP3] = { "110", "995" },
                                            [PROTOCOL_IMAP] = { "143", "993" } };
    return ports[protocol][implicit];
}

static bool clear_for_tls(struct holding *h)
{
    const char *protocol = mail_protocol_name(h->s->protocol);
    const char *command = mail_protocol_starttls(h->s->protocol);
    bool starttls = h->f->starttls_offered == SEEN_YES || h->f->starttls_works == SEEN_YES;
    if (starttls)
        buf_addf(&h->ret->text,
                 "%s speaks %s in clear text and offers %s, where implicit TLS %s; %smake the port "
                 "one of implicit TLS",
                 h->name, protocol, command, h->is_wanted,
                 h->client ? "" : "publish it as STARTTLS, or ");
    else
        buf_addf(&h->ret->text,
                 "%s speaks %s in clear text, where implicit TLS %s; switch TLS on for this port",
                 h->name, protocol, h->is_wanted);
    return fail(h, starttls ? "clear text with STARTTLS" : "clear text");
}

static bool tls_for_clear(struct holding *h)
{
    const char *port = other_port(h->s->protocol, false);
    buf_addf(&h->ret->text, "%s expects TLS from the first byte where %s %s; ", h->name,
             h->s->tls == TLS_MODE_NONE ? "clear text" : mail_protocol_starttls(h->s->protocol),
             h->is_wanted);
    if (h->client)
        buf_addf(&h->ret->text, "serve a port such as %s that begins in clear text", port);
    else
        buf_addf(&h->ret->text,
                 "publish it as implicit TLS, or publish a port such as %s that begins in clear "
                 "text",
                 port);
    return fail(h, "implicit TLS");
}

static bool not_this_protocol(struct holding *h)
{
    const char *seen = h->f->speaks == SPEAKS_HTTP ? "HTTP"
                       : h->f->protocol_known      ? port_protocol_name(h->f->protocol_seen)
                                                   : "something that is no mail protocol";
    buf_addf(&h->ret->text, "%s speaks %s where %s %s; correct the host or the port%s", h->name,
             seen, h->wanted, h->is_wanted, h->client ? "" : " that is published");
    return fail(h, seen);
}

/* Without an alert it is not the server's word: time ran out, or the network failed. */
static bool no_handshake(struct holding *h)
{
    const char *why = h->f->tls.failure;
    if (h->f->tls.alert < 0)
        return unknown(h, ERR_NETWORK, why ? why : "TLS was not tried to its end");
    buf_addf(&h->ret->text, "%s takes no TLS session, although %s %s%s%s; mend TLS on the server",
             h->name, h->wanted, h->is_wanted, why ? ": " : "", why ? why : "");
    return fail(h, why ? why : "the TLS handshake fails");
}

static bool no_starttls(struct holding *h)
{
    const struct port_facts *f = h->f;
    const char *command = mail_protocol_starttls(h->s->protocol);
    bool mx = h->s->role == ROLE_MX; /* between servers there is no implicit TLS */
    autofree char *port =
        xprintf(", or %s the port of implicit TLS (%s)", h->client ? "serve" : "publish",
                other_port(h->s->protocol, true));
    const char *or_else = mx ? "" : port;
    if (f->starttls_offered == SEEN_YES) {
        buf_addf(&h->ret->text, "%s offers %s, but it does not work%s%s; mend it%s", h->name,
                 command,
                 f->tls.failure     ? ": "
                 : f->starttls_said ? ": it answers "
                                    : "",
                 f->tls.failure     ? f->tls.failure
                 : f->starttls_said ? f->starttls_said
                                    : "",
                 or_else);
        return fail(h, "STARTTLS does not work");
    }
    buf_addf(&h->ret->text,
             "%s does not offer %s, although it %s: mail %swould go in clear text; enable it%s",
             h->name, command, h->is_wanted, mx ? "" : "and passwords ", or_else);
    return fail(h, "clear text without STARTTLS");
}

static bool begins_tls(struct holding *h)
{
    const struct port_facts *f = h->f;
    if (f->starttls_works == SEEN_YES && f->tls.up)
        return true;
    if (f->starttls_works == SEEN_NO || f->starttls_offered == SEEN_NO)
        return no_starttls(h);
    return unknown(h, ERR_NETWORK, "STARTTLS was not tried, or its outcome is unclear");
}

/* Submission and LMTP greet alike. */
static bool is_wanted_protocol(const struct holding *h)
{
    enum port_protocol seen = h->f->protocol_seen, wanted = port_protocol_of(h->s);
    return seen == wanted || (seen == PORT_LMTP && wanted == PORT_SMTP) ||
           (seen == PORT_SMTP && wanted == PORT_LMTP);
}

static bool speaks_as_published(struct holding *h)
{
    const struct port_facts *f = h->f;
    bool wants_tls = h->s->tls == TLS_MODE_IMPLICIT;
    if (f->speaks == SPEAKS_UNKNOWN)
        return unknown(h, ERR_NETWORK, "what it speaks could not be found out");
    /* Greetings may take minutes (RFC 5321 section 4.5.3.2.1), longer than anybody waits here. */
    if (f->speaks == SPEAKS_SILENCE)
        return unknown(h, ERR_TIMEOUT, "it says nothing in the time that we wait");
    if (f->speaks == SPEAKS_HTTP || f->speaks == SPEAKS_OTHER ||
        (f->protocol_known && !is_wanted_protocol(h)))
        return not_this_protocol(h);
    if (wants_tls && f->speaks == SPEAKS_CLEAR)
        return clear_for_tls(h);
    if (!wants_tls && f->speaks == SPEAKS_TLS)
        return tls_for_clear(h);
    if (wants_tls && !f->tls.up)
        return no_handshake(h);
    return h->s->tls != TLS_MODE_STARTTLS || begins_tls(h);
}

/* ---- the certificate ---- */

static void add_names(X509 *certificate, struct buf *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int n = names ? sk_GENERAL_NAME_num(names) : 0, shown = 0;
    for (int i = 0; i < n; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        if (shown < NAMES_SHOWN)
            buf_addf(out, "%s%.*s", shown ? ", " : "", ASN1_STRING_length(name->d.dNSName),
                     ASN1_STRING_get0_data(name->d.dNSName));
        shown++;
    }
    if (shown > NAMES_SHOWN)
        buf_addf(out, " and %d more", shown - NAMES_SHOWN);
    if (!shown)
        buf_adds(out, "no DNS name");
    GENERAL_NAMES_free(names);
}

static bool carries(const struct holding *h)
{
    const struct port_tls_facts *t = &h->f->tls;
    if (same_host(h->host, h->f->spec.host))
        return t->name_ok;
    return X509_check_host(t->certificate, h->host, 0, 0, NULL) == 1 ||
           X509_check_ip_asc(t->certificate, h->host, 0) == 1;
}

static bool another_name(struct holding *h)
{
    X509 *certificate = h->f->tls.certificate;
    buf_addf(&h->ret->text, "the certificate of %s does not carry the %shost %s (it is for ",
             h->name, h->client ? "" : "published ", h->host);
    add_names(certificate, &h->ret->text);
    buf_addf(&h->ret->text, "); add the name to the certificate, or %s a host that it carries",
             h->client ? "set clients to" : "publish");
    buf_adds(&h->ret->actual, "a certificate for ");
    add_names(certificate, &h->ret->actual);
    return fail(h, "");
}

static bool certificate_holds(struct holding *h)
{
    const struct port_tls_facts *t = &h->f->tls;
    if (h->s->tls == TLS_MODE_NONE)
        return true;
    if (!t->certificate) {
        buf_addf(&h->ret->text, "%s shows no certificate, so no client can know whom it talks to",
                 h->name);
        return fail(h, "no certificate");
    }
    if (!carries(h))
        return another_name(h);
    if (t->chain_code == X509_V_OK)
        return true;
    buf_addf(
        &h->ret->text,
        "clients do not trust the certificate of %s: %s; give the server a valid one, with its "
        "whole chain",
        h->name, t->chain_text ? t->chain_text : X509_verify_cert_error_string(t->chain_code));
    return fail(h, "a certificate that is not trusted");
}

/* ---- all of it ---- */

void port_hold(const struct profile_service *s, const struct port_facts *f, const char *host,
               bool any_auth, struct held *ret)
{
    struct holding h = { .s = s, .f = f, .host = host, .client = any_auth, .ret = ret };
    h.is_wanted = any_auth ? "is needed" : "is published";
    const char *family = f->spec.family == AF_INET6 ? " (IPv6)" : "";
    snprintf(h.name, sizeof h.name, "%.200s:%u%s", f->spec.host, f->spec.port, family);
    port_wanted_text(s, h.wanted);
    if (is_reached(&h) && speaks_as_published(&h) && certificate_holds(&h))
        port_hold_logins(s, f, h.name, any_auth, ret);
    /* The other address family says more. */
    if (f->spec.family && (f->reach == REACH_NO_ADDRESS || f->reach == REACH_NO_ROUTE))
        ret->outcome = OUTCOME_NOT_RUN;
}

/* What a port is when it is not what it was taken for, in one sentence with the fix. */
#include "port_column_private.h"

/* A greeting that ends the session before it began. */
static bool turns_away(const struct port_facts *f)
{
    static const struct {
        enum first_bytes first;
        slice start;
    } rows[] = { { FIRST_SMTP, S("4") },     { FIRST_SMTP, S("5") },    { FIRST_POP3, S("-ERR") },
                 { FIRST_IMAP, S("* BYE") }, { FIRST_SIEVE, S("BYE") }, { FIRST_SIEVE, S("NO") } };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (f->first == rows[i].first &&
            slice_starts_nocase(slice_of(f->first_text), rows[i].start))
            return true;
    return false;
}

/* A web server of HTTPS waits for a request where mail greets. */
static bool http_in_tls(const struct port_facts *f)
{
    return f->speaks == SPEAKS_TLS && !f->protocol_known && f->tls.chooses_http;
}

enum mismatch port_mismatch(const struct port_facts *f)
{
    static const enum mismatch by_reach[] = {
        [REACH_UNTRIED] = MISMATCH_UNTRIED,           [REACH_OPEN] = MISMATCH_NONE,
        [REACH_REFUSED] = MISMATCH_NOTHING_LISTENS,   [REACH_FILTERED] = MISMATCH_FILTERED,
        [REACH_NO_ADDRESS] = MISMATCH_NO_ADDRESS,     [REACH_NO_ROUTE] = MISMATCH_NO_ROUTE,
        [REACH_RATE_LIMITED] = MISMATCH_RATE_LIMITED, [REACH_BROKEN] = MISMATCH_BROKEN,
    };
    enum mismatch closed = by_reach[f->reach];
    /* What was seen before the server had enough of us still counts. */
    if (closed != MISMATCH_NONE && (closed != MISMATCH_RATE_LIMITED || !f->protocol_known))
        return closed;
    if (f->speaks == SPEAKS_HTTP || f->first == FIRST_HTTP || http_in_tls(f))
        return MISMATCH_HTTP;
    if (f->first == FIRST_SSH || f->speaks == SPEAKS_OTHER)
        return MISMATCH_NO_MAIL;
    if (f->protocol_known && f->protocol_seen != f->spec.protocol)
        return MISMATCH_OTHER_PROTOCOL;
    if (f->speaks == SPEAKS_TLS && f->spec.mode != TLS_MODE_IMPLICIT)
        return MISMATCH_TLS_FOR_CLEAR;
    /* Whoever has no place for us may say so before TLS (Exim's 421): nothing is known of the port. */
    if (turns_away(f))
        return MISMATCH_REFUSES_US;
    if (f->speaks == SPEAKS_CLEAR && f->spec.mode == TLS_MODE_IMPLICIT)
        return MISMATCH_CLEAR_FOR_TLS;
    if (f->speaks == SPEAKS_SILENCE)
        return MISMATCH_SILENT;
    if (f->speaks == SPEAKS_CLEAR && f->broke_off)
        return MISMATCH_BROKEN;
    if (f->speaks == SPEAKS_UNKNOWN)
        return f->first == FIRST_CLOSED ? MISMATCH_CLOSES : MISMATCH_BROKEN;
    if (f->banner_after > SECONDS(BANNER_SLOW_SECONDS))
        return MISMATCH_SLOW_BANNER;
    return MISMATCH_NONE;
}

/* ---- the sentences ---- */

static const char *said(const struct port_facts *f)
{
    return f->first_text && f->first_text[0] ? f->first_text : "nothing";
}

static const char *why_broken(const struct port_facts *f)
{
    return f->error.text[0] ? f->error.text
           : f->broke_off   ? f->broke_off
           : f->tls.failure ? f->tls.failure
                            : "no reason is known";
}

static void add_nothing_listens(const struct port_facts *f, struct buf *out)
{
    buf_addf(out,
             "nothing listens on port %u; if %s is meant to be served there, start it and let it "
             "listen on this address",
             f->spec.port, port_protocol_name(f->spec.protocol));
}

static void add_filtered(const struct port_facts *f, struct buf *out)
{
    buf_addf(out,
             "port %u does not answer, as behind a firewall that drops packets; open it, or look "
             "from a network that may reach it",
             f->spec.port);
}

static void add_rate_limited(const struct port_facts *f, struct buf *out)
{
    buf_addf(out,
             "the server says that we are too many or too fast (%s), which says nothing about it; "
             "try again later, with --pace, or from an address that it does not limit",
             f->error.text[0] ? f->error.text : said(f));
}

static void add_silent(const struct port_facts *f, struct buf *out)
{
    buf_addf(
        out,
        "port %u takes connections and says nothing, neither a greeting nor in a TLS handshake "
        "(%s); look for a firewall or proxy in between, for a server that waits for the PROXY "
        "protocol, or for a tarpit, and give it longer with --timeout",
        f->spec.port, f->tls.failure ? f->tls.failure : "silence");
}

static void add_clear_for_tls(const struct port_facts *f, struct buf *out)
{
    uint16_t clear = clear_port_of(f);
    bool starttls = f->starttls_offered == SEEN_YES;
    buf_addf(out,
             "port %u speaks %s in clear text%s%s where TLS is expected from the first byte "
             "(clients report \"wrong version number\"); turn on implicit TLS for this port",
             f->spec.port, port_protocol_name(f->spec.protocol), starttls ? " and offers " : "",
             starttls ? starttls_word(f) : "");
    if (starttls)
        buf_addf(out, ", or set clients to %s", starttls_word(f));
    if (starttls && clear && clear != f->spec.port)
        buf_addf(out, ", which belongs on port %u", clear);
}

static void add_tls_for_clear(const struct port_facts *f, struct buf *out)
{
    uint16_t implicit = implicit_port_of(f);
    buf_addf(out,
             "port %u waits for a TLS handshake where %s greets in clear text (clients hang or "
             "time out); turn off implicit TLS for this port and offer %s",
             f->spec.port, port_protocol_name(f->spec.protocol), starttls_word(f));
    buf_adds(out, ", or set clients to implicit TLS");
    if (implicit && implicit != f->spec.port)
        buf_addf(out, ", which belongs on port %u", implicit);
}

static void add_http(const struct port_facts *f, struct buf *out)
{
    buf_addf(out,
             "port %u is a web server's: %s %s; give the mail server's name and port, or take the "
             "web server (or proxy) off this port",
             f->spec.port,
             http_in_tls(f) ? "it agrees to HTTP (ALPN) in the handshake, and does not greet in"
                            : "it answers in HTTP, not in",
             port_protocol_name(f->spec.protocol));
}

static void add_other_protocol(const struct port_facts *f, struct buf *out)
{
    buf_addf(out, "port %u speaks %s where %s belongs", f->spec.port,
             port_protocol_name(f->protocol_seen), port_protocol_name(f->spec.protocol));
    if (f->first_text && f->first_text[0])
        buf_addf(out, " (\"%s\")", f->first_text);
    buf_adds(out, "; ");
    for (size_t i = 0; i < n_port_standards; i++) {
        const struct port_standard *s = &port_standards[i];
        if (s->protocol == f->protocol_seen && s->mode == f->spec.mode && !s->optional) {
            buf_addf(out, "%s belongs on port %u, so exchange the ports of the two services",
                     port_protocol_name(s->protocol), s->port);
            return;
        }
    }
    buf_adds(out, "give each service the port that is its own");
}

static void add_no_mail(const struct port_facts *f, struct buf *out)
{
    buf_addf(out, "port %u speaks something that is not %s (\"%s\"); find out what listens there",
             f->spec.port, port_protocol_name(f->spec.protocol), said(f));
}

static void add_slow_banner(const struct port_facts *f, struct buf *out)
{
    buf_addf(out,
             "the greeting takes %.1f s, and some clients do not wait that long; shorten the "
             "pause before the greeting, or the name lookups that delay it",
             (double)f->banner_after / (double)SECONDS(1));
}

static void add_closes(const struct port_facts *f, struct buf *out)
{
    buf_addf(
        out,
        "port %u takes the connection and closes it without a word; look into the server's "
        "log for the reason: a limit of connections, access rules, a proxy without its server, or "
        "a server that waits for the PROXY protocol",
        f->spec.port);
}

static void add_refuses_us(const struct port_facts *f, struct buf *out)
{
    buf_addf(out,
             "the server turns this client away in its greeting (\"%s\"), so nothing can be told; "
             "try again later, or look from an address that it accepts",
             said(f));
}

static void add_no_address(const struct port_facts *f, struct buf *out)
{
    buf_addf(out, "%s has no address in this family", f->spec.host);
}

static void add_no_route(const struct port_facts *f, struct buf *out)
{
    buf_addf(out, "%s cannot be reached from here in this family: there is no route", f->spec.host);
}

static void add_broken(const struct port_facts *f, struct buf *out)
{
    buf_addf(out, "port %u could not be looked at: %s", f->spec.port, why_broken(f));
}

static void add_untried(const struct port_facts *f, struct buf *out)
{
    buf_addf(out, "port %u was not looked at", f->spec.port);
}

void port_mismatch_text(const struct port_facts *f, struct buf *out)
{
    static void (*const add[MISMATCHES])(const struct port_facts *, struct buf *) = {
        [MISMATCH_UNTRIED] = add_untried,
        [MISMATCH_NOTHING_LISTENS] = add_nothing_listens,
        [MISMATCH_FILTERED] = add_filtered,
        [MISMATCH_NO_ADDRESS] = add_no_address,
        [MISMATCH_NO_ROUTE] = add_no_route,
        [MISMATCH_RATE_LIMITED] = add_rate_limited,
        [MISMATCH_BROKEN] = add_broken,
        [MISMATCH_CLOSES] = add_closes,
        [MISMATCH_REFUSES_US] = add_refuses_us,
        [MISMATCH_SILENT] = add_silent,
        [MISMATCH_CLEAR_FOR_TLS] = add_clear_for_tls,
        [MISMATCH_TLS_FOR_CLEAR] = add_tls_for_clear,
        [MISMATCH_HTTP] = add_http,
        [MISMATCH_OTHER_PROTOCOL] = add_other_protocol,
        [MISMATCH_NO_MAIL] = add_no_mail,
        [MISMATCH_SLOW_BANNER] = add_slow_banner,
    };
    enum mismatch m = port_mismatch(f);
    if (add[m])
        add[m](f, out);
}

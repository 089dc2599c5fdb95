/* Fetching settings over HTTPS. */
#include "discover_private.h"
#include "http.h"
#include <errno.h>
#include <stdio.h>

enum { ADDRESSES_MAX = 8 };

/* Host and port of a URL; false when it is not https. */
static bool split_url(struct arena *a, const char *url, const char **ret_host, unsigned *ret_port)
{
    slice rest = slice_of(url);
    uint64_t port = 443;
    if (!slice_starts_nocase(rest, S("https://")))
        return false;
    rest = slice_skip(rest, 8);
    size_t end = 0;
    while (end < rest.n && !strchr("/?#", rest.p[end]))
        end++;
    rest = slice_sub(rest, 0, end);
    size_t colon = slice_find_char(rest, ':');
    if (colon != SIZE_MAX && !slice_to_u64(slice_skip(rest, colon + 1), 65535, &port))
        return false;
    *ret_host = dns_name(slice_sub(rest, 0, colon), a);
    *ret_port = (unsigned)port;
    return *ret_host != NULL;
}

/* Does --connect-to say where this host is? It need not have an address then. */
static bool is_mapped(const struct discovery *d, const char *host, unsigned port)
{
    char start[300];
    int n = snprintf(start, sizeof start, "%.253s:%u:", host, port);
    for (const char *const *c = d->options.connect_to; c && *c; c++)
        if (slice_starts_nocase(slice_of(*c), slice_make(start, (size_t)n)))
            return true;
    return false;
}

/* "host:port:address,address" for libcurl, so that it asks no resolver of its own. NULL, with the
   source's state set, when the host has no address. */
static const char *resolve_entry(struct discovery *d, struct discover_source *s, const char *host,
                                 unsigned port)
{
    const char *addresses[ADDRESSES_MAX];
    struct error err;
    int n = discover_addresses(d, host, addresses, ADDRESSES_MAX, &err);
    if (n < 0) {
        source_say(d, s, DISCOVER_UNKNOWN, "%s could not be looked up: %s", host, err.text);
        return NULL;
    }
    if (n == 0) {
        source_say(d, s, DISCOVER_ABSENT, "%s has no address", host);
        return NULL;
    }
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_addf(&text, "%s:%u:", host, port);
    for (int i = 0; i < n && i < ADDRESSES_MAX; i++)
        buf_addf(&text, "%s%s", i ? "," : "", addresses[i]);
    return arena_str(&d->arena, buf_slice(&text));
}

/* ---- what came of it ---- */

static void say_failure(struct discovery *d, struct discover_source *s, const char *host,
                        const struct error *err, int number)
{
    if (err->code == ERR_TLS && discover_is_wildcard(d, host))
        source_say(d, s, DISCOVER_ABSENT,
                   "%s has an address because every name of the domain has (a wildcard), and no "
                   "certificate of its own",
                   host);
    else if (err->code == ERR_TLS)
        source_say(d, s, DISCOVER_BLOCKED, "clients do not accept the certificate of %s: %s", host,
                   err->text);
    else if (err->code == ERR_LIMIT)
        source_say(d, s, DISCOVER_BLOCKED, "the answer of %s is too large: %s", host, err->text);
    else if (number == ECONNREFUSED)
        source_say(d, s, DISCOVER_ABSENT, "%s takes no connections for HTTPS", host);
    else
        source_say(d, s, DISCOVER_UNKNOWN, "%s", err->text);
}

static void say_status(struct discovery *d, struct discover_source *s, const char *host,
                       long status)
{
    if (status == 401 || status == 403)
        source_say(d, s, DISCOVER_ABSENT,
                   "%s wants a login (HTTP %ld), and no password is ever sent", host, status);
    else if (status == 429)
        source_say(d, s, DISCOVER_UNKNOWN, "%s says that we ask too often (HTTP 429)", host);
    else if (status >= 500)
        source_say(d, s, DISCOVER_UNKNOWN, "%s fails with HTTP %ld", host, status);
    else if (status >= 300 && status < 400)
        source_say(d, s, DISCOVER_BLOCKED, "%s answers with HTTP %ld, which leads nowhere", host,
                   status);
    else
        source_say(d, s, DISCOVER_ABSENT, "%s says that there is nothing (HTTP %ld)", host, status);
}

/* Whom the answer is for: whoever was asked for. */
static const char *address_of(struct discovery *d, const char *host, discover_body *body)
{
    if (body && !discover_tells_address(d, host))
        return arena_printf(&d->arena, DISCOVER_ANYBODY "@%s", d->domain);
    return d->local ? arena_printf(&d->arena, "%s@%s", d->local, d->domain) : d->domain;
}

/* Imports a document. The URL to go on at, when it only says that. */
static const char *take_document(struct discovery *d, struct discover_source *s, slice body,
                                 const char *url, const char *address)
{
    struct problems problems = { 0 };
    struct profile p = { 0 };
    struct import im = { .email = address, .lenient = true, .problems = &problems };
    /* The query may hold the address, which belongs into no report. */
    slice shown = slice_of(url);
    shown = slice_sub(shown, 0, slice_find_char(shown, '?'));
    bool good = import_bytes(&im, body, arena_str(&d->arena, shown), &p);
    const char *next = NULL;
    if (im.redirect_url && !good)
        next = arena_str(&d->arena, slice_of(im.redirect_url));
    else
        source_take(d, s, &im, good, &p, &problems);
    import_release(&im);
    problems_release(&problems);
    return next;
}

/* One request. The URL to go on at, or NULL when the source's state is settled. */
static const char *fetch_once(struct discovery *d, struct discover_source *s, const char *url,
                              discover_body *body)
{
    const char *host, *next = NULL;
    unsigned port;
    struct error err;
    struct http_answer answer;
    int number = 0;
    if (!split_url(&d->arena, url, &host, &port)) {
        source_say(d, s, DISCOVER_BLOCKED,
                   "it leads to a URL that is not https with a host name alone");
        return NULL;
    }
    bool mapped = is_mapped(d, host, port);
    const char *entries[] = { mapped ? NULL : resolve_entry(d, s, host, port), NULL };
    if (!mapped && !entries[0])
        return NULL;
    struct http_request request = { .url = url,
                                    .ca_file = d->options.ca_file,
                                    .resolve = entries,
                                    .connect_to = d->options.connect_to,
                                    .no_redirects = true,
                                    .https_only = true,
                                    .timeout = d->options.timeout,
                                    .ret_errno = &number };
    if (body) {
        request.post_body = body(d, host);
        request.content_type = "text/xml";
    }
    s->requests++;
    if (http_fetch(&request, &err, &answer) < 0) {
        say_failure(d, s, host, &err, number);
        return NULL;
    }
    if (answer.status >= 300 && answer.status < 400 && answer.redirect_url)
        next = arena_str(&d->arena, slice_of(answer.redirect_url));
    else if (answer.status == 200)
        next = take_document(d, s, buf_slice(&answer.body), url, address_of(d, host, body));
    else
        say_status(d, s, host, answer.status);
    http_answer_release(&answer);
    return next;
}

const char *discover_redirect(struct discovery *d, struct discover_source *s, const char *host,
                              const char *path)
{
    const char *next = NULL;
    struct error err;
    struct http_answer answer;
    struct discover_source unsaid = { 0 }; /* why there is none is not worth a word */
    bool mapped = is_mapped(d, host, 80);
    const char *entries[] = { mapped ? NULL : resolve_entry(d, &unsaid, host, 80), NULL };
    if (!mapped && !entries[0])
        return NULL;
    struct http_request request = { .url = arena_printf(&d->arena, "http://%s%s", host, path),
                                    .resolve = entries,
                                    .connect_to = d->options.connect_to,
                                    .no_redirects = true,
                                    .timeout = d->options.timeout };
    s->requests++;
    if (http_fetch(&request, &err, &answer) < 0)
        return NULL;
    if (answer.status >= 300 && answer.status < 400 && answer.redirect_url)
        next = arena_str(&d->arena, slice_of(answer.redirect_url));
    http_answer_release(&answer);
    return next;
}

void discover_fetch(struct discovery *d, struct discover_source *s, const char *url,
                    discover_body *body)
{
    slice shown = slice_of(url);
    shown = slice_sub(shown, 0, slice_find_char(shown, '?'));
    s->where = arena_str(&d->arena, shown);
    for (int hops = 0; hops <= HTTP_REDIRECTS_MAX && url; hops++)
        url = fetch_once(d, s, url, body);
    if (url)
        source_say(d, s, DISCOVER_BLOCKED, "more than %d redirects, one after the other",
                   HTTP_REDIRECTS_MAX);
}

bool state_is_final(enum discover_state state)
{
    return state == DISCOVER_FOUND || state == DISCOVER_BROKEN;
}

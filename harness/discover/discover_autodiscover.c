/* Autodiscover in POX: a POST with the address, as Outlook sends it. */
#include "discover_private.h"
#include "markup.h"

#define POX_PATH "/autodiscover/autodiscover.xml"

static const char *request_body(struct discovery *d, const char *host)
{
    auto_buf body;
    buf_init(&body, BUF_OURS);
    buf_adds(&body, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                    "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
                    "outlook/requestschema/2006\">\n  <Request>\n    <EMailAddress>");
    markup_text(&body, discover_tells_address(d, host) ? d->local : DISCOVER_ANYBODY);
    buf_addf(&body,
             "@%s</EMailAddress>\n    <AcceptableResponseSchema>http://schemas.microsoft.com/"
             "exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>\n"
             "  </Request>\n</Autodiscover>\n",
             d->domain);
    return arena_str(&d->arena, buf_slice(&body));
}

static void ask_host(struct discovery *d, struct discover_source *s, const char *host,
                     unsigned port)
{
    const char *url = port == 443 ? arena_printf(&d->arena, "https://%s" POX_PATH, host)
                                  : arena_printf(&d->arena, "https://%s:%u" POX_PATH, host, port);
    discover_fetch(d, s, url, request_body);
}

/* Is the second answer worth more than the first? What is wrong is worth more than what is not
   there. */
static bool is_worth_more(enum discover_state a, enum discover_state b)
{
    static const int worth[] = {
        [DISCOVER_NOT_ASKED] = 0, [DISCOVER_ABSENT] = 1, [DISCOVER_BLOCKED] = 2,
        [DISCOVER_UNKNOWN] = 3,   [DISCOVER_BROKEN] = 4, [DISCOVER_FOUND] = 5
    };
    return worth[a] > worth[b];
}

/* Keeps what was learnt before when the later answer is worth less. */
static void keep_better(struct discover_source *s, const struct discover_source *before)
{
    if (!is_worth_more(before->state, s->state))
        return;
    s->state = before->state;
    s->where = before->where;
    s->said = before->said;
}

/* Outlook's last step: plain HTTP may say where to ask, and nothing else. */
static void ask_redirect(struct discovery *d, struct discover_source *s, const char *host)
{
    const struct discover_source before = *s;
    const char *url = discover_redirect(d, s, host, POX_PATH);
    if (!url)
        return;
    slice shown = slice_sub(slice_of(url), 0, slice_find_char(slice_of(url), '?'));
    if (!slice_starts_nocase(shown, S("https://"))) {
        source_say(d, s, DISCOVER_ABSENT,
                   "http://%s" POX_PATH " redirects to %.*s, which is not https: clients do not "
                   "follow",
                   host, SLICE_ARG(shown));
        keep_better(s, &before);
        return;
    }
    source_find(d, s, IMPORT_NOTE, (struct place) { 0 },
                "http://%s" POX_PATH " redirects to %.*s; plain HTTP can be changed on the way, so "
                "clients ask their users whether that is right",
                host, SLICE_ARG(shown));
    discover_fetch(d, s, url, request_body);
    keep_better(s, &before);
}

void discover_autodiscover(struct discovery *d, struct discover_source *s)
{
    ask_host(d, s, d->domain, 443);
    if (state_is_final(s->state))
        return;
    const struct discover_source before = *s;
    const char *host = arena_printf(&d->arena, "autodiscover.%s", d->domain);
    ask_host(d, s, host, 443);
    keep_better(s, &before);
    if (!state_is_final(s->state))
        ask_redirect(d, s, host);
}

void discover_autodiscover_srv(struct discovery *d, struct discover_source *s)
{
    struct dns_answer a;
    struct error err;
    s->where = arena_printf(&d->arena, "_autodiscover._tcp.%s", d->domain);
    if (dns_query(d->options.dns, s->where, DNS_SRV, discover_deadline(d), &err, &a) < 0) {
        source_say(d, s, DISCOVER_UNKNOWN, "%s could not be looked up: %s", s->where, err.text);
        return;
    }
    if (a.trust == DNS_BOGUS)
        source_say(d, s, DISCOVER_BROKEN, "the DNSSEC signatures of %s do not hold", s->where);
    else if (!a.n)
        source_say(d, s, DISCOVER_ABSENT, "there is no %s", s->where);
    else if (!a.records[0].host[0])
        source_say(d, s, DISCOVER_ABSENT, "%s says that it is not offered", s->where);
    else
        ask_host(d, s, a.records[0].host, a.records[0].port ? a.records[0].port : 443);
    dns_answer_release(&a);
}

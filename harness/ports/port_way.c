#include "port_visit_private.h"

/* Greeting, hello where one is needed, STARTTLS and its go-ahead. */
static int begin_starttls(struct talk *t, struct error *err)
{
    struct capabilities caps = { 0 };
    enum talk_answer answer = talk_greeting(t);
    if (answer == TALK_CLOSED) {
        port_rate_limited(t->facts, "a later connection was closed without a greeting");
        return error_set(err, ERR_RATE, "%s", t->facts->error.text);
    }
    if (answer == TALK_YES && (t->protocol == PORT_SMTP || t->protocol == PORT_LMTP))
        answer = visit_ask_offers(t, &caps);
    capabilities_release(&caps);
    if (answer == TALK_YES)
        answer = visit_go_ahead(t, NULL);
    if (answer == TALK_YES)
        return 0;
    return error_set(err, answer == TALK_RATE ? ERR_RATE : ERR_NETWORK, "no way to a handshake: %s",
                     talk_said(t));
}

int port_way_open(void *ctx, const char *question, nsec deadline, struct error *err,
                  struct stream **ret)
{
    struct port_way *way = ctx;
    struct port_facts *f = way->facts;
    struct stream *link;
    way->alert = -1;
    way->answered = false;
    (void)deadline; /* each step has the options' timeout */
    int r = port_link_open(way->options, f, question, err, &link);
    if (r < 0)
        return r;
    if (f->speaks != SPEAKS_CLEAR) {
        port_link_watch(link, way, NULL, f->protocol_seen);
        *ret = link;
        return 0;
    }
    struct talk t;
    talk_init(&t, way->options, f, question, link);
    t.protocol = f->protocol_seen;
    r = begin_starttls(&t, err);
    if (r == 0) {
        bool ask = f->falls_back == SEEN_NOT_ASKED;
        port_link_forget(link);
        port_link_watch(link, way, ask ? &f->falls_back : NULL, t.protocol);
        *ret = talk_take(&t);
    }
    talk_release(&t);
    return r;
}

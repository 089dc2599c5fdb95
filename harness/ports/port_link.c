#include "port_link.h"
#include "first_bytes.h"

enum { TLS_HANDSHAKE = 0x16 /* the first octet of such a record */ };
enum { TIMEOUT_DEFAULT_SECONDS = 10, FALL_BACK_MILLIS = 500, NO_LIMIT = 1000000 };

struct link {
    struct stream base;
    struct budget *budget; /* where its place is given back; NULL: none */
    char first[LINK_FIRST_MAX];
    size_t n_first;
    nsec first_at;
    struct port_way *way;
    enum seen *fall_back;
    enum port_protocol protocol;
};

static struct link *self_of(const struct stream *s)
{
    return (struct link *)s;
}

static void remember(struct link *l, slice data)
{
    data = slice_sub(data, 0, sizeof l->first - l->n_first);
    if (!l->n_first)
        l->first_at = now();
    memcpy(l->first + l->n_first, data.p, data.n);
    l->n_first += data.n;
}

static ssize_t link_read(struct stream *s, void *data, size_t n, nsec deadline)
{
    ssize_t got = stream_read(s->under, data, n, deadline);
    if (got > 0)
        remember(self_of(s), slice_make(data, (size_t)got));
    return got < 0 ? stream_fail_under(s, (int)got) : got;
}

static int link_write(struct stream *s, const void *data, size_t n, nsec deadline)
{
    int r = stream_write(s->under, data, n, deadline);
    return r < 0 ? stream_fail_under(s, r) : r;
}

/* A line that says that a command was understood, anywhere in what came. */
static bool holds_success(slice text, enum port_protocol protocol)
{
    static const char *const success[PORT_PROTOCOLS] = { "250", "250", "+OK", "n1 OK", "OK" };
    slice line;
    while (slice_line(&text, &line))
        if (slice_starts_nocase(line, slice_of(success[protocol])))
            return true;
    return false;
}

static void probe_fall_back(struct link *l)
{
    static const char *const commands[PORT_PROTOCOLS] = { "NOOP\r\n", "NOOP\r\n", "CAPA\r\n",
                                                          "n1 NOOP\r\n", "NOOP\r\n" };
    nsec deadline = now() + MILLIS(FALL_BACK_MILLIS);
    char text[LINK_FIRST_MAX];
    ssize_t n;
    auto_buf all;
    buf_init(&all, 4 * LINK_FIRST_MAX);
    *l->fall_back = SEEN_NO;
    if (stream_write_slice(l->base.under, slice_of(commands[l->protocol]), deadline) < 0)
        return;
    while ((n = stream_read(l->base.under, text, sizeof text, deadline)) > 0 &&
           buf_add(&all, slice_make(text, (size_t)n)) &&
           !holds_success(buf_slice(&all), l->protocol))
        ;
    if (holds_success(buf_slice(&all), l->protocol))
        *l->fall_back = SEEN_YES;
}

/* In clear, where TLS was spoken before: Exim says its 421 so. */
static void note_turned_away(struct port_facts *f, slice first)
{
    enum port_protocol ignored;
    slice line;
    if (f->speaks == SPEAKS_TLS && f->reach == REACH_OPEN &&
        first_bytes_protocol(first_bytes_of(first), f->spec.protocol, &ignored) &&
        slice_line(&first, &line))
        port_rate_limited(f, port_facts_text(f, line));
}

static void link_close(struct stream *s)
{
    struct link *l = self_of(s);
    if (l->way) {
        note_turned_away(l->way->facts, port_link_first(s));
        l->way->alert = first_bytes_alert(port_link_first(s));
        l->way->answered = l->n_first > 0;
    }
    /* Behind a ServerHello the handshake has not failed: our line would only break it. */
    if (l->fall_back && (!l->n_first || l->first[0] != TLS_HANDSHAKE))
        probe_fall_back(l);
    stream_close(s->under);
    if (l->budget)
        budget_give(l->budget);
    stream_release(s);
    free(l);
}

static const struct stream_ops link_ops = {
    "link", link_read, link_write, stream_half_close_under, stream_reset_under, link_close
};

slice port_link_first(const struct stream *link)
{
    return slice_make(self_of(link)->first, self_of(link)->n_first);
}

nsec port_link_first_at(const struct stream *link)
{
    return self_of(link)->first_at;
}

void port_link_forget(struct stream *link)
{
    self_of(link)->n_first = 0;
}

void port_link_watch(struct stream *link, struct port_way *way, enum seen *fall_back,
                     enum port_protocol protocol)
{
    struct link *l = self_of(link);
    l->way = way;
    l->fall_back = fall_back;
    l->protocol = protocol;
}

/* ---- opening ---- */

unsigned port_connections_left(const struct port_options *options, const struct port_facts *facts)
{
    unsigned max = options->max_connections ? options->max_connections
                   : options->full          ? NO_LIMIT
                                            : PORT_QUICK_CONNECTIONS;
    return facts->connections < max ? max - facts->connections : 0;
}

nsec port_timeout(const struct port_options *options)
{
    return options->timeout ? options->timeout : SECONDS(TIMEOUT_DEFAULT_SECONDS);
}

void port_rate_limited(struct port_facts *facts, const char *said)
{
    facts->reach = REACH_RATE_LIMITED;
    error_set(&facts->error, ERR_RATE, "%s", said);
}

static enum port_reach reach_of(int code)
{
    switch (code) {
    case ERR_REFUSED:
        return REACH_REFUSED;
    case ERR_TIMEOUT:
        return REACH_FILTERED;
    case ERR_USAGE:
        return REACH_NO_ADDRESS;
    case ERR_NETWORK:
        return REACH_NO_ROUTE;
    default:
        return REACH_BROKEN;
    }
}

static int dial_failed(struct port_facts *facts, int code, const struct error *err)
{
    if (code == ERR_CANCEL)
        return code;
    if (code == ERR_USAGE)
        facts->connections--; /* there is no address to connect to */
    bool limited = facts->reach == REACH_OPEN && (code == ERR_REFUSED || code == ERR_TIMEOUT);
    facts->error = *err;
    facts->reach = limited ? REACH_RATE_LIMITED : reach_of(code);
    transcript_note(facts->transcript, "connection", false, now(), "%s", err->text);
    return limited ? ERR_RATE : code;
}

static struct stream *link_new(const struct port_options *options, struct stream *under)
{
    struct link *l = NEW(struct link);
    l->base.ops = &link_ops;
    l->base.under = under;
    l->budget = options->budget;
    return &l->base;
}

static int take_place(const struct port_options *options, const struct port_facts *facts,
                      struct error *err)
{
    if (facts->reach == REACH_RATE_LIMITED)
        return error_set(err, ERR_RATE, "%s", facts->error.text);
    if (!port_connections_left(options, facts))
        return error_set(err, ERR_LIMIT, "no connection left for this port");
    if (facts->connections && options->pace && task_sleep(now() + options->pace) == WAKE_CANCEL)
        return error_set(err, ERR_CANCEL, "cancelled between two connections");
    return options->budget ? budget_take(options->budget, err) : 0;
}

int port_link_open(const struct port_options *options, struct port_facts *facts,
                   const char *question, struct error *err, struct stream **ret)
{
    struct stream *under;
    struct error why = { 0 };
    int r = take_place(options, facts, err);
    if (r < 0)
        return r;
    nsec began = now();
    facts->connections++;
    r = options->dialer.dial(options->dialer.ctx, &facts->spec, began + port_timeout(options), &why,
                             &under);
    if (r < 0) {
        if (options->budget)
            budget_give(options->budget);
        r = dial_failed(facts, r, &why);
        return error_set(err, r, "%s", why.text);
    }
    if (facts->reach != REACH_OPEN) {
        char name[80];
        stream_peer_name(under, name);
        facts->address = arena_str(&facts->arena, slice_of(name));
        facts->reach = REACH_OPEN;
    }
    transcript_note(facts->transcript, question, false, now(), "connected");
    *ret = link_new(options, under);
    return 0;
}

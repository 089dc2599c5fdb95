#include "next_hop.h"
#include "dot_stuff.h"
#include "line_frame.h"

enum { READ_SIZE = 16 * 1024 };

/* One connection. */
struct session {
    struct next_hop *nh;
    struct stream *stream;
    struct buf in;
    struct next_hop_mail *mail; /* under way; NULL */
    bool closing;
};

struct next_hop *next_hop_new(void)
{
    return NEW(struct next_hop);
}

static void mail_free(struct next_hop_mail *m)
{
    if (!m)
        return;
    free(m->from);
    array_each (to, &m->to)
        free(*to);
    array_release(&m->to);
    buf_release(&m->raw);
    buf_release(&m->data);
    free(m);
}

void next_hop_free(struct next_hop *nh)
{
    if (!nh)
        return;
    array_each (t, &nh->tasks)
        task_join(*t);
    array_release(&nh->tasks);
    array_each (m, &nh->mails)
        mail_free(*m);
    array_release(&nh->mails);
    array_each (r, &nh->refusals) {
        free(r->verb);
        free(r->reply);
    }
    array_release(&nh->refusals);
    free(nh);
}

static struct next_hop_refusal *find_refusal(const struct next_hop *nh, slice verb)
{
    array_each (r, &nh->refusals)
        if (slice_eq_nocase(verb, slice_of(r->verb)))
            return r;
    return NULL;
}

void next_hop_refuse(struct next_hop *nh, const char *verb, const char *reply)
{
    struct next_hop_refusal *r = find_refusal(nh, slice_of(verb));
    if (!r) {
        r = array_push(&nh->refusals);
        r->verb = xstrdup(verb);
    }
    free(r->reply);
    r->reply = reply ? xstrdup(reply) : NULL;
}

bool next_hop_wait(struct next_hop *nh, size_t n, nsec deadline)
{
    while (nh->mails.n < n)
        if (cond_wait(&nh->arrived, deadline) != WAKE_READY)
            return false;
    return true;
}

const struct next_hop_mail *next_hop_find(const struct next_hop *nh, slice address)
{
    for (size_t i = nh->mails.n; i-- > 0;)
        array_each (to, &nh->mails.v[i]->to)
            if (slice_find_nocase(slice_of(*to), address) != SIZE_MAX)
                return nh->mails.v[i];
    return NULL;
}

/* --- one connection --- */

static void say(struct session *s, const char *text)
{
    nsec deadline = now() + SECONDS(NEXT_HOP_IDLE_SECONDS);
    if (stream_write_slice(s->stream, slice_of(text), deadline) < 0 ||
        stream_write_slice(s->stream, S("\r\n"), deadline) < 0)
        s->closing = true;
}

/* The scripted reply of this verb, or the usual one. True when it was the usual one. */
static bool answer(struct session *s, slice verb, const char *usual)
{
    const struct next_hop_refusal *r = find_refusal(s->nh, verb);
    bool scripted = r && r->reply;
    say(s, scripted ? r->reply : usual);
    return !scripted;
}

static bool fill(struct session *s)
{
    char *room = buf_room(&s->in, READ_SIZE);
    nsec deadline = now() + SECONDS(NEXT_HOP_IDLE_SECONDS);
    ssize_t n = room ? stream_read(s->stream, room, READ_SIZE, deadline) : IO_LIMIT;
    if (n > 0)
        buf_claim(&s->in, (size_t)n);
    s->closing |= n <= 0;
    return n > 0;
}

static bool has_bare(slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
            i++;
        else if (s.p[i] == '\r' || s.p[i] == '\n')
            return true;
    }
    return false;
}

static void keep(struct session *s)
{
    if (!answer(s, S("."), "250 2.0.0 kept"))
        return;
    s->mail->bare = has_bare(buf_slice(&s->mail->raw));
    s->mail->at = now();
    *array_push(&s->nh->mails) = take(s->mail);
    cond_broadcast(&s->nh->arrived);
}

static void read_data(struct session *s)
{
    struct dot_decoder decoder = { 0 };
    for (;;) {
        size_t used = 0;
        slice pending = buf_slice(&s->in);
        enum frame f = dot_decode(&decoder, pending, &s->mail->data, &used);
        if (f == FRAME_LIMIT) {
            s->closing = true;
            return;
        }
        buf_add(&s->mail->raw, slice_sub(pending, 0, used));
        buf_shift(&s->in, used);
        if (f == FRAME_READY)
            break;
        if (!fill(s))
            return;
    }
    keep(s);
}

static void begin_mail(struct session *s, slice from)
{
    mail_free(s->mail);
    s->mail = NEW(struct next_hop_mail);
    buf_init(&s->mail->raw, NEXT_HOP_MESSAGE_MAX);
    buf_init(&s->mail->data, NEXT_HOP_MESSAGE_MAX);
    s->mail->from = xslicedup(from);
}

#define EXTENSIONS                                                                                 \
    "250-nexthop.mailassay.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"  \
    "250 ENHANCEDSTATUSCODES"

static void run_mail(struct session *s, slice args)
{
    if (answer(s, S("MAIL"), "250 2.1.0 ok"))
        begin_mail(s, slice_skip(args, S("FROM:").n));
}

static void run_rcpt(struct session *s, slice args)
{
    if (!s->mail)
        say(s, "503 5.5.1 send MAIL first");
    else if (answer(s, S("RCPT"), "250 2.1.5 ok"))
        *array_push(&s->mail->to) = xslicedup(slice_skip(args, S("TO:").n));
}

static void run_data(struct session *s)
{
    if (!s->mail || !s->mail->to.n)
        say(s, "503 5.5.1 send RCPT first");
    else if (answer(s, S("DATA"), "354 go on"))
        read_data(s);
    mail_free(take(s->mail));
}

static void run(struct session *s, slice line)
{
    slice args = line, verb;
    slice_cut(&args, ' ', &verb);
    if (slice_eq_nocase(verb, S("EHLO")) && !s->nh->plain) {
        answer(s, verb, EXTENSIONS);
    } else if (slice_eq_nocase(verb, S("HELO"))) {
        answer(s, verb, "250 nexthop.mailassay.test");
    } else if (slice_eq_nocase(verb, S("MAIL"))) {
        run_mail(s, args);
    } else if (slice_eq_nocase(verb, S("RCPT"))) {
        run_rcpt(s, args);
    } else if (slice_eq_nocase(verb, S("DATA"))) {
        run_data(s);
    } else if (slice_eq_nocase(verb, S("QUIT"))) {
        say(s, "221 2.0.0 bye");
        s->closing = true;
    } else if (slice_eq_nocase(verb, S("RSET")) || slice_eq_nocase(verb, S("NOOP"))) {
        mail_free(slice_eq_nocase(verb, S("RSET")) ? take(s->mail) : NULL);
        say(s, "250 2.0.0 ok");
    } else {
        say(s, "502 5.5.1 not implemented");
    }
}

/* The next command; false at the end of the connection. */
static bool next_line(struct session *s, struct line *ret)
{
    struct line_frame frame;
    line_frame_init(&frame, NEXT_HOP_LINE_MAX);
    for (;;) {
        enum frame f = line_frame_next(&frame, buf_slice(&s->in), ret);
        if (f != FRAME_MORE)
            return f == FRAME_READY;
        if (!fill(s))
            return false;
    }
}

void next_hop_serve(struct next_hop *nh, struct stream *stream)
{
    struct session s = { .nh = nh, .stream = stream };
    struct line line;
    buf_init(&s.in, NEXT_HOP_MESSAGE_MAX);
    say(&s, "220 nexthop.mailassay.test next hop");
    while (!s.closing && next_line(&s, &line)) {
        /* The command may read on, and that moves the input. */
        autofree char *copy = xslicedup(line.text);
        slice text = slice_make(copy, line.text.n);
        buf_shift(&s.in, line.octets);
        run(&s, text);
    }
    mail_free(s.mail);
    buf_release(&s.in);
    stream_close(stream);
}

struct dialled {
    struct next_hop *nh;
    struct stream *stream;
};

static void serve_dialled(void *arg)
{
    struct dialled d = *(struct dialled *)arg;
    free(arg);
    next_hop_serve(d.nh, d.stream);
}

/* Those that ended need not be kept until the end. */
static void join_ended(struct next_hop *nh)
{
    for (size_t i = nh->tasks.n; i-- > 0;)
        if (task_is_done(nh->tasks.v[i])) {
            task_join(nh->tasks.v[i]);
            array_remove(&nh->tasks, i);
        }
}

int next_hop_dial(void *next_hop, nsec deadline, struct error *err, struct stream **ret)
{
    struct next_hop *nh = next_hop;
    struct stream *ends[2];
    struct dialled *d = NEW(struct dialled);
    join_ended(nh);
    pair_open(ends);
    *d = (struct dialled) { nh, ends[1] };
    *array_push(&nh->tasks) = task_spawn(serve_dialled, d);
    *ret = ends[0];
    return 0;
}

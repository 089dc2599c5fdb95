#include "port_talk.h"
#include "first_bytes.h"
#include "tls.h"

enum { READ_CHUNK = 4096 };

void talk_init(struct talk *t, const struct port_options *options, struct port_facts *facts,
               const char *question, struct stream *link)
{
    *t = (struct talk) { .options = options,
                         .facts = facts,
                         .question = question,
                         .stream = link,
                         .link = link,
                         .protocol = facts->spec.protocol };
    buf_init(&t->in, TALK_LINE_MAX + READ_CHUNK);
    buf_init(&t->reply, TALK_REPLY_MAX);
}

void talk_release(struct talk *t)
{
    if (t->stream)
        transcript_note(t->facts->transcript, t->question, t->tls != NULL, now(), "disconnected");
    stream_close(t->stream);
    t->stream = NULL;
    buf_release(&t->in);
    buf_release(&t->reply);
}

struct stream *talk_take(struct talk *t)
{
    struct stream *s = t->stream;
    t->stream = NULL;
    return s;
}

slice talk_pending(const struct talk *t)
{
    return slice_skip(buf_slice(&t->in), t->used);
}

/* TALK_YES when more octets came. */
static enum talk_answer fill(struct talk *t, nsec deadline)
{
    if (t->used) {
        buf_shift(&t->in, t->used);
        t->used = 0;
    }
    char *room = buf_room(&t->in, READ_CHUNK);
    if (!room)
        return TALK_NONSENSE;
    ssize_t n = stream_read(t->stream, room, READ_CHUNK, deadline);
    if (n > 0)
        buf_claim(&t->in, (size_t)n);
    return n > 0             ? TALK_YES
           : n == IO_TIMEOUT ? TALK_SILENT
           : n == IO_CANCEL  ? TALK_CANCELLED
                             : TALK_CLOSED;
}

enum first_bytes talk_listen(struct talk *t, nsec deadline)
{
    enum first_bytes kind;
    enum talk_answer got = TALK_YES;
    while ((kind = first_bytes_of(talk_pending(t))) == FIRST_UNKNOWN && got == TALK_YES)
        got = fill(t, deadline);
    if (kind != FIRST_UNKNOWN || talk_pending(t).n)
        return kind;
    return got == TALK_CLOSED ? FIRST_CLOSED : FIRST_NOTHING;
}

enum talk_answer talk_drain(struct talk *t, nsec deadline)
{
    enum talk_answer got;
    do {
        buf_clear(&t->in);
        t->used = 0;
        got = fill(t, deadline);
        if (got == TALK_YES && now() > deadline) /* it never stops sending */
            got = TALK_SILENT;
    } while (got == TALK_YES);
    return got;
}

static enum talk_answer take_line(struct talk *t, nsec deadline, slice *ret)
{
    size_t end;
    while ((end = slice_find_char(talk_pending(t), '\n')) == SIZE_MAX) {
        enum talk_answer got = fill(t, deadline);
        if (got != TALK_YES)
            return got;
    }
    slice line = slice_sub(talk_pending(t), 0, end + 1);
    t->used += line.n;
    transcript_received(t->facts->transcript, t->question, t->tls != NULL, now(), line);
    *ret = line;
    return TALK_YES;
}

static slice without_end(slice line)
{
    line = slice_sub(line, 0, line.n - 1);
    return line.n && line.p[line.n - 1] == '\r' ? slice_sub(line, 0, line.n - 1) : line;
}

static enum talk_answer read_reply(struct talk *t, bool multi)
{
    nsec deadline = now() + port_timeout(t->options);
    bool more = true;
    enum talk_answer answer = TALK_YES;
    buf_clear(&t->reply);
    t->last = S("");
    for (bool first = true; more; first = false) {
        slice line;
        answer = take_line(t, deadline, &line);
        if (answer != TALK_YES)
            return answer;
        if (!buf_add(&t->reply, line))
            return TALK_NONSENSE;
        slice text = without_end(line);
        t->last =
            slice_sub(buf_slice(&t->reply), t->reply.n - line.n, t->reply.n - line.n + text.n);
        answer = talk_read_line(t->protocol, text, slice_of(t->tag), first, multi, &more);
        if (answer == TALK_NONSENSE)
            return answer;
    }
    return answer;
}

enum talk_answer talk_reply(struct talk *t, bool multi)
{
    t->answer = read_reply(t, multi);
    if (t->answer == TALK_RATE)
        port_rate_limited(t->facts, talk_said(t));
    return t->answer;
}

enum talk_answer talk_next_line(struct talk *t, nsec deadline, slice *ret)
{
    slice line;
    enum talk_answer got = take_line(t, deadline, &line);
    if (got == TALK_YES)
        *ret = without_end(line);
    return got;
}

enum talk_answer talk_greeting(struct talk *t)
{
    t->tag[0] = '\0';
    return talk_reply(t, false);
}

void talk_new_tag(struct talk *t)
{
    t->tag[0] = '\0';
    if (t->protocol == PORT_IMAP)
        snprintf(t->tag, sizeof t->tag, "v%u", ++t->tags);
}

bool talk_send(struct talk *t, slice bytes)
{
    transcript_sent(t->facts->transcript, t->question, t->tls != NULL, now(), bytes);
    return stream_write_slice(t->stream, bytes, now() + port_timeout(t->options)) == 0;
}

static enum talk_answer say(struct talk *t, const char *line, bool multi)
{
    auto_buf bytes;
    buf_init(&bytes, BUF_OURS);
    buf_addf(&bytes, "%s%s%s\r\n", t->tag, t->tag[0] ? " " : "", line);
    /* What could not be sent may have been answered by a last word. */
    (void)talk_send(t, buf_slice(&bytes));
    return talk_reply(t, multi);
}

enum talk_answer talk_command(struct talk *t, const char *line)
{
    talk_new_tag(t);
    return say(t, line, false);
}

enum talk_answer talk_command_multi(struct talk *t, const char *line)
{
    talk_new_tag(t);
    return say(t, line, true);
}

enum talk_answer talk_line(struct talk *t, const char *line)
{
    auto_buf bytes;
    buf_init(&bytes, BUF_OURS);
    buf_addf(&bytes, "%s\r\n", line);
    (void)talk_send(t, buf_slice(&bytes));
    return talk_reply(t, false);
}

const char *talk_said(struct talk *t)
{
    switch (t->answer) {
    case TALK_CLOSED:
        return "(the connection was closed)";
    case TALK_SILENT:
        return t->reply.n || talk_pending(t).n ? "(no end of the answer in time)" : "(no answer)";
    case TALK_CANCELLED:
        return "(interrupted)";
    default:
        return port_facts_text(t->facts, t->last);
    }
}

int talk_start_tls(struct talk *t, const struct tls_options *how, struct error *err)
{
    struct stream *top;
    buf_clear(&t->in);
    t->used = 0;
    port_link_forget(t->link);
    nsec deadline = now() + port_timeout(t->options);
    int r = tls_open_client(t->stream, t->options->tls, how, deadline, err, &top);
    transcript_note(t->facts->transcript, t->question, r == 0, now(), "%s",
                    r == 0 ? "TLS has begun" : err->text);
    if (r == 0)
        t->stream = t->tls = top;
    return r;
}

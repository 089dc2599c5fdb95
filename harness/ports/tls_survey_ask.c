#include "tls_survey_ask.h"
#include "printable.h"

enum { HELLO_BUFFER = 2 * TLS_HELLO_MAX, READ_SIZE = 4096 };

void survey_begin(struct survey *s, const struct survey_way *way, struct tls_survey *facts,
                  unsigned max)
{
    *s = (struct survey) { .way = way, .facts = facts, .max = max };
}

void survey_end(struct survey *s)
{
    free(s->taken);
}

static void note(struct survey *s, const char *question, const char *text)
{
    struct tls_survey *f = s->facts;
    *array_push(&f->unclear) = arena_printf(&f->arena, "%s: %s", question, text);
}

static enum survey_answer stop(struct survey *s, const char *question, const char *why)
{
    s->stopped = true;
    note(s, question, arena_printf(&s->facts->arena, "%s; no more was asked", why));
    return SURVEY_UNCLEAR;
}

/* No verdict on this question. Too many of them, and the rest is not asked. */
enum survey_answer survey_unclear(struct survey *s, const char *question, const char *why)
{
    if (++s->trouble >= SURVEY_TROUBLE_MAX)
        return stop(s, question, why);
    note(s, question, why);
    return SURVEY_UNCLEAR;
}

static enum survey_answer unopened(struct survey *s, const char *question, const struct error *err)
{
    if (err->code == ERR_RATE || err->code == ERR_LIMIT || err->code == ERR_CANCEL)
        return stop(s, question, err->text);
    return survey_unclear(s, question, err->text);
}

/* What an end before any answer means. */
static enum survey_answer ended(struct survey *s, const char *question, struct stream *stream,
                                ssize_t result)
{
    if (result == 0 || stream_cause(stream) == CAUSE_RESET)
        return SURVEY_REFUSED;
    if (result == IO_CANCEL)
        return stop(s, question, stream_error(stream));
    s->facts->unanswered += result == IO_TIMEOUT;
    return survey_unclear(s, question,
                          result == IO_TIMEOUT ? "no answer to the hello in time"
                                               : stream_error(stream));
}

/* "-ERR", "454 ", "NO", "* BYE", "v3 BAD": an answer of a mail protocol that says no. 421 says that
   it has enough of us, and nothing about the hello (RFC 5321 section 3.8). */
static bool says_no(slice line)
{
    static const char *const starts[] = { "-ERR", "NO ", "BYE", "* BYE" };
    if (slice_starts(line, S("421")))
        return false;
    if (line.n > 3 && (line.p[0] == '4' || line.p[0] == '5') && ascii_is_digit(line.p[1]) &&
        ascii_is_digit(line.p[2]))
        return true;
    for (size_t i = 0; i < COUNT(starts); i++)
        if (slice_starts_nocase(line, slice_of(starts[i])))
            return true;
    return slice_find_nocase(line, S(" NO ")) != SIZE_MAX ||
           slice_find_nocase(line, S(" BAD ")) != SIZE_MAX;
}

/* What came is not TLS. Behind STARTTLS a server may refuse a hello in clear (mailutils: "-ERR"). Else
   its words are the reason why nothing is known: Exim says 421 on a port of implicit TLS. */
static enum survey_answer foreign(struct survey *s, const char *question, slice bytes)
{
    enum { SHOWN_MAX = 100 };
    slice line = S("");
    auto_buf text;
    buf_init(&text, BUF_OURS);
    slice_line(&bytes, &line);
    if (s->way->after_clear && says_no(line))
        return SURVEY_REFUSED;
    buf_addf(&text, "what came is not TLS%s", line.n ? ": " : "");
    printable_add(&text, slice_sub(line, 0, line.n < SHOWN_MAX ? line.n : SHOWN_MAX));
    return survey_unclear(s, question, text.p);
}

static enum survey_answer read_answer(struct survey *s, const char *question, struct stream *stream,
                                      nsec deadline, struct tls_answer *ret, bool *ret_silent)
{
    char bytes[READ_SIZE];
    ssize_t n = 1;
    while (ret->state == ANSWER_MORE &&
           (n = stream_read(stream, bytes, sizeof bytes, deadline)) > 0)
        tls_answer_feed(ret, slice_make(bytes, (size_t)n));
    s->facts->answered += ret->hello || ret->state == ANSWER_ALERT;
    if (ret->state == ANSWER_ALERT)
        return SURVEY_REFUSED;
    if (ret->state == ANSWER_FOREIGN) {
        enum survey_answer no = foreign(s, question, slice_make(bytes, n > 0 ? (size_t)n : 0));
        *ret_silent = no == SURVEY_REFUSED;
        return no;
    }
    if (ret->state == ANSWER_BROKEN)
        return survey_unclear(s, question, "what came is against the grammar of TLS");
    if (ret->hello)
        return SURVEY_ACCEPTED;
    enum survey_answer got = ended(s, question, stream, n);
    *ret_silent = got == SURVEY_REFUSED;
    return got;
}

static enum survey_answer talk(struct survey *s, const char *question, struct stream *stream,
                               const struct tls_client_hello *hello, nsec deadline,
                               struct tls_answer *ret, bool *ret_silent)
{
    auto_buf wire;
    buf_init(&wire, HELLO_BUFFER);
    tls_hello_write(hello, &wire);
    /* A server may answer, and close, before it has read the whole of a hello that it does not
       like. So a write that fails is no verdict: what can be read is. */
    (void)stream_write_slice(stream, buf_slice(&wire), deadline);
    return read_answer(s, question, stream, deadline, ret, ret_silent);
}

bool survey_may_ask(struct survey *s, const char *question)
{
    if (!s->stopped && s->max && s->facts->connections >= s->max)
        stop(s, question, "no connection is left for it");
    return !s->stopped;
}

bool survey_open(struct survey *s, const char *question, struct stream **ret)
{
    struct error err = { 0 };
    s->facts->connections++;
    int r = s->way->open(s->way->ctx, question, now() + s->way->timeout, &err, ret);
    if (r < 0)
        unopened(s, question, &err);
    return r >= 0;
}

/* One connection. *ret_silent: it was refused without a word of TLS. */
static enum survey_answer ask_once(struct survey *s, const char *question,
                                   const struct tls_client_hello *hello, struct tls_answer *ret,
                                   bool *ret_silent)
{
    struct stream *stream;
    tls_answer_init(ret);
    *ret_silent = false;
    if (!survey_may_ask(s, question) || !survey_open(s, question, &stream))
        return SURVEY_UNCLEAR;
    enum survey_answer got =
        talk(s, question, stream, hello, now() + s->way->timeout, ret, ret_silent);
    /* The session goes no further: there is nothing to end in an orderly way. */
    stream_close(stream);
    if (got == SURVEY_ACCEPTED || got == SURVEY_REFUSED)
        s->trouble = 0;
    return got;
}

/* Is a hello that was taken before still taken? */
static bool control(struct survey *s, const char *question)
{
    struct tls_answer answer;
    bool silent;
    enum survey_answer got = ask_once(s, question, s->taken, &answer, &silent);
    tls_answer_release(&answer);
    return got == SURVEY_ACCEPTED;
}

static void keep_taken(struct survey *s, const struct tls_client_hello *hello)
{
    if (s->taken)
        return;
    s->taken = NEW(struct tls_client_hello);
    *s->taken = *hello;
}

enum survey_answer survey_closed(struct survey *s, const char *question)
{
    return stop(s, question, "the server now closes every connection without a word");
}

enum survey_answer survey_ask(struct survey *s, const char *question,
                              const struct tls_client_hello *hello, struct tls_answer *ret)
{
    bool silent;
    enum survey_answer got = ask_once(s, question, hello, ret, &silent);
    if (got == SURVEY_ACCEPTED)
        keep_taken(s, hello);
    if (!silent || !s->taken || control(s, question))
        return got;
    return s->stopped ? SURVEY_UNCLEAR : survey_closed(s, question);
}

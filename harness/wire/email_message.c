#include "email_message.h"
#include "base64.h"
#include "mail_date.h"

enum { USUAL_LINE = 72, USUAL_LINES = 3, BASE_DATE = 1767258000 /* 2026-01-01 09:00 UTC */ };

static const struct {
    const char *name, *octets;
} endings[EMAIL_ENDINGS] = {
    [EMAIL_END_CRLF] = { "crlf", "\r\n" },
    [EMAIL_END_NONE] = { "none", "" },
    [EMAIL_END_BLANK] = { "blank", "\r\n\r\n" },
    [EMAIL_END_DOT] = { "dot", "\r\n.\r\n" },
    [EMAIL_END_DOTS] = { "dots", "\r\n..\r\n.x\r\n.\r\n" },
    [EMAIL_END_CR] = { "cr", "\r" },
    [EMAIL_END_LF] = { "lf", "\n" },
};

static const struct {
    const char *name, *type, *encoding;
} charsets[EMAIL_CHARSETS] = {
    [EMAIL_ASCII] = { "ascii", "text/plain; charset=us-ascii", "7bit" },
    [EMAIL_UTF8] = { "utf8", "text/plain; charset=utf-8", "8bit" },
    [EMAIL_LATIN1] = { "latin1", "text/plain; charset=iso-8859-1", "8bit" },
    [EMAIL_BINARY] = { "binary", "application/octet-stream", "binary" },
};

const char *email_ending_name(enum email_ending ending)
{
    return endings[ending].name;
}

bool email_ending_by_name(slice name, enum email_ending *ret)
{
    for (int i = 0; i < EMAIL_ENDINGS; i++)
        if (slice_eq_str(name, endings[i].name)) {
            *ret = (enum email_ending)i;
            return true;
        }
    return false;
}

const char *email_charset_name(enum email_charset charset)
{
    return charsets[charset].name;
}

bool email_charset_by_name(slice name, enum email_charset *ret)
{
    for (int i = 0; i < EMAIL_CHARSETS; i++)
        if (slice_eq_str(name, charsets[i].name)) {
            *ret = (enum email_charset)i;
            return true;
        }
    return false;
}

/* Numbers from a seed: a Weyl sequence whose terms are mixed (splitmix64). */
struct random {
    uint64_t state;
};

static uint64_t next_number(struct random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Text: lines of words */

/* One character of at most `room` octets. A line never starts or ends with a space, nor starts with
   anything that a transport would change. */
static void add_char(struct random *r, enum email_charset charset, bool edge, size_t room,
                     struct buf *out)
{
    uint64_t number = next_number(r);
    char letter = (char)('a' + number % 26);
    bool special = number >> 32 & 1;
    if (charset == EMAIL_BINARY) {
        char octet = (char)(number >> 16);
        buf_addc(out, octet == '\r' || octet == '\n' || edge ? letter : octet);
    } else if (charset == EMAIL_UTF8 && special && room >= 2) {
        buf_addc(out, (char)0xC3);
        buf_addc(out, (char)(0xA0 + number % 22));
    } else if (charset == EMAIL_LATIN1 && special) {
        buf_addc(out, (char)(0xE0 + number % 22));
    } else {
        buf_addc(out, !edge && number >> 40 & 1 && number >> 41 & 1 ? ' ' : letter);
    }
}

static void add_line(struct random *r, enum email_charset charset, size_t octets, struct buf *out)
{
    size_t start = out->n;
    while (out->n - start < octets && !out->overflow) {
        size_t room = octets - (out->n - start);
        add_char(r, charset, out->n == start || room == 1, room, out);
    }
}

/* Lines without the end of the last one: exactly `octets` in all. */
static void add_octets(struct random *r, const struct email_options *o, size_t octets,
                       struct buf *out)
{
    size_t length = o->line_length ? o->line_length : USUAL_LINE;
    while (octets && !out->overflow) {
        size_t n = octets < length ? octets : length;
        size_t left = octets - n;
        /* What is left must hold a CRLF, and better some text too. */
        if (left == 1 || left == 2)
            n -= n > 2 ? 2 : left == 1;
        add_line(r, o->charset, n, out);
        left = octets - n;
        if (left)
            buf_add(out, S("\r\n"));
        octets = left ? left - 2 : 0;
        length = length < USUAL_LINE ? length : USUAL_LINE;
    }
}

static void add_lines(struct random *r, const struct email_options *o, struct buf *out)
{
    size_t length = o->line_length ? o->line_length : USUAL_LINE;
    size_t lines = o->lines ? o->lines : USUAL_LINES;
    for (size_t i = 0; i < lines && !out->overflow; i++) {
        if (i)
            buf_add(out, S("\r\n"));
        add_line(r, o->charset, length, out);
        length = length < USUAL_LINE ? length : USUAL_LINE;
    }
}

/* How much text there is. */
struct fill {
    bool by_octets;
    size_t octets;
};

static void add_text(const struct email_options *o, struct fill fill, struct buf *out)
{
    struct random r = { o->seed };
    if (o->body.p) {
        buf_add(out, o->body);
        return;
    }
    if (fill.by_octets)
        add_octets(&r, o, fill.octets, out);
    else
        add_lines(&r, o, out);
    buf_adds(out, endings[o->ending].octets);
}

/* Header */

static void add_field(struct buf *out, const char *name, slice value, const char *otherwise)
{
    buf_addf(out, "%s: ", name);
    if (value.n)
        buf_add(out, value);
    else
        buf_adds(out, otherwise);
    buf_add(out, S("\r\n"));
}

static void add_message_id(const struct email_options *o, unsigned level, struct buf *out)
{
    struct random r = { o->seed };
    slice id = level == o->forwarded ? o->message_id : (slice) { 0 };
    bool bare = id.n && id.p[0] != '<';
    buf_addf(out, "Message-ID: %s", bare || !id.n ? "<" : "");
    if (id.n)
        buf_add(out, id);
    else
        buf_addf(out, "%016llx.%u@mailassay.example", (unsigned long long)next_number(&r), level);
    buf_addf(out, "%s\r\n", bare || !id.n ? ">" : "");
}

/* level: how many messages are wrapped in this one. A Message-ID that was asked for is that of the
   outermost. */
static void add_header(const struct email_options *o, unsigned level, struct buf *out)
{
    struct mail_date date;
    char text[MAIL_DATE_TEXT];
    mail_date_from_unix(BASE_DATE + (int64_t)(o->seed % 86400), 0, &date);
    add_message_id(o, level, out);
    add_field(out, "Date", o->date, mail_date_format(&date, text));
    add_field(out, "From", o->from, "Alice Example <alice@mailassay.example>");
    add_field(out, "To", o->to, "Bob Example <bob@mailassay.example>");
    if (o->cc.n)
        add_field(out, "Cc", o->cc, "");
    add_field(out, "Subject", o->subject, "A message made for a test");
    buf_add(out, o->extra_headers);
    if (!o->no_mime)
        buf_add(out, S("MIME-Version: 1.0\r\n"));
}

/* Body */

static bool has_attachment(const struct email_options *o)
{
    return o->has_attachment || o->attachment;
}

static unsigned multiparts(const struct email_options *o)
{
    unsigned n = o->nesting;
    return has_attachment(o) && !n ? 1 : n;
}

static void add_boundary(const struct email_options *o, unsigned level, struct buf *out)
{
    struct random r = { ~o->seed };
    buf_addf(out, "=_part_%u_%08x", level, (unsigned)next_number(&r));
}

static void add_delimiter(const struct email_options *o, unsigned level, const char *end,
                          struct buf *out)
{
    buf_add(out, S("--"));
    add_boundary(o, level, out);
    buf_adds(out, end);
}

static void add_attachment(const struct email_options *o, struct buf *out)
{
    struct random r = { o->seed + 1 };
    auto_buf data;
    buf_init(&data, EMAIL_SIZE_MAX);
    while (data.n < o->attachment && buf_addc(&data, (char)next_number(&r)))
        ;
    slice name = o->attachment_name.n ? o->attachment_name : S("data.bin");
    add_field(out, "Content-Type", o->attachment_type, "application/octet-stream");
    buf_add(out, S("Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
                   " filename=\""));
    buf_add(out, name);
    buf_add(out, S("\"\r\n\r\n"));
    base64_encode_lines(buf_slice(&data), out);
}

static void add_text_part(const struct email_options *o, struct fill fill, struct buf *out)
{
    if (!o->no_mime)
        buf_addf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n",
                 charsets[o->charset].type, charsets[o->charset].encoding);
    buf_add(out, S("\r\n"));
    add_text(o, fill, out);
}

/* What has 8-bit text inside says so itself (RFC 2045 6.4). */
static void add_outer_encoding(const struct email_options *o, struct buf *out)
{
    if (o->charset != EMAIL_ASCII)
        buf_addf(out, "Content-Transfer-Encoding: %s\r\n", charsets[o->charset].encoding);
}

static void add_body(const struct email_options *o, struct fill fill, struct buf *out)
{
    unsigned levels = o->no_mime ? 0 : multiparts(o);
    for (unsigned i = 0; i < levels; i++) {
        add_outer_encoding(o, out);
        buf_add(out, S("Content-Type: multipart/mixed; boundary=\""));
        add_boundary(o, i, out);
        buf_add(out, S("\"\r\n\r\n"));
        add_delimiter(o, i, "\r\n", out);
    }
    add_text_part(o, fill, out);
    if (levels && has_attachment(o)) {
        buf_add(out, S("\r\n"));
        add_delimiter(o, levels - 1, "\r\n", out);
        add_attachment(o, out);
    }
    for (unsigned i = levels; i-- > 0;) {
        buf_add(out, S("\r\n"));
        add_delimiter(o, i, "--\r\n", out);
    }
}

static void build(const struct email_options *o, struct fill fill, struct buf *out)
{
    for (unsigned i = o->forwarded; i > 0; i--) {
        add_header(o, i, out);
        add_outer_encoding(o, out);
        buf_add(out, S("Content-Type: message/rfc822\r\n\r\n"));
    }
    add_header(o, 0, out);
    add_body(o, fill, out);
}

bool email_message_build(const struct email_options *options, struct buf *out)
{
    struct fill fill = { .by_octets = options->size > 0 };
    if (fill.by_octets) {
        auto_buf bare;
        buf_init(&bare, EMAIL_SIZE_MAX);
        build(options, fill, &bare);
        fill.octets = options->size > bare.n ? options->size - bare.n : 0;
    }
    bool before = out->overflow;
    out->overflow = false;
    build(options, fill, out);
    bool ok = !out->overflow;
    out->overflow = out->overflow || before;
    return ok;
}

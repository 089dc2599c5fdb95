/* What faulty servers do to messages. */
#include "mime_header.h"
#include "smtp_transaction.h"

enum { SPLIT_LENGTH = 500 };

/* Rewrites the message line by line; `line` has its CRLF, but for a last line without one. */
static void each_line(struct buf *data, void (*line_fn)(slice line, struct buf *out))
{
    struct buf out;
    buf_init(&out, data->max);
    slice rest = buf_slice(data);
    while (rest.n) {
        size_t at = slice_find(rest, S("\r\n"));
        slice line = slice_sub(rest, 0, at == SIZE_MAX ? rest.n : at + 2);
        rest = slice_skip(rest, line.n);
        line_fn(line, &out);
    }
    buf_release(data);
    *data = out;
}

static void drop_dot(slice line, struct buf *out)
{
    buf_add(out, slice_skip(line, line.n && line.p[0] == '.'));
}

static void add_dot(slice line, struct buf *out)
{
    if (line.n && line.p[0] == '.')
        buf_addc(out, '.');
    buf_add(out, line);
}

static void cut_at_nul(slice line, struct buf *out)
{
    size_t nul = slice_find_char(line, '\0');
    buf_add(out, slice_sub(line, 0, nul));
    if (nul != SIZE_MAX && slice_ends(line, S("\r\n")))
        buf_adds(out, "\r\n");
}

static void split(slice line, struct buf *out)
{
    while (line.n > SPLIT_LENGTH + 2) {
        buf_add(out, slice_sub(line, 0, SPLIT_LENGTH));
        buf_adds(out, "\r\n");
        line = slice_skip(line, SPLIT_LENGTH);
    }
    buf_add(out, line);
}

static void trim_end(slice line, struct buf *out)
{
    bool ended = slice_ends(line, S("\r\n"));
    slice text = slice_sub(line, 0, ended ? line.n - 2 : line.n);
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
        text.n--;
    buf_add(out, text);
    if (ended)
        buf_adds(out, "\r\n");
}

static void strip_high_bits(slice line, struct buf *out)
{
    for (size_t i = 0; i < line.n; i++)
        buf_addc(out, (char)(line.p[i] & 0x7F));
}

static const struct {
    enum fault_id fault;
    void (*line_fn)(slice line, struct buf *out);
    bool chunks; /* else only what came by DATA */
    bool data;   /* else only what came by BDAT */
} line_faults[] = {
    { FAULT_SMTP_DATA_STRIPS_TWICE, drop_dot, false, true },
    { FAULT_SMTP_DATA_KEEPS_DOTS, add_dot, false, true },
    { FAULT_SMTP_BDAT_UNSTUFFS, drop_dot, true, false },
    { FAULT_SMTP_DATA_NUL_CUTS, cut_at_nul, true, true },
    { FAULT_SMTP_DATA_SPLITS_LINES, split, true, true },
    { FAULT_SMTP_BYTES_ALTERED, trim_end, true, true },
    { FAULT_SMTP_8BIT_STRIPPED, strip_high_bits, true, true },
};

static void swap_first_fields(struct buf *data)
{
    slice message = buf_slice(data), header = slice_sub(message, 0, mime_header_octets(message));
    slice rest = header;
    struct mime_field first, second;
    if (!mime_field_next(header, &rest, &first) || !mime_field_next(header, &rest, &second))
        return;
    struct buf out;
    buf_init(&out, data->max);
    buf_add(&out, second.raw);
    buf_add(&out, first.raw);
    buf_add(&out, slice_skip(message, first.raw.n + second.raw.n));
    buf_release(data);
    *data = out;
}

void smtp_alter(const struct server_conn *c, struct smtp_transaction *t)
{
    for (size_t i = 0; i < COUNT(line_faults); i++)
        if (server_fault(c, line_faults[i].fault) &&
            (t->chunked ? line_faults[i].chunks : line_faults[i].data))
            each_line(&t->data, line_faults[i].line_fn);
    if (server_fault(c, FAULT_SMTP_DATA_LAST_CRLF) && slice_ends(buf_slice(&t->data), S("\r\n")))
        buf_truncate(&t->data, t->data.n - 2);
    if (server_fault(c, FAULT_SMTP_HEADER_ALTERED))
        swap_first_fields(&t->data);
    size_t dot = slice_find(buf_slice(&t->data), S("\r\n.\r\n"));
    if (t->chunked && dot != SIZE_MAX && server_fault(c, FAULT_SMTP_BDAT_DOT_ENDS))
        buf_truncate(&t->data, dot + 2);
}

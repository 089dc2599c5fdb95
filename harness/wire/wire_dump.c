/* What the MIME, address and date parsers make of given bytes, for comparison with another
   implementation (check_wire_dump.py). Reads records "K N\n" and N octets on stdin, K being M, A or
   D; writes one line for each on stdout, texts in hexadecimal. */
#include "address.h"
#include "alloc.h"
#include "hex.h"
#include "mail_date.h"
#include "mime.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* In hexadecimal; "-" when absent. */
static void add_text(struct buf *b, slice s)
{
    buf_addc(b, ' ');
    if (s.p)
        hex_encode(s, b);
    else
        buf_addc(b, '-');
}

static void dump_part(const struct mime_message *m, const struct mime_part *part, struct buf *b)
{
    buf_addf(b, "|%u", part->depth);
    add_text(b, part->type);
    add_text(b, part->subtype);
    add_text(b, part->id);
    add_text(b, part->description);
    add_text(b, part->disposition);
    add_text(b, part->first ? (slice) { 0 } : mime_part_body(m, part));
    for (size_t i = 0; i < part->params.n; i++) {
        add_text(b, part->params.v[i].name);
        add_text(b, part->params.v[i].value);
    }
    for (const struct mime_part *child = part->first; child; child = child->next)
        dump_part(m, child, b);
}

static void dump_message(slice s, struct buf *b)
{
    auto_arena a = { 0 };
    struct mime_message m;
    mime_parse(s, &a, &m);
    buf_addf(b, "%u", m.oddities);
    add_text(b, m.root->envelope->subject);
    add_text(b, m.root->envelope->message_id);
    dump_part(&m, m.root, b);
}

static void dump_addresses(slice s, struct buf *b)
{
    auto_arena a = { 0 };
    struct address_list list;
    address_list_parse(s, &a, &list);
    buf_addf(b, "%d", list.malformed);
    for (size_t i = 0; i < list.n; i++) {
        buf_addf(b, "|%d", list.v[i].kind);
        add_text(b, list.v[i].name);
        add_text(b, list.v[i].mailbox);
        add_text(b, list.v[i].host);
    }
}

static void dump_date(slice s, struct buf *b)
{
    struct mail_date d;
    if (mail_date_parse(s, &d))
        buf_addf(b, "%" PRId64, mail_date_unix(&d));
    else
        buf_adds(b, "-");
}

int main(void)
{
    char kind;
    size_t n;
    while (scanf("%c %zu", &kind, &n) == 2 && getchar() == '\n') {
        auto_buf out;
        autofree char *octets = xcalloc(1, n + 1);
        if (fread(octets, 1, n, stdin) != n)
            return 1;
        buf_init(&out, BUF_OURS);
        slice s = slice_make(octets, n);
        if (kind == 'M')
            dump_message(s, &out);
        else if (kind == 'A')
            dump_addresses(s, &out);
        else
            dump_date(s, &out);
        puts(out.p);
    }
    return 0;
}

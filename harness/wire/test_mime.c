#include "array.h"
#include "buf.h"
#include "email_message.h"
#include "fuzz_replay.h"
#include "mime.h"
#include "testing.h"

/* A tree as text: "type/subtype octets/lines" and, for a part with parts, those in brackets. */
static void show(struct buf *b, const struct mime_part *part)
{
    buf_addf(b, "%.*s/%.*s %zu/%zu", SLICE_ARG(part->type), SLICE_ARG(part->subtype), part->octets,
             part->lines);
    if (!part->first)
        return;
    buf_addc(b, part->is_message ? '<' : '[');
    for (const struct mime_part *child = part->first; child; child = child->next) {
        show(b, child);
        buf_adds(b, child->next ? ", " : "");
    }
    buf_addc(b, part->is_message ? '>' : ']');
}

#define MULTI(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n\r\n"

static const struct {
    const char *raw, *tree;
    unsigned oddities;
} rows[] = {
    { "", "text/plain 0/0", 0 },
    { "\r\n", "text/plain 0/0", 0 },
    { "Subject: x\r\n", "text/plain 0/0", 0 },
    { "Subject: x\r\n\r\n", "text/plain 0/0", 0 },
    { "Subject: x\r\n\r\na\r\nb\r\n", "text/plain 6/2", 0 },
    { "Subject: x\r\n\r\na\r\nb", "text/plain 4/2", 0 },
    { "Subject: x\n\na\nb\n", "text/plain 4/2", 0 },
    { "\r\nbody\r\n", "text/plain 6/1", 0 },
    { "Content-Type: Text/HTML\r\n\r\n<p>\r\n", "Text/HTML 5/1", 0 },
    { "Content-Type:\r\n image/png;\r\n name=x\r\n\r\n", "image/png 0/0", 0 },
    { "Content-Type: text\r\n\r\nx", "text/plain 1/1", MIME_BAD_TYPE },
    { "Content-Type: /plain\r\n\r\nx", "text/plain 1/1", MIME_BAD_TYPE },
    { "Content-Type: text/\r\n\r\nx", "text/plain 1/1", MIME_BAD_TYPE },
    { "Content-Type:\r\n\r\nx", "text/plain 1/1", MIME_BAD_TYPE },
    { MULTI("x") "--x\r\n\r\na\r\n--x--\r\n", "multipart/mixed 17/4[text/plain 1/1]", 0 },
    { MULTI("x") "pre\r\n--x\r\n\r\na\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\nb\r\n--x--\r\n"
                 "epilogue\r\n--x\r\nnot a part\r\n",
      "multipart/mixed 86/13[text/plain 3/1, text/html 1/1]", 0 },
    { MULTI("x") "--x\r\n\r\na\r\n--x--", "multipart/mixed 15/4[text/plain 1/1]", 0 },
    /* Parts without body or header: the line end before a delimiter is the delimiter's. */
    { MULTI("x") "--x\r\n\r\n--x--\r\n", "multipart/mixed 14/3[text/plain 0/0]", 0 },
    { MULTI("x") "--x\r\n--x--\r\n", "multipart/mixed 12/2[text/plain 0/0]", 0 },
    { MULTI("x") "--x\r\nContent-Type: a/b\r\n--x--\r\n", "multipart/mixed 31/3[a/b 0/0]", 0 },
    { MULTI("x") "--x\r\nContent-Type: a/b\r\n\r\n--x--\r\n", "multipart/mixed 33/4[a/b 0/0]", 0 },
    /* Transport padding, near misses of the boundary, bare LF */
    { MULTI("x") "--x \t\r\n\r\na\r\n--x-- \r\n", "multipart/mixed 20/4[text/plain 1/1]", 0 },
    { MULTI("x") "--x\r\n\r\n--xy\r\n --x\r\n-x\r\n--x-\r\n--x--\r\n",
      "multipart/mixed 36/7[text/plain 20/4]", 0 },
    { MULTI("x") "--x\n\na\n--x--\n", "multipart/mixed 13/4[text/plain 1/1]", 0 },
    { MULTI("\"a b\"") "--a b\r\n\r\na\r\n--a b--\r\n", "multipart/mixed 21/4[text/plain 1/1]", 0 },
    { MULTI("\"x \"") "--x\r\n\r\na\r\n--x--\r\n", "multipart/mixed 17/4[text/plain 1/1]", 0 },
    { MULTI("=_a/b:c") "--=_a/b:c\r\n\r\na\r\n--=_a/b:c--\r\n",
      "multipart/mixed 29/4[text/plain 1/1]", 0 },
    /* Missing close delimiter, missing boundary */
    { MULTI("x") "--x\r\n\r\na\r\n", "multipart/mixed 10/3[text/plain 3/1]", MIME_NO_CLOSE },
    { MULTI("x") "no delimiter\r\n", "multipart/mixed 14/1", MIME_NO_BOUNDARY },
    { MULTI("x"), "multipart/mixed 0/0", MIME_NO_BOUNDARY },
    { MULTI("x") "--x--\r\n", "multipart/mixed 7/1", MIME_NO_BOUNDARY },
    { MULTI("\"\"") "--\r\n\r\na\r\n----\r\n", "multipart/mixed 15/4", MIME_NO_BOUNDARY },
    { "Content-Type: multipart/mixed\r\n\r\n--x\r\n", "multipart/mixed 5/1", MIME_NO_BOUNDARY },
    { "Content-Transfer-Encoding: BASE64\r\n" MULTI("x") "--x\r\n\r\na\r\n--x--\r\n",
      "multipart/mixed 17/4[text/plain 1/1]", MIME_ENCODED },
    /* Nesting: other boundaries, one a prefix of the other, equal ones, an inner one not closed */
    { MULTI("x") "--x\r\n" MULTI("y") "--y\r\n\r\na\r\n--y--\r\n--x--\r\n",
      "multipart/mixed 74/8[multipart/mixed 15/4[text/plain 1/1]]", 0 },
    { MULTI("x") "--x\r\n" MULTI("xx") "--xx\r\n\r\na\r\n--xx--\r\n--x--\r\n",
      "multipart/mixed 77/8[multipart/mixed 17/4[text/plain 1/1]]", 0 },
    { MULTI("xx") "--xx\r\n" MULTI("x") "--x\r\n\r\na\r\n--x--\r\n--xx--\r\n",
      "multipart/mixed 76/8[multipart/mixed 15/4[text/plain 1/1]]", 0 },
    { MULTI("x") "--x\r\n" MULTI("x") "--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n--x\r\n\r\nc\r\n"
                                      "--x--\r\n",
      "multipart/mixed 94/14[multipart/mixed 25/7[text/plain 1/1, text/plain 1/1], "
      "text/plain 1/1]",
      0 },
    { MULTI("x") "--x\r\n" MULTI("y") "--y\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n",
      "multipart/mixed 77/10[multipart/mixed 8/3[text/plain 1/1], text/plain 1/1]", MIME_NO_CLOSE },
    { MULTI("x") "--x\r\n" MULTI("y") "a\r\n--x--\r\n", "multipart/mixed 60/5[multipart/mixed 1/1]",
      MIME_NO_BOUNDARY },
    /* Messages in messages */
    { "Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nb\r\n",
      "message/rfc822 17/3<text/plain 3/1>", 0 },
    { "Content-Type: message/global\r\n\r\nSubject: y\r\n\r\nb\r\n",
      "message/global 17/3<text/plain 3/1>", 0 },
    { "Content-Type: message/rfc822\r\n\r\n", "message/rfc822 0/0<text/plain 0/0>", 0 },
    { "Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n",
      "message/delivery-status 18/2", 0 },
    { "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdA==\r\n",
      "message/rfc822 14/1<text/plain 0/0>", MIME_ENCODED },
    { MULTI("x") "--x\r\nContent-Type: message/rfc822\r\n\r\n" MULTI(
          "y") "--y\r\n\r\na\r\n--y--\r\n"
               "--x--\r\n",
      "multipart/mixed 106/10[message/rfc822 60/6<multipart/mixed 15/4[text/plain 1/1]>]", 0 },
    { MULTI("x") "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\n--x--\r\n",
      "multipart/mixed 58/6[message/rfc822 12/1<text/plain 0/0>]", 0 },
    { MULTI("x") "--x\r\nContent-Type: message/rfc822\r\n\r\n--x--\r\n",
      "multipart/mixed 44/4[message/rfc822 0/0<text/plain 0/0>]", 0 },
    { MULTI("x") "--x\r\nContent-Type: message/rfc822\r\n--x--\r\n",
      "multipart/mixed 42/3[message/rfc822 0/0]", 0 },
    { "Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: y\r\n\r\nb\r\n--x\r\n"
      "Content-Type: text/plain\r\n\r\nc\r\n--x--\r\n",
      "multipart/digest 67/10[message/rfc822 15/3<text/plain 1/1>, text/plain 1/1]", 0 },
};

START_TEST(tree_is_read)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct mime_message m;
    buf_init(&b, 1000);
    mime_parse(slice_of(rows[_i].raw), &a, &m);
    show(&b, m.root);
    ck_assert_str_eq(b.p, rows[_i].tree);
    ck_assert_uint_eq(m.oddities, rows[_i].oddities);
}
END_TEST

static const char sample[] =
    "From: Ann <a@b>\r\nSubject: outer\r\n"
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    "--x\r\nContent-Type: text/plain; charset=\"utf-8\"; format=flowed\r\n"
    "Content-ID: <1@b>\r\nContent-Description: a\r\n text\r\nContent-Transfer-Encoding: 8bit\r\n"
    "Content-MD5: Q2hlY2s=\r\nContent-Disposition: inline; filename=\"a b.txt\"\r\n"
    "Content-Language: en, de (German),fr\r\nContent-Location: http://b/1\r\n\r\n"
    "one\r\n"
    "--x\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: inner\r\nTo: g: c@d;\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
    "--y\r\n\r\ntwo\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>\r\n--y--\r\n"
    "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: plain\r\n\r\nthree\r\n"
    "--x--\r\n";

static const struct {
    uint32_t numbers[4];
    size_t n;
    const char *body; /* NULL: no such part */
} sections[] = {
    { { 1 }, 1, "one" },      { { 2, 1 }, 2, "two" },
    { { 2, 2 }, 2, "<p>" },   { { 3 }, 1, "Subject: plain\r\n\r\nthree" },
    { { 3, 1 }, 2, "three" }, { { 0 }, 1, NULL },
    { { 4 }, 1, NULL },       { { 1, 1 }, 2, NULL },
    { { 2, 3 }, 2, NULL },    { { 2, 1, 1 }, 3, NULL },
    { { 3, 2 }, 2, NULL },    { { 3, 1, 1 }, 3, NULL },
};

START_TEST(section_is_found)
{
    auto_arena a = { 0 };
    struct mime_message m;
    mime_parse(slice_of(sample), &a, &m);
    const struct mime_part *part = mime_part_at(&m, sections[_i].numbers, sections[_i].n);
    ck_assert_int_eq(part != NULL, sections[_i].body != NULL);
    if (part)
        ck_assert_slice(mime_part_body(&m, part), slice_of(sections[_i].body));
}
END_TEST

START_TEST(fields_of_a_part_are_read)
{
    auto_arena a = { 0 };
    struct mime_message m;
    mime_parse(slice_of(sample), &a, &m);
    const struct mime_part *part = m.root->first;
    ck_assert_ptr_eq(mime_part_at(&m, NULL, 0), m.root);
    ck_assert(part->has_type && !part->envelope);
    ck_assert_uint_eq(part->params.n, 2);
    ck_assert_slice(mime_param_find(&part->params, S("CHARSET")), S("utf-8"));
    ck_assert_slice(mime_param_find(&part->params, S("format")), S("flowed"));
    ck_assert_ptr_null(mime_param_find(&part->params, S("form")).p);
    ck_assert_slice(part->id, S("<1@b>"));
    ck_assert_slice(part->description, S("a text"));
    ck_assert_slice(part->encoding, S("8bit"));
    ck_assert_slice(part->md5, S("Q2hlY2s="));
    ck_assert_slice(part->disposition, S("inline"));
    ck_assert_slice(mime_param_find(&part->disposition_params, S("filename")), S("a b.txt"));
    ck_assert_uint_eq(part->n_languages, 3);
    ck_assert_slice(part->languages[1], S("de"));
    ck_assert_slice(part->location, S("http://b/1"));
    ck_assert(slice_ends(mime_part_header(&m, part), S("http://b/1\r\n\r\n")));
    part = part->next;
    ck_assert_ptr_null(part->id.p);
    ck_assert_ptr_null(part->encoding.p);
    ck_assert_uint_eq(part->n_languages, 0);
    ck_assert_uint_eq(part->number, 2);
    ck_assert_uint_eq(part->first->depth, 2);
}
END_TEST

START_TEST(envelopes_are_read)
{
    auto_arena a = { 0 };
    struct mime_message m;
    mime_parse(slice_of(sample), &a, &m);
    const struct mime_envelope *outer = m.root->envelope;
    const struct mime_envelope *inner = m.root->first->next->first->envelope;
    ck_assert_slice(outer->subject, S("outer"));
    ck_assert_slice(outer->from.v[0].name, S("Ann"));
    ck_assert_ptr_null(outer->date.p);
    ck_assert_ptr_null(outer->to.v);
    ck_assert_slice(inner->subject, S("inner"));
    ck_assert_uint_eq(inner->to.n, 3);
    struct mime_envelope e;
    mime_envelope_parse(S("DATE: now\r\nSubject:\r\nsubject: second\r\nTo:\r\nTo: a@b\r\n"
                          "Message-Id:\r\n <1@b>\r\nIn-Reply-To: <0@b>\r\nreply-to : c@d\r\n"
                          "From d@e Mon Jan 1\r\n\r\nCc: not@a.header\r\n"),
                        &a, &e);
    ck_assert_slice(e.date, S("now"));
    ck_assert(e.subject.p && !e.subject.n);
    ck_assert_uint_eq(e.to.n, 1);
    ck_assert_slice(e.message_id, S("<1@b>"));
    ck_assert_slice(e.in_reply_to, S("<0@b>"));
    ck_assert_slice(e.reply_to.v[0].host, S("d"));
    ck_assert_ptr_null(e.from.v);
    ck_assert_ptr_null(e.cc.v);
}
END_TEST

START_TEST(text_plain_is_assumed)
{
    auto_arena a = { 0 };
    struct mime_message m;
    mime_parse(S("\r\nx"), &a, &m);
    ck_assert(!m.root->has_type);
    ck_assert_slice(mime_param_find(&m.root->params, S("charset")), S("us-ascii"));
    mime_parse(S("Content-Type: text/plain\r\n\r\nx"), &a, &m);
    ck_assert(m.root->has_type);
    ck_assert_uint_eq(m.root->params.n, 0);
}
END_TEST

/* "type/subtype name=value;..." of a Content-Type value; NULL when it cannot be read. */
static const struct {
    const char *value, *want;
} types[] = {
    { "text/plain", "text/plain " },
    { " text / plain ; charset = utf-8 ", "text/plain charset=utf-8;" },
    { "text/plain; charset=us-ascii (Plain text)", "text/plain charset=us-ascii;" },
    { "text(a)/(b)plain(c);(d)charset(e)=(f)x", "text/plain charset=x;" },
    { "text/plain; a=\"b;c\\\"d\"; e=f", "text/plain a=b;c\"d;e=f;" },
    { "text/plain;a=1;;b=2;", "text/plain a=1;b=2;" },
    { "text/plain charset=x", "text/plain " },
    { "text/plain; charset", "text/plain " },
    { "text/plain; charset; a=b", "text/plain a=b;" },
    { "text/plain; =x; a=b", "text/plain a=b;" },
    { "text/plain; a=", "text/plain a=;" },
    { "text/plain; a=\"\"; b=1", "text/plain a=;b=1;" },
    { "text/plain; a=\"open; b=1", "text/plain a=open; b=1;" },
    { "a/b; filename*0*=utf-8'en'x%20; filename*1=y",
      "a/b filename*0*=utf-8'en'x%20;filename*1=y;" },
    { "a/b; boundary=----=_Part?1/2:3", "a/b boundary=----=_Part?1/2:3;" },
    { "a/b; x=1\r\n\t; y=2", "a/b x=1;y=2;" },
    { "a/b; x=1 y=2; z=3", "a/b x=1;z=3;" },
    { "", NULL },
    { "text", NULL },
    { "text/", NULL },
    { "/plain", NULL },
    { "; charset=x", NULL },
};

START_TEST(type_is_read)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct mime_type type = { 0 };
    buf_init(&b, 1000);
    bool ok = mime_type_parse(slice_of(types[_i].value), &a, &type);
    ck_assert_int_eq(ok, types[_i].want != NULL);
    if (!ok)
        return;
    buf_addf(&b, "%.*s/%.*s ", SLICE_ARG(type.type), SLICE_ARG(type.subtype));
    for (size_t i = 0; i < type.params.n; i++)
        buf_addf(&b, "%.*s=%.*s;", SLICE_ARG(type.params.v[i].name),
                 SLICE_ARG(type.params.v[i].value));
    ck_assert_str_eq(b.p, types[_i].want);
}
END_TEST

START_TEST(header_fields_are_walked)
{
    auto_arena a = { 0 };
    slice header = S("A: 1\r\n  2\r\n\t3\r\nb :x\r\nnonsense\r\n : y\r\nC:\r\n\r\nD: 4\r\n");
    const char *names[] = { "A", "b", "", "C" }, *values[] = { "1  2\t3", "x", "nonsense : y", "" };
    struct mime_field f;
    slice rest = header;
    /* " : y" continues the line before it. */
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert(mime_field_next(header, &rest, &f));
        ck_assert_slice(f.name, slice_of(names[i]));
        ck_assert_slice(mime_unfold(f.value, &a), slice_of(values[i]));
        ck_assert_slice(slice_sub(header, f.offset, f.offset + f.raw.n), f.raw);
    }
    ck_assert(!mime_field_next(header, &rest, &f));
    ck_assert_uint_eq(mime_header_octets(header), header.n - 6);
    ck_assert(mime_field_find(header, S("a"), &f));
    ck_assert(!mime_field_find(header, S("D"), &f));
    ck_assert_slice(mime_header_value(header, S("a"), &a), S("1  2\t3"));
    ck_assert_ptr_null(mime_header_value(header, S("x"), &a).p);
    ck_assert_ptr_nonnull(mime_header_value(header, S("c"), &a).p);
    ck_assert_uint_eq(mime_header_octets(S("A: 1\r\nB: 2")), 10);
    ck_assert_uint_eq(mime_header_octets(S("\nA: 1\r\n")), 1);
}
END_TEST

START_TEST(depth_is_limited)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct mime_message m;
    buf_init(&b, BUF_OURS);
    struct email_options options = { .nesting = MIME_DEPTH_MAX };
    ck_assert(email_message_build(&options, &b));
    mime_parse(buf_slice(&b), &a, &m);
    ck_assert_uint_eq(m.oddities, 0);
    ck_assert_uint_eq(m.n_parts, MIME_DEPTH_MAX + 1);
    options.nesting = MIME_DEPTH_MAX + 1;
    buf_clear(&b);
    ck_assert(email_message_build(&options, &b));
    mime_parse(buf_slice(&b), &a, &m);
    ck_assert_uint_eq(m.oddities, MIME_TOO_DEEP);
    options = (struct email_options) { .forwarded = MIME_DEPTH_MAX + 5 };
    buf_clear(&b);
    ck_assert(email_message_build(&options, &b));
    mime_parse(buf_slice(&b), &a, &m);
    ck_assert_uint_eq(m.oddities, MIME_TOO_DEEP);
    ck_assert_uint_eq(m.n_parts, MIME_DEPTH_MAX + 1);
}
END_TEST

START_TEST(parts_are_limited)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct mime_message m;
    buf_init(&b, BUF_OURS);
    buf_add(&b, S(MULTI("x")));
    for (int i = 0; i < MIME_PARTS_MAX + 10; i++)
        buf_add(&b, S("--x\r\n\r\na\r\n"));
    buf_add(&b, S("--x--\r\n"));
    mime_parse(buf_slice(&b), &a, &m);
    ck_assert_uint_eq(m.n_parts, MIME_PARTS_MAX);
    ck_assert_uint_eq(m.root->n_children, MIME_PARTS_MAX - 1);
    ck_assert_uint_eq(m.oddities, MIME_TOO_MANY);
    ck_assert_uint_eq(m.root->body_end, b.n);
}
END_TEST

START_TEST(fuzz_target_takes_rows)
{
    fuzz_replay(slice_of(rows[_i].raw));
    if (!_i)
        fuzz_replay(slice_of(sample));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, tree_is_read, 0, COUNT(rows));
    tcase_add_loop_test(cases, section_is_found, 0, COUNT(sections));
    tcase_add_test(cases, fields_of_a_part_are_read);
    tcase_add_test(cases, envelopes_are_read);
    tcase_add_test(cases, text_plain_is_assumed);
    tcase_add_loop_test(cases, type_is_read, 0, COUNT(types));
    tcase_add_test(cases, header_fields_are_walked);
    tcase_add_test(cases, depth_is_limited);
    tcase_add_test(cases, parts_are_limited);
    tcase_add_loop_test(cases, fuzz_target_takes_rows, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("mime", add);
}

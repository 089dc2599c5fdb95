#include "array.h"
#include "buf.h"
#include "imap_lex.h"
#include "testing.h"

/* Writes the tree in a plain form: a:atom n:nil q:"quoted" l:literal b:literal8 ( ) [ ]. */
static void dump(const struct imap_value *v, struct buf *out)
{
    static const char *const marks[] = { "a:", "n:", "q:", "l:", "b:", "(", "[" };
    if (out->n && out->p[out->n - 1] != '(' && out->p[out->n - 1] != '[')
        buf_addc(out, ' ');
    buf_adds(out, marks[v->kind]);
    if (v->kind != IMAP_LIST && v->kind != IMAP_CODE) {
        buf_add(out, v->text);
        return;
    }
    for (size_t i = 0; i < v->n_items; i++)
        dump(&v->items[i], out);
    buf_addc(out, v->kind == IMAP_LIST ? ')' : ']');
}

static const struct {
    slice in;
    unsigned flags;
    enum imap_lex_fault fault;
    size_t offset;
    slice tree;
} rows[] = {
    { S(""), 0, 0, 0, S("()") },
    { S("\r\n"), 0, 0, 0, S("()") },
    { S("A1 NOOP\r\n"), 0, 0, 0, S("(a:A1 a:NOOP)") },
    { S("A1 NOOP\n"), 0, 0, 0, S("(a:A1 a:NOOP)") },
    { S("  a   b  \r\n"), 0, 0, 0, S("(a:a a:b)") },
    { S("(a b)(c (d))"), 0, 0, 0, S("((a:a a:b) (a:c (a:d)))") },
    { S("() nil NIL \"NIL\" NILx"), 0, 0, 0, S("(() n:nil n:NIL q:NIL a:NILx)") },
    { S("\"a\\\"b\\\\c\" \"\" \")\" \"caf\xc3\xa9\""), 0, 0, 0,
      S("(q:a\"b\\c q: q:) q:caf\xc3\xa9)") },
    { S("{3}\r\na)b {2+}\r\n\r\n ~{1}\r\n\0 {0}\r\n\r\n"), 0, 0, 0, S("(l:a)b l:\r\n b:\0 l:)") },
    { S("({3}\r\nabc)\r\n"), 0, 0, 0, S("((l:abc))") },
    { S("{3}\r\n\r\n"), 0, IMAP_LEX_LITERAL, 0, S("(l:\r\n)") },
    { S("x {5} {6 ~ ~{ {+} {-1}\r\n"), 0, 0, 0, S("(a:x a:{5} a:{6 a:~ a:~{ a:{+} a:{-1})") },
    { S("\\Seen \\* $Junk 1:3,* % * a]b"), 0, 0, 0,
      S("(a:\\Seen a:\\* a:$Junk a:1:3,* a:% a:* a:a]b)") },
    { S("BODY[HEADER.FIELDS (A \"B]\" {2}\r\nC])]<0> x"), 0, 0, 0,
      S("(a:BODY[HEADER.FIELDS (A \"B]\" {2}\r\nC])]<0> a:x)") },
    { S("(body.peek[]<0.5> BINARY.SIZE[1.2] BODY[]) UID"), 0, 0, 0,
      S("((a:body.peek[]<0.5> a:BINARY.SIZE[1.2] a:BODY[]) a:UID)") },
    { S("FOO[A B] BODY[A B"), 0, 0, 0, S("(a:FOO[A a:B] a:BODY[A a:B)") },
    { S("BODY[ (a]) BODY[x (a]) BODY[x ((]"), 0, IMAP_LEX_UNTERMINATED, 31,
      S("(a:BODY[(a:a]) a:BODY[x (a:a]) a:BODY[x ((a:])))") },
    { S("BODY[\"x BODY[1]"), 0, IMAP_LEX_UNTERMINATED, 5, S("(a:BODY[)") },
    { S("[Gmail]/Sent [x]"), 0, 0, 0, S("(a:[Gmail]/Sent a:[x])") },
    { S("OK [UIDNEXT 5] [PERMANENTFLAGS (\\Seen \\*)]"), IMAP_LEX_CODE, 0, 0,
      S("(a:OK [a:UIDNEXT a:5] [a:PERMANENTFLAGS (a:\\Seen a:\\*)])") },
    { S("OK [READ-WRITE]done BODY[1]"), IMAP_LEX_CODE, 0, 0,
      S("(a:OK [a:READ-WRITE] a:done a:BODY[1])") },
    { S("OK [A (b]"), IMAP_LEX_CODE, IMAP_LEX_STRAY, 8, S("(a:OK [a:A (a:b)])") },
    { S("a ] b"), IMAP_LEX_CODE, IMAP_LEX_STRAY, 2, S("(a:a)") },
    { S("a ] b"), 0, 0, 0, S("(a:a a:] a:b)") },
    { S("(a (b c\r\n"), 0, IMAP_LEX_UNTERMINATED, 3, S("((a:a (a:b a:c)))") },
    { S("a b) c"), 0, IMAP_LEX_STRAY, 3, S("(a:a a:b)") },
    { S("a \"b c\r\n"), 0, IMAP_LEX_UNTERMINATED, 2, S("(a:a)") },
    { S("a \"b\\\r\n"), 0, IMAP_LEX_UNTERMINATED, 2, S("(a:a)") },
    { S("a\r\nb"), 0, IMAP_LEX_LINE, 1, S("(a:a)") },
    { S("a\rb\r\n"), 0, IMAP_LEX_LINE, 1, S("(a:a)") },
    { S("{5}\r\nab"), 0, IMAP_LEX_LITERAL, 0, S("(l:ab)") },
    { S("a\"b\"c"), 0, 0, 0, S("(a:a q:b a:c)") },
    { S("a{1}\r\nxb"), 0, 0, 0, S("(a:a l:x a:b)") },
};

START_TEST(row_gives_its_tree)
{
    auto_arena a = { 0 };
    auto_buf out;
    buf_init(&out, BUF_OURS);
    struct imap_value v;
    struct imap_lex_error error = { 0 };
    autofree char *copy = xslicedup(rows[_i].in);
    bool ok = imap_lex(slice_make(copy, rows[_i].in.n), rows[_i].flags, &a, &v, &error);
    dump(&v, &out);
    ck_assert_slice(buf_slice(&out), rows[_i].tree);
    ck_assert_int_eq(error.fault, rows[_i].fault);
    ck_assert_uint_eq(error.offset, rows[_i].offset);
    ck_assert(ok == !rows[_i].fault);
    ck_assert_uint_gt(strlen(imap_lex_fault_text(error.fault)), 5);
}
END_TEST

START_TEST(values_know_their_place)
{
    auto_arena a = { 0 };
    struct imap_value v;
    slice in = S("* LIST (\\A \\B) \"/\" {3+}\r\nabc\r\n");
    ck_assert(imap_lex(in, 0, &a, &v, NULL));
    ck_assert_slice(v.raw, in);
    ck_assert_uint_eq(v.n_items, 5);
    ck_assert_slice(v.items[2].raw, S("(\\A \\B)"));
    ck_assert_uint_eq(v.items[2].offset, 7);
    ck_assert_uint_eq(v.items[2].items[1].offset, 11);
    ck_assert_slice(v.items[3].raw, S("\"/\""));
    ck_assert_slice(v.items[4].raw, S("{3+}\r\nabc"));
    ck_assert(v.items[4].nonsync);
    ck_assert(imap_lex_part(in, 7, 14, 0, &a, &v, NULL));
    ck_assert_uint_eq(v.items[0].offset, 7);
    ck_assert_uint_eq(v.items[0].n_items, 2);
}
END_TEST

START_TEST(nesting_and_count_are_limited)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct imap_value v;
    struct imap_lex_error error = { 0 };
    buf_init(&b, BUF_OURS);
    for (int i = 0; i < IMAP_NESTING_MAX; i++)
        buf_addc(&b, '(');
    for (int i = 0; i < IMAP_NESTING_MAX; i++)
        buf_addc(&b, ')');
    ck_assert(imap_lex(buf_slice(&b), 0, &a, &v, &error));
    buf_clear(&b);
    for (int i = 0; i < 1000000; i++)
        buf_addc(&b, '(');
    ck_assert(!imap_lex(buf_slice(&b), 0, &a, &v, &error));
    ck_assert_int_eq(error.fault, IMAP_LEX_DEEP);
    ck_assert_uint_eq(error.offset, IMAP_NESTING_MAX);
    buf_clear(&b);
    for (int i = 0; i <= IMAP_VALUES_MAX; i++)
        buf_adds(&b, "1 ");
    ck_assert(!imap_lex(buf_slice(&b), 0, &a, &v, &error));
    ck_assert_int_eq(error.fault, IMAP_LEX_COUNT);
    ck_assert_uint_eq(v.n_items, IMAP_VALUES_MAX);
}
END_TEST

/* An unclosed section must not be looked for again at every "BODY[". */
START_TEST(time_is_linear)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct imap_value v;
    buf_init(&b, BUF_OURS);
    for (int i = 0; i < 50000; i++)
        buf_adds(&b, "BODY[ BODY[A () ");
    ck_assert(imap_lex(buf_slice(&b), 0, &a, &v, NULL));
    ck_assert_uint_eq(v.n_items, 150000);
}
END_TEST

START_TEST(helpers)
{
    auto_arena a = { 0 };
    struct imap_value v, w;
    uint64_t n;
    ck_assert(imap_lex(S("uid 5 \"6\" FLAGS (\\Seen) nil NIL 99"), 0, &a, &v, NULL));
    ck_assert(imap_is_atom(&v.items[0], "UID"));
    ck_assert(!imap_is_atom(&v.items[2], "6"));
    ck_assert(imap_is_atom(&v.items[5], "NIL"));
    ck_assert(imap_to_number(&v.items[1], 9, &n));
    ck_assert_uint_eq(n, 5);
    ck_assert(!imap_to_number(&v.items[2], 9, &n));
    ck_assert(!imap_to_number(&v.items[7], 9, &n));
    ck_assert_ptr_eq(imap_pair(&v, "UID"), &v.items[1]);
    ck_assert_ptr_null(imap_pair(&v, "5"));
    ck_assert(imap_lex(S("UID 5 {1}\r\n6 flags (\\seen) NIL NIL 99"), 0, &a, &w, NULL));
    ck_assert(imap_value_eq(&v, &w));
    ck_assert(!imap_value_eq(&v.items[1], &w.items[2]));
    ck_assert(imap_lex(S("UID 5 \"6\" FLAGS (\\Seen \\Draft) NIL NIL 99"), 0, &a, &w, NULL));
    ck_assert(!imap_value_eq(&v, &w));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, row_gives_its_tree, 0, COUNT(rows));
    tcase_add_test(cases, values_know_their_place);
    tcase_add_test(cases, nesting_and_count_are_limited);
    tcase_add_test(cases, time_is_linear);
    tcase_add_test(cases, helpers);
}

int main(void)
{
    return run_tests("imap_lex", add);
}

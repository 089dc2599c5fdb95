#include "base64.h"
#include "secrets.h"
#include "testing.h"

#define CANARY "tr0ub4dor&3\"x"

static slice canary = { CANARY, sizeof CANARY - 1 };

static void masked(slice in, struct buf *out)
{
    struct secrets s = { 0 };
    secrets_add(&s, canary);
    buf_clear(out);
    ck_assert(secrets_mask(&s, in, out));
    ck_assert(secrets_found(&s, in));
    ck_assert(!secrets_found(&s, buf_slice(out)));
    secrets_release(&s);
}

static const struct {
    const char *in, *out;
} raw_rows[] = {
    { CANARY, "***" },
    { "PASS " CANARY "\r\n", "PASS ***\r\n" },
    { "a1 LOGIN tim \"tr0ub4dor&3\\\"x\"\r\n", "a1 LOGIN tim \"***\"\r\n" },
    { "a1 LOGIN tim {13}\r\n" CANARY "\r\n", "a1 LOGIN tim {13}\r\n***\r\n" },
    { "500 what is PASS TR0UB4DOR&3\"X?\r\n", "500 what is PASS ***?\r\n" },
    { "x" CANARY CANARY "y" CANARY "z", "x***y***z" },
};

START_TEST(raw_and_quoted)
{
    auto_buf out = { 0 };
    buf_init(&out, 1000);
    masked(slice_of(raw_rows[_i].in), &out);
    ck_assert_slice(buf_slice(&out), slice_of(raw_rows[_i].out));
}
END_TEST

/* Every alignment, with and without something behind, glued to other text of the alphabet. */
START_TEST(base64_alignments)
{
    auto_buf plain = { 0 }, wire = { 0 }, out = { 0 };
    buf_init(&plain, 1000);
    buf_init(&wire, 1000);
    buf_init(&out, 1000);
    for (int tail = 0; tail < 4; tail++) {
        buf_clear(&plain);
        buf_clear(&wire);
        for (int i = 0; i < _i; i++)
            buf_addc(&plain, (char)('a' + i));
        buf_add(&plain, canary);
        for (int i = 0; i < tail; i++)
            buf_addc(&plain, '\x01');
        buf_adds(&wire, "AUTH PLAIN ");
        base64_encode(buf_slice(&plain), &wire);
        buf_adds(&wire, "\r\n");
        masked(buf_slice(&wire), &out);
        ck_assert_slice(buf_slice(&out), S("AUTH PLAIN ***\r\n"));
    }
}
END_TEST

START_TEST(base64_glued)
{
    auto_buf wire = { 0 }, out = { 0 };
    buf_init(&wire, 1000);
    buf_init(&out, 1000);
    for (int i = 0; i < _i; i++)
        buf_addc(&wire, '/');
    base64_encode(canary, &wire);
    masked(buf_slice(&wire), &out);
    ck_assert_slice(buf_slice(&out), S("***"));
}
END_TEST

/* A canary in a folded body: the lines that carry it go, the others stay. */
START_TEST(base64_folded)
{
    auto_buf plain = { 0 }, wire = { 0 }, out = { 0 };
    buf_init(&plain, 1000);
    buf_init(&wire, 1000);
    buf_init(&out, 1000);
    for (int i = 0; i < 50; i++)
        buf_addc(&plain, 'p');
    buf_add(&plain, canary);
    for (int i = 0; i < 200; i++)
        buf_addc(&plain, 'q');
    base64_encode_lines(buf_slice(&plain), &wire);
    masked(buf_slice(&wire), &out);
    ck_assert(slice_starts(buf_slice(&out), S("***\r\n***\r\ncXFx")));
}
END_TEST

START_TEST(sasl_tokens)
{
    static const struct {
        slice plain;
    } rows[] = {
        { S("\0tim\0" CANARY) },
        { S(CANARY) },
        { S("user=tim\1auth=Bearer " CANARY "\1\1") },
        { S("n,a=tim,\1host=h\1auth=Bearer " CANARY "\1\1") },
    };
    auto_buf wire = { 0 }, out = { 0 };
    buf_init(&wire, 1000);
    buf_init(&out, 1000);
    base64_encode(rows[_i].plain, &wire);
    buf_adds(&wire, "\r\n");
    masked(buf_slice(&wire), &out);
    ck_assert_slice(buf_slice(&out), S("***\r\n"));
}
END_TEST

START_TEST(innocent_text_stays)
{
    slice text = S("* CAPABILITY IMAP4rev1 AUTH=PLAIN LITERAL+\r\nVGhpcyBpcyBub3QgaXQ=\r\n");
    struct secrets s = { 0 };
    auto_buf out = { 0 };
    buf_init(&out, 1000);
    secrets_add(&s, canary);
    secrets_add(&s, S(""));
    ck_assert(secrets_mask(&s, text, &out));
    ck_assert_slice(buf_slice(&out), text);
    buf_clear(&out);
    ck_assert(secrets_mask(NULL, text, &out));
    ck_assert_slice(buf_slice(&out), text);
    secrets_release(&s);
}
END_TEST

START_TEST(overlapping_values)
{
    struct secrets s = { 0 };
    auto_buf out = { 0 };
    buf_init(&out, 1000);
    secrets_add(&s, S("abcdef"));
    secrets_add(&s, S("defghi"));
    secrets_add(&s, S("abc"));
    secrets_mask(&s, S("-abcdefghi-abc-defghi"), &out);
    ck_assert_slice(buf_slice(&out), S("-***-***-***"));
    secrets_release(&s);
}
END_TEST

START_TEST(parts)
{
    struct secrets s = { 0 };
    struct secrets_spans spans = { 0 };
    auto_buf out = { 0 };
    buf_init(&out, 1000);
    secrets_add(&s, S("secret"));
    slice text = S("AB secret CD");
    secrets_find(&s, text, &spans);
    ck_assert_uint_eq(spans.n, 1);
    secrets_mask_part(&spans, text, 0, 5, &out);
    buf_addc(&out, '|');
    secrets_mask_part(&spans, text, 5, 7, &out);
    buf_addc(&out, '|');
    secrets_mask_part(&spans, text, 7, text.n, &out);
    ck_assert_slice(buf_slice(&out), S("AB ***|***|*** CD"));
    secrets_spans_release(&spans);
    secrets_release(&s);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, raw_and_quoted, 0, sizeof raw_rows / sizeof *raw_rows);
    tcase_add_loop_test(cases, base64_alignments, 0, 8);
    tcase_add_loop_test(cases, base64_glued, 0, 8);
    tcase_add_test(cases, base64_folded);
    tcase_add_loop_test(cases, sasl_tokens, 0, 4);
    tcase_add_test(cases, innocent_text_stays);
    tcase_add_test(cases, overlapping_values);
    tcase_add_test(cases, parts);
}

int main(void)
{
    return run_tests("secrets", add);
}

#include "testing.h"
#include "transcript.h"
#include <stdio.h>

static struct secrets secrets;
static struct transcript *t;

static void setup(void)
{
    secrets_add(&secrets, S("c4n4ry-secret"));
    t = transcript_new(&secrets);
}

static void teardown(void)
{
    transcript_free(t);
    secrets_release(&secrets);
}

static void check_entry(size_t i, enum transcript_direction direction, const char *device,
                        slice head)
{
    ck_assert_uint_gt(transcript_count(t), i);
    const struct transcript_entry *e = transcript_at(t, i);
    ck_assert_int_eq(e->direction, direction);
    ck_assert_str_eq(e->device, device);
    ck_assert_slice(e->head, head);
}

START_TEST(order_and_facts)
{
    transcript_received(t, "phone", false, 5, S("* OK hi\r\n"));
    transcript_sent(t, "phone", true, 7, S("A1 NOOP\r\n"));
    transcript_note(t, "laptop", false, 9, "TLS %s", "starts");
    ck_assert_uint_eq(transcript_count(t), 3);
    check_entry(0, TRANSCRIPT_RECEIVED, "phone", S("* OK hi\r\n"));
    check_entry(1, TRANSCRIPT_SENT, "phone", S("A1 NOOP\r\n"));
    check_entry(2, TRANSCRIPT_NOTE, "laptop", S("TLS starts"));
    ck_assert(transcript_at(t, 1)->in_tls);
    ck_assert_int_eq(transcript_at(t, 1)->at, 7);
    ck_assert_uint_eq(transcript_total(t), 3);
    ck_assert_uint_eq(transcript_bytes(t), 18);
}
END_TEST

START_TEST(masks_both_directions)
{
    transcript_sent(t, "phone", true, 1, S("PASS c4n4ry-secret\r\n"));
    transcript_received(t, "phone", true, 2, S("-ERR what, c4n4ry-secret?\r\n"));
    transcript_note(t, "phone", true, 3, "it said c4n4ry-secret");
    check_entry(0, TRANSCRIPT_SENT, "phone", S("PASS ***\r\n"));
    check_entry(1, TRANSCRIPT_RECEIVED, "phone", S("-ERR what, ***?\r\n"));
    check_entry(2, TRANSCRIPT_NOTE, "phone", S("it said ***"));
    ck_assert_uint_eq(transcript_at(t, 0)->size, 20);
}
END_TEST

START_TEST(byte_by_byte_is_one_entry)
{
    slice line = S("PASS c4n4ry-secret\r\n");
    for (size_t i = 0; i < line.n; i++)
        transcript_sent(t, "phone", false, (nsec)i, slice_sub(line, i, i + 1));
    ck_assert_uint_eq(transcript_count(t), 1);
    check_entry(0, TRANSCRIPT_SENT, "phone", S("PASS ***\r\n"));
    ck_assert_int_eq(transcript_at(t, 0)->at, 0);
}
END_TEST

/* The secret is cut by something else that happens: both halves are masked. */
START_TEST(cut_secret)
{
    slice line = S("PASS c4n4ry-secret\r\n");
    size_t cut = (size_t)_i;
    transcript_sent(t, "phone", false, 1, slice_sub(line, 0, cut));
    transcript_received(t, "phone", false, 2, S("* hurry\r\n"));
    transcript_sent(t, "phone", false, 3, slice_skip(line, cut));
    transcript_sent(t, "phone", false, 4, S("QUIT\r\n"));
    ck_assert_uint_eq(transcript_count(t), 4);
    bool in_secret = cut > 5 && cut < 18;
    slice first = transcript_at(t, 0)->head, second = transcript_at(t, 2)->head;
    ck_assert_uint_eq(slice_find(first, S("c4")), SIZE_MAX);
    ck_assert_uint_eq(slice_find(second, S("t\r")), SIZE_MAX);
    if (in_secret) {
        ck_assert_slice(first, S("PASS ***"));
        ck_assert_slice(second, S("***\r\n"));
    }
    ck_assert(!transcript_at(t, 0)->continues);
    ck_assert(transcript_at(t, 2)->continues);
    check_entry(3, TRANSCRIPT_SENT, "phone", S("QUIT\r\n"));
    ck_assert(!transcript_at(t, 3)->continues);
}
END_TEST

START_TEST(cut_base64)
{
    slice line = S("AUTH PLAIN AHRpbQBjNG40cnktc2VjcmV0\r\n"); /* NUL tim NUL c4n4ry-secret */
    size_t cut = (size_t)_i;
    transcript_sent(t, "phone", false, 1, slice_sub(line, 0, cut));
    transcript_note(t, "laptop", false, 2, "elsewhere");
    transcript_sent(t, "phone", false, 3, slice_skip(line, cut));
    ck_assert_slice(transcript_at(t, 0)->head, S("AUTH PLAIN ***"));
    ck_assert_slice(transcript_at(t, 2)->head, S("***\r\n"));
}
END_TEST

START_TEST(pending_is_seen)
{
    transcript_sent(t, "phone", false, 1, S("NOO"));
    ck_assert_uint_eq(transcript_total(t), 1);
    check_entry(0, TRANSCRIPT_SENT, "phone", S("NOO"));
    transcript_sent(t, "phone", false, 2, S("P\r\n"));
    check_entry(1, TRANSCRIPT_SENT, "phone", S("P\r\n"));
}
END_TEST

START_TEST(entries_are_bounded)
{
    for (int i = 0; i < 5000; i++) {
        char text[32];
        int n = snprintf(text, sizeof text, "* %d EXISTS\r\n", i);
        transcript_received(t, "phone", false, i, (slice) { text, (size_t)n });
    }
    ck_assert_uint_eq(transcript_count(t), TRANSCRIPT_FIRST + TRANSCRIPT_LAST);
    ck_assert_uint_eq(transcript_dropped(t), 5000 - TRANSCRIPT_FIRST - TRANSCRIPT_LAST);
    check_entry(TRANSCRIPT_FIRST - 1, TRANSCRIPT_RECEIVED, "phone", S("* 499 EXISTS\r\n"));
    check_entry(TRANSCRIPT_FIRST, TRANSCRIPT_RECEIVED, "phone", S("* 3500 EXISTS\r\n"));
    check_entry(transcript_count(t) - 1, TRANSCRIPT_RECEIVED, "phone", S("* 4999 EXISTS\r\n"));
    ck_assert_uint_eq(transcript_at(t, TRANSCRIPT_FIRST)->number, 3501);
}
END_TEST

static void long_entry(size_t n, size_t secret_at)
{
    auto_buf text = { 0 };
    buf_init(&text, BUF_OURS);
    while (text.n < n) {
        if (text.n == secret_at)
            buf_adds(&text, "c4n4ry-secret");
        buf_addc(&text, '.');
    }
    transcript_received(t, "phone", false, 1, buf_slice(&text));
    const struct transcript_entry *e = transcript_at(t, transcript_count(t) - 1);
    ck_assert_uint_eq(e->size, text.n);
    ck_assert_uint_eq(slice_find(e->head, S("c4n4ry")), SIZE_MAX);
    ck_assert_uint_eq(slice_find(e->tail, S("c4n4ry")), SIZE_MAX);
    ck_assert_uint_eq(e->head.n, TRANSCRIPT_ENTRY_MAX / 2);
    ck_assert_uint_eq(e->tail.n, TRANSCRIPT_ENTRY_MAX / 2);
    size_t shown = e->head.n + e->tail.n + e->left_out;
    ck_assert_uint_le(shown, text.n);
    ck_assert_uint_ge(shown + 13, text.n);
}

START_TEST(long_entries_are_bounded)
{
    long_entry(50000, 3);
    long_entry(50000, 49000);
    long_entry(5000000, 3);
    long_entry(5000000, TRANSCRIPT_WINDOW - 5);
    long_entry(5000000, 5000000 - 100);
}
END_TEST

START_TEST(no_transcript_is_fine)
{
    transcript_sent(NULL, "phone", false, 1, S("x"));
    transcript_received(NULL, "phone", false, 1, S("x"));
    transcript_note(NULL, "phone", false, 1, "x");
    ck_assert_ptr_null(transcript_secrets(NULL));
    transcript_free(NULL);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, order_and_facts);
    tcase_add_test(cases, masks_both_directions);
    tcase_add_test(cases, byte_by_byte_is_one_entry);
    tcase_add_loop_test(cases, cut_secret, 1, 19);
    tcase_add_loop_test(cases, cut_base64, 12, 34);
    tcase_add_test(cases, pending_is_seen);
    tcase_add_test(cases, entries_are_bounded);
    tcase_add_test(cases, long_entries_are_bounded);
    tcase_add_test(cases, no_transcript_is_fine);
}

int main(void)
{
    return run_tests("transcript", add);
}

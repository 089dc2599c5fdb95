/* Runs the fuzz target that it is linked with over the rows of the table tests, over what small
   changes make of them, and over pieces of several rows put together; always the same inputs. */
#include "array.h"
#include "buf.h"
#include "fuzz_replay.h"
#include "testing.h"

static const slice rows[] = {
#define GOOD(text) { "" text "\r\n", sizeof(text "\r\n") - 1 },
#define UTF8(text) GOOD(text)
#define BAD(rule, text) GOOD(text)
#define RAW(rule, text) { "" text, sizeof(text) - 1 },
#include "imap_response_rows.def"
#undef RAW
#define ROW(side, in, length, literals, lf, cr) { "" in, sizeof(in) - 1 },
#define MORE(side, in) { "" in, sizeof(in) - 1 },
#include "imap_frame_rows.def"
};

START_TEST(row_and_what_changes_make_of_it)
{
    fuzz_replay(rows[_i]);
}
END_TEST

/* xorshift32 */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static slice random_piece(slice s, uint32_t *state)
{
    size_t from = s.n ? next_random(state) % s.n : 0;
    return slice_sub(s, from, from + next_random(state) % 60);
}

START_TEST(pieces_of_rows)
{
    uint32_t state = 0x9e3779b9u + (uint32_t)_i;
    for (int round = 0; round < 500; round++) {
        auto_buf b;
        buf_init(&b, BUF_OURS);
        buf_add(&b, slice_sub(rows[next_random(&state) % COUNT(rows)], 0, 20));
        for (uint32_t n = next_random(&state) % 6; n; n--)
            buf_add(&b, random_piece(rows[next_random(&state) % COUNT(rows)], &state));
        if (b.n && round % 3 == 0)
            b.p[next_random(&state) % b.n] = (char)next_random(&state);
        buf_adds(&b, round % 2 ? "\r\n" : "");
        fuzz_exact(buf_slice(&b));
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, row_and_what_changes_make_of_it, 0, COUNT(rows));
    tcase_add_loop_test(cases, pieces_of_rows, 0, 40);
}

int main(void)
{
    return run_tests("imap_replay", add);
}

/* What patterns are, and what they are not; each row is fed to the fuzz target, too. */
#include "fuzz_replay.h"
#include "pattern.h"
#include "testing.h"

static const struct {
    const char *text;
    size_t words;  /* SIZE_MAX: does not parse */
    size_t offset; /* then: where */
} rows[] = {
    { "", 0, 0 },
    { "2 EXISTS", 2, 0 },
    { "$n FETCH (UID $uid FLAGS (\\Seen ...))", 3, 0 },
    { "OK [READ-WRITE]", 2, 0 },
    { "1 FETCH (BODY[HEADER.FIELDS (SUBJECT)]<0> \"a \\\" b\")", 3, 0 },
    { "/a b/ x", 2, 0 },
    { "LIST () / a", 4, 0 },
    { "$_ ... ${name}x $$", 4, 0 },
    { "(((((((", SIZE_MAX, 7 },
    { "\"open", SIZE_MAX, 5 },
    { "/a/b\\", 2, 0 },
    { "/a\\/\\", SIZE_MAX, 5 },
    { "a)", SIZE_MAX, 1 },
    { "a ]", SIZE_MAX, 2 },
    { "OK [A", SIZE_MAX, 5 },
    { "/(?<x>a*)*b/", 1, 0 },
};

START_TEST(patterns_are_words_strings_lists_and_codes)
{
    auto_arena arena = { 0 };
    struct pattern p;
    size_t offset = 0;
    const char *why = NULL;
    bool good = pattern_parse(slice_of(rows[_i].text), &arena, &p, &offset, &why);
    ck_assert_int_eq(good, rows[_i].words != SIZE_MAX);
    if (good)
        ck_assert_uint_eq(p.n, rows[_i].words);
    else
        ck_assert_uint_eq(offset, rows[_i].offset);
}
END_TEST

START_TEST(nothing_breaks_the_parser)
{
    fuzz_replay(slice_of(rows[_i].text));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, patterns_are_words_strings_lists_and_codes, 0, COUNT(rows));
    tcase_add_loop_test(cases, nothing_breaks_the_parser, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("pattern", add);
}

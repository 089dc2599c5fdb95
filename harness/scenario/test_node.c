#include "node.h"
#include "testing.h"

static struct arena arena;
static struct problems problems;

static void reset(void)
{
    problems_release(&problems);
    arena_release(&arena);
    problems = (struct problems) { 0 };
    arena = (struct arena) { 0 };
}

static struct node *parse(const char *text)
{
    return node_parse(slice_of(text), "x.yaml", &arena, &problems);
}

START_TEST(values_keep_place_bytes_and_quoting)
{
    struct node *root = parse(
        "a: 1\nlist:\n  - plain\n  - \"q\\0r\\r\\n\"\nraw: !hex 0d 0A ff\nb64: !base64 AA==\n");
    ck_assert_uint_eq(problems.list.n, 0);
    struct node *list = node_get(root, "list");
    ck_assert_uint_eq(list->n, 2);
    ck_assert_uint_eq(list->items[0]->at.line, 3);
    ck_assert_uint_eq(list->items[0]->at.column, 5);
    ck_assert_uint_eq(list->items[0]->at.length, 5);
    ck_assert(!list->items[0]->quoted);
    ck_assert_slice(list->items[1]->text, slice_make("q\0r\r\n", 5));
    ck_assert(list->items[1]->quoted);
    ck_assert_slice(node_get(root, "raw")->text, slice_make("\x0d\x0a\xff", 3));
    ck_assert_slice(node_get(root, "b64")->text, slice_make("\0", 1));
    ck_assert_ptr_null(node_get(root, "absent"));
    reset();
}
END_TEST

static const struct {
    const char *text, *says;
    unsigned line, column;
} mistakes[] = {
    { "a: 1\nb: 2\na: 3\n", "stands twice", 3, 1 },
    { "a: &x 1\nb: *x\n", "anchors", 1, 4 },
    { "a: 1\nb: *x\n", "aliases", 2, 4 },
    { "a: !hex 1\n", "pairs of hexadecimal", 1, 4 },
    { "a: !base64 A\n", "base64", 1, 4 },
    { "a: !other 1\n", "unknown tag", 1, 4 },
    { "a: [1\n", "not YAML", 2, 1 },
    { "a: 1\n\tb: 2\n", "not YAML", 2, 1 },
    { "a: 1\n---\nb: 2\n", "second document", 2, 1 },
    { "? [x]\n: 1\n", "plain word", 1, 3 },
};

START_TEST(mistakes_have_their_place)
{
    parse(mistakes[_i].text);
    ck_assert_uint_ge(problems.list.n, 1);
    const struct problem *p = &problems.list.v[0];
    ck_assert_msg(strstr(p->text, mistakes[_i].says), "%s", p->text);
    ck_assert_uint_eq(p->at.line, mistakes[_i].line);
    ck_assert_uint_eq(p->at.column, mistakes[_i].column);
    reset();
}
END_TEST

START_TEST(an_empty_file_is_a_problem)
{
    ck_assert_ptr_null(parse(""));
    ck_assert_uint_eq(problems.list.n, 1);
    reset();
}
END_TEST

START_TEST(nesting_is_bounded)
{
    auto_buf deep;
    buf_init(&deep, BUF_OURS);
    for (int i = 0; i < 100; i++)
        buf_addc(&deep, '[');
    for (int i = 0; i < 100; i++)
        buf_addc(&deep, ']');
    ck_assert_ptr_null(parse(deep.p));
    ck_assert_str_eq(problems.list.v[0].text, "nested deeper than 40 levels");
    reset();
}
END_TEST

START_TEST(unknown_keys_get_a_suggestion_and_a_caret)
{
    static const char *const keys[] = { "expect", "within" };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    struct node *root = parse("within: 5s\nexpct: OK\n");
    node_only_keys(root, keys, COUNT(keys), "a step", &problems);
    problems_render(&problems, &text);
    ck_assert_str_eq(text.p, "error: unknown key \"expct\" in a step; did you mean \"expect\"?\n"
                             "  --> x.yaml:2:1\n"
                             "    |\n"
                             "  2 | expct: OK\n"
                             "    | ^^^^^\n");
    reset();
}
END_TEST

START_TEST(a_file_does_not_steer_the_terminal)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    problem_source(&problems, "evil.yaml", S("\tname: \x1b[2J\xc2\x9b\n"));
    problem_add(&problems, (struct place) { "evil.yaml", 1, 2, 4 }, "unknown key \"%s\"",
                "\x1b[2J");
    problems_render(&problems, &text);
    ck_assert_str_eq(text.p, "error: unknown key \"\\x1B[2J\"\n  --> evil.yaml:1:2\n    |\n"
                             "  1 | \tname: \\x1B[2J\\u{009B}\n    | \t^^^^\n");
    reset();
}
END_TEST

START_TEST(typed_values_say_what_is_wrong)
{
    uint64_t number = 7;
    bool flag = false;
    nsec time = 3;
    size_t word = 9;
    static const char *const words[] = { "one", "two" };
    struct node *root = parse("n: 12\nbad: 1x\nyes: true\nno: no\nd: 1.5s\nw: two\nlist: [a, b]\n");
    ck_assert(node_u64(node_get(root, "n"), 12, "n", &number, &problems));
    ck_assert(!node_u64(node_get(root, "n"), 11, "n", &number, &problems));
    ck_assert(!node_u64(node_get(root, "bad"), 99, "bad", &number, &problems));
    ck_assert_uint_eq(number, 12);
    ck_assert(node_bool(node_get(root, "yes"), "yes", &flag, &problems) && flag);
    ck_assert(!node_bool(node_get(root, "no"), "no", &flag, &problems));
    ck_assert(node_duration(node_get(root, "d"), "d", &time, &problems));
    ck_assert_int_eq(time, MILLIS(1500));
    ck_assert(node_word(node_get(root, "w"), words, 2, "w", &word, &problems));
    ck_assert_uint_eq(word, 1);
    ck_assert(!node_word(node_get(root, "bad"), words, 2, "w", &word, &problems));
    slice *list;
    ck_assert_uint_eq(node_strings(node_get(root, "list"), "list", &arena, &list, &problems), 2);
    ck_assert_slice(list[1], S("b"));
    ck_assert_uint_eq(node_strings(node_get(root, "w"), "w", &arena, &list, &problems), 1);
    ck_assert_uint_eq(problems.list.n, 4);
    reset();
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, values_keep_place_bytes_and_quoting);
    tcase_add_loop_test(cases, mistakes_have_their_place, 0, COUNT(mistakes));
    tcase_add_test(cases, an_empty_file_is_a_problem);
    tcase_add_test(cases, nesting_is_bounded);
    tcase_add_test(cases, a_file_does_not_steer_the_terminal);
    tcase_add_test(cases, unknown_keys_get_a_suggestion_and_a_caret);
    tcase_add_test(cases, typed_values_say_what_is_wrong);
}

int main(void)
{
    return run_tests("node", add);
}

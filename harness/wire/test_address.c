#include "address.h"
#include "array.h"
#include "buf.h"
#include "fuzz_replay.h"
#include "testing.h"

/* A list as text: "name|route|mailbox|host" for each, "-" for what is absent, "{group" and "}" for
   the ends of a group, ";" between; " !" at the end of a malformed one. */
static void show_slice(struct buf *b, slice s)
{
    if (s.p)
        buf_add(b, s);
    else
        buf_addc(b, '-');
}

static void show(struct buf *b, const struct address_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct address *a = &list->v[i];
        buf_adds(b, i ? ";" : "");
        if (a->kind == ADDRESS_GROUP_END) {
            buf_addc(b, '}');
            continue;
        }
        if (a->kind == ADDRESS_GROUP_START) {
            buf_addc(b, '{');
            show_slice(b, a->mailbox);
            continue;
        }
        show_slice(b, a->name);
        buf_addc(b, '|');
        show_slice(b, a->route);
        buf_addc(b, '|');
        show_slice(b, a->mailbox);
        buf_addc(b, '|');
        show_slice(b, a->host);
    }
    if (list->malformed)
        buf_adds(b, " !");
}

static const struct {
    const char *value, *want;
} rows[] = {
    { "", "" },
    { "  \r\n ", "" },
    { "a@b", "-|-|a|b" },
    { "<a@b>", "-|-|a|b" },
    { "Ann <a@b>", "Ann|-|a|b" },
    { "Ann  B.  Cee <a@b>", "Ann B. Cee|-|a|b" },
    { "John Q. Public <a@b>", "John Q. Public|-|a|b" },
    { "\"Cee, Ann\" <a@b>", "Cee, Ann|-|a|b" },
    { "\"Ann \\\"the\\\\ Cee\\\"\" <a@b>", "Ann \"the\\ Cee\"|-|a|b" },
    { "\"Ann\" Cee<a@b>", "Ann Cee|-|a|b" },
    { "\"\" <a@b>", "-|-|a|b" },
    { "=?utf-8?Q?J=C3=B6rg?= <a@b>", "=?utf-8?Q?J=C3=B6rg?=|-|a|b" },
    { "J\xC3\xB6rg <j\xC3\xB6@b>", "J\xC3\xB6rg|-|j\xC3\xB6|b" },
    { "a@b (Ann Cee)", "Ann Cee|-|a|b" },
    { "a@b (Ann (the) \\) Cee)", "Ann (the) ) Cee|-|a|b" },
    { "Ann (not this) <a@b> (nor this)", "Ann|-|a|b" },
    { "<a@b> (Ann)", "Ann|-|a|b" },
    { "a(x).b@c(y).d", "-|-|a.b|c.d" },
    { "a . b @ c . d", "-|-|a.b|c.d" },
    { "\"a b\"@c", "-|-|a b|c" },
    { "\"a\".b.\"c\"@d", "-|-|a.b.c|d" },
    { "a@[192.0.2.1]", "-|-|a|[192.0.2.1]" },
    { "Ann\r\n Cee\r\n\t<a@b>,\r\n c@d", "Ann Cee|-|a|b;-|-|c|d" },
    { "a@b, c@d,e@f", "-|-|a|b;-|-|c|d;-|-|e|f" },
    { ",a@b,, ,c@d,", "-|-|a|b;-|-|c|d" },
    { "<@x,@y.z:a@b>", "-|@x,@y.z|a|b" },
    { "Ann < @x , @y : a@b >", "Ann|@x,@y|a|b" },
    { "team: a@b, Ann <c@d>;", "{team;-|-|a|b;Ann|-|c|d;}" },
    { "undisclosed recipients:;", "{undisclosed recipients;}" },
    { "\"A Team\": ;, a@b", "{A Team;};-|-|a|b" },
    { "x@y, g:a@b;, c@d", "-|-|x|y;{g;-|-|a|b;};-|-|c|d" },
    { "g:;h:;", "{g;};{h;}" },
    /* No grammar; read as well as it goes. */
    { "root", "-|-|root| !" },
    { "Ann Cee", "-|-|Ann Cee| !" },
    { "a@b <c@d>", "a@b|-|c|d !" },
    { "Cee, Ann <a@b>", "-|-|Cee|;Ann|-|a|b !" },
    { "Ann <a>", "Ann|-|a| !" },
    { "Ann <>", "Ann|-|| !" },
    { "Ann <a@>", "Ann|-|a| !" },
    { "@b", "-|-||b !" },
    { "a@", "-|-|a| !" },
    { "<a@b", "-|-|a|b !" },
    { "<a@b, c@d", "-|-|a|b;-|-|c|d !" },
    { "<@x a@b>", "-|-||x !" },
    { "a@b; c@d", "-|-|a|b;-|-|c|d !" },
    { "g: a@b", "{g;-|-|a|b;} !" },
    { "g: h: a@b;;", "{g;-|-|a|b;} !" },
    { ":a@b;", "{;-|-|a|b;} !" },
    { "\"open <a@b>", "-|-|open <a@b>| !" },
    { "(open <a@b>", "" },
    { "a@b c@d", "-|-|a|b !" },
    { "Ann a@b", "-|-|Anna|b !" },
    { "a@b..c", "-|-|a|b..c" },
    { "a@b.", "-|-|a|b." },
    { ">)", " !" },
    { "a@[1.2", "-|-|a|[1.2 !" },
};

START_TEST(list_is_read)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct address_list list;
    buf_init(&b, 1000);
    address_list_parse(slice_of(rows[_i].value), &a, &list);
    show(&b, &list);
    ck_assert_str_eq(b.p, rows[_i].want);
}
END_TEST

START_TEST(many_addresses_are_cut)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct address_list list;
    buf_init(&b, BUF_OURS);
    for (int i = 0; i < ADDRESSES_MAX + 10; i++)
        buf_add(&b, S("a@b,"));
    address_list_parse(buf_slice(&b), &a, &list);
    ck_assert_uint_eq(list.n, ADDRESSES_MAX);
    ck_assert(list.malformed);
}
END_TEST

START_TEST(deep_comments_do_no_harm)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct address_list list;
    buf_init(&b, BUF_OURS);
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, '(');
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, ')');
    buf_add(&b, S("a@b"));
    address_list_parse(buf_slice(&b), &a, &list);
    ck_assert_uint_eq(list.n, 1);
    ck_assert_slice(list.v[0].host, S("b"));
}
END_TEST

START_TEST(fuzz_target_takes_rows)
{
    fuzz_replay(slice_of(rows[_i].value));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, list_is_read, 0, COUNT(rows));
    tcase_add_test(cases, many_addresses_are_cut);
    tcase_add_test(cases, deep_comments_do_no_harm);
    tcase_add_loop_test(cases, fuzz_target_takes_rows, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("address", add);
}

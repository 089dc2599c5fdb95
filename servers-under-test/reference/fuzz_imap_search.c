/* Arguments of SEARCH, NUL, and a message: a program and its negation never agree, and the answer
   conforms to the grammar. */
#include "fuzz_replay.h"
#include "imap_grammar.h"
#include "imap_lex.h"
#include "imap_search.h"
#include <assert.h>

static bool has_flag(void *data, slice name)
{
    return slice_eq_nocase(name, S("\\Seen"));
}

static slice octets(void *data)
{
    return *(slice *)data;
}

static bool match(const struct search_program *p, slice message)
{
    const struct search_box box = { 3, 9, 1583227230 };
    const struct search_message m = {
        .seq = 2,
        .uid = 5,
        .modseq = 7,
        .size = message.n,
        .internal_date = 1583220000,
        .zone = 60,
        .has_flag = has_flag,
        .octets = octets,
        .data = &message,
    };
    return search_match(p, &box, &m);
}

static bool parse(struct arena *a, const struct imap_value *v, size_t n,
                  struct search_program **ret)
{
    const struct search_options options = { 0 };
    struct search_failure failure = { 0 };
    bool ok = search_parse(a, v, n, &options, ret, &failure);
    assert(ok || (failure.text && failure.code));
    return ok;
}

static void check_answer(const struct search_program *p, bool found)
{
    const struct imap_grammar_options grammar = { 0 };
    for (int uid = 0; uid < 2; uid++) {
        struct search_results results = { 0 };
        auto_buf out;
        buf_init(&out, BUF_OURS);
        if (found)
            search_add(&results, 2, 5, 7);
        search_render(p, &results, S("A1"), uid, &out);
        assert(!out.n || imap_grammar_check(buf_slice(&out), &grammar, NULL));
        search_results_release(&results);
    }
}

/* The same keys as NOT (...), which may be one level too deep. */
static void check_negation(slice keys, slice message, bool found)
{
    auto_arena a = { 0 };
    auto_buf text;
    struct imap_value top;
    struct search_program *p;
    buf_init(&text, BUF_OURS);
    buf_adds(&text, "NOT (");
    buf_add(&text, keys);
    buf_addc(&text, ')');
    if (!imap_lex(buf_slice(&text), 0, &a, &top, NULL) || top.n_items != 2 ||
        !parse(&a, top.items, top.n_items, &p))
        return;
    assert(match(p, message) != found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena a = { 0 };
    slice message = slice_make(data, size), keys;
    struct imap_value top;
    struct search_program *p;
    size_t nul = slice_find_char(message, '\0');
    if (nul == SIZE_MAX || nul > 5000)
        return 0;
    keys = slice_sub(message, 0, nul);
    message = slice_skip(message, nul + 1);
    if (!imap_lex(keys, 0, &a, &top, NULL) || !parse(&a, top.items, top.n_items, &p))
        return 0;
    bool found = match(p, message);
    check_answer(p, found);
    check_negation(keys, message, found);
    return 0;
}

/* A FETCH argument, NUL, and a message: any accepted argument gives an answer that conforms to the
   grammar, and the items agree with one another. Without NUL all of it is the message. */
#include "fuzz_replay.h"
#include "imap_fetch.h"
#include "imap_grammar.h"
#include "imap_lex.h"
#include <assert.h>

static const struct fetch_options modes[] = {
    { .utf8 = false },
    { .utf8 = true },
    { .utf8 = true, .rev2 = true },
};

static bool parse(struct arena *a, slice att, struct fetch_items *ret)
{
    struct imap_value top;
    const char *why = NULL;
    if (!imap_lex(att, 0, a, &top, NULL) || top.n_items != 1)
        return false;
    if (!fetch_parse(a, &top.items[0], NULL, ret, &why)) {
        assert(why && why[0]);
        return false;
    }
    return true;
}

/* Appends the answer; false when it is a refusal. */
static bool answer(slice att, slice message, const struct fetch_options *options, struct buf *out)
{
    auto_arena a = { 0 };
    struct fetch_items items;
    const struct fetch_message m = {
        .seq = 1, .uid = 2, .modseq = 3, .octets = message, .size = message.n, .flags = S("\\Seen")
    };
    if (!parse(&a, att, &items))
        return false;
    if (fetch_render(&items, &m, options, out) != FETCH_DONE) {
        assert(!out->n);
        return false;
    }
    return true;
}

static void check(slice att, slice message)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const struct imap_grammar_options grammar = { .utf8 = modes[i].utf8,
                                                      .rev2 = modes[i].rev2 };
        auto_buf out;
        buf_init(&out, BUF_OURS);
        if (answer(att, message, &modes[i], &out))
            assert(imap_grammar_check(buf_slice(&out), &grammar, NULL));
    }
}

/* The string behind `name` in "* 1 FETCH (NAME value)": octets of the literal, or 0 for "". */
static size_t octets_of(const char *name, slice message)
{
    auto_arena a = { 0 };
    auto_buf out;
    struct imap_value top;
    buf_init(&out, BUF_OURS);
    if (!answer(slice_of(name), message, &modes[0], &out))
        return 0;
    bool ok = imap_lex(buf_slice(&out), 0, &a, &top, NULL);
    assert(ok && top.n_items == 4 && top.items[3].n_items == 2);
    return top.items[3].items[1].text.n;
}

static void check_sums(slice message)
{
    size_t whole = octets_of("BODY[]", message), text = octets_of("BODY[TEXT]", message);
    size_t header = octets_of("BODY[HEADER]", message);
    assert(whole == message.n && header + text == whole);
    size_t some = octets_of("BODY[HEADER.FIELDS (A Subject)]", message);
    size_t rest = octets_of("BODY[HEADER.FIELDS.NOT (A Subject)]", message);
    assert(some + rest >= header && some + rest <= header + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice message = slice_make(data, size), att = S("");
    size_t nul = slice_find_char(message, '\0');
    if (nul != SIZE_MAX && nul < 1000) {
        att = slice_sub(message, 0, nul);
        message = slice_skip(message, nul + 1);
    }
    check(att, message);
    check(S("(ENVELOPE BODY BODYSTRUCTURE BODY[1] BODY[1.1.MIME] BODY[2.TEXT]<3.9> BINARY[1])"),
          message);
    check(S("(BODYSTRUCTURE BODY.PEEK[2.HEADER] RFC822.HEADER)"), message);
    check_sums(message);
    return 0;
}

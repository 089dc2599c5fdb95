/* Any octets as a response: no crash, errors within the unit, and what must hold between grammar,
   tokenizer and framer. */
#include "buf.h"
#include "fuzz_replay.h"
#include "imap_frame.h"
#include "imap_response.h"
#include "imap_set.h"
#include "utf7.h"
#include <assert.h>

static void within(slice outer, slice inner)
{
    assert(!inner.n || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n));
}

static void walk(slice unit, const struct imap_value *v, unsigned depth)
{
    assert(depth <= IMAP_NESTING_MAX + 1);
    within(unit, v->raw);
    assert(!v->raw.n || unit.p + v->offset == v->raw.p);
    for (size_t i = 0; i < v->n_items; i++)
        walk(unit, &v->items[i], depth + 1);
}

/* The decoders are exact: what they take is what the encoders give. */
static void leaves(const struct imap_value *v, struct arena *a)
{
    struct imap_set set, again;
    auto_buf text, back;
    buf_init(&text, BUF_OURS);
    buf_init(&back, BUF_OURS);
    if (imap_set_parse(v->text, a, &set)) {
        assert(imap_set_format(&set, &text));
        assert(imap_set_parse(buf_slice(&text), a, &again) && imap_set_equal(&set, &again));
        buf_clear(&text);
    }
    if (utf7_decode(v->text, &text)) {
        assert(utf7_encode(buf_slice(&text), &back));
        assert(slice_eq(buf_slice(&back), v->text));
    }
    for (size_t i = 0; i < v->n_items; i++)
        leaves(&v->items[i], a);
}

/* Untagged data that conforms: the framer cuts it out whole and the tokenizer reads all of it. */
static void check_conforming(slice unit, const struct imap_response *r, struct arena *a)
{
    struct imap_framer f;
    struct imap_frame frame;
    struct imap_value v;
    assert(r->kind != IMAP_GARBAGE);
    if (r->kind != IMAP_DATA)
        return;
    imap_framer_init(&f, IMAP_FRAME_RESPONSES);
    assert(imap_framer_scan(&f, unit, &frame) == IMAP_FRAME_COMPLETE);
    assert(frame.length == unit.n);
    assert(frame.bare_lf == IMAP_NOWHERE && frame.bare_cr == IMAP_NOWHERE);
    assert(imap_lex(unit, 0, a, &v, NULL));
    assert(imap_value_eq(&v, &v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct imap_grammar_options options[] = { { false, false }, { true, true } };
    slice unit = slice_make(data, size);
    bool conforms[2];
    auto_arena a = { 0 };
    struct imap_value v;
    struct imap_response r;
    for (int i = 0; i < 2; i++) {
        struct imap_grammar_error error;
        conforms[i] = imap_response_parse(unit, &options[i], &a, &r, &error) == 0;
        assert(conforms[i] == !error.rule);
        assert(error.offset <= size);
    }
    /* UTF-8 only ever allows more. */
    assert(conforms[1] || !conforms[0]);
    within(unit, r.tag);
    within(unit, r.text);
    within(unit, r.name);
    within(unit, r.code_raw);
    walk(unit, &r.values, 0);
    walk(unit, &r.code_args, 0);
    leaves(&r.values, &a);
    if (conforms[1])
        check_conforming(unit, &r, &a);
    imap_lex(unit, IMAP_LEX_CODE, &a, &v, NULL);
    walk(unit, &v, 0);
    return 0;
}

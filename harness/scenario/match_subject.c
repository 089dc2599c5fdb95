/* What was received, made into values that patterns are held against. */
#include "imap_response.h"
#include "match.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

enum { REGEX_MATCH_LIMIT = 100000 };

static struct imap_value atom_at(slice text, slice whole)
{
    size_t offset = whole.p && text.p >= whole.p && text.p <= whole.p + whole.n
                        ? (size_t)(text.p - whole.p)
                        : 0;
    return (struct imap_value) { .kind = IMAP_ATOM, .text = text, .raw = text, .offset = offset };
}

static void subject_status(const struct imap_response *r, struct arena *arena, struct subject *s)
{
    s->imap_status = true;
    struct imap_value *items = arena_new_n(arena, struct imap_value, 2);
    slice status = slice_of(imap_status_name(r->status));
    size_t at = slice_find_nocase(r->raw, status);
    items[0] = atom_at(at == SIZE_MAX ? status : slice_sub(r->raw, at, at + status.n), r->raw);
    s->values.items = items;
    s->values.n_items = 1;
    if (!r->has_code)
        return;
    struct imap_value *code = arena_new_n(arena, struct imap_value, r->code_args.n_items + 1);
    code[0] = atom_at(r->code, r->raw);
    for (size_t i = 0; i < r->code_args.n_items; i++)
        code[i + 1] = r->code_args.items[i];
    items[1] = atom_at(r->code_raw, r->raw);
    items[1].kind = IMAP_CODE;
    items[1].items = code;
    items[1].n_items = r->code_args.n_items + 1;
    s->values.n_items = 2;
}

void subject_from_imap(const struct imap_response *r, struct arena *arena, struct subject *ret)
{
    *ret = (struct subject) { .text = r->raw };
    ret->values = (struct imap_value) { .kind = IMAP_LIST, .raw = r->raw };
    if (r->kind == IMAP_TAGGED || r->kind == IMAP_STATUS) {
        subject_status(r, arena, ret);
        return;
    }
    struct imap_value *items = arena_new_n(arena, struct imap_value, r->values.n_items + 2);
    size_t n = 0;
    if (r->has_number) {
        char *digits = arena_printf(arena, "%u", r->number);
        items[n] = atom_at(slice_of(digits), r->raw);
        items[n++].offset = 2;
    }
    if (r->kind == IMAP_DATA)
        items[n++] = atom_at(r->name, r->raw);
    for (size_t i = 0; r->kind == IMAP_DATA && i < r->values.n_items; i++)
        items[n++] = r->values.items[i];
    if (r->kind == IMAP_CONTINUATION)
        items[n++] = atom_at(slice_sub(r->raw, 0, 1), r->raw);
    if (r->kind == IMAP_GARBAGE)
        items[n++] = atom_at(slice_trim(r->raw), r->raw);
    ret->values.items = items;
    ret->values.n_items = n;
}

/* A word of a line; "[IN-USE]" is a code with one word in it. */
static struct imap_value word_at(slice word, slice line, struct arena *arena)
{
    struct imap_value v = atom_at(word, line);
    if (word.n < 3 || word.p[0] != '[' || word.p[word.n - 1] != ']')
        return v;
    v.kind = IMAP_CODE;
    v.items = arena_new(arena, struct imap_value);
    v.items[0] = atom_at(slice_sub(word, 1, word.n - 1), line);
    v.n_items = 1;
    return v;
}

void subject_from_words(slice line, struct arena *arena, struct subject *ret)
{
    size_t most = 1;
    for (size_t i = 0; i < line.n; i++)
        most += line.p[i] == ' ';
    struct imap_value *items = arena_new_n(arena, struct imap_value, most + 1);
    slice rest = line, word;
    size_t n = 0;
    while (slice_cut(&rest, ' ', &word))
        if (word.n)
            items[n++] = word_at(word, line, arena);
    *ret = (struct subject) { .text = line, .words = true };
    ret->values =
        (struct imap_value) { .kind = IMAP_LIST, .raw = line, .items = items, .n_items = n };
}

static void bind_groups(pcre2_code *code, pcre2_match_data *data, slice text, struct vars *vars)
{
    uint32_t names = 0, size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &names);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
    for (uint32_t i = 0; i < names; i++, table += size) {
        unsigned group = (unsigned)table[0] << 8 | table[1];
        if (at[2 * group] != PCRE2_UNSET)
            vars_set(vars, slice_of((const char *)table + 2),
                     slice_sub(text, at[2 * group], at[2 * group + 1]));
    }
}

int match_regex(slice regex, slice text, struct vars *vars, char ret_why[200])
{
    int number;
    PCRE2_SIZE offset;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)regex.p, regex.n, PCRE2_DOLLAR_ENDONLY, &number, &offset, NULL);
    if (!code) {
        pcre2_get_error_message(number, (PCRE2_UCHAR *)ret_why, 200);
        return -1;
    }
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, REGEX_MATCH_LIMIT);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    int found = pcre2_match(code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, data, limits);
    if (found > 0 && vars)
        bind_groups(code, data, text, vars);
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
    return found > 0;
}

#include "grammar_error.h"
#include <stdarg.h>
#include <stdio.h>

const struct wire_rule_info wire_rules[] = {
#define RULE(NAME, id, level, text) { id, level, text },
#include "wire_rules.def"
#undef RULE
};

const struct wire_rule_info *wire_rule_by_id(slice id)
{
    for (int i = 0; i < WIRE_RULES; i++)
        if (slice_eq_str(id, wire_rules[i].id))
            return &wire_rules[i];
    return NULL;
}

__attribute__((format(printf, 4, 0))) static void fill(struct grammar_error *err,
                                                       enum wire_rule rule, size_t offset,
                                                       const char *format, va_list args)
{
    err->rule = wire_rules[rule].id;
    err->offset = offset;
    vsnprintf(err->text, sizeof err->text, format, args);
}

bool grammar_error_set(struct grammar_error *err, enum wire_rule rule, size_t offset,
                       const char *format, ...)
{
    if (!err || err->rule)
        return false;
    va_list args;
    va_start(args, format);
    fill(err, rule, offset, format, args);
    va_end(args);
    return false;
}

/* Room for one more finding of this rule, or NULL when it has one or the list is full. */
static struct grammar_error *room_for(struct grammar_errors *errors, struct arena *a,
                                      const char *rule)
{
    for (size_t i = 0; i < errors->n; i++)
        if (strcmp(errors->v[i].rule, rule) == 0)
            return NULL;
    if (errors->n == GRAMMAR_ERRORS_MAX)
        return NULL;
    if (!errors->v)
        errors->v = arena_new_n(a, struct grammar_error, GRAMMAR_ERRORS_MAX);
    return &errors->v[errors->n++];
}

void grammar_errors_add(struct grammar_errors *errors, struct arena *a, enum wire_rule rule,
                        size_t offset, const char *format, ...)
{
    struct grammar_error *err = room_for(errors, a, wire_rules[rule].id);
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    fill(err, rule, offset, format, args);
    va_end(args);
}

void grammar_errors_copy(struct grammar_errors *errors, struct arena *a,
                         const struct grammar_error *err, size_t base)
{
    struct grammar_error *copy = err->rule ? room_for(errors, a, err->rule) : NULL;
    if (!copy)
        return;
    *copy = *err;
    copy->offset += base;
}

const struct grammar_error *grammar_errors_find(const struct grammar_errors *errors,
                                                enum wire_rule rule)
{
    for (size_t i = 0; i < errors->n; i++)
        if (strcmp(errors->v[i].rule, wire_rules[rule].id) == 0)
            return &errors->v[i];
    return NULL;
}

char *escape_text(slice s, char text[ESCAPED_MAX])
{
    enum { SHOWN = 60 };
    static const char digits[] = "0123456789ABCDEF";
    char *at = text;
    for (size_t i = 0; i < s.n && i < SHOWN; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c <= 0x7E && c != '\\') {
            *at++ = (char)c;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    memcpy(at, s.n > SHOWN ? "..." : "", s.n > SHOWN ? 4 : 1);
    return text;
}

/* RFC 3629 4: what the second octet may be after each first one. */
static const struct {
    unsigned char first, last, second_low, second_high;
    size_t n;
} utf8_forms[] = {
    { 0x00, 0x7F, 0, 0, 1 },       { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
    { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
    { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

static bool in_range(char c, unsigned char low, unsigned char high)
{
    return (unsigned char)c >= low && (unsigned char)c <= high;
}

size_t utf8_sequence(slice s)
{
    size_t form = 0;
    while (form < sizeof utf8_forms / sizeof *utf8_forms &&
           !(s.n && in_range(s.p[0], utf8_forms[form].first, utf8_forms[form].last)))
        form++;
    if (form == sizeof utf8_forms / sizeof *utf8_forms || s.n < utf8_forms[form].n)
        return 0;
    size_t n = utf8_forms[form].n;
    if (n > 1 && !in_range(s.p[1], utf8_forms[form].second_low, utf8_forms[form].second_high))
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!in_range(s.p[i], 0x80, 0xBF))
            return 0;
    return n;
}

bool utf8_is_valid(slice s)
{
    while (s.n) {
        size_t n = utf8_sequence(s);
        if (!n)
            return false;
        s = slice_skip(s, n);
    }
    return true;
}

#include "style.h"
#include "printable.h"

static const char *const codes[COLOURS] = {
    [BOLD] = "1",  [DIM] = "2",     [RED] = "1;31",   [GREEN] = "32",
    [BLUE] = "34", [YELLOW] = "33", [MAGENTA] = "35", [CYAN] = "36",
};

void style_put(const struct style *s, const char *text)
{
    printable_add(s->out, slice_of(text));
}

static void begin(const struct style *s, enum colour colour)
{
    if (s->colour && codes[colour])
        buf_addf(s->out, "\033[%sm", codes[colour]);
}

static void end(const struct style *s, enum colour colour)
{
    if (s->colour && codes[colour])
        buf_adds(s->out, "\033[0m");
}

void style_paint(const struct style *s, enum colour colour, const char *text)
{
    begin(s, colour);
    style_put(s, text);
    end(s, colour);
}

void style_spaces(const struct style *s, size_t n)
{
    while (n--)
        buf_addc(s->out, ' ');
}

void style_column(const struct style *s, enum colour colour, const char *text, size_t n)
{
    slice whole = slice_of(text), shown = slice_sub(whole, 0, utf8_offset(whole, n));
    begin(s, colour);
    printable_add(s->out, shown);
    end(s, colour);
    style_spaces(s, n - utf8_count(shown));
}

void style_prose(const struct style *s, size_t indent, const char *text)
{
    size_t room = (size_t)s->width > indent + 20 ? (size_t)s->width - indent : 20, used = 0;
    slice rest = slice_of(text), word;
    while (slice_cut(&rest, ' ', &word)) {
        size_t n = utf8_count(word);
        if (used && used + 1 + n > room) {
            buf_addc(s->out, '\n');
            style_spaces(s, indent);
            used = 0;
        } else if (used) {
            buf_addc(s->out, ' ');
            used++;
        }
        printable_add(s->out, word);
        used += n;
    }
    buf_addc(s->out, '\n');
}

static const struct {
    enum colour colour;
    bool capitals;
} looks[OUTCOME_COUNT] = {
    [OUTCOME_NOT_RUN] = { DIM, false },  [OUTCOME_PASS] = { GREEN, false },
    [OUTCOME_FAIL] = { RED, true },      [OUTCOME_WARN] = { YELLOW, false },
    [OUTCOME_NOTE] = { CYAN, false },    [OUTCOME_SKIP] = { DIM, false },
    [OUTCOME_XFAIL] = { BLUE, false },   [OUTCOME_XPASS] = { RED, true },
    [OUTCOME_FLAKY] = { YELLOW, false }, [OUTCOME_ERROR] = { MAGENTA, true },
};

enum colour outcome_colour(enum outcome o)
{
    return looks[o].colour;
}

void style_outcome(const struct style *s, enum outcome o)
{
    enum { WORD = 9 };
    char word[WORD] = { 0 };
    const char *name = outcome_name(o);
    for (size_t i = 0; name[i] && i < WORD - 1; i++)
        word[i] = looks[o].capitals ? ascii_upper(name[i]) : name[i];
    style_paint(s, looks[o].colour, outcome_symbol(o));
    buf_addc(s->out, ' ');
    style_column(s, looks[o].colour, word, WORD - 1);
}

#include "problem.h"
#include "printable.h"
#include <stdarg.h>
#include <stdio.h>

void problems_release(struct problems *p)
{
    arena_release(&p->arena);
    array_release(&p->list);
    array_release(&p->sources);
}

void problem_add(struct problems *p, struct place at, const char *format, ...)
{
    autofree char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = xstrdup("(no memory for the message)");
    va_end(args);
    if (at.file) /* problems outlive what was read */
        at.file = arena_str(&p->arena, slice_of(at.file));
    *array_push(&p->list) = (struct problem) { at, arena_str(&p->arena, slice_of(text)) };
}

void problem_source(struct problems *p, const char *path, slice text)
{
    *array_push(&p->sources) =
        (struct source) { arena_str(&p->arena, slice_of(path)), arena_dup(&p->arena, text) };
}

slice problem_line(const struct problems *p, const char *path, unsigned line)
{
    for (size_t i = 0; path && i < p->sources.n; i++) {
        if (strcmp(p->sources.v[i].path, path) != 0)
            continue;
        slice rest = p->sources.v[i].text, text = { NULL, 0 };
        for (unsigned n = 0; n < line; n++)
            if (!slice_line(&rest, &text))
                return (slice) { NULL, 0 };
        return text;
    }
    return (slice) { NULL, 0 };
}

/* Whoever wrote the file may not steer the terminal. Tabs stay, for the caret. */
static void add_line(struct buf *out, slice line)
{
    size_t tab;
    while ((tab = slice_find_char(line, '\t')) != SIZE_MAX) {
        printable_add(out, slice_sub(line, 0, tab));
        buf_addc(out, '\t');
        line = slice_skip(line, tab + 1);
    }
    printable_add(out, line);
}

static void render_caret(const struct problems *p, struct place at, struct buf *out)
{
    slice line = problem_line(p, at.file, at.line);
    if (!line.n)
        return;
    buf_addf(out, "    |\n%3u | ", at.line);
    add_line(out, line);
    buf_adds(out, "\n    | ");
    /* Tabs are repeated so that the caret stands under its character on any terminal. */
    for (unsigned i = 1; i < at.column; i++)
        buf_addc(out, i <= line.n && line.p[i - 1] == '\t' ? '\t' : ' ');
    for (unsigned i = 0; i < (at.length ? at.length : 1); i++)
        buf_addc(out, '^');
    buf_addc(out, '\n');
}

static int by_place(const void *a, const void *b)
{
    const struct place *x = &((const struct problem *)a)->at, *y = &((const struct problem *)b)->at;
    int order = x->file && y->file ? strcmp(x->file, y->file) : 0;
    if (order)
        return order;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

void problems_render(const struct problems *p, struct buf *out)
{
    size_t n = p->list.n;
    struct problem *sorted = xcalloc(n, sizeof *sorted);
    if (n)
        memcpy(sorted, p->list.v, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_place);
    for (size_t i = 0; i < n; i++) {
        struct place at = sorted[i].at;
        buf_adds(out, "error: ");
        printable_add_text(out, slice_of(sorted[i].text));
        buf_addc(out, '\n');
        if (at.file && at.line)
            buf_addf(out, "  --> %s:%u:%u\n", at.file, at.line, at.column);
        else if (at.file)
            buf_addf(out, "  --> %s\n", at.file);
        render_caret(p, at, out);
    }
    free(sorted);
}

/* Levenshtein distance, given up (a large number) past 64 characters. */
static unsigned distance(slice a, slice b)
{
    enum { LONGEST = 64 };
    unsigned row[LONGEST + 1];
    if (a.n > LONGEST || b.n > LONGEST)
        return 1000;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < b.n; j++) {
            unsigned replace = diagonal + (ascii_lower(a.p[i]) != ascii_lower(b.p[j]));
            diagonal = row[j + 1];
            unsigned best = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            row[j + 1] = best < replace ? best : replace;
        }
    }
    return row[b.n];
}

const char *nearest_of(slice word, size_t n, const char *(*name_of)(const void *ctx, size_t i),
                       const void *ctx)
{
    const char *best = NULL;
    unsigned least = (unsigned)(word.n / 3 + 2);
    for (size_t i = 0; i < n; i++) {
        const char *name = name_of(ctx, i);
        unsigned d = name ? distance(word, slice_of(name)) : 1000;
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}

static const char *word_at(const void *ctx, size_t i)
{
    return ((const char *const *)ctx)[i];
}

const char *nearest_word(slice word, const char *const *words, size_t n)
{
    return nearest_of(word, n, word_at, words);
}

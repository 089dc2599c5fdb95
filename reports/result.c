#include "result.h"
#include "printable.h"
#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *symbol, *meaning;
} outcomes[OUTCOME_COUNT] = {
    [OUTCOME_NOT_RUN] = { "not run", "·", "Planned, but the run ended before its turn." },
    [OUTCOME_PASS] = { "pass", "✔", "What the clause asks for holds." },
    [OUTCOME_FAIL] = { "fail", "✖", "A MUST does not hold (under --strict, a SHOULD too)." },
    [OUTCOME_WARN] = { "warn", "▲", "A SHOULD does not hold; the server may still conform." },
    [OUTCOME_NOTE] = { "note", "ℹ", "Legal, but known to trip clients." },
    [OUTCOME_SKIP] = { "skip", "○", "Not tested, for the reason given; nothing is said about it." },
    [OUTCOME_XFAIL] = { "xfail", "~", "Failed in the way that the baseline file expects." },
    [OUTCOME_XPASS] = { "xpass", "!", "Passed although the baseline file expects a failure." },
    [OUTCOME_FLAKY] = { "flaky", "≈", "Failed at first and passed when tried again." },
    [OUTCOME_ERROR] = { "error", "?", "We could not tell: network, deadline, limit or set-up." },
};

const char *outcome_name(enum outcome o)
{
    return outcomes[o].name;
}

const char *outcome_meaning(enum outcome o)
{
    return outcomes[o].meaning;
}

const char *outcome_symbol(enum outcome o)
{
    return outcomes[o].symbol;
}

bool outcome_parse(slice name, enum outcome *ret)
{
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        if (slice_eq_str(name, outcomes[i].name)) {
            *ret = (enum outcome)i;
            return true;
        }
    return false;
}

static const char *const levels[] = { "", "must", "should", "may", "note" };

const char *level_name(enum level l)
{
    return levels[l];
}

bool level_parse(slice name, enum level *ret)
{
    for (size_t i = LEVEL_MUST; i < COUNT(levels); i++)
        if (slice_eq_str(name, levels[i])) {
            *ret = (enum level)i;
            return true;
        }
    return false;
}

enum outcome level_failed(enum level l)
{
    return l == LEVEL_MUST || l == LEVEL_NONE ? OUTCOME_FAIL
           : l == LEVEL_SHOULD                ? OUTCOME_WARN
                                              : OUTCOME_NOTE;
}

void run_init(struct run *run)
{
    *run = (struct run) { .settings = { .level = LEVEL_MUST, .jobs = 1 } };
}

static void result_release(struct result *r)
{
    if (r->failure) {
        array_release(&r->failure->expected);
        array_release(&r->failure->more);
    }
    array_release(&r->clauses);
    array_release(&r->transcript);
}

static void matrix_release(struct matrix *m)
{
    array_each (row, &m->rows)
        array_release(&row->cells);
    array_release(&m->rows);
    array_release(&m->columns);
}

void run_release(struct run *run)
{
    array_each (r, &run->results)
        result_release(*r);
    array_release(&run->results);
    array_each (m, &run->matrices)
        matrix_release(m);
    array_release(&run->matrices);
    array_release(&run->target.services);
    array_release(&run->left_behind);
    arena_release(&run->arena);
}

static const char *keep(struct run *run, slice bytes, void (*add)(struct buf *, slice))
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    add(&text, bytes);
    return arena_str(&run->arena, buf_slice(&text));
}

const char *run_text(struct run *run, slice bytes)
{
    return keep(run, bytes, printable_add);
}

const char *run_lines(struct run *run, slice bytes)
{
    return keep(run, bytes, printable_add_lines);
}

__attribute__((format(printf, 2, 0))) static const char *
format_text(struct run *run, const char *format, va_list args)
{
    autofree char *text = NULL;
    int n = vasprintf(&text, format, args);
    return n < 0 ? "" : run_text(run, slice_make(text, (size_t)n));
}

const char *run_textf(struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = format_text(run, format, args);
    va_end(args);
    return text;
}

struct result *run_add(struct run *run, const char *id)
{
    struct result *r = arena_new(&run->arena, struct result);
    r->id = id;
    *array_push(&run->results) = r;
    return r;
}

struct result *run_find(const struct run *run, const char *id)
{
    array_each (r, &run->results)
        if (!strcmp((*r)->id, id))
            return *r;
    return NULL;
}

void result_add_clause(struct result *r, struct result_clause clause)
{
    *array_push(&r->clauses) = clause;
}

void result_event(struct run *run, struct result *r, nsec at, const char *device,
                  enum event_kind kind, bool tls, slice bytes)
{
    *array_push(&r->transcript) =
        (struct result_event) { at, device, kind, tls, run_lines(run, bytes) };
}

struct result_failure *result_fail(struct run *run, struct result *r, const char *format, ...)
{
    if (r->failure)
        return r->failure;
    va_list args;
    va_start(args, format);
    r->failure = arena_new(&run->arena, struct result_failure);
    r->failure->message = format_text(run, format, args);
    va_end(args);
    return r->failure;
}

/* How many bytes of the shown text the first n octets of the wire text take. */
static size_t shown_length(slice bytes, size_t n)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    printable_add(&text, slice_sub(bytes, 0, n));
    return text.n;
}

void failure_actual(struct run *run, struct result_failure *f, slice bytes, size_t from, size_t to,
                    const char *wanted)
{
    if (slice_ends(bytes, S("\r\n")))
        bytes.n -= 2;
    f->actual = run_text(run, bytes);
    f->difference = NULL;
    if (from == SIZE_MAX)
        return;
    f->difference = arena_new(&run->arena, struct result_difference);
    f->difference->offset = shown_length(bytes, from);
    f->difference->length = to > from ? shown_length(bytes, to) - f->difference->offset : 0;
    f->difference->wanted = wanted;
}

/* ---- tables ---- */

struct matrix *run_matrix(struct run *run, const char *title)
{
    struct matrix *m = array_push(&run->matrices);
    *m = (struct matrix) { .title = run_text(run, slice_of(title)) };
    return m;
}

void matrix_column(struct matrix *m, const char *name)
{
    *array_push(&m->columns) = name;
}

struct matrix_row *matrix_row(struct matrix *m)
{
    struct matrix_row *row = array_push(&m->rows);
    *row = (struct matrix_row) { 0 };
    return row;
}

void matrix_cell(struct run *run, struct matrix_row *row, enum outcome outcome, slice text)
{
    *array_push(&row->cells) = (struct matrix_cell) { run_text(run, text), outcome };
}

/* The result document: reports/schemas/result.json describes every member. */
#include "json_fields.h"
#include "printable.h"
#include "report.h"

static json_t *object_of(const struct field *fields, const void *from)
{
    json_t *o = json_object();
    fields_write(fields, from, o);
    return o;
}

static json_t *texts_of(const char *const *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_text(v[i]));
    return list;
}

/* Bytes of our UTF-8 mean nothing to a reader of JSON: characters are counted. */
static json_t *difference_of(const struct result_difference *d, const char *actual)
{
    slice text = slice_of(actual);
    json_t *o = json_object();
    slice before = slice_sub(text, 0, d->offset);
    slice token = slice_sub(text, d->offset, d->offset + d->length);
    json_object_set_new(o, "offset", json_integer((json_int_t)utf8_count(before)));
    json_object_set_new(o, "length", json_integer((json_int_t)utf8_count(token)));
    if (d->wanted)
        json_object_set_new(o, "wanted", json_text(d->wanted));
    return o;
}

static json_t *failure_of(const struct result_failure *f)
{
    json_t *o = object_of(failure_fields, f);
    json_object_set_new(o, "expected", texts_of(f->expected.v, f->expected.n));
    if (f->difference && f->actual)
        json_object_set_new(o, "difference", difference_of(f->difference, f->actual));
    json_object_set_new(o, "more", texts_of(f->more.v, f->more.n));
    return o;
}

static json_t *clauses_of(const struct result *r)
{
    json_t *list = json_array();
    array_each (c, &r->clauses)
        json_array_append_new(list, object_of(clause_fields, c));
    return list;
}

static json_t *transcript_of(const struct result *r)
{
    json_t *list = json_array();
    array_each (e, &r->transcript)
        json_array_append_new(list, object_of(event_fields, e));
    return list;
}

static json_t *baseline_of(const struct result_baseline *b)
{
    struct result_baseline filled = *b;
    if (filled.expects == OUTCOME_NOT_RUN)
        filled.expects = OUTCOME_FAIL;
    return object_of(baseline_fields, &filled);
}

static json_t *result_of(const struct result *r, enum transcripts transcripts)
{
    json_t *o = object_of(result_fields, r);
    json_object_set_new(o, "clauses", clauses_of(r));
    if (r->baseline)
        json_object_set_new(o, "baseline", baseline_of(r->baseline));
    if (r->failure)
        json_object_set_new(o, "failure", failure_of(r->failure));
    if (report_wants_transcript(transcripts, r))
        json_object_set_new(o, "transcript", transcript_of(r));
    return o;
}

static json_t *results_of(const struct run *run, enum transcripts transcripts)
{
    json_t *list = json_array();
    array_each (r, &run->results)
        json_array_append_new(list, result_of(*r, transcripts));
    return list;
}

static json_t *run_of(const struct run *run)
{
    json_t *o = object_of(run_fields, run);
    json_object_set_new(o, "leftBehind", texts_of(run->left_behind.v, run->left_behind.n));
    if (run->error.code)
        json_object_set_new(o, "error",
                            json_pack("{s:s, s:o}", "code", error_code_name(run->error.code),
                                      "message", json_text(run->error.text)));
    return o;
}

static json_t *target_of(const struct run *run)
{
    json_t *o = object_of(target_fields, run), *services = json_array();
    array_each (s, &run->target.services)
        json_array_append_new(services, object_of(service_fields, s));
    json_object_set_new(o, "services", services);
    return o;
}

static json_t *row_of(const struct matrix_row *row)
{
    json_t *list = json_array();
    array_each (c, &row->cells)
        json_array_append_new(list, object_of(cell_fields, c));
    return list;
}

static json_t *matrices_of(const struct run *run)
{
    json_t *list = json_array();
    array_each (m, &run->matrices) {
        json_t *o = json_object(), *rows = json_array();
        array_each (row, &m->rows)
            json_array_append_new(rows, row_of(row));
        json_object_set_new(o, "title", json_text(m->title));
        json_object_set_new(o, "columns", texts_of(m->columns.v, m->columns.n));
        json_object_set_new(o, "rows", rows);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *weaknesses_of(const struct run *run)
{
    auto_buf lines;
    buf_init(&lines, BUF_OURS);
    run_weaknesses(run, &lines);
    json_t *list = json_array();
    slice rest = buf_slice(&lines), line;
    while (slice_line(&rest, &line))
        json_array_append_new(list, json_stringn(line.p, line.n));
    return list;
}

static json_t *counts_of(const struct run_counts *c)
{
    json_t *o = json_object();
    for (int i = 0; i < OUTCOME_COUNT; i++)
        json_object_set_new(o, outcome_name((enum outcome)i), json_integer(c->by[i]));
    return o;
}

/* Derived from the rest, for readers that only want to know; our own reader passes over it. */
static json_t *summary_of(const struct run *run)
{
    auto_buf verdict;
    buf_init(&verdict, BUF_OURS);
    run_verdict(run, &verdict);
    struct run_counts c = run_count(run);
    json_t *o = json_object();
    json_object_set_new(o, "verdict", json_text(verdict.p));
    json_object_set_new(o, "total", json_integer(c.total));
    json_object_set_new(o, "counts", counts_of(&c));
    json_object_set_new(o, "must",
                        json_pack("{s:i, s:i}", "tested", c.must, "held", c.must_passed));
    json_object_set_new(o, "should",
                        json_pack("{s:i, s:i}", "tested", c.should, "held", c.should_passed));
    json_object_set_new(o, "weaknesses", weaknesses_of(run));
    return o;
}

json_t *result_document(const struct run *run, enum transcripts transcripts)
{
    json_t *o = json_object(), *tool = json_object();
    json_object_set_new(o, "schemaVersion", json_string(RESULT_SCHEMA_VERSION));
    json_object_set_new(tool, "name", json_string("mailassay"));
    fields_write(tool_fields, run, tool);
    json_object_set_new(o, "tool", tool);
    json_object_set_new(o, "summary", summary_of(run));
    json_object_set_new(o, "run", run_of(run));
    json_object_set_new(o, "target", target_of(run));
    json_object_set_new(o, "settings", object_of(settings_fields, run));
    if (run->matrices.n)
        json_object_set_new(o, "matrices", matrices_of(run));
    json_object_set_new(o, "results", results_of(run, transcripts));
    return o;
}

int report_json(const struct run *run, const struct report_options *options, struct buf *out,
                struct error *err)
{
    enum { DIGITS = 15 }; /* keeps nanoseconds of any duration below ten days */
    json_t *document =
        result_document(run, options->transcripts ? options->transcripts : TRANSCRIPTS_ALL);
    autofree char *text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
    json_decref(document);
    if (!text)
        return error_set(err, ERR_INTERNAL, "the result could not be turned into JSON");
    buf_adds(out, text);
    buf_addc(out, '\n');
    return 0;
}

/* The result document back into a run, so that any report can be rendered from it later. */
#include "json_fields.h"
#include "printable.h"
#include "report.h"
#include <errno.h>
#include <stdio.h>

struct one_text {
    const char *text;
};

static int read_texts(const json_t *list, struct run *run, void (*add)(void *, const char *),
                      void *to, struct error *err)
{
    static const struct field fields[] = { { "text", FIELD_TEXT, 0, true }, { 0 } };
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct one_text one = { NULL };
        json_t *wrapped = json_pack("{s:O}", "text", json_array_get(list, i));
        int code = fields_read(fields, wrapped, run, &one, err);
        json_decref(wrapped);
        if (code)
            return code;
        add(to, one.text);
    }
    return 0;
}

static void add_expected(void *failure, const char *text)
{
    *array_push(&((struct result_failure *)failure)->expected) = text;
}

static void add_more(void *failure, const char *text)
{
    *array_push(&((struct result_failure *)failure)->more) = text;
}

static void add_left_behind(void *run, const char *text)
{
    *array_push(&((struct run *)run)->left_behind) = text;
}

/* As in the document: counted in characters. */
struct seen_difference {
    int offset, length;
    const char *wanted;
};

static int read_difference(const json_t *o, struct run *run, struct result_failure *f,
                           struct error *err)
{
    static const struct field fields[] = {
        { "offset", FIELD_INT, offsetof(struct seen_difference, offset), true },
        { "length", FIELD_INT, offsetof(struct seen_difference, length), true },
        { "wanted", FIELD_TEXT, offsetof(struct seen_difference, wanted), false },
        { 0 },
    };
    struct seen_difference seen = { 0 };
    int code = fields_read(fields, o, run, &seen, err);
    if (code)
        return code;
    slice actual = slice_of(f->actual);
    f->difference = arena_new(&run->arena, struct result_difference);
    f->difference->offset = utf8_offset(actual, (size_t)seen.offset);
    f->difference->length =
        utf8_offset(actual, (size_t)seen.offset + (size_t)seen.length) - f->difference->offset;
    f->difference->wanted = seen.wanted;
    return 0;
}

static int read_failure(const json_t *o, struct run *run, struct result *r, struct error *err)
{
    struct result_failure *f = arena_new(&run->arena, struct result_failure);
    r->failure = f; /* at once: what it holds is released with its result */
    int code = fields_read(failure_fields, o, run, f, err);
    if (!code)
        code = read_texts(json_object_get(o, "expected"), run, add_expected, f, err);
    if (!code)
        code = read_texts(json_object_get(o, "more"), run, add_more, f, err);
    const json_t *difference = json_object_get(o, "difference");
    return code || !difference ? code : read_difference(difference, run, f, err);
}

static int read_baseline(const json_t *o, struct run *run, struct result *r, struct error *err)
{
    r->baseline = arena_new(&run->arena, struct result_baseline);
    return fields_read(baseline_fields, o, run, r->baseline, err);
}

static int read_clauses(const json_t *list, struct run *run, struct result *r, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < json_array_size(list); i++)
        code =
            fields_read(clause_fields, json_array_get(list, i), run, array_push(&r->clauses), err);
    return code;
}

static int read_transcript(const json_t *list, struct run *run, struct result *r, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < json_array_size(list); i++)
        code = fields_read(event_fields, json_array_get(list, i), run, array_push(&r->transcript),
                           err);
    return code;
}

static const struct {
    const char *key;
    int (*read)(const json_t *, struct run *, struct result *, struct error *);
} parts[] = {
    { "clauses", read_clauses },
    { "failure", read_failure },
    { "baseline", read_baseline },
    { "transcript", read_transcript },
};

static int read_result(const json_t *o, struct run *run, struct error *err)
{
    struct result *r = run_add(run, "");
    int code = fields_read(result_fields, o, run, r, err);
    for (size_t i = 0; !code && i < COUNT(parts); i++) {
        const json_t *v = json_object_get(o, parts[i].key);
        if (v && (code = parts[i].read(v, run, r, err)))
            error_prefix(err, "%s", parts[i].key);
    }
    return code;
}

static int read_results(const json_t *list, struct run *run, struct error *err)
{
    if (!json_is_array(list))
        return error_set(err, ERR_FILE, "\"results\" is not a list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        int code = read_result(json_array_get(list, i), run, err);
        if (code) {
            error_prefix(err, "result %zu", i + 1);
            return code;
        }
    }
    return 0;
}

static int read_services(const json_t *list, struct run *run, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < json_array_size(list); i++)
        code = fields_read(service_fields, json_array_get(list, i), run,
                           array_push(&run->target.services), err);
    return code;
}

static void add_column(void *matrix, const char *text)
{
    matrix_column(matrix, text);
}

static int read_row(const json_t *list, struct run *run, struct matrix_row *row, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < json_array_size(list); i++)
        code = fields_read(cell_fields, json_array_get(list, i), run, array_push(&row->cells), err);
    return code;
}

static int read_matrix(const json_t *o, struct run *run, struct error *err)
{
    static const struct field fields[] = {
        { "title", FIELD_TEXT, offsetof(struct matrix, title), true }, { 0 }
    };
    struct matrix *m = run_matrix(run, "");
    const json_t *rows = json_object_get(o, "rows");
    int code = fields_read(fields, o, run, m, err);
    if (!code)
        code = read_texts(json_object_get(o, "columns"), run, add_column, m, err);
    for (size_t i = 0; !code && i < json_array_size(rows); i++)
        code = read_row(json_array_get(rows, i), run, matrix_row(m), err);
    return code;
}

static int read_matrices(const json_t *list, struct run *run, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < json_array_size(list); i++)
        code = read_matrix(json_array_get(list, i), run, err);
    if (code)
        error_prefix(err, "matrices");
    return code;
}

struct seen_error {
    enum error_code code;
    const char *message;
};

static int read_run_error(const json_t *o, struct run *run, struct error *err)
{
    static const struct field fields[] = {
        { "code", FIELD_ERROR, offsetof(struct seen_error, code), true },
        { "message", FIELD_TEXT, offsetof(struct seen_error, message), true },
        { 0 },
    };
    struct seen_error seen = { 0 };
    if (!o)
        return 0;
    int code = fields_read(fields, o, run, &seen, err);
    if (!code)
        error_set(&run->error, seen.code, "%s", seen.message);
    return code;
}

static int check_version(const json_t *document, struct error *err)
{
    const char *version = json_string_value(json_object_get(document, "schemaVersion"));
    if (!version)
        return error_set(err, ERR_FILE, "not a result of mailassay (no schemaVersion)");
    if (strncmp(version, RESULT_SCHEMA_VERSION, 2))
        return error_set(err, ERR_FILE, "schemaVersion %.20s; this program reads %s", version,
                         RESULT_SCHEMA_VERSION);
    return 0;
}

static int read_document(const json_t *document, struct run *run, struct error *err)
{
    const json_t *of_run = json_object_get(document, "run");
    const json_t *of_target = json_object_get(document, "target");
    int code = check_version(document, err);
    if (!code)
        code = fields_read(tool_fields, json_object_get(document, "tool"), run, run, err);
    if (!code)
        code = fields_read(run_fields, of_run, run, run, err);
    if (!code)
        code = read_texts(json_object_get(of_run, "leftBehind"), run, add_left_behind, run, err);
    if (!code)
        code = read_run_error(json_object_get(of_run, "error"), run, err);
    if (!code)
        code = fields_read(target_fields, of_target, run, run, err);
    if (!code)
        code = read_services(json_object_get(of_target, "services"), run, err);
    if (!code)
        code = fields_read(settings_fields, json_object_get(document, "settings"), run, run, err);
    if (!code)
        code = read_matrices(json_object_get(document, "matrices"), run, err);
    return code ? code : read_results(json_object_get(document, "results"), run, err);
}

int result_read_json(slice json, const char *name, struct run *ret, struct error *err)
{
    json_error_t where;
    json_t *document = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (!document)
        return error_set(err, ERR_FILE, "%s:%d:%d: %s", name, where.line, where.column, where.text);
    struct run run;
    run_init(&run);
    int code = read_document(document, &run, err);
    json_decref(document);
    if (code) {
        error_prefix(err, "%s", name);
        run_release(&run);
        return code;
    }
    *ret = run;
    return 0;
}

/* The document inside a page of report_html(), or all of the text when it is no page. */
static slice document_in(slice text)
{
    static const char start[] = "<script type=\"application/json\" id=\"result\">";
    size_t at =
        slice_starts(text, S("<!DOCTYPE html>")) ? slice_find(text, slice_of(start)) : SIZE_MAX;
    if (at == SIZE_MAX)
        return text;
    slice rest = slice_skip(text, at + sizeof start - 1);
    return slice_sub(rest, 0, slice_find(rest, S("</script>")));
}

int result_load_json(const char *path, struct run *ret, struct error *err)
{
    enum { LARGEST = 256 << 20, PIECE = 65536 };
    auto_buf text;
    buf_init(&text, LARGEST);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(err, ERR_FILE, "cannot read %s: %s", path, strerror(errno));
    size_t n = 1;
    for (char *room; n && (room = buf_room(&text, PIECE));) {
        n = fread(room, 1, PIECE, file);
        buf_claim(&text, n);
    }
    bool failed = ferror(file) || text.overflow;
    fclose(file);
    if (failed)
        return error_set(err, ERR_FILE, "cannot read %s: %s", path,
                         text.overflow ? "it is too large" : "input error");
    return result_read_json(document_in(buf_slice(&text)), path, ret, err);
}

#include "json_fields.h"
#include "printable.h"
#include <math.h>
#include <stdio.h>

#define IN_RUN(member) offsetof(struct run, member)
#define IN_RESULT(member) offsetof(struct result, member)
#define IN_FAILURE(member) offsetof(struct result_failure, member)

const struct field tool_fields[] = {
    { "version", FIELD_TEXT, IN_RUN(tool_version), false },
    { "suiteVersion", FIELD_TEXT, IN_RUN(suite_version), false },
    { 0 },
};
const struct field run_fields[] = {
    { "started", FIELD_TIME, IN_RUN(started), true },
    { "durationMs", FIELD_MS, IN_RUN(duration), true },
    { "seed", FIELD_NUMBER, IN_RUN(seed), true },
    { "commandLine", FIELD_TEXT, IN_RUN(command_line), false },
    { "baselineFile", FIELD_TEXT, IN_RUN(baseline_file), false },
    { "connections", FIELD_INT, IN_RUN(connections), true },
    { "rateLimited", FIELD_BOOL, IN_RUN(rate_limited), true },
    { "interrupted", FIELD_BOOL, IN_RUN(interrupted), true },
    { "exitCode", FIELD_INT, IN_RUN(exit_code), true },
    { 0 },
};
const struct field target_fields[] = {
    { "name", FIELD_TEXT, IN_RUN(target.name), false },
    { "software", FIELD_TEXT, IN_RUN(target.software), false },
    { "sourceAddress", FIELD_TEXT, IN_RUN(target.source_address), false },
    { "loopback", FIELD_BOOL, IN_RUN(target.loopback), true },
    { "insecure", FIELD_BOOL, IN_RUN(target.insecure), true },
    { 0 },
};
const struct field settings_fields[] = {
    { "level", FIELD_LEVEL, IN_RUN(settings.level), false },
    { "strict", FIELD_BOOL, IN_RUN(settings.strict), true },
    { "failOnFlaky", FIELD_BOOL, IN_RUN(settings.fail_on_flaky), true },
    { "virtualClock", FIELD_BOOL, IN_RUN(settings.virtual_clock), true },
    { "shape", FIELD_TEXT, IN_RUN(settings.shape), false },
    { "jobs", FIELD_INT, IN_RUN(settings.jobs), true },
    { 0 },
};
const struct field service_fields[] = {
    { "name", FIELD_TEXT, offsetof(struct result_service, name), true },
    { "host", FIELD_TEXT, offsetof(struct result_service, host), true },
    { "port", FIELD_INT, offsetof(struct result_service, port), true },
    { "tls", FIELD_TEXT, offsetof(struct result_service, tls), true },
    { 0 },
};
const struct field result_fields[] = {
    { "id", FIELD_TEXT, IN_RESULT(id), true },
    { "family", FIELD_TEXT, IN_RESULT(family), false },
    { "title", FIELD_TEXT, IN_RESULT(title), false },
    { "level", FIELD_LEVEL, IN_RESULT(level), false },
    { "outcome", FIELD_OUTCOME, IN_RESULT(outcome), true },
    { "rawOutcome", FIELD_OUTCOME, IN_RESULT(raw), true },
    { "reason", FIELD_TEXT, IN_RESULT(reason), false },
    { "error", FIELD_ERROR, IN_RESULT(error), false },
    { "durationMs", FIELD_MS, IN_RESULT(duration), true },
    { "attempts", FIELD_INT, IN_RESULT(attempts), true },
    { "devices", FIELD_INT, IN_RESULT(devices), true },
    { "connections", FIELD_INT, IN_RESULT(connections), true },
    { "file", FIELD_TEXT, IN_RESULT(file), false },
    { "line", FIELD_INT, IN_RESULT(line), true },
    { "rerun", FIELD_TEXT, IN_RESULT(rerun), false },
    { 0 },
};
const struct field clause_fields[] = {
    { "id", FIELD_TEXT, offsetof(struct result_clause, id), true },
    { "rfc", FIELD_TEXT, offsetof(struct result_clause, rfc), true },
    { "section", FIELD_TEXT, offsetof(struct result_clause, section), true },
    { "level", FIELD_LEVEL, offsetof(struct result_clause, level), false },
    { "says", FIELD_TEXT, offsetof(struct result_clause, says), false },
    { 0 },
};
const struct field failure_fields[] = {
    { "message", FIELD_TEXT, IN_FAILURE(message), true },
    { "file", FIELD_TEXT, IN_FAILURE(file), false },
    { "line", FIELD_INT, IN_FAILURE(line), true },
    { "column", FIELD_INT, IN_FAILURE(column), true },
    { "length", FIELD_INT, IN_FAILURE(length), true },
    { "sourceLine", FIELD_TEXT, IN_FAILURE(source_line), false },
    { "step", FIELD_TEXT, IN_FAILURE(step), false },
    { "device", FIELD_TEXT, IN_FAILURE(device), false },
    { "actual", FIELD_TEXT, IN_FAILURE(actual), false },
    { "why", FIELD_TEXT, IN_FAILURE(why), false },
    { 0 },
};
const struct field event_fields[] = {
    { "atMs", FIELD_MS, offsetof(struct result_event, at), true },
    { "device", FIELD_TEXT, offsetof(struct result_event, device), false },
    { "kind", FIELD_EVENT, offsetof(struct result_event, kind), true },
    { "tls", FIELD_BOOL, offsetof(struct result_event, tls), true },
    { "text", FIELD_TEXT, offsetof(struct result_event, text), true },
    { 0 },
};
const struct field baseline_fields[] = {
    { "expects", FIELD_OUTCOME, offsetof(struct result_baseline, expects), true },
    { "match", FIELD_TEXT, offsetof(struct result_baseline, match), false },
    { "reason", FIELD_TEXT, offsetof(struct result_baseline, reason), false },
    { "issue", FIELD_TEXT, offsetof(struct result_baseline, issue), false },
    { "expires", FIELD_TEXT, offsetof(struct result_baseline, expires), false },
    { 0 },
};

const struct field cell_fields[] = {
    { "text", FIELD_TEXT, offsetof(struct matrix_cell, text), true },
    { "outcome", FIELD_OUTCOME, offsetof(struct matrix_cell, outcome), true },
    { 0 },
};

static const char *const event_kinds[] = { "sent", "received", "note" };
/* Largest number, negated, of an enum error_code. */
enum { ERROR_CODES = -ERR_INTERNAL };

/* ---- writing ---- */

json_t *json_text(const char *text)
{
    auto_buf clean;
    buf_init(&clean, BUF_OURS);
    printable_add_text(&clean, slice_of(text));
    return json_stringn(clean.p, clean.n);
}

static json_t *write_time(nsec t)
{
    char text[32];
    utc_text(t / SECONDS(1), text);
    return json_sprintf("%.19s.%03dZ", text, (int)(t / MILLIS(1) % 1000));
}

static json_t *write_known(const char *name)
{
    return *name ? json_string(name) : NULL;
}

static json_t *write_field(enum field_kind kind, const void *p)
{
    switch (kind) {
    case FIELD_TEXT:
        return *(const char *const *)p ? json_text(*(const char *const *)p) : NULL;
    case FIELD_INT:
        return json_integer(*(const int *)p);
    case FIELD_NUMBER:
        return json_sprintf("%llu", (unsigned long long)*(const uint64_t *)p);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)p);
    case FIELD_TIME:
        return write_time(*(const nsec *)p);
    case FIELD_MS:
        return json_real((double)*(const nsec *)p / 1e6);
    case FIELD_OUTCOME:
        return json_string(outcome_name(*(const enum outcome *)p));
    case FIELD_LEVEL:
        return write_known(level_name(*(const enum level *)p));
    case FIELD_ERROR:
        return *(const int *)p ? json_string(error_code_name(*(const enum error_code *)p)) : NULL;
    case FIELD_EVENT:
        return json_string(event_kinds[*(const enum event_kind *)p]);
    case FIELD_END:
        break;
    }
    return NULL;
}

void fields_write(const struct field *fields, const void *object, json_t *to)
{
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        json_t *value = write_field(f->kind, (const char *)object + f->offset);
        if (value)
            json_object_set_new(to, f->key, value);
    }
}

/* ---- reading ---- */

static slice text_of(const json_t *v)
{
    return slice_make(json_string_value(v), json_string_length(v));
}

static bool read_text(const json_t *v, struct run *run, const char **ret)
{
    if (!json_is_string(v))
        return false;
    auto_buf clean;
    buf_init(&clean, BUF_OURS);
    printable_add_text(&clean, text_of(v));
    *ret = arena_str(&run->arena, buf_slice(&clean));
    return true;
}

static bool read_int(const json_t *v, int *ret)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > INT32_MAX)
        return false;
    *ret = (int)json_integer_value(v);
    return true;
}

/* "2026-11-22T14:50:01.000Z" */
static bool read_time(const json_t *v, nsec *ret)
{
    static const time_t LAST_SECOND = 9000000000; /* year 2255, still an nsec */
    struct tm tm = { 0 };
    uint64_t millis;
    const char *end =
        json_is_string(v) ? strptime(json_string_value(v), "%Y-%m-%dT%H:%M:%S.", &tm) : NULL;
    if (!end || strlen(end) != 4 || end[3] != 'Z' ||
        !slice_to_u64(slice_make(end, 3), 999, &millis))
        return false;
    time_t seconds = timegm(&tm);
    if (seconds < 0 || seconds > LAST_SECOND)
        return false;
    *ret = SECONDS(seconds) + MILLIS((nsec)millis);
    return true;
}

static bool read_ms(const json_t *v, nsec *ret)
{
    enum { LONGEST = 1000000000 }; /* eleven days; sums of many stay an nsec */
    double ms = json_is_number(v) ? json_number_value(v) : -1;
    if (!(ms >= 0 && ms < LONGEST))
        return false;
    *ret = (nsec)llround(ms * 1e6);
    return true;
}

static bool read_error(slice name, enum error_code *ret)
{
    for (int i = 1; i <= ERROR_CODES; i++)
        if (slice_eq_str(name, error_code_name((enum error_code) - i))) {
            *ret = (enum error_code) - i;
            return true;
        }
    return false;
}

static bool read_event(slice name, enum event_kind *ret)
{
    for (size_t i = 0; i < COUNT(event_kinds); i++)
        if (slice_eq_str(name, event_kinds[i])) {
            *ret = (enum event_kind)i;
            return true;
        }
    return false;
}

static bool read_bool(const json_t *v, bool *ret)
{
    *ret = json_is_true(v);
    return json_is_boolean(v);
}

static bool read_field(enum field_kind kind, const json_t *v, struct run *run, void *p)
{
    switch (kind) {
    case FIELD_TEXT:
        return read_text(v, run, p);
    case FIELD_INT:
        return read_int(v, p);
    case FIELD_NUMBER:
        return json_is_string(v) && slice_to_u64(text_of(v), UINT64_MAX, p);
    case FIELD_BOOL:
        return read_bool(v, p);
    case FIELD_TIME:
        return read_time(v, p);
    case FIELD_MS:
        return read_ms(v, p);
    case FIELD_OUTCOME:
        return json_is_string(v) && outcome_parse(text_of(v), p);
    case FIELD_LEVEL:
        return json_is_string(v) && level_parse(text_of(v), p);
    case FIELD_ERROR:
        return json_is_string(v) && read_error(text_of(v), p);
    case FIELD_EVENT:
        return json_is_string(v) && read_event(text_of(v), p);
    case FIELD_END:
        break;
    }
    return false;
}

int fields_read(const struct field *fields, const json_t *from, struct run *run, void *object,
                struct error *err)
{
    if (!json_is_object(from))
        return error_set(err, ERR_FILE, "not an object");
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        const json_t *v = json_object_get(from, f->key);
        if (!v && f->required)
            return error_set(err, ERR_FILE, "\"%s\" is missing", f->key);
        if (v && !read_field(f->kind, v, run, (char *)object + f->offset))
            return error_set(err, ERR_FILE, "\"%s\" has a wrong value", f->key);
    }
    return 0;
}

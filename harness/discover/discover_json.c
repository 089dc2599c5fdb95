/* The answer as JSON (docs/discover.md). */
#include "discover_private.h"
#include "json_fields.h"

static void put_text(json_t *to, const char *key, const char *text)
{
    if (text)
        json_object_set_new(to, key, json_text(text));
}

static json_t *json_auth(unsigned auth)
{
    json_t *list = json_array();
    for (size_t i = 0; i < PROFILE_AUTH_KINDS; i++)
        if (auth & 1u << i)
            json_array_append_new(list, json_string(profile_auth_words[i]));
    return list;
}

static json_t *json_row(const struct discovery *d, const struct profile_service *row)
{
    static const char *const forms[] = { NULL, "address", "local-part", "other" };
    enum outcome o = discover_outcome(d, row);
    json_t *j = json_object();
    put_text(j, "service", protocol_text(row->protocol));
    put_text(j, "host", row->host);
    json_object_set_new(j, "port", json_integer(row->port));
    put_text(j, "tls", tls_mode_names[row->tls]);
    put_text(j, "username", forms[row->username]);
    if (row->auth)
        json_object_set_new(j, "authentication", json_auth(row->auth));
    if (row->at.line)
        json_object_set_new(j, "line", json_integer(row->at.line));
    if (o != OUTCOME_NOT_RUN)
        put_text(j, "visit", outcome_name(o));
    return j;
}

static json_t *json_findings(const struct discover_source *s)
{
    static const char *const grades[] = { "note", "warn", "wrong" };
    json_t *list = json_array();
    array_each (f, &s->findings) {
        json_t *j = json_object();
        put_text(j, "grade", grades[f->grade]);
        put_text(j, "text", f->text);
        if (f->at.line) {
            json_object_set_new(j, "line", json_integer(f->at.line));
            json_object_set_new(j, "column", json_integer(f->at.column));
        }
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *json_refused(const struct discover_source *s)
{
    json_t *list = json_array();
    for (int p = 0; p <= PROTOCOL_IMAP; p++)
        for (enum tls_mode m = TLS_MODE_NONE; m <= TLS_MODE_IMPLICIT; m++)
            if (s->refused[p] & 1 << m)
                json_array_append_new(
                    list,
                    json_sprintf("%s %s", protocol_text((enum mail_protocol)p), tls_mode_names[m]));
    return list;
}

static json_t *json_source(const struct discovery *d, const struct discover_source *s)
{
    static const char *const states[] = { "not asked", "absent",  "found",
                                          "broken",    "blocked", "unknown" };
    json_t *j = json_object(), *rows = json_array();
    put_text(j, "source", discover_name(s->id));
    put_text(j, "state", states[s->state]);
    put_text(j, "where", s->where);
    put_text(j, "said", s->said);
    for (size_t i = 0; i < s->profile.n_services; i++) {
        json_t *row = json_row(d, &s->profile.services[i]);
        if (s->id == DISCOVER_SRV)
            json_object_set_new(row, "priority", json_integer(s->priority[i]));
        json_array_append_new(rows, row);
    }
    json_object_set_new(j, "services", rows);
    json_object_set_new(j, "requests", json_integer(s->requests));
    json_object_set_new(j, "notOffered", json_refused(s));
    json_object_set_new(j, "findings", json_findings(s));
    return j;
}

static json_t *json_contradictions(const struct discovery *d)
{
    json_t *list = json_array();
    array_each (c, &d->contradictions) {
        json_t *j = json_object();
        put_text(j, "service", protocol_text(c->protocol));
        put_text(j, "outcome", outcome_name(c->outcome));
        put_text(j, "text", c->text);
        json_object_set_new(j, "between",
                            json_pack("[ss]", discover_name(c->a), discover_name(c->b)));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *json_pick(const struct discovery *d, const struct discover_pick *p)
{
    if (!p->row)
        return json_null();
    json_t *j = json_row(d, p->row);
    put_text(j, "source", discover_name(p->source));
    put_text(j, "why", p->why);
    return j;
}

static json_t *json_results(const struct run *run)
{
    json_t *list = json_array();
    array_each (r, &run->results) {
        const struct result *result = *r;
        json_t *j = json_object();
        put_text(j, "id", result->id);
        put_text(j, "outcome", outcome_name(result->outcome));
        put_text(j, "text", result->failure ? result->failure->message : result->reason);
        json_array_append_new(list, j);
    }
    return list;
}

void discover_json(const struct discovery *d, const struct run *run, struct buf *out)
{
    json_t *j = json_object(), *sources = json_array();
    put_text(j, "domain", d->domain);
    json_object_set_new(j, "found", json_boolean(discover_found(d)));
    json_object_set_new(j, "exitCode", json_integer(run->exit_code));
    if (run->error.code)
        put_text(j, "error", run->error.text);
    for (int k = 0; k < DISCOVER_SOURCES; k++)
        json_array_append_new(sources, json_source(d, &d->sources[k]));
    json_object_set_new(j, "sources", sources);
    json_object_set_new(j, "contradictions", json_contradictions(d));
    json_object_set_new(j, "fetch", json_pick(d, &d->incoming));
    json_object_set_new(j, "submit", json_pick(d, &d->outgoing));
    json_object_set_new(j, "checks", json_results(run));
    char *text = json_dumps(j, JSON_INDENT(2));
    buf_adds(out, text ? text : "null");
    buf_addc(out, '\n');
    free(text);
    json_decref(j);
}

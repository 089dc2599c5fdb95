/* The answer on a terminal. */
#include "discover_private.h"
#include "matrix.h"
#include "text_block.h"

enum { QUIET = -1, VERBOSE = 1, INDENT = 2, TEXT_INDENT = 12, TITLE = 24 };

static void put_table(const struct style *s, const struct run *run)
{
    array_each (m, &run->matrices) {
        style_paint(s, BOLD, m->title);
        buf_addc(s->out, '\n');
        matrix_text(s, m);
        buf_addc(s->out, '\n');
    }
}

/* ---- the pick ---- */

static void put_pick(const struct style *s, const char *word, const struct discover_pick *p)
{
    char text[320];
    auto_buf line;
    buf_init(&line, BUF_OURS);
    style_spaces(s, INDENT);
    style_column(s, PLAIN, word, TEXT_INDENT - INDENT);
    if (!p->row) {
        style_prose(s, TEXT_INDENT, "nothing was found");
        return;
    }
    buf_addf(&line, "%s at %s", protocol_text(p->row->protocol),
             profile_service_text(p->row, text));
    if (p->row->username == USERNAME_ADDRESS || p->row->username == USERNAME_LOCAL_PART)
        buf_addf(&line, ", logging in with the %s", username_form_text(p->row->username));
    buf_addf(&line, " (%s)%s%s", discover_title(p->source), p->why ? "; " : "",
             p->why ? p->why : "");
    style_prose(s, TEXT_INDENT, line.p);
}

static void put_picks(const struct style *s, const struct discovery *d)
{
    style_paint(s, BOLD, "What a client picks that goes by RFC 6186 and RFC 8314");
    buf_addc(s->out, '\n');
    put_pick(s, "fetch", &d->incoming);
    put_pick(s, "submit", &d->outgoing);
    buf_addc(s->out, '\n');
}

/* ---- findings ---- */

static bool is_finding(const struct result *r, int verbosity)
{
    return (r->outcome != OUTCOME_PASS && r->outcome != OUTCOME_SKIP) || verbosity >= VERBOSE;
}

static void put_place(const struct style *s, const struct result *r)
{
    auto_buf place;
    buf_init(&place, BUF_OURS);
    block_place(r, &place);
    if (!place.n || !r->failure || !r->failure->line)
        return;
    style_spaces(s, TEXT_INDENT);
    style_paint(s, DIM, "--> ");
    style_put(s, place.p);
    buf_addc(s->out, '\n');
}

/* "autoconfig: ", of a result about one source. */
static void put_source(const struct result *r, struct buf *out)
{
    slice id = slice_of(r->id), start = S("discover/source/");
    if (!slice_starts(id, start))
        return;
    for (int k = 0; k < DISCOVER_SOURCES; k++)
        if (slice_eq_str(slice_skip(id, start.n), discover_name((enum discover_id)k)))
            buf_addf(out, "%s: ", discover_title((enum discover_id)k));
}

static void put_finding(const struct style *s, const struct result *r)
{
    const char *message = block_message(r);
    auto_buf text;
    buf_init(&text, BUF_OURS);
    put_source(r, &text);
    buf_adds(&text, *message ? message : r->title ? r->title : r->id);
    style_spaces(s, INDENT);
    style_outcome(s, r->outcome);
    style_prose(s, TEXT_INDENT, text.p);
    put_place(s, r);
    for (size_t i = 0; r->failure && i < r->failure->more.n; i++) {
        style_spaces(s, TEXT_INDENT);
        style_prose(s, TEXT_INDENT, r->failure->more.v[i]);
    }
}

static void put_findings(const struct style *s, const struct run *run, int verbosity)
{
    bool any = false;
    array_each (r, &run->results)
        any |= is_finding(*r, verbosity);
    if (!any)
        return;
    style_paint(s, BOLD, "Findings");
    buf_addc(s->out, '\n');
    array_each (r, &run->results)
        if (is_finding(*r, verbosity))
            put_finding(s, *r);
    buf_addc(s->out, '\n');
}

/* ---- what is not there ---- */

static void put_absent(const struct style *s, const struct discovery *d)
{
    bool any = false;
    for (int k = 0; k < DISCOVER_SOURCES; k++) {
        const struct discover_source *source = &d->sources[k];
        bool refuses = source->state == DISCOVER_FOUND && !source->profile.n_services;
        bool silent = source->state == DISCOVER_ABSENT || refuses ||
                      (source->state == DISCOVER_NOT_ASKED && source->said);
        if (!silent)
            continue;
        if (!any) {
            style_paint(s, BOLD, "Not there");
            buf_addc(s->out, '\n');
        }
        any = true;
        style_spaces(s, INDENT);
        style_column(s, PLAIN, discover_title(source->id), TITLE);
        style_prose(s, INDENT + TITLE, source->said);
    }
    if (any)
        buf_addc(s->out, '\n');
}

static bool visited(const struct discovery *d)
{
    array_each (e, &d->endpoints)
        if (e->outcome != OUTCOME_NOT_RUN)
            return true;
    return false;
}

static void put_verdict(const struct style *s, const struct discovery *d, const struct run *run)
{
    auto_buf text, gap;
    buf_init(&text, BUF_OURS);
    buf_init(&gap, BUF_OURS);
    struct run_counts c = run_count(run);
    if (run->error.code || run->interrupted)
        run_verdict(run, &text);
    else if (!discover_found(d))
        buf_addf(&text, "Nothing was found for %s", d->domain ? d->domain : "it");
    else if (c.by[OUTCOME_FAIL])
        buf_addf(&text, "Wrong: %d of %d checks failed", c.by[OUTCOME_FAIL], c.total);
    else if (c.by[OUTCOME_ERROR])
        buf_addf(&text, "Incomplete: %d of %d checks could not be judged", c.by[OUTCOME_ERROR],
                 c.total);
    else
        buf_addf(&text, "Found, and consistent%s",
                 visited(d) ? "" : "; nothing was visited to see whether it works");
    style_paint(s, run->exit_code ? RED : GREEN, text.p);
    buf_addc(s->out, '\n');
}

void discover_text(const struct style *s, const struct discovery *d, const struct run *run,
                   int verbosity)
{
    if (verbosity != QUIET) {
        put_table(s, run);
        if (discover_found(d))
            put_picks(s, d);
    }
    put_findings(s, run, verbosity);
    if (verbosity != QUIET)
        put_absent(s, d);
    put_verdict(s, d, run);
    run_summary(run, s->out);
    buf_addc(s->out, '\n');
}

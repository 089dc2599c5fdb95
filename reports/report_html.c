/* One page, complete in itself: no other file, no network, readable with scripts off. The style sheet
   and the small script come from report.css and report.js; the result document is inside too, so that
   result_load_json() can read the page back. */
#include "html_parts.h"
#include "json_fields.h"
#include "markup.h"
#include "matrix.h"
#include "text_block.h"

static bool broke_the_run(const struct run_counts *c)
{
    return c->by[OUTCOME_FAIL] || c->by[OUTCOME_XPASS];
}

/* ---- banner ---- */

static void add_fact(struct buf *out, const char *name, const char *text)
{
    if (!text)
        return;
    buf_addf(out, "<dt>%s</dt><dd>", name);
    markup_text(out, text);
    buf_adds(out, "</dd>\n");
}

static void add_services(struct buf *out, const struct run *run)
{
    if (!run->target.services.n)
        return;
    buf_adds(out, "<dt>Services</dt><dd>");
    array_each (s, &run->target.services) {
        buf_adds(out, s == run->target.services.v ? "" : ", ");
        markup_text(out, s->name);
        buf_adds(out, " <code>");
        markup_text(out, s->host);
        buf_addf(out, ":%d</code> ", s->port);
        markup_text(out, strcmp(s->tls, "none") ? s->tls : "in clear");
    }
    buf_adds(out, "</dd>\n");
}

static void add_settings(struct buf *out, const struct run *run)
{
    autofree char *jobs = xprintf("%d", run->settings.jobs);
    autofree char *seed = xprintf("%llu", (unsigned long long)run->seed);
    autofree char *connections = xprintf("%d", run->connections);
    autofree char *level =
        xprintf("%s%s", level_name(run->settings.level), run->settings.strict ? ", strict" : "");
    add_fact(out, "Level judged", level);
    add_fact(out, "Network shape", run->settings.shape);
    add_fact(out, "Baseline", run->baseline_file);
    add_fact(out, "Connections", connections);
    add_fact(out, "Jobs", jobs);
    add_fact(out, "Seed", seed);
}

static void add_facts(struct buf *out, const struct run *run)
{
    char started[32], took[32];
    autofree char *tool = xprintf("mailassay %s", run->tool_version ? run->tool_version : "");
    buf_adds(out, "<details class=\"about\" open><summary>About this run</summary>\n<dl>\n");
    add_fact(out, "Target", run->target.name);
    add_fact(out, "Software", run->target.software);
    add_services(out, run);
    add_fact(out, "Source address", run->target.source_address);
    add_fact(out, "Started (UTC)", utc_text(run->started / SECONDS(1), started));
    add_fact(out, "Duration", duration_text(run->duration, took));
    add_fact(out, "Tool", tool);
    add_fact(out, "Suite", run->suite_version);
    add_settings(out, run);
    add_fact(out, "Command", run->command_line);
    buf_adds(out, "</dl>\n</details>\n");
}

static void add_weaknesses(struct buf *out, const struct run *run)
{
    auto_buf lines;
    buf_init(&lines, BUF_OURS);
    run_weaknesses(run, &lines);
    slice rest = buf_slice(&lines), line;
    if (!lines.n && !run->left_behind.n)
        return;
    buf_adds(out, "<h2 class=\"small\">What weakens this verdict</h2>\n<ul class=\"weak\">\n");
    while (slice_line(&rest, &line)) {
        buf_adds(out, "<li>");
        markup_slice(out, line);
        buf_adds(out, "</li>\n");
    }
    array_each (left, &run->left_behind) {
        buf_adds(out, "<li>Left behind on the target: ");
        markup_text(out, *left);
        buf_adds(out, "</li>\n");
    }
    buf_adds(out, "</ul>\n");
}

static void add_banner(struct buf *out, const struct run *run, const char *verdict)
{
    struct run_counts c = run_count(run);
    bool bad = broke_the_run(&c), good = !run->exit_code;
    buf_addf(out,
             "<header class=\"%s\">\n<p class=\"name\">mailassay report</p>\n"
             "<h1><span aria-hidden=\"true\">%s</span> ",
             bad    ? "bad"
             : good ? "good"
                    : "unsure",
             bad    ? "✖"
             : good ? "✔"
                    : "?");
    markup_text(out, verdict);
    buf_adds(out, "</h1>\n<p>");
    run_summary(run, out);
    buf_adds(out, "</p>\n");
    add_weaknesses(out, run);
    add_facts(out, run);
    buf_adds(out, "</header>\n");
}

/* ---- cards and legend ---- */

static void add_fraction(struct buf *out, const char *name, int held, int tested)
{
    if (tested)
        buf_addf(out, "<li><strong>%d/%d</strong> %s</li>\n", held, tested, name);
}

static void add_cards(struct buf *out, const struct run *run)
{
    struct run_counts c = run_count(run);
    buf_adds(out, "<section aria-labelledby=\"counts\">\n<h2 id=\"counts\">Counts</h2>\n"
                  "<ul class=\"cards\">\n");
    add_fraction(out, "required hold", c.must_passed, c.must);
    add_fraction(out, "recommended hold", c.should_passed, c.should);
    for (int o = 1; o <= OUTCOME_COUNT; o++) {
        enum outcome it = (enum outcome)(o % OUTCOME_COUNT);
        if (!c.by[it])
            continue;
        buf_addf(out, "<li><strong class=\"o%d\">%d</strong> ", (int)it, c.by[it]);
        html_outcome(out, it);
        buf_adds(out, "</li>\n");
    }
    buf_adds(out, c.total ? "</ul>\n</section>\n"
                          : "<li><strong>0</strong> checks ran</li>\n</ul>\n</section>\n");
}

static void add_legend(struct buf *out)
{
    buf_adds(out,
             "<section aria-labelledby=\"legend\">\n<h2 id=\"legend\">What the words mean</h2>\n"
             "<dl class=\"legend\">\n");
    for (int o = 1; o <= OUTCOME_COUNT; o++) {
        enum outcome it = (enum outcome)(o % OUTCOME_COUNT);
        buf_adds(out, "<dt>");
        html_outcome(out, it);
        buf_adds(out, "</dt><dd>");
        markup_text(out, outcome_meaning(it));
        buf_adds(out, "</dd>\n");
    }
    buf_adds(out,
             "</dl>\n<p>Transcripts: <code>~&gt;</code> sent and <code>&lt;~</code> received in "
             "TLS, <code>-&gt;</code> and <code>&lt;-</code> in clear, <code>--</code> a remark. "
             "Times count from the start of the check.</p>\n</section>\n");
}

/* ---- evidence ---- */

/* From what breaks the run to what only wants to be known. */
static const struct {
    enum outcome outcome;
    const char *heading;
} evidence[] = {
    { OUTCOME_FAIL, "Failures" },           { OUTCOME_XPASS, "Unexpected passes" },
    { OUTCOME_ERROR, "Could not tell" },    { OUTCOME_FLAKY, "Flaky" },
    { OUTCOME_WARN, "Warnings" },           { OUTCOME_NOTE, "Notes" },
    { OUTCOME_XFAIL, "Expected failures" },
};

static void add_findings(struct buf *out, const struct run *run, enum transcripts transcripts)
{
    struct run_counts c = run_count(run);
    for (size_t i = 0; i < COUNT(evidence); i++) {
        enum outcome o = evidence[i].outcome;
        if (!c.by[o])
            continue;
        buf_addf(out, "<section aria-labelledby=\"e%d\">\n<h2 id=\"e%d\">%s (%d)</h2>\n", (int)o,
                 (int)o, evidence[i].heading, c.by[o]);
        array_each (r, &run->results)
            if ((*r)->outcome == o)
                html_evidence(out, *r, report_wants_transcript(transcripts, *r));
        buf_adds(out, "</section>\n");
    }
}

/* ---- all checks ---- */

static void add_references(struct buf *out, const struct result *r)
{
    array_each (c, &r->clauses) {
        struct result_clause plain = { .rfc = c->rfc, .section = c->section };
        auto_buf reference;
        buf_init(&reference, BUF_OURS);
        clause_reference(&plain, &reference);
        buf_adds(out, c == r->clauses.v ? "" : ", ");
        markup_text(out, reference.p);
    }
}

static void add_check(struct buf *out, const struct result *r)
{
    char took[32];
    bool elsewhere = html_has_evidence(r);
    buf_addf(out, "<tr data-outcome=\"%s\"", outcome_name(r->outcome));
    if (!elsewhere)
        html_anchor(out, r);
    buf_adds(out, "><td>");
    html_outcome(out, r->outcome);
    buf_adds(out, "</td><th scope=\"row\"><a");
    html_link(out, r);
    buf_adds(out, ">");
    markup_text(out, r->id);
    buf_adds(out, "</a><br><span class=\"title\">");
    markup_text(out, r->title);
    buf_adds(out, "</span>");
    if (!elsewhere && r->reason) {
        buf_adds(out, "<br><span class=\"reason\">");
        markup_text(out, r->reason);
        buf_adds(out, "</span>");
    }
    buf_addf(out, "</th><td>%s</td><td>", level_name(r->level));
    add_references(out, r);
    buf_addf(out, "</td><td class=\"time\">%s</td></tr>\n", duration_text(r->duration, took));
}

static void add_checks(struct buf *out, const struct run *run)
{
    buf_adds(out, "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">All checks</h2>\n");
    if (!run->results.n)
        buf_adds(out, "<p>No check ran.</p>\n</section>\n");
    if (!run->results.n)
        return;
    buf_addf(
        out,
        "<details%s><summary>%zu checks in the order of the plan</summary>\n"
        "<p id=\"filter\" hidden><label>Show only <input type=\"search\"></label> "
        "<span role=\"status\"></span></p>\n"
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"All checks\">"
        "<table id=\"all\"><thead><tr><th scope=\"col\">Outcome</th><th scope=\"col\">Check</th>"
        "<th scope=\"col\">Level</th><th scope=\"col\">Clauses</th>"
        "<th scope=\"col\">Time</th></tr></thead><tbody>\n",
        run->results.n <= 60 ? " open" : "", run->results.n);
    array_each (r, &run->results)
        add_check(out, *r);
    buf_adds(out, "</tbody></table></div></details>\n</section>\n");
}

/* ---- page ---- */

static void add_head(struct buf *out, const struct run *run, const char *verdict)
{
    buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
                  "form-action 'none'\">\n<title>");
    markup_text(out, run->target.name ? run->target.name : "mailassay");
    buf_adds(out, ": ");
    markup_text(out, verdict);
    buf_adds(out, "</title>\n<style>\n");
    buf_adds(out, report_css);
    buf_adds(out,
             "</style>\n</head>\n<body>\n<a class=\"jump\" href=\"#main\">To the results</a>\n");
}

static void add_contents(struct buf *out, const struct run *run)
{
    struct run_counts c = run_count(run);
    buf_adds(out, "<nav aria-label=\"Contents\"><ul>\n<li><a href=\"#counts\">Counts</a></li>\n");
    array_each (m, &run->matrices) {
        buf_addf(out, "<li><a href=\"#m%zu\">", (size_t)(m - run->matrices.v));
        markup_text(out, m->title);
        buf_adds(out, "</a></li>\n");
    }
    for (size_t i = 0; i < COUNT(evidence); i++)
        if (c.by[evidence[i].outcome])
            buf_addf(out, "<li><a href=\"#e%d\">%s</a></li>\n", (int)evidence[i].outcome,
                     evidence[i].heading);
    if (c.total)
        buf_adds(out, "<li><a href=\"#families\">By family</a></li>\n"
                      "<li><a href=\"#documents\">By RFC</a></li>\n");
    buf_adds(out, "<li><a href=\"#checks\">All checks</a></li>\n"
                  "<li><a href=\"#legend\">What the words mean</a></li>\n</ul></nav>\n");
}

/* The document as data: no '<' is left in it, so that no text in it can end the element. */
static int add_data(struct buf *out, const struct run *run, enum transcripts transcripts,
                    struct error *err)
{
    enum { DIGITS = 15 };
    json_t *document = result_document(run, transcripts);
    autofree char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
    json_decref(document);
    if (!text)
        return error_set(err, ERR_INTERNAL, "the result could not be turned into JSON");
    buf_adds(out, "<script type=\"application/json\" id=\"result\">");
    for (const char *p = text; *p; p++)
        if (*p == '<' || *p == '>' || *p == '&')
            buf_addf(out, "\\u%04x", *p);
        else
            buf_addc(out, *p);
    buf_adds(out, "</script>\n");
    return 0;
}

/* The first table is what people came for; the others are details. */
static void add_matrices(struct buf *out, const struct run *run, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < run->matrices.n; i++)
        matrix_html(out, &run->matrices.v[i], i);
}

int report_html(const struct run *run, const struct report_options *options, struct buf *out,
                struct error *err)
{
    enum transcripts transcripts = options->transcripts ? options->transcripts : TRANSCRIPTS_FAILED;
    auto_buf verdict;
    buf_init(&verdict, BUF_OURS);
    run_verdict(run, &verdict);
    add_head(out, run, verdict.p);
    add_banner(out, run, verdict.p);
    add_contents(out, run);
    buf_adds(out, "<main id=\"main\">\n");
    add_cards(out, run);
    add_matrices(out, run, 0, 1);
    add_findings(out, run, transcripts);
    add_matrices(out, run, 1, run->matrices.n);
    if (run->results.n)
        html_tables(out, run);
    add_checks(out, run);
    add_legend(out);
    buf_adds(out, "</main>\n");
    int code = add_data(out, run, transcripts, err);
    buf_addf(out, "<script>\n%s</script>\n</body>\n</html>\n", report_js);
    return code;
}

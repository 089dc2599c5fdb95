/* JUnit in two dialects. The usual one says `file` and `line` of each test case, which GitLab and the
   GitHub actions read; the Jenkins xUnit schema (schemas/junit-strict.xsd) refuses them. A suite is
   one scenario: the id without its last part. */
#include "markup.h"
#include "printable.h"
#include "report.h"
#include "text_block.h"
#include <stdio.h>

struct junit {
    struct buf *out;
    const struct run *run;
    bool strict;
    enum transcripts transcripts;
};

struct tally {
    int tests, failures, errors, skipped;
    nsec time;
};

static void add_time(struct buf *out, nsec d)
{
    buf_addf(out, " time=\"%.3f\"", (double)d / 1e9);
}

/* "imap/idle" of "imap/idle/idle-peer-sees-expunge[imaps]" */
static slice suite_of(const struct result *r)
{
    slice id = slice_of(r->id);
    for (size_t n = id.n; n-- > 0;)
        if (id.p[n] == '/')
            return slice_sub(id, 0, n);
    return slice_of(r->family ? r->family : "checks");
}

static bool is_failure(const struct run *run, enum outcome o)
{
    return o == OUTCOME_FAIL || o == OUTCOME_XPASS ||
           (o == OUTCOME_FLAKY && run->settings.fail_on_flaky);
}

static void tally_add(struct tally *t, const struct run *run, const struct result *r)
{
    t->tests++;
    t->failures += is_failure(run, r->outcome);
    t->errors += r->outcome == OUTCOME_ERROR;
    t->skipped +=
        r->outcome == OUTCOME_SKIP || r->outcome == OUTCOME_XFAIL || r->outcome == OUTCOME_NOT_RUN;
    t->time += r->duration;
}

/* ---- one test case ---- */

/* CI systems refuse very large files: the middle goes, first and last stay. */
static void add_evidence(struct buf *out, slice text)
{
    enum { FIRST = 14000, LAST = 6000 };
    if (text.n <= FIRST + LAST) {
        markup_slice(out, text);
        return;
    }
    slice first = utf8_cut(text, FIRST), last = slice_skip(text, text.n - LAST);
    while (last.n && ((unsigned char)*last.p & 0xc0) == 0x80)
        last = slice_skip(last, 1);
    markup_slice(out, first);
    buf_addf(out, "\n… %zu octets left out, the JSON report has them …\n",
             text.n - first.n - last.n);
    markup_slice(out, last);
}

/* "path:line:col: message", which annotating tools look for first, then all of the evidence. */
static void add_text(const struct junit *j, const struct result *r)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    struct style plain = { &text, false, 100 };
    block_place(r, &text);
    buf_adds(&text, text.n ? ": " : "");
    style_put(&plain, block_message(r));
    buf_addc(&text, '\n');
    block_body(&plain, r, report_wants_transcript(j->transcripts, r));
    add_evidence(j->out, buf_slice(&text));
}

static void add_problem(const struct junit *j, const struct result *r, const char *element,
                        const char *type)
{
    buf_addf(j->out, "      <%s", element);
    markup_add_attribute(j->out, "message", block_message(r));
    markup_add_attribute(j->out, "type", type);
    buf_addc(j->out, '>');
    add_text(j, r);
    buf_addf(j->out, "</%s>\n", element);
}

static void add_skipped(const struct junit *j, const struct result *r)
{
    autofree char *message = r->outcome == OUTCOME_SKIP
                                 ? xstrdup(r->reason ? r->reason : "no reason given")
                                 : xprintf("%s: %s", outcome_name(r->outcome),
                                           r->reason ? r->reason : outcome_meaning(r->outcome));
    buf_adds(j->out, "      <skipped");
    markup_add_attribute(j->out, "message", message);
    buf_adds(j->out, "/>\n");
}

static void add_output(const struct junit *j, const struct result *r)
{
    buf_adds(j->out, "      <system-out>");
    markup_text(j->out, block_kind(r->outcome));
    buf_adds(j->out, ": ");
    add_text(j, r);
    buf_adds(j->out, "</system-out>\n");
}

static void add_verdict(const struct junit *j, const struct result *r)
{
    if (is_failure(j->run, r->outcome)) {
        add_problem(j, r, "failure", outcome_name(r->outcome));
        return;
    }
    switch (r->outcome) {
    case OUTCOME_ERROR:
        add_problem(j, r, "error", error_code_name(r->error));
        break;
    case OUTCOME_FLAKY:
        add_problem(j, r, "flakyFailure", "flaky");
        break;
    case OUTCOME_SKIP:
    case OUTCOME_XFAIL:
    case OUTCOME_NOT_RUN:
        add_skipped(j, r);
        break;
    case OUTCOME_WARN:
    case OUTCOME_NOTE:
        add_output(j, r);
        break;
    default:
        break;
    }
}

static void add_case(const struct junit *j, const struct result *r)
{
    autofree char *class = xslicedup(suite_of(r));
    for (char *p = class; *p; p++)
        if (*p == '/')
            *p = '.';
    buf_adds(j->out, "    <testcase");
    markup_add_attribute(j->out, "classname", class);
    markup_add_attribute(j->out, "name", r->id);
    if (!j->strict) {
        int line = r->failure && r->failure->line ? r->failure->line : r->line;
        markup_add_attribute(j->out, "file",
                             r->failure && r->failure->file ? r->failure->file : r->file);
        if (line > 0) /* what no file asked for stands at none */
            buf_addf(j->out, " line=\"%d\"", line);
    }
    add_time(j->out, r->duration);
    if (r->outcome == OUTCOME_PASS) {
        buf_adds(j->out, "/>\n");
        return;
    }
    buf_adds(j->out, ">\n");
    add_verdict(j, r);
    buf_adds(j->out, "    </testcase>\n");
}

/* ---- suites ---- */

static void add_property(const struct junit *j, const char *name, const char *value)
{
    if (!value)
        return;
    buf_adds(j->out, "      <property");
    markup_add_attribute(j->out, "name", name);
    markup_add_attribute(j->out, "value", value);
    buf_adds(j->out, "/>\n");
}

static void add_properties(const struct junit *j)
{
    const struct run *run = j->run;
    autofree char *seed = xprintf("%llu", (unsigned long long)run->seed);
    buf_adds(j->out, "    <properties>\n");
    add_property(j, "target", run->target.name);
    add_property(j, "software", run->target.software);
    add_property(j, "tool", run->tool_version);
    add_property(j, "suite", run->suite_version);
    add_property(j, "level", level_name(run->settings.level));
    add_property(j, "strict", run->settings.strict ? "yes" : "no");
    add_property(j, "seed", seed);
    buf_adds(j->out, "    </properties>\n");
}

static void open_suite(const struct junit *j, slice name, const struct tally *t, const char *file)
{
    char started[32];
    utc_text(j->run->started / SECONDS(1), started);
    autofree char *text = xslicedup(name);
    buf_adds(j->out, "  <testsuite");
    markup_add_attribute(j->out, "name", text);
    buf_addf(j->out, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\"", t->tests,
             t->failures, t->errors, t->skipped);
    add_time(j->out, t->time);
    buf_addf(j->out, " timestamp=\"%.19s\"", started);
    markup_add_attribute(j->out, "file", file);
    buf_adds(j->out, ">\n");
    add_properties(j);
}

static bool is_first_of_suite(const struct run *run, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (slice_eq(suite_of(run->results.v[k]), suite_of(run->results.v[i])))
            return false;
    return true;
}

static void add_suite(const struct junit *j, slice name, const char *file)
{
    struct tally t = { 0 };
    array_each (r, &j->run->results)
        if (slice_eq(suite_of(*r), name))
            tally_add(&t, j->run, *r);
    open_suite(j, name, &t, file);
    array_each (r, &j->run->results)
        if (slice_eq(suite_of(*r), name))
            add_case(j, *r);
    buf_adds(j->out, "  </testsuite>\n");
}

/* What no test case can say: nothing ran, or not all of it did. */
static void add_run_suite(const struct junit *j, const char *why)
{
    open_suite(j, S("run"), &(struct tally) { 1, 0, 1, 0, 0 }, NULL);
    buf_adds(j->out, "    <testcase classname=\"run\" name=\"the run is complete\" "
                     "time=\"0.000\">\n      <error");
    markup_add_attribute(j->out, "message", why);
    markup_add_attribute(j->out, "type",
                         j->run->error.code ? error_code_name(j->run->error.code) : "incomplete");
    buf_adds(j->out, ">");
    markup_text(j->out, why);
    buf_adds(j->out, "</error>\n    </testcase>\n  </testsuite>\n");
}

static void write_document(const struct junit *j)
{
    struct tally all = { 0 };
    auto_buf why;
    buf_init(&why, BUF_OURS);
    bool incomplete = run_is_incomplete(j->run, &why);
    array_each (r, &j->run->results)
        tally_add(&all, j->run, *r);
    buf_adds(j->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mailassay\"");
    buf_addf(j->out, " tests=\"%d\" failures=\"%d\" errors=\"%d\"", all.tests + incomplete,
             all.failures, all.errors + incomplete);
    add_time(j->out, j->run->duration);
    buf_adds(j->out, ">\n");
    if (incomplete)
        add_run_suite(j, why.p);
    for (size_t i = 0; i < j->run->results.n; i++)
        if (is_first_of_suite(j->run, i))
            add_suite(j, suite_of(j->run->results.v[i]), j->run->results.v[i]->file);
    buf_adds(j->out, "</testsuites>\n");
}

static void junit(const struct run *run, const struct report_options *options, struct buf *out,
                  bool strict)
{
    write_document(&(struct junit) {
        out, run, strict, options->transcripts ? options->transcripts : TRANSCRIPTS_FAILED });
}

int report_junit(const struct run *run, const struct report_options *options, struct buf *out,
                 struct error *err)
{
    junit(run, options, out, false);
    return 0;
}

int report_junit_strict(const struct run *run, const struct report_options *options,
                        struct buf *out, struct error *err)
{
    junit(run, options, out, true);
    return 0;
}

/* Every writer against its golden files, the way back from JSON, and saving. To write the golden
   files anew: UPDATE_GOLDEN=1, then read the difference before it is committed. */
#include "html_parts.h"
#include "matrix.h"
#include "progress.h"
#include "report.h"
#include "sample_run.h"
#include "testing.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *file, *sample, *format;
    struct report_options options;
} goldens[] = {
    { "sample.txt", "sample", "text", { 0 } },
    { "sample-quiet.txt", "sample", "text", { .verbosity = -1 } },
    { "sample-all.txt", "sample", "text", { .verbosity = 2, .width = 78 } },
    { "sample-colour.txt", "sample", "text", { .colour = true } },
    { "dead.txt", "dead", "text", { 0 } },
    { "empty.txt", "empty", "text", { 0 } },
    { "clean.txt", "clean", "text", { .verbosity = 1 } },
    { "sample.json", "sample", "json", { 0 } },
    { "dead.json", "dead", "json", { 0 } },
    { "sample.junit.xml", "sample", "junit", { 0 } },
    { "sample.junit-strict.xml", "sample", "junit-strict", { 0 } },
    { "empty.junit.xml", "empty", "junit", { 0 } },
    { "dead.junit.xml", "dead", "junit", { 0 } },
    { "sample.tap", "sample", "tap", { 0 } },
    { "dead.tap", "dead", "tap", { 0 } },
    { "empty.tap", "empty", "tap", { 0 } },
    { "sample.html", "sample", "html", { 0 } },
    { "dead.html", "dead", "html", { 0 } },
    { "sample.md", "sample", "markdown", { 0 } },
    { "empty.md", "empty", "markdown", { 0 } },
};

static void render(const struct run *run, const char *format, const struct report_options *options,
                   struct buf *out)
{
    struct error err;
    const struct report_writer *w = report_writer_find(slice_of(format));
    ck_assert_ptr_nonnull(w);
    ck_assert_int_eq(w->write(run, options, out, &err), 0);
}

static void read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    for (int c; (c = fgetc(file)) != EOF;)
        buf_addc(out, (char)c);
    fclose(file);
}

static void write_file(const char *path, slice bytes)
{
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert_uint_eq(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
    ck_assert_int_eq(fclose(file), 0);
}

/* The page holds the style sheet and the script, which are not what a golden file is about. */
static void take_out(struct buf *page, const char *text)
{
    size_t at = slice_find(buf_slice(page), slice_of(text)), n = strlen(text);
    if (at == SIZE_MAX)
        return;
    memmove(page->p + at, page->p + at + n, page->n - at - n);
    buf_truncate(page, page->n - n);
}

START_TEST(report_is_as_its_golden_file)
{
    auto_run run;
    auto_buf got, want;
    buf_init(&got, BUF_OURS);
    buf_init(&want, BUF_OURS);
    ck_assert(sample_by_name(goldens[_i].sample, &run));
    render(&run, goldens[_i].format, &goldens[_i].options, &got);
    take_out(&got, report_css);
    take_out(&got, report_js);
    autofree char *path = xprintf("%s/%s", GOLDEN, goldens[_i].file);
    if (getenv("UPDATE_GOLDEN"))
        write_file(path, buf_slice(&got));
    read_file(path, &want);
    size_t at = 0;
    while (at < got.n && at < want.n && got.p[at] == want.p[at])
        at++;
    ck_assert_msg(slice_eq(buf_slice(&got), buf_slice(&want)),
                  "%s differs at byte %zu: got \"%.60s\", want \"%.60s\"", goldens[_i].file, at,
                  got.p + at, want.p + at);
}
END_TEST

/* ---- the way back ---- */

static const char *const samples[] = { "sample", "dead", "empty", "clean" };

START_TEST(every_report_is_the_same_from_json)
{
    static const struct report_options all = { .verbosity = 2 };
    struct error err;
    auto_run run, again;
    auto_buf json;
    buf_init(&json, BUF_OURS);
    run_init(&again);
    ck_assert(sample_by_name(samples[_i], &run));
    render(&run, "json", &all, &json);
    ck_assert_msg(!result_read_json(buf_slice(&json), "result.json", &again, &err), "%s", err.text);
    for (const struct report_writer *w = report_writers; w->name; w++) {
        auto_buf first, second;
        buf_init(&first, BUF_OURS);
        buf_init(&second, BUF_OURS);
        render(&run, w->name, &all, &first);
        render(&again, w->name, &all, &second);
        ck_assert_msg(slice_eq(buf_slice(&first), buf_slice(&second)), "%s differs", w->name);
    }
}
END_TEST

START_TEST(judging_again_after_reading_changes_nothing)
{
    struct error err;
    auto_run run, again;
    auto_buf first, second;
    buf_init(&first, BUF_OURS);
    buf_init(&second, BUF_OURS);
    run_init(&again);
    sample_run(&run);
    render(&run, "json", &(struct report_options) { 0 }, &first);
    ck_assert_int_eq(result_read_json(buf_slice(&first), "x", &again, &err), 0);
    run_finish(&again, again.duration);
    render(&again, "json", &(struct report_options) { 0 }, &second);
    ck_assert(slice_eq(buf_slice(&first), buf_slice(&second)));
}
END_TEST

static const struct {
    const char *from, *to; /* a change to the sample's document */
    const char *says;
} broken[] = {
    { "{", "[", "x.json:" },
    { "\"schemaVersion\": \"1.0\"", "\"schemaVersion\": \"2.0\"", "schemaVersion 2.0" },
    { "\"schemaVersion\": \"1.0\",", "", "not a result of mailassay" },
    { "\"exitCode\": 1", "\"exitCode\": -1", "\"exitCode\" has a wrong value" },
    { "2026-11-22T14:50:01.250Z", "yesterday", "\"started\" has a wrong value" },
    { "\"durationMs\": 6200.0", "\"durationMs\": \"6200\"", "\"durationMs\" has a wrong value" },
    { "\"seed\": \"4711\"", "\"seed\": \"47 11\"", "\"seed\" has a wrong value" },
    { "\"interrupted\": false", "\"interrupted\": 0", "\"interrupted\" has a wrong value" },
    { "\"rawOutcome\": \"pass\"", "\"rawOutcome\": \"green\"",
      "result 1: \"rawOutcome\" has a wrong value" },
    { "\"outcome\": \"pass\"", "\"outcome\": \"green\"",
      "matrices: \"outcome\" has a wrong value" },
    { "\"id\": \"imap/login/logout-says-bye\"", "\"di\": \"\"", "result 2: \"id\" is missing" },
    { "\"kind\": \"sent\"", "\"kind\": \"shouted\"", "result 1: transcript: \"kind\"" },
    { "\"level\": \"must\",\n          \"says\"", "\"level\": 1,\n          \"says\"",
      "result 1: clauses: \"level\"" },
    { "\"* VANISHED 7\"", "7", "result 3: failure: \"text\" has a wrong value" },
    { "\"port\": 10993", "\"port\": \"imaps\"", "\"port\" has a wrong value" },
    { "\"wanted\": \"1\"", "\"wanted\": 1", "failure: \"wanted\"" },
    { "\"leftBehind\": [", "\"leftBehind\": [ 1,", "\"text\" has a wrong value" },
};

START_TEST(a_broken_document_is_refused_with_its_place)
{
    struct error err = { 0 };
    auto_run run;
    auto_buf json, changed;
    buf_init(&json, BUF_OURS);
    buf_init(&changed, BUF_OURS);
    sample_run(&run);
    render(&run, "json", &(struct report_options) { 0 }, &json);
    slice whole = buf_slice(&json);
    size_t at = slice_find(whole, slice_of(broken[_i].from));
    ck_assert_msg(at != SIZE_MAX, "\"%s\" is not in the sample", broken[_i].from);
    buf_add(&changed, slice_sub(whole, 0, at));
    buf_adds(&changed, broken[_i].to);
    buf_add(&changed, slice_skip(whole, at + strlen(broken[_i].from)));
    struct run untouched = { .seed = 1 };
    ck_assert_int_eq(result_read_json(buf_slice(&changed), "x.json", &untouched, &err), ERR_FILE);
    ck_assert_uint_eq(untouched.seed, 1);
    ck_assert_msg(strstr(err.text, broken[_i].says) != NULL, "got \"%s\"", err.text);
}
END_TEST

START_TEST(a_cut_document_is_refused_wherever_it_is_cut)
{
    struct error err;
    auto_run run;
    auto_buf json;
    buf_init(&json, BUF_OURS);
    sample_clean_run(&run);
    render(&run, "json", &(struct report_options) { 0 }, &json);
    struct run untouched = { 0 };
    for (size_t n = 0; n + 2 < json.n; n += 7)
        ck_assert_int_eq(result_read_json(slice_sub(buf_slice(&json), 0, n), "x", &untouched, &err),
                         ERR_FILE);
}
END_TEST

/* The entry point of fuzz_result_read.c, with changes that need no fuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

START_TEST(a_changed_document_is_refused_or_rendered)
{
    static const char octets[] = "\0\"{}[],:x9-\\\x80\xff";
    auto_run run;
    auto_buf json;
    buf_init(&json, BUF_OURS);
    sample_clean_run(&run);
    render(&run, "json", &(struct report_options) { 0 }, &json);
    for (size_t at = (size_t)_i; at < json.n; at += 40) {
        char kept = json.p[at];
        for (size_t k = 0; k < sizeof octets - 1; k++) {
            json.p[at] = octets[k];
            ck_assert_int_eq(LLVMFuzzerTestOneInput((const uint8_t *)json.p, json.n), 0);
        }
        json.p[at] = kept;
    }
}
END_TEST

/* ---- saving ---- */

START_TEST(a_report_is_asked_for_as_format_and_path)
{
    struct report_request r = { 0 };
    struct error err;
    ck_assert_int_eq(report_parse("junit-strict=out/x=1.xml", &r, &err), 0);
    ck_assert_str_eq(r.writer->name, "junit-strict");
    ck_assert_str_eq(r.path, "out/x=1.xml");
    ck_assert_int_eq(report_parse("json=-", &r, &err), 0);
    ck_assert_str_eq(r.path, "-");
    static const char *const wrong[] = { "json", "json=", "=x", "", "xml=x" };
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_int_eq(report_parse(wrong[i], &r, &err), ERR_USAGE);
    ck_assert_msg(strstr(err.text, "junit-strict, tap") != NULL, "%s", err.text);
}
END_TEST

static char *make_folder(void)
{
    char *folder = xstrdup("/tmp/mailassay-reports-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

START_TEST(a_saved_report_is_whole_and_readable)
{
    struct error err;
    auto_run run, again;
    run_init(&again);
    sample_run(&run);
    autofree char *folder = make_folder();
    autofree char *path = xprintf("%s/result.json", folder);
    struct report_request r = { report_writer_find(S("json")), path };
    for (int times = 0; times < 2; times++) /* the second replaces the first */
        ck_assert_int_eq(report_save(&r, &run, &(struct report_options) { 0 }, &err), 0);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq((int)(st.st_mode & 0400), 0400);
    ck_assert_msg(!result_load_json(path, &again, &err), "%s", err.text);
    ck_assert_uint_eq(again.results.n, run.results.n);
    unlink(path);
    ck_assert_msg(!rmdir(folder), "something was left beside the report");
}
END_TEST

START_TEST(a_page_reads_back_like_its_document)
{
    struct error err;
    auto_run run, again;
    run_init(&again);
    sample_run(&run);
    autofree char *folder = make_folder();
    autofree char *path = xprintf("%s/report.html", folder);
    struct report_request r = { report_writer_find(S("html")), path };
    struct report_options all = { .transcripts = TRANSCRIPTS_ALL };
    ck_assert_int_eq(report_save(&r, &run, &all, &err), 0);
    ck_assert_msg(!result_load_json(path, &again, &err), "%s", err.text);
    unlink(path);
    rmdir(folder);
    auto_buf first, second;
    buf_init(&first, BUF_OURS);
    buf_init(&second, BUF_OURS);
    render(&run, "json", &all, &first);
    render(&again, "json", &all, &second);
    ck_assert(slice_eq(buf_slice(&first), buf_slice(&second)));
}
END_TEST

START_TEST(a_path_that_cannot_be_written_is_our_own_error)
{
    static const char *const paths[] = { "/nonexistent/result.json", "/tmp", "/dev/full" };
    struct error err;
    auto_run run;
    sample_clean_run(&run);
    struct report_request r = { report_writer_find(S("json")), paths[_i] };
    ck_assert_int_eq(report_save(&r, &run, &(struct report_options) { 0 }, &err), ERR_INTERNAL);
    ck_assert_msg(strstr(err.text, paths[_i]) != NULL, "%s", err.text);
    if (strcmp(paths[_i], "/dev/full"))
        ck_assert_int_eq(report_probe(&r, &err), ERR_INTERNAL);
}
END_TEST

START_TEST(a_path_that_can_be_written_passes_the_probe)
{
    struct error err;
    autofree char *folder = make_folder();
    autofree char *path = xprintf("%s/result.json", folder);
    struct report_request r = { report_writer_find(S("json")), path };
    ck_assert_int_eq(report_probe(&r, &err), 0);
    ck_assert_msg(access(path, F_OK), "the probe made a file");
    r.path = "-";
    ck_assert_int_eq(report_probe(&r, &err), 0);
    r.path = "here.json";
    ck_assert_int_eq(report_probe(&r, &err), access(".", W_OK) ? ERR_INTERNAL : 0);
    rmdir(folder);
}
END_TEST

/* ---- what no report may hold ---- */

START_TEST(no_report_holds_a_control_character)
{
    const struct report_writer *w = &report_writers[_i];
    auto_run run;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    sample_run(&run);
    render(&run, w->name, &(struct report_options) { .verbosity = 2 }, &out);
    for (size_t i = 0; i < out.n; i++) {
        unsigned char c = (unsigned char)out.p[i];
        ck_assert_msg((c >= 0x20 && c != 0x7f) || c == '\n', "octet %02X in %s at %zu", c, w->name,
                      i);
    }
}
END_TEST

START_TEST(long_transcripts_lose_their_middle)
{
    auto_run run;
    run_init(&run);
    struct result *r = run_add(&run, "imap/long/long");
    r->raw = OUTCOME_FAIL;
    result_fail(&run, r, "too long");
    for (int i = 0; i < 5000; i++)
        result_event(&run, r, MILLIS(i), "phone", EVENT_RECEIVED, true,
                     S("* 1 FETCH (BODY[] {4000000}\r\nabc\r\n)\r\n"));
    run_finish(&run, SECONDS(5));
    static const char *const formats[] = { "text", "junit", "tap", "html", "markdown" };
    for (size_t i = 0; i < COUNT(formats); i++) {
        auto_buf out;
        buf_init(&out, BUF_OURS);
        render(&run, formats[i], &(struct report_options) { 0 }, &out);
        if (strcmp(formats[i], "html")) /* the page has the document inside */
            ck_assert_msg(out.n < 60000, "%s: %zu bytes", formats[i], out.n);
        ck_assert_msg(slice_find(buf_slice(&out), S("left out")) != SIZE_MAX, "%s", formats[i]);
        ck_assert_uint_ne(slice_find(buf_slice(&out), S("0.000")), SIZE_MAX);
        ck_assert_uint_ne(slice_find(buf_slice(&out), S("4.999")), SIZE_MAX);
    }
}
END_TEST

static void add_many(struct run *run, int n)
{
    static const struct result_clause clause = { "rfc9051/6.3.2/select", "rfc9051", "6.3.2",
                                                 LEVEL_MUST,
                                                 "SELECT answers with the mailbox's "
                                                 "state before its OK" };
    for (int i = 0; i < n; i++) {
        struct result *r = run_add(run, run_textf(run, "imap/topic-%d/check-%d", i / 10, i));
        r->family = "imap";
        r->title = "A sentence of the usual length that says what holds when the check passes";
        r->file = "scenarios/imap/topic.yaml";
        r->raw = i % 10 ? OUTCOME_PASS : OUTCOME_FAIL;
        r->rerun = run_textf(run, "mailassay run '%s' --target reference.yaml", r->id);
        result_add_clause(r, clause);
        if (r->raw == OUTCOME_FAIL)
            result_fail(run, r, "something went wrong");
        for (int k = 0; k < 40; k++)
            result_event(
                run, r, MILLIS(k), "phone", EVENT_SENT, true,
                S("A1 UID FETCH 1:* (FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (SUBJECT)])\r\n"));
    }
    run_finish(run, SECONDS(60));
}

START_TEST(a_page_of_500_checks_is_smaller_than_3_megabytes)
{
    enum { LIMIT = 3000000, CHECKS = 500 };
    auto_run run;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    run_init(&run);
    add_many(&run, CHECKS);
    render(&run, "html", &(struct report_options) { 0 }, &out);
    ck_assert_msg(out.n < LIMIT, "%zu bytes", out.n);
}
END_TEST

/* ---- progress ---- */

static char *progress_of(bool terminal, const struct run *run)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    struct progress p;
    progress_begin(&p, &(struct progress_options) { out, terminal, false, 60 },
                   (int)run->results.n);
    for (size_t i = 0; i < run->results.n; i++) {
        progress_running(&p, run->results.v[i]->id, SECONDS((nsec)i));
        progress_done(&p, run->results.v[i], SECONDS((nsec)i) + MILLIS(500));
    }
    progress_say(&p, "closing\x1b");
    progress_end(&p);
    fclose(out);
    return text;
}

START_TEST(skips_for_one_reason_are_one_line_unless_asked_for)
{
    auto_run run;
    auto_buf text;
    struct error err;
    struct report_options options = { .verbosity = 0 };
    run_init(&run);
    buf_init(&text, BUF_OURS);
    for (int i = 0; i < 5; i++) {
        struct result *r = run_add(&run, run_textf(&run, "imap/x/c%d", i));
        r->family = "imap";
        r->raw = i == 4 ? OUTCOME_PASS : OUTCOME_SKIP;
        r->reason = i == 4 ? NULL : i == 3 ? "another reason" : "no such service";
    }
    run_finish(&run, SECONDS(1));
    ck_assert_int_eq(report_text(&run, &options, &text, &err), 0);
    ck_assert_ptr_nonnull(strstr(text.p, "3 checks (-v names them)"));
    ck_assert_ptr_nonnull(strstr(text.p, "imap/x/c3"));
    ck_assert_ptr_null(strstr(text.p, "imap/x/c1"));
    buf_clear(&text);
    options.verbosity = 1;
    ck_assert_int_eq(report_text(&run, &options, &text, &err), 0);
    ck_assert_ptr_nonnull(strstr(text.p, "imap/x/c1"));
}
END_TEST

/* Cells hold what servers say. */
START_TEST(cells_of_tables_are_escaped)
{
    static const char *const marked[] = { "<b>", "<i>", "<u>", "<s>", "a|b" };
    auto_buf html, markdown;
    struct run run;
    run_init(&run);
    struct matrix *m = run_matrix(&run, "<b>");
    matrix_column(m, "<i>");
    struct matrix_row *row = matrix_row(m);
    matrix_cell(&run, row, OUTCOME_NOT_RUN, S("<u>"));
    matrix_cell(&run, row, OUTCOME_FAIL, S("<s> a|b"));
    buf_init(&html, BUF_OURS);
    buf_init(&markdown, BUF_OURS);
    matrix_html(&html, m, 0);
    matrix_markdown(&markdown, m);
    for (size_t i = 0; i < COUNT(marked); i++) {
        bool bar = i + 1 == COUNT(marked); /* harmless in HTML */
        ck_assert_msg((slice_find(buf_slice(&html), slice_of(marked[i])) == SIZE_MAX) != bar, "%s",
                      marked[i]);
        ck_assert_msg(slice_find(buf_slice(&markdown), slice_of(marked[i])) == SIZE_MAX, "%s",
                      marked[i]);
    }
    run_release(&run);
}
END_TEST

START_TEST(progress_in_a_log_is_plain_lines)
{
    auto_run run;
    sample_run(&run);
    autofree char *text = progress_of(false, &run);
    ck_assert_ptr_null(strchr(text, '\r'));
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text,
                                 "✖ FAIL    imap/idle/idle-peer-sees-expunge[imaps]: no untagged "
                                 "EXPUNGE on laptop within 5 s\n"));
    ck_assert_ptr_nonnull(strstr(text, "12 of 12 checks, 3 failed, 1 error, 11.50 s\n"));
    ck_assert_ptr_nonnull(strstr(text, "closing\\x1B\n"));
}
END_TEST

START_TEST(progress_on_a_terminal_is_redrawn_and_taken_away)
{
    auto_run run;
    sample_run(&run);
    autofree char *text = progress_of(true, &run);
    ck_assert_ptr_nonnull(strstr(text, "\r\033[K[########----------------] 4 of 12 checks"));
    slice rest = slice_of(text), line;
    while (slice_cut(&rest, '\r', &line))
        ck_assert_msg(line.n < 200, "%zu", line.n);
    ck_assert(slice_ends(slice_of(text), S("closing\\x1B\n")));
}
END_TEST

START_TEST(no_stream_means_no_progress)
{
    auto_run run;
    struct progress p;
    sample_run(&run);
    progress_begin(&p, &(struct progress_options) { NULL, true, true, 0 }, 1);
    progress_running(&p, "x", 0);
    progress_done(&p, run.results.v[2], 0);
    progress_say(&p, "x");
    progress_end(&p);
    ck_assert_int_eq(p.failed, 1);
}
END_TEST

static void add_tests(TCase *t)
{
    tcase_add_loop_test(t, report_is_as_its_golden_file, 0, COUNT(goldens));
    tcase_add_loop_test(t, every_report_is_the_same_from_json, 0, COUNT(samples));
    tcase_add_test(t, judging_again_after_reading_changes_nothing);
    tcase_add_loop_test(t, a_broken_document_is_refused_with_its_place, 0, COUNT(broken));
    tcase_add_test(t, a_cut_document_is_refused_wherever_it_is_cut);
    tcase_add_loop_test(t, a_changed_document_is_refused_or_rendered, 0, 8);
    tcase_add_test(t, a_report_is_asked_for_as_format_and_path);
    tcase_add_test(t, a_saved_report_is_whole_and_readable);
    tcase_add_test(t, a_page_reads_back_like_its_document);
    tcase_add_loop_test(t, a_path_that_cannot_be_written_is_our_own_error, 0, 3);
    tcase_add_test(t, a_path_that_can_be_written_passes_the_probe);
    tcase_add_loop_test(t, no_report_holds_a_control_character, 0, 7);
    tcase_add_test(t, long_transcripts_lose_their_middle);
    tcase_add_test(t, a_page_of_500_checks_is_smaller_than_3_megabytes);
    tcase_add_test(t, skips_for_one_reason_are_one_line_unless_asked_for);
    tcase_add_test(t, cells_of_tables_are_escaped);
    tcase_add_test(t, progress_in_a_log_is_plain_lines);
    tcase_add_test(t, progress_on_a_terminal_is_redrawn_and_taken_away);
    tcase_add_test(t, no_stream_means_no_progress);
}

int main(void)
{
    return run_tests("report", add_tests);
}

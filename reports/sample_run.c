#include "sample_run.h"

static const struct result_clause expunge = {
    "rfc9051/7.5.1/expunge-is-sent", "rfc9051", "7.5.1", LEVEL_MUST,
    "The server tells every session that has the mailbox selected which message number is gone, "
    "and numbers after it move down by one"
};
static const struct result_clause idle = { "rfc2177/3/updates-while-idle", "rfc2177", "3",
                                           LEVEL_MUST,
                                           "While IDLE lasts the server may send untagged data at "
                                           "any time" };
static const struct result_clause size = { "rfc1870/6.1/declared-size-is-checked", "rfc1870", "6.1",
                                           LEVEL_SHOULD,
                                           "A message that is declared too large is refused at "
                                           "MAIL FROM" };
static const struct result_clause uidl = { "rfc1939/7/uidl-persists", "rfc1939", "7", LEVEL_MUST,
                                           "The unique id of a message is the same in every "
                                           "session" };

static void set_up(struct run *run)
{
    run_init(run);
    run->tool_version = "0.1.0";
    run->suite_version = "2026.11";
    run->started = SECONDS(1795359001) + MILLIS(250);
    run->seed = 4711;
    run->command_line = "mailassay run --target imaps://alice@127.0.0.1:10993 --password ***";
    run->target.name = "reference";
    run->target.loopback = true;
    run->target.insecure = true;
    run->target.source_address = "127.0.0.2";
    run->target.software = "IMAP4rev1 ready <>&\"'";
    *array_push(&run->target.services) =
        (struct result_service) { "imaps", "127.0.0.1", 10993, "implicit" };
    *array_push(&run->target.services) =
        (struct result_service) { "pop3", "127.0.0.1", 10110, "starttls" };
    *array_push(&run->target.services) =
        (struct result_service) { "smtp", "127.0.0.1", 10025, "none" };
    run->baseline_file = "reference.baseline.yaml";
    run->connections = 12;
}

static struct result *add(struct run *run, const char *id, const char *title, enum outcome raw,
                          const struct result_clause *clause)
{
    struct result *r = run_add(run, id);
    slice rest = slice_of(id), family = S("");
    slice_cut(&rest, '/', &family);
    r->family = run_text(run, family);
    r->title = title;
    r->raw = raw;
    r->level = clause->level;
    r->file = run_textf(run, "scenarios/%.*s/topic.yaml", SLICE_ARG(family));
    r->line = 8;
    r->duration = MILLIS(12);
    r->devices = r->connections = 1;
    r->attempts = 1;
    r->rerun = run_textf(run, "mailassay run '%s' --target reference.yaml", id);
    result_add_clause(r, *clause);
    return r;
}

static void add_failed_sync(struct run *run)
{
    struct result *r = add(run, "imap/idle/idle-peer-sees-expunge[imaps]",
                           "A device in IDLE learns at once that another device expunged a message",
                           OUTCOME_FAIL, &expunge);
    result_add_clause(r, idle);
    r->duration = MILLIS(5040);
    r->devices = r->connections = 2;
    struct result_failure *f =
        result_fail(run, r, "no untagged EXPUNGE on %s within 5 s", "laptop");
    f->file = "scenarios/imap/topic.yaml";
    f->line = 18;
    f->column = 25;
    f->length = 9;
    f->source_line = "      - laptop: {await: 1 EXPUNGE, within: 5s}";
    f->step = "laptop: await 1 EXPUNGE within 5 s";
    f->device = "laptop";
    *array_push(&f->expected) = "* 1 EXPUNGE";
    *array_push(&f->expected) = "* VANISHED 7";
    failure_actual(run, f, S("* 2 EXISTS\r\n"), 2, 3, "1");
    f->why = "a client that misses this shows a message that is gone, and the next command with a "
             "message number hits another message";
    *array_push(&f->more) = "phone sent EXPUNGE at 0.031 s";
    result_event(run, r, MILLIS(3), "laptop", EVENT_RECEIVED, false, S("* OK ready\r\n"));
    result_event(run, r, MILLIS(4), "laptop", EVENT_SENT, false, S("A1 STARTTLS\r\n"));
    result_event(run, r, MILLIS(9), "laptop", EVENT_SENT, true, S("A2 IDLE\r\n"));
    result_event(run, r, MILLIS(12), "laptop", EVENT_RECEIVED, true, S("+ idling\r\n"));
    result_event(run, r, MILLIS(31), "phone", EVENT_SENT, true, S("A4 EXPUNGE\r\n"));
    result_event(run, r, MILLIS(32), "phone", EVENT_RECEIVED, true, S("* 1 EXPUNGE\r\n"));
    result_event(run, r, MILLIS(33), "laptop", EVENT_RECEIVED, true,
                 S("* 2 FETCH (BODY[] {12}\r\nSubject: \xff\x00\x1b[2J\r\n)\r\n"));
    result_event(run, r, MILLIS(5032), NULL, EVENT_NOTE, false, S("deadline of laptop passed"));
}

/* Everything that breaks a careless XML, HTML, TAP or terminal writer. */
static void add_awkward(struct run *run)
{
    struct result *r =
        add(run, "pop3/uidl/unique-id-persists",
            "UIDL # is the \"same\" <twice> & forever ]]> </script>", OUTCOME_FAIL, &uidl);
    struct result_failure *f =
        result_fail(run, r, "UIDL 1 changed: ]]> </script> <!-- & \"%s\"", "\x01\x02\xc3\x28");
    f->file = "scenarios/pop3/topic.yaml";
    f->line = 4;
    *array_push(&f->expected) = "+OK 1 ü€漢";
    static const char came[] = "+OK 1 \xc3\xbc\xff\x1b]0;owned\x07\xe2\x80\xae tail";
    failure_actual(run, f, slice_make(came, sizeof came - 1), 8, 9, "€");
    result_event(run, r, MILLIS(1), "device", EVENT_SENT, false, S("UIDL 1\n"));
    result_event(run, r, MILLIS(2), "device", EVENT_RECEIVED, false,
                 S("+OK 1 ]]></script><script>alert(1)</script>\x0b\xf4\x90\x80\x80\r\n"));
}

static void add_passes(struct run *run)
{
    struct result *r = add(run, "imap/login/login-with-password", "LOGIN with a password works",
                           OUTCOME_PASS, &idle);
    result_event(run, r, MILLIS(2), "phone", EVENT_SENT, true, S("A1 LOGIN alice ***\r\n"));
    result_event(run, r, MILLIS(3), "phone", EVENT_RECEIVED, true, S("A1 OK done\r\n"));
    r = add(run, "imap/login/logout-says-bye", "LOGOUT is answered by BYE", OUTCOME_PASS, &idle);
    r->duration = MILLIS(61500);
}

static void add_remarks(struct run *run)
{
    struct result *r =
        add(run, "smtp/size/declared-size-is-checked",
            "A message declared larger than SIZE is refused at MAIL", OUTCOME_WARN, &size);
    result_fail(run, r, "MAIL FROM with SIZE=99999999 was accepted");
    r = add(run, "smtp/greeting/greeting-is-one-line", "The greeting is a single line",
            OUTCOME_NOTE, &size);
    r->level = LEVEL_NOTE;
    result_fail(run, r, "the greeting has 3 lines");
    r = add(run, "smtp/chunking/bdat-last", "BDAT LAST ends the message", OUTCOME_SKIP, &size);
    r->reason = "CHUNKING is not offered";
}

static void add_expected(struct run *run)
{
    static const struct result_baseline known = { .match = "\\Recent",
                                                  .reason = "no \\Recent in this server",
                                                  .issue = "issue 12",
                                                  .expires = "2027-12-31" };
    static const struct result_baseline old = { .reason = "fixed meanwhile?" };
    struct result *r = add(run, "imap/recent/recent-in-one-session",
                           "\\Recent is given to one session only", OUTCOME_FAIL, &expunge);
    result_fail(run, r, "\\Recent was not given to any session");
    r->baseline = arena_new(&run->arena, struct result_baseline);
    *r->baseline = known;
    r = add(run, "imap/recent/recent-is-kept", "EXAMINE leaves \\Recent alone", OUTCOME_PASS,
            &expunge);
    r->baseline = arena_new(&run->arena, struct result_baseline);
    *r->baseline = old;
}

static void add_unsure(struct run *run)
{
    struct result *r = add(run, "journeys/relay/arrives-once", "A relayed message arrives once",
                           OUTCOME_FLAKY, &uidl);
    r->attempts = 3;
    r->reason = "passed at attempt 3 of 3";
    result_fail(run, r, "the message did not arrive within 2 s");
    r = add(run, "journeys/relay/arrives-whole", "A relayed message arrives byte by byte",
            OUTCOME_ERROR, &uidl);
    r->error = ERR_NETWORK;
    r->reason = "connection to 127.0.0.1:10025 was reset while waiting for the greeting";
    add(run, "journeys/relay/never-ran", "This one has no turn", OUTCOME_NOT_RUN, &uidl);
}

static void add_matrix(struct run *run)
{
    static const char *const columns[] = { "port", "speaks", "TLS", "certificate", "remark" };
    struct matrix *m = run_matrix(run, "Ports of <mail> | reference");
    for (size_t i = 0; i < COUNT(columns); i++)
        matrix_column(m, columns[i]);
    struct matrix_row *row = matrix_row(m);
    matrix_cell(run, row, OUTCOME_NOT_RUN, S("993"));
    matrix_cell(run, row, OUTCOME_PASS, S("IMAP in TLS"));
    matrix_cell(run, row, OUTCOME_FAIL, S("1.1 1.2 1.3"));
    matrix_cell(run, row, OUTCOME_WARN, S("9 days"));
    matrix_cell(run, row, OUTCOME_NOT_RUN,
                S("a remark that is much too long for a table of a hundred columns, with *stars*, "
                  "a | bar and an escape \033[31m"));
    row = matrix_row(m);
    matrix_cell(run, row, OUTCOME_NOT_RUN, S("25"));
    matrix_cell(run, row, OUTCOME_ERROR, S(""));
}

void sample_run(struct run *ret)
{
    set_up(ret);
    add_matrix(ret);
    add_passes(ret);
    add_failed_sync(ret);
    add_expected(ret);
    add_awkward(ret);
    add_remarks(ret);
    add_unsure(ret);
    *array_push(&ret->left_behind) = "mailbox mailassay-4711-work";
    ret->rate_limited = true;
    run_finish(ret, MILLIS(6200));
}

void sample_clean_run(struct run *ret)
{
    set_up(ret);
    ret->target.loopback = ret->target.insecure = false;
    add_passes(ret);
    run_finish(ret, MILLIS(74));
}

void sample_dead_run(struct run *ret)
{
    set_up(ret);
    error_set(&ret->error, ERR_NETWORK, "127.0.0.1:10993 refused the connection");
    ret->connections = 1;
    run_finish(ret, MILLIS(2));
}

void sample_empty_run(struct run *ret)
{
    set_up(ret);
    ret->connections = 0;
    run_finish(ret, 0);
}

bool sample_by_name(const char *name, struct run *ret)
{
    static const struct {
        const char *name;
        void (*make)(struct run *);
    } samples[] = { { "sample", sample_run },
                    { "clean", sample_clean_run },
                    { "dead", sample_dead_run },
                    { "empty", sample_empty_run } };
    for (size_t i = 0; i < COUNT(samples); i++)
        if (!strcmp(samples[i].name, name)) {
            samples[i].make(ret);
            return true;
        }
    return false;
}

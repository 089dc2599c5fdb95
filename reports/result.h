/* The result model: what one run found, as data. The scenario engine fills it, every report is
   rendered from it (and from its JSON form, which result_read_json() reads back).

   Text in the model is printable UTF-8 that lives in run->arena: put it there with run_text(),
   which escapes what is not printable, or assign a string literal. A NULL text is "not known" and
   is left out of reports. Secrets are masked by the caller, before anything gets here. Times are
   nsec; `started` counts from 1970-01-01T00:00:00Z, `at` from the start of the check. */
#ifndef RESULT_H
#define RESULT_H

#include "arena.h"
#include "array.h"
#include "buf.h"
#include "clock.h"
#include "error.h"
#include "slice.h"

/* OUTCOME_NOT_RUN is no verdict: the check was planned and never got its turn. */
enum outcome {
    OUTCOME_NOT_RUN,
    OUTCOME_PASS,
    OUTCOME_FAIL,  /* a MUST does not hold, or a SHOULD under --strict */
    OUTCOME_WARN,  /* a SHOULD does not hold */
    OUTCOME_NOTE,  /* legal, but known to trip clients */
    OUTCOME_SKIP,  /* capability not offered or not permitted; needs a reason */
    OUTCOME_XFAIL, /* failed as the baseline expected */
    OUTCOME_XPASS, /* passed although the baseline expected a failure */
    OUTCOME_FLAKY, /* failed, then passed when tried again */
    OUTCOME_ERROR, /* we could not tell; needs a reason */
    OUTCOME_COUNT
};

enum level {
    LEVEL_NONE,
    LEVEL_MUST,
    LEVEL_SHOULD,
    LEVEL_MAY,
    LEVEL_NOTE, /* legal either way, but known to trip clients */
};

/* What the outcome is called ("pass", "not run"), what it means in one sentence, and the symbol
   that stands before the word. */
const char *outcome_name(enum outcome o);
const char *outcome_meaning(enum outcome o);
const char *outcome_symbol(enum outcome o);
/* False and *ret untouched when no outcome has that name. */
bool outcome_parse(slice name, enum outcome *ret);
/* "must", "should", "may", "note"; "" for LEVEL_NONE. */
const char *level_name(enum level l);
bool level_parse(slice name, enum level *ret);
/* What a check whose expectation did not hold gets by its level: fail, warn or note. */
enum outcome level_failed(enum level l);

struct result_clause {
    const char *id;      /* "rfc9051/7.5.1/expunge-is-sent" */
    const char *rfc;     /* "rfc9051" */
    const char *section; /* "7.5.1" */
    enum level level;
    const char *says; /* the requirement in our words, one sentence */
};

enum event_kind { EVENT_SENT, EVENT_RECEIVED, EVENT_NOTE };

/* One unit on a wire, or a remark between two ("TLS starts", "connection closed by the server").
   A line break in `text` stands for a CRLF inside the unit; see run_event(). */
struct result_event {
    nsec at;
    const char *device;
    enum event_kind kind;
    bool tls;
    const char *text;
};

/* Where `actual` first differs from the closest accepted alternative. */
struct result_difference {
    size_t offset, length; /* bytes of `actual`; length 0 points at the place (or its end) */
    const char *wanted;    /* the token that was wanted there; NULL: nothing more was */
};

struct result_failure {
    const char *message; /* one sentence, no final full stop */
    const char *file;    /* place of the expectation in the scenario; line and column from 1, */
    int line, column;    /* 0 unknown; length in characters, 0: to the end of the line */
    int length;
    const char *source_line; /* the text of that line */
    const char *step;        /* the step in words: "laptop: await 1 EXPUNGE within 5s" */
    const char *device;
    ARRAY(const char *) expected;         /* every accepted alternative */
    const char *actual;                   /* NULL is "nothing" */
    struct result_difference *difference; /* NULL when there is none to show */
    const char *why;                      /* why it matters to a user of mail */
    ARRAY(const char *) more;             /* "phone sent EXPUNGE at 0.031 s" */
};

/* An entry of the baseline file that names this check. */
struct result_baseline {
    enum outcome expects; /* OUTCOME_FAIL (the default for 0), OUTCOME_ERROR or OUTCOME_FLAKY */
    const char *match;    /* what the failure message must contain; NULL: anything */
    const char *reason, *issue;
    const char *expires; /* "2027-01-31", last valid day (UTC) */
};

struct result {
    const char *id;     /* unique in the run: "imap/idle/idle-peer-sees-expunge[imaps]" */
    const char *family; /* "imap" */
    const char *file;   /* the scenario */
    int line;
    const char *title;
    enum level level; /* the strongest of its clauses */
    ARRAY(struct result_clause) clauses;
    enum outcome raw;      /* set by whoever ran it */
    enum outcome outcome;  /* set by result_judge(): after strictness and baseline */
    const char *reason;    /* for skip, xfail, xpass, flaky, error; what was seen, for a pass */
    enum error_code error; /* for OUTCOME_ERROR */
    nsec duration;
    int attempts;                   /* 0 and 1 are the same */
    int devices, connections;       /* how many */
    struct result_failure *failure; /* NULL when there is none */
    ARRAY(struct result_event) transcript;
    const char *rerun;                /* a command line to copy */
    struct result_baseline *baseline; /* NULL when no entry names it */
};

struct result_service {
    const char *name; /* "imaps" */
    const char *host;
    int port;
    const char *tls; /* "none", "starttls", "implicit" */
};

/* A table of the run as a whole, that stands in every report: a row for each port or source, a cell
   for each question. Rows have as many cells as there are columns, or fewer. */
struct matrix_cell {
    const char *text;     /* "1.2 1.3"; "" is an empty cell */
    enum outcome outcome; /* OUTCOME_NOT_RUN: no verdict, only a fact */
};

struct matrix_row {
    ARRAY(struct matrix_cell) cells;
};

struct matrix {
    const char *title; /* "Ports of mail.example.test, policy rfc9325" */
    ARRAY(const char *) columns;
    ARRAY(struct matrix_row) rows;
};

struct run {
    struct arena arena;
    const char *tool_version, *suite_version;
    nsec started, duration;
    uint64_t seed;
    const char *command_line; /* already redacted */
    struct {
        const char *name;
        ARRAY(struct result_service) services;
        bool loopback, insecure;
        const char *source_address;
        const char *software; /* greeting or ID answer */
    } target;
    struct {
        enum level level; /* the weakest level that was selected */
        bool strict, fail_on_flaky, virtual_clock;
        const char *shape; /* network shape, NULL for none */
        int jobs;
    } settings;
    const char *baseline_file;
    int connections;
    bool rate_limited, interrupted;
    ARRAY(const char *) left_behind; /* what we brought and could not remove */
    struct error error;              /* of the run as a whole; code 0 when none */
    int exit_code;                   /* set by run_finish() */
    ARRAY(struct result *) results;  /* in the order of the plan */
    ARRAY(struct matrix) matrices;
};

/* ---- building. Everything lives in run->arena; pointers stay valid until run_release(). ---- */

void run_init(struct run *run);
void run_release(struct run *run);
#define auto_run __attribute__((cleanup(run_release))) struct run

/* A copy in printable UTF-8: what is not printable becomes \r, \n, \t or \xNN. run_text(run, S(""))
   is "". run_lines() keeps CRLF as a line break, and drops one at the end. */
const char *run_text(struct run *run, slice bytes);
const char *run_lines(struct run *run, slice bytes);
const char *run_textf(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The next check of the plan: add them all in plan order before running any. */
struct result *run_add(struct run *run, const char *id);
/* The result of that id, or NULL. */
struct result *run_find(const struct run *run, const char *id);
void result_add_clause(struct result *r, struct result_clause clause);
/* Adds to the transcript. A CRLF inside the bytes becomes a line break, one at their end is
   dropped, and every other octet that is not printable is escaped. */
void result_event(struct run *run, struct result *r, nsec at, const char *device,
                  enum event_kind kind, bool tls, slice bytes);
/* Makes r->failure (once; later calls return the same one) with its message. */
struct result_failure *result_fail(struct run *run, struct result *r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets what came. `from` to `to` are the offsets in `bytes` of the first token that differs, `wanted`
   what was wanted there; from == SIZE_MAX: no difference to show. */
void failure_actual(struct run *run, struct result_failure *f, slice bytes, size_t from, size_t to,
                    const char *wanted);

/* The next table of the run, valid until another one is begun; a column and a row of it (valid until
   the next row is); a cell of the row. */
struct matrix *run_matrix(struct run *run, const char *title);
void matrix_column(struct matrix *m, const char *name);
struct matrix_row *matrix_row(struct matrix *m);
void matrix_cell(struct run *run, struct matrix_row *row, enum outcome outcome, slice text);

/* ---- judging ---- */

/* Sets r->outcome (and r->reason where the baseline gives one) from r->raw, strictness and
   r->baseline. An expected failure counts only while the entry has not expired, and only when
   its `match` is in the failure's message. */
void result_judge(struct run *run, struct result *r);
/* Judges all, sets duration and exit_code. Called once at the end; again after a change. */
void run_finish(struct run *run, nsec duration);

struct run_counts {
    int total, by[OUTCOME_COUNT];
    int rules_held;            /* always-on rules that nothing broke: they are no checks */
    int must, must_passed;     /* of the MUST checks that gave a verdict */
    int should, should_passed; /* the same for SHOULD */
};
struct run_counts run_count(const struct run *run);

/* 0 to 6 or 130, the first that applies:
   interrupted                                         130
   a fail or xpass (or flaky with fail_on_flaky)         1
   run->error                                            2 usage, 3 file, 6 internal, else 5
   a check that is an error                              the largest of 3 file, 6 internal, else 5
   nothing selected, or all skipped                      4
   a check that was planned and not run                  6
   all that was selected ran and holds                   0 */
int result_exit_code(const struct run *run);

/* "41 checks: 38 passed, 1 failed, 1 xfail, 1 skipped · 12 connections · 6.20 s · seed 4711" */
void run_summary(const struct run *run, struct buf *out);
/* The verdict in one sentence, without a final full stop: "Conformant: all 38 checks that ..." */
void run_verdict(const struct run *run, struct buf *out);
/* Whether something that was selected was not tested at all (other than by a skip): the run failed,
   was interrupted, or tested nothing. Adds why, in words that can follow a colon. */
bool run_is_incomplete(const struct run *run, struct buf *out);
/* What weakens the verdict (loopback, insecure, rate limited, not run, ...): one sentence on each
   line; returns how many. */
size_t run_weaknesses(const struct run *run, struct buf *out);

#endif

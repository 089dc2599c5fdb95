/* The columns of the matrix, T01 to T28 of the catalogue: each judges the facts of a row by a policy
   and gives a verdict with its sentence. Every column names the faults of the reference servers
   that prove it able to fail. */
#ifndef PORT_COLUMN_H
#define PORT_COLUMN_H

#include "port_facts.h"
#include "port_policy.h"
#include "result.h"

enum { COLUMN_CLAUSES_MAX = 6, COLUMN_FAULTS_MAX = 10 };

/* Bits 1 << enum service_role. */
#define ROLES_ALL (1u << ROLE_MX | 1u << ROLE_SUBMISSION | 1u << ROLE_LMTP | 1u << ROLE_ACCESS)

struct port_judging {
    const struct port_facts *facts;
    const struct port_policy *policy;
    const struct port_facts *all; /* every row of the run, for what needs the others */
    size_t n_all;
    int64_t now; /* seconds since 1970, for certificates */
};

struct port_column;
struct port_verdict {
    const struct port_column *column; /* whose it is */
    enum outcome outcome;             /* PASS, FAIL, WARN, NOTE, SKIP (with the reason) or ERROR */
    const char *clause;  /* the one that decided; NULL: the column's first; "": none, of a note */
    char short_text[24]; /* for the table: "1.2 1.3", "57 days", "no" */
    char text[500];      /* one sentence: what was seen and, when it is wrong, "; " and the fix */
};

struct port_column {
    const char *number; /* "T03" */
    const char *name;   /* "old-versions": its id is ports/old-versions */
    const char *title;  /* one sentence that says what holds: "TLS 1.1 and older are refused" */
    const char *why;    /* why it matters to a user of mail */
    const char *clauses[COLUMN_CLAUSES_MAX];  /* "rfc8996/4/no-tls-1-0" */
    unsigned roles;                           /* rows that it is asked of */
    bool full;                                /* needs --full */
    const char *proved_by[COLUMN_FAULTS_MAX]; /* "tls.versions.old-accepted" */
    void (*judge)(const struct port_judging *j, struct port_verdict *v);
    bool account; /* has an answer only with an account (--target) */
};
extern const struct port_column port_columns[];
extern const size_t n_port_columns;
const struct port_column *port_column_find(slice name_or_number);

/* Is it one of the questions that the column goes by? `text` is its name as the transcript has it, or a
   sentence on what could not be told, which begins with it. */
bool port_column_asks(const struct port_column *column, const char *text);

/* Judges every column that is asked of a row's role, of every row, into run; of a row where no mail
   server was found only the first, T01, which tells why (result ids "ports/993/old-versions", with the host
   when several hosts are looked at, and "[v6]" when both families are): in the order rows, columns.
   Raw outcomes only; run_finish() is the caller's. `clauses` may be NULL (ids alone then). */
struct clauses;
void port_judge_all(const struct port_facts *rows, size_t n, const struct port_policy *policy,
                    const struct clauses *clauses, int64_t now, struct run *run);
void port_judge(const struct port_judging *j, const struct port_column *column,
                struct port_verdict *ret);

/* The human sentence of a port that does not speak what it was taken for, with the fix; empty when
   it does. The wrong modes: clear text to a TLS port, TLS to a clear-text port, HTTP, silence, a
   banner that takes long, another protocol. */
void port_mismatch_text(const struct port_facts *f, struct buf *out);

#endif

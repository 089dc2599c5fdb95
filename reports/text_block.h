/* One check's evidence as text: message, place with caret, expected and actual, clause, reason,
   transcript, command. Shared by the text, JUnit, TAP and Markdown reports. */
#ifndef TEXT_BLOCK_H
#define TEXT_BLOCK_H

#include "style.h"

/* What the evidence of a check begins with: "error", "warning", "expected failure", ... */
const char *block_kind(enum outcome o);
/* Its message in one sentence: the failure's, else the reason, else "". */
const char *block_message(const struct result *r);
/* "scenarios/imap/idle.yaml:18:14", as far as known; "" when no file is. */
void block_place(const struct result *r, struct buf *out);

/* The whole block, without its first line (kind and message). */
void block_body(const struct style *s, const struct result *r, bool with_transcript);
/* First line and body. */
void block_write(const struct style *s, const struct result *r, bool with_transcript);
/* Only the transcript, one line for each line on the wire. Long ones lose their middle: the JSON
   report has it all. */
void block_transcript(const struct style *s, const struct result *r, size_t indent);

/* "RFC 9051 §7.5.1 (MUST)" */
void clause_reference(const struct result_clause *c, struct buf *out);
/* "~>" and "<~" in TLS, "->" and "<-" in clear, "--" for a note. */
const char *event_arrow(const struct result_event *e);
/* Which characters of the source line are marked; false when the column is unknown or not in it. */
bool block_caret(const struct result_failure *f, size_t *ret_start, size_t *ret_length);
/* What a reader sees of `actual`: at most `max` bytes around the difference, whose place in them
   comes back in *ret_offset and *ret_length. */
void actual_window(const struct result_failure *f, size_t max, struct buf *out, size_t *ret_offset,
                   size_t *ret_length);

#endif

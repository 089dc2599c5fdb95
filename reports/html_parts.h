/* Parts of the HTML report. Everything is written as complete elements, every text through
   markup.h. */
#ifndef HTML_PARTS_H
#define HTML_PARTS_H

#include "report.h"

/* report.css and report.js, put into the program by embed.py. */
extern const char report_css[], report_js[];

/* "✖ fail" as icon, word and colour. */
void html_outcome(struct buf *out, enum outcome o);
/* The check's own anchor: name of the element, and href to it (# and escapes). */
void html_anchor(struct buf *out, const struct result *r);
void html_link(struct buf *out, const struct result *r);

/* Whether the check has an article of its own, with evidence. */
bool html_has_evidence(const struct result *r);
void html_evidence(struct buf *out, const struct result *r, bool with_transcript);

/* Counts by family, by RFC and by section of an RFC. */
void html_tables(struct buf *out, const struct run *run);

#endif

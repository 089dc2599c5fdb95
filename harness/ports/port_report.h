/* The matrix for people and machines: the table of a run, its findings as text, and the one line of a
   monitoring plug-in. */
#ifndef PORT_REPORT_H
#define PORT_REPORT_H

#include "port_column.h"
#include "style.h"

/* Adds the table to the run: a row for each port, with the answers people ask for first. The run is
   judged already. */
void port_report_table(const struct port_facts *rows, size_t n, const struct port_policy *policy,
                       int64_t now, struct run *run);
/* With --full, one more table for each port that was enumerated: versions with their cipher suites,
   groups and signature schemes. Facts alone, for people and programs that compare. */
void port_report_survey(const struct port_facts *rows, size_t n, struct run *run);
/* Everything that is not a pass, worst first, each with its ports, sentence and clause, in at most
   s->width columns; then counts of skips by reason, and the summary. verbosity as in struct
   report_options; with 1 and more passes are named too. */
void port_report_text(const struct style *s, const struct run *run, int verbosity);
/* "PORTS CRITICAL - imaps 993: ... | ports=8 failed=1 ..."; returns 0, 1, 2 or 3. */
int port_report_nagios(const struct port_facts *rows, size_t n, const struct run *run,
                       struct buf *out);

#endif

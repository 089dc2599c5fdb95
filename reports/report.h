/* Reports of a run: one writer per format, one way to name them (FORMAT=PATH) and to save them. */
#ifndef REPORT_H
#define REPORT_H

#include "buf.h"
#include "error.h"
#include "result.h"

/* Whose transcripts a report carries. Each format has its own default: all in JSON, those of checks
   that did not simply pass elsewhere. */
enum transcripts { TRANSCRIPTS_DEFAULT, TRANSCRIPTS_NONE, TRANSCRIPTS_FAILED, TRANSCRIPTS_ALL };

/* All zero is a good set of options. Only the text report looks at the first three. */
struct report_options {
    int verbosity; /* -1 failures and summary; 0; 1 every check; 2 transcripts of all checks too */
    bool colour;
    int width; /* columns of the terminal, 0: 100 */
    enum transcripts transcripts;
};

/* Every writer: appends the report to `out`. Fails only for what is our own fault. A run without
   results gives a report that says so with an error. */
int report_json(const struct run *, const struct report_options *, struct buf *out, struct error *);
int report_text(const struct run *, const struct report_options *, struct buf *out, struct error *);
int report_junit(const struct run *, const struct report_options *, struct buf *out,
                 struct error *);
int report_junit_strict(const struct run *, const struct report_options *, struct buf *out,
                        struct error *);
int report_tap(const struct run *, const struct report_options *, struct buf *out, struct error *);
int report_html(const struct run *, const struct report_options *, struct buf *out, struct error *);
int report_markdown(const struct run *, const struct report_options *, struct buf *out,
                    struct error *);

struct report_writer {
    const char *name, *extension, *about;
    int (*write)(const struct run *, const struct report_options *, struct buf *, struct error *);
};
/* Ends with a row whose name is NULL. */
extern const struct report_writer report_writers[];
/* NULL when there is no such format. */
const struct report_writer *report_writer_find(slice name);

/* "json=build/result.json"; a PATH of "-" is standard output. `path` points into `text`. ERR_USAGE
   names the formats that there are. */
struct report_request {
    const struct report_writer *writer;
    const char *path;
};
int report_parse(const char *text, struct report_request *ret, struct error *err);
/* Before a long run: whether the path can be written, as far as one can tell without doing so.
   ERR_INTERNAL otherwise. */
int report_probe(const struct report_request *request, struct error *err);
/* Renders and saves. A file is written beside its place and renamed, so that it is whole or absent.
   ERR_INTERNAL when it cannot be written (exit status 6). */
int report_save(const struct report_request *request, const struct run *run,
                const struct report_options *options, struct error *err);

/* schemas/result.json, for `mailassay schema result`. */
extern const char result_schema[];

/* Whether this result's transcript is wanted. */
bool report_wants_transcript(enum transcripts which, const struct result *r);

/* Reads what report_json() wrote; `name` is used in messages. *ret is a new run, to be released by
   the caller, and untouched on failure: ERR_FILE with place or path of what is wrong. */
int result_read_json(slice json, const char *name, struct run *ret, struct error *err);
/* From a file: a JSON report, or an HTML report, which has the document inside. */
int result_load_json(const char *path, struct run *ret, struct error *err);

#endif

/* The plain members of the result model and their JSON names, as tables that writer and reader
   share. The lists and optional parts inside them are written and read in report_json.c and
   result_read.c. */
#ifndef JSON_FIELDS_H
#define JSON_FIELDS_H

#include "report.h"
#include <jansson.h>

#define RESULT_SCHEMA_VERSION "1.0"

enum field_kind {
    FIELD_END,
    FIELD_TEXT,    /* const char *; left out when NULL */
    FIELD_INT,     /* int */
    FIELD_NUMBER,  /* uint64_t, as text: JSON readers lose digits past 2^53 */
    FIELD_BOOL,    /* bool */
    FIELD_TIME,    /* nsec since 1970, as "2026-11-22T14:50:01.000Z" */
    FIELD_MS,      /* nsec, as milliseconds with a fraction */
    FIELD_OUTCOME, /* enum outcome */
    FIELD_LEVEL,   /* enum level; left out when LEVEL_NONE */
    FIELD_ERROR,   /* enum error_code; left out when ERR_NONE */
    FIELD_EVENT,   /* enum event_kind */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    bool required; /* for the reader: FIELD_TEXT must be there */
};

/* Offsets in struct run: four objects of the document. */
extern const struct field run_fields[], tool_fields[], target_fields[], settings_fields[];
extern const struct field service_fields[], result_fields[], clause_fields[], failure_fields[],
    event_fields[], baseline_fields[], cell_fields[];

/* The whole result document, with the transcripts that are wanted. */
json_t *result_document(const struct run *run, enum transcripts transcripts);
/* A JSON string of the text, with what is not printable escaped; line breaks stay. */
json_t *json_text(const char *text);
/* Adds the fields of `object` to `to`. */
void fields_write(const struct field *fields, const void *object, json_t *to);
/* Reads them from `from`, which must be an object; text goes to run->arena. ERR_FILE names the key. */
int fields_read(const struct field *fields, const json_t *from, struct run *run, void *object,
                struct error *err);

#endif

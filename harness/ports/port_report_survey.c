#include "port_report.h"
#include <string.h>

/* One fact of a table: whose it is ("TLS 1.2", "group") and its name. No verdict: columns judge. */
static void add_fact(struct run *run, struct matrix *m, const char *of, const char *name)
{
    struct matrix_row *row = matrix_row(m);
    matrix_cell(run, row, OUTCOME_NOT_RUN, slice_of(of));
    matrix_cell(run, row, OUTCOME_NOT_RUN, slice_of(name));
}

static void add_versions(struct run *run, struct matrix *m, const struct tls_survey *s)
{
    char name[64];
    for (int version = SURVEY_VERSIONS - 1; version >= 0; version--) {
        const struct survey_suites *suites = &s->suites[version];
        if (s->version[version] == SURVEY_ACCEPTED && !suites->list.n)
            add_fact(run, m, survey_version_names[version], "");
        array_each (suite, &suites->list)
            add_fact(run, m, survey_version_names[version], tls_suite_name(*suite, name));
    }
}

static void add_keys(struct run *run, struct matrix *m, const struct tls_survey *s)
{
    char name[64];
    array_each (group, &s->groups)
        add_fact(run, m, "group", tls_group_name(*group, name));
    if (s->dhe_bits)
        add_fact(run, m, "group", run_textf(run, "DHE of TLS 1.2, %u bits", s->dhe_bits));
    array_each (scheme, &s->signatures)
        add_fact(run, m, "signature", tls_signature_name(*scheme, name));
}

static bool was_enumerated(const struct tls_survey *s)
{
    for (int version = 0; version < SURVEY_VERSIONS; version++)
        if (s->suites[version].list.n)
            return true;
    return false;
}

void port_report_survey(const struct port_facts *rows, size_t n, struct run *run)
{
    for (size_t i = 0; i < n; i++) {
        const struct port_facts *f = &rows[i];
        if (!was_enumerated(&f->survey))
            continue;
        const char *address = f->spec.address && strchr(f->spec.address, ':') ? " v6" : "";
        struct matrix *m = run_matrix(run, run_textf(run, "Versions and cipher suites of %s:%u%s",
                                                     f->spec.host, f->spec.port, address));
        matrix_column(m, "of");
        matrix_column(m, "taken, in the server's order where it has one");
        add_versions(run, m, &f->survey);
        add_keys(run, m, &f->survey);
    }
}

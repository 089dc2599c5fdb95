#include "html_parts.h"
#include "markup.h"
#include "text_block.h"

struct group {
    const struct result_clause *clause; /* one that belongs to it; NULL for a family */
    const char *family;
    int total, by[OUTCOME_COUNT];
};

struct groups {
    struct group *v;
    size_t n, cap;
};

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

static struct group *find_family(struct groups *groups, const char *family)
{
    array_each (g, groups)
        if (same_text(g->family, family))
            return g;
    struct group *g = array_push(groups);
    g->family = family;
    return g;
}

static bool same_clause(const struct result_clause *a, const struct result_clause *b, bool sections)
{
    return same_text(a->rfc, b->rfc) && (!sections || same_text(a->section, b->section));
}

static struct group *find_clause(struct groups *groups, const struct result_clause *c,
                                 bool sections)
{
    array_each (g, groups)
        if (same_clause(g->clause, c, sections))
            return g;
    struct group *g = array_push(groups);
    g->clause = c;
    return g;
}

static void count(struct group *g, const struct result *r)
{
    g->total++;
    g->by[r->outcome]++;
}

static void group_by_family(const struct run *run, struct groups *groups)
{
    array_each (r, &run->results)
        count(find_family(groups, (*r)->family), *r);
}

/* A check with two clauses of one document counts once for it. */
static bool is_repeated(const struct result *r, const struct result_clause *c, bool sections)
{
    for (const struct result_clause *before = r->clauses.v; before < c; before++)
        if (same_clause(before, c, sections))
            return true;
    return false;
}

static void group_by_clause(const struct run *run, bool sections, struct groups *groups)
{
    array_each (r, &run->results)
        array_each (c, &(*r)->clauses)
            if (!is_repeated(*r, c, sections))
                count(find_clause(groups, c, sections), *r);
}

/* Numbers in names are compared as numbers: RFC 822 before RFC 9051, section 6.4 before 6.10. */
static int compare_group(const void *a, const void *b)
{
    const struct result_clause *x = ((const struct group *)a)->clause;
    const struct result_clause *y = ((const struct group *)b)->clause;
    int by_rfc = strverscmp(x->rfc ? x->rfc : "", y->rfc ? y->rfc : "");
    return by_rfc ? by_rfc : strverscmp(x->section ? x->section : "", y->section ? y->section : "");
}

static void add_name(struct buf *out, const struct group *g, bool sections)
{
    if (!g->clause) {
        markup_text(out, g->family ? g->family : "other");
        return;
    }
    auto_buf name;
    buf_init(&name, BUF_OURS);
    clause_reference(&(struct result_clause) { .rfc = g->clause->rfc ? g->clause->rfc : "",
                                               .section = sections ? g->clause->section : NULL },
                     &name);
    markup_text(out, name.p);
}

static void add_row(struct buf *out, const struct group *g, bool sections)
{
    buf_adds(out, "<tr><th scope=\"row\">");
    add_name(out, g, sections);
    buf_addf(out, "</th><td>%d</td>", g->total);
    for (int o = OUTCOME_PASS; o < OUTCOME_COUNT; o++)
        if (g->by[o])
            buf_addf(out, "<td class=\"o%d\">%d</td>", o, g->by[o]);
        else
            buf_adds(out, "<td></td>");
    if (g->by[OUTCOME_NOT_RUN])
        buf_addf(out, "<td class=\"o0\">%d</td></tr>\n", g->by[OUTCOME_NOT_RUN]);
    else
        buf_adds(out, "<td></td></tr>\n");
}

static void add_table(struct buf *out, const char *what, const struct groups *groups, bool sections)
{
    buf_addf(out,
             "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Counts: %s\">"
             "<table class=\"counts\"><thead><tr><th scope=\"col\">%s</th>"
             "<th scope=\"col\">checks</th>",
             what, what);
    for (int o = OUTCOME_PASS; o <= OUTCOME_COUNT; o++) {
        enum outcome it = o == OUTCOME_COUNT ? OUTCOME_NOT_RUN : (enum outcome)o;
        buf_addf(out, "<th scope=\"col\"><span aria-hidden=\"true\">%s</span> %s</th>",
                 outcome_symbol(it), outcome_name(it));
    }
    buf_adds(out, "</tr></thead><tbody>\n");
    array_each (g, groups)
        add_row(out, g, sections);
    buf_adds(out, "</tbody></table></div>\n");
}

static void add_clauses(struct buf *out, const struct run *run, bool sections)
{
    struct groups groups = { 0 };
    group_by_clause(run, sections, &groups);
    if (groups.n)
        qsort(groups.v, groups.n, sizeof *groups.v, compare_group);
    add_table(out, sections ? "section" : "document", &groups, sections);
    array_release(&groups);
}

void html_tables(struct buf *out, const struct run *run)
{
    struct groups families = { 0 };
    group_by_family(run, &families);
    buf_adds(out, "<section aria-labelledby=\"families\">\n<h2 id=\"families\">By family</h2>\n");
    add_table(out, "family", &families, false);
    array_release(&families);
    buf_adds(out, "</section>\n<section aria-labelledby=\"documents\">\n"
                  "<h2 id=\"documents\">By RFC</h2>\n"
                  "<p>A check that cites two documents counts for both.</p>\n");
    add_clauses(out, run, false);
    buf_adds(out, "<details><summary>By section</summary>\n");
    add_clauses(out, run, true);
    buf_adds(out, "</details>\n</section>\n");
}

#include "matrix.h"
#include "html_parts.h"
#include "markup.h"
#include "printable.h"
#include <string.h>

enum { COLUMNS_MAX = 64, GAP = 2, NARROWEST = 4 };

/* What is shown of a cell, and how many columns that takes. */
static size_t shown(const struct matrix_cell *c, struct buf *out)
{
    if (c->outcome != OUTCOME_NOT_RUN)
        buf_addf(out, "%s%s", outcome_symbol(c->outcome), *c->text ? " " : "");
    printable_add(out, slice_of(c->text));
    return utf8_count(buf_slice(out));
}

static size_t columns_of(const struct matrix *m)
{
    return m->columns.n < COLUMNS_MAX ? m->columns.n : COLUMNS_MAX;
}

static void measure(const struct matrix *m, size_t *width)
{
    for (size_t i = 0; i < columns_of(m); i++)
        width[i] = utf8_count(slice_of(m->columns.v[i]));
    array_each (row, &m->rows)
        for (size_t i = 0; i < row->cells.n && i < columns_of(m); i++) {
            auto_buf text;
            buf_init(&text, BUF_OURS);
            size_t n = shown(&row->cells.v[i], &text);
            width[i] = n > width[i] ? n : width[i];
        }
}

/* Takes columns from the widest until the table fits. */
static void fit(size_t *width, size_t n, size_t room)
{
    for (;;) {
        size_t total = 0, widest = 0;
        for (size_t i = 0; i < n; i++) {
            total += width[i] + (i ? GAP : 0);
            widest = width[i] > width[widest] ? i : widest;
        }
        if (total <= room || !n || width[widest] <= NARROWEST)
            return;
        width[widest]--;
    }
}

static void trim_end(struct buf *out)
{
    while (out->n && out->p[out->n - 1] == ' ')
        buf_truncate(out, out->n - 1);
}

static void put_cell(const struct style *s, enum colour colour, const char *text, size_t width,
                     bool last)
{
    size_t long_by = utf8_count(slice_of(text)) > width;
    style_column(s, colour, text, width - long_by);
    if (long_by)
        buf_adds(s->out, "…");
    if (!last)
        style_spaces(s, GAP);
}

void matrix_text(const struct style *s, const struct matrix *m)
{
    size_t width[COLUMNS_MAX], n = columns_of(m);
    measure(m, width);
    fit(width, n, (size_t)s->width);
    for (size_t i = 0; i < n; i++)
        put_cell(s, DIM, m->columns.v[i], width[i], i + 1 == n);
    trim_end(s->out);
    buf_addc(s->out, '\n');
    array_each (row, &m->rows) {
        for (size_t i = 0; i < row->cells.n && i < n; i++) {
            auto_buf text;
            buf_init(&text, BUF_OURS);
            shown(&row->cells.v[i], &text);
            put_cell(s, outcome_colour(row->cells.v[i].outcome), text.p ? text.p : "", width[i],
                     i + 1 == row->cells.n);
        }
        trim_end(s->out);
        buf_addc(s->out, '\n');
    }
}

static void html_cell(struct buf *out, const struct matrix_cell *c, bool heading)
{
    const char *element = heading ? "th scope=\"row\"" : "td";
    if (c->outcome == OUTCOME_NOT_RUN)
        buf_addf(out, "<%s>", element);
    else
        buf_addf(out, "<%s class=\"o%d\"><span aria-hidden=\"true\">%s</span> ", element,
                 (int)c->outcome, outcome_symbol(c->outcome));
    markup_text(out, c->text);
    if (c->outcome != OUTCOME_NOT_RUN && c->outcome != OUTCOME_PASS)
        buf_addf(out, " <small>(%s)</small>", outcome_name(c->outcome));
    buf_adds(out, heading ? "</th>" : "</td>");
}

void matrix_html(struct buf *out, const struct matrix *m, size_t number)
{
    buf_addf(out, "<section aria-labelledby=\"m%zu\">\n<h2 id=\"m%zu\">", number, number);
    markup_text(out, m->title);
    buf_addf(out,
             "</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"m%zu\">"
             "<table class=\"matrix\"><thead><tr>",
             number);
    array_each (c, &m->columns) {
        buf_adds(out, "<th scope=\"col\">");
        markup_text(out, *c);
        buf_adds(out, "</th>");
    }
    buf_adds(out, "</tr></thead><tbody>\n");
    array_each (row, &m->rows) {
        buf_adds(out, "<tr>");
        array_each (c, &row->cells)
            html_cell(out, c, c == row->cells.v);
        buf_adds(out, "</tr>\n");
    }
    buf_adds(out, "</tbody></table></div>\n</section>\n");
}

/* A bar would end the cell. */
static void markdown_text(struct buf *out, const char *text)
{
    auto_buf escaped;
    buf_init(&escaped, BUF_OURS);
    markup_attribute(&escaped, text);
    for (size_t i = 0; i < escaped.n; i++)
        if (strchr("|`*_[]", escaped.p[i]))
            buf_addf(out, "&#%d;", escaped.p[i]);
        else
            buf_addc(out, escaped.p[i]);
}

void matrix_markdown(struct buf *out, const struct matrix *m)
{
    buf_adds(out, "### ");
    markdown_text(out, m->title);
    buf_adds(out, "\n\n|");
    array_each (c, &m->columns) {
        buf_addc(out, ' ');
        markdown_text(out, *c);
        buf_adds(out, " |");
    }
    buf_adds(out, "\n|");
    for (size_t i = 0; i < m->columns.n; i++)
        buf_adds(out, "---|");
    buf_addc(out, '\n');
    array_each (row, &m->rows) {
        buf_addc(out, '|');
        array_each (c, &row->cells) {
            buf_addf(out, " %s%s", c->outcome ? outcome_symbol(c->outcome) : "",
                     c->outcome ? " " : "");
            markdown_text(out, c->text);
            buf_adds(out, " |");
        }
        buf_addc(out, '\n');
    }
    buf_addc(out, '\n');
}

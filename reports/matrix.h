/* Writers of the run's tables, for the reports. */
#ifndef MATRIX_H
#define MATRIX_H

#include "style.h"

/* Columns as wide as they must be; when they do not fit the width, the widest lose their ends. A
   cell with a verdict begins with its symbol; failures carry colour too, never colour alone. */
void matrix_text(const struct style *s, const struct matrix *m);
void matrix_html(struct buf *out, const struct matrix *m, size_t number);
void matrix_markdown(struct buf *out, const struct matrix *m);

#endif

/* Text for a terminal or a log: colours that can be switched off, wrapping, columns. All text goes
   through printable_add(), so that nothing a server says can steer the terminal. */
#ifndef STYLE_H
#define STYLE_H

#include "buf.h"
#include "result.h"

enum colour { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, COLOURS };

struct style {
    struct buf *out;
    bool colour;
    int width; /* of prose, in columns */
};

/* Shown text (no line break survives), and the same in a colour. */
void style_put(const struct style *s, const char *text);
void style_paint(const struct style *s, enum colour colour, const char *text);
void style_spaces(const struct style *s, size_t n);
/* Text cut or padded with spaces to n columns. */
void style_column(const struct style *s, enum colour colour, const char *text, size_t n);
/* Prose, wrapped to the width; the cursor is at column `indent`, where later lines begin too.
   Ends the line. */
void style_prose(const struct style *s, size_t indent, const char *text);
/* "✖ FAIL  " in its colour; words that break the run are in capitals. */
void style_outcome(const struct style *s, enum outcome o);
enum colour outcome_colour(enum outcome o);

#endif

/* Mistakes in files that people write (scenario, target, baseline, clauses), each with its place.
   All of a file are collected in one pass and shown as caret errors; any of them is exit 3. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "arena.h"
#include "array.h"
#include "buf.h"

/* Where something stands in a file. Lines and columns count from 1, columns in characters;
   line 0 means the file as a whole. */
struct place {
    const char *file;
    unsigned line, column, length;
};

struct problem {
    struct place at;
    char *text; /* one sentence, arena-owned */
};

/* The text of a file, kept so that carets can be drawn under it. */
struct source {
    const char *path;
    slice text;
};

struct problems {
    struct arena arena;
    ARRAY(struct problem) list;
    ARRAY(struct source) sources;
};

void problems_release(struct problems *p);
void problem_add(struct problems *p, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Remembers a file's text; path and text are copied. */
void problem_source(struct problems *p, const char *path, slice text);
/* Line number `line` of a remembered file, without its line end; empty when unknown. */
slice problem_line(const struct problems *p, const char *path, unsigned line);
/* All problems in order of place, as caret errors:
       error: unknown key "expct"; did you mean "expect"?
         --> smtp/x.yaml:12:7
          |
       12 |   - a: {send: NOOP, expct: OK}
          |                     ^^^^^                                                   */
void problems_render(const struct problems *p, struct buf *out);

/* The candidate nearest to `word` by edit distance when it is near enough to be meant; NULL
   otherwise. `name_of(ctx, i)` gives candidate i of n. */
const char *nearest_of(slice word, size_t n, const char *(*name_of)(const void *ctx, size_t i),
                       const void *ctx);
/* As nearest_of, from an array of strings. */
const char *nearest_word(slice word, const char *const *words, size_t n);

#endif

/* Variables of a check: names bound to bytes, and texts with $name in them (docs/scenario-language.md
   section 7). Later bindings hide earlier ones; a mark undoes what a failed match has captured. */
#ifndef VARS_H
#define VARS_H

#include "arena.h"
#include "array.h"
#include "buf.h"

struct binding {
    slice name, value;
};

struct vars {
    struct arena arena;
    ARRAY(struct binding) list;
    const struct vars *outer; /* looked at after this one; may be NULL */
};

void vars_release(struct vars *v);
/* Name and value are copied. */
void vars_set(struct vars *v, slice name, slice value);
void vars_set_text(struct vars *v, const char *name, const char *value);
/* The value of a name, also of the parts of a message ("msg1.size"): bound one by one. False and
   *ret untouched when it is not bound. */
bool vars_get(const struct vars *v, slice name, slice *ret);

/* A point to go back to. */
static inline size_t vars_mark(const struct vars *v)
{
    return v->list.n;
}
static inline void vars_rewind(struct vars *v, size_t mark)
{
    v->list.n = mark;
}

/* A piece of a text with variables: either plain bytes or a name. */
struct var_piece {
    slice plain; /* when name is empty */
    slice name;
};
/* Takes the next piece off *rest. `$$` is a plain "$"; a "$" before anything that cannot start a
   name is plain too. A name is letters, digits, "_" and "-", with parts after dots ("msg1.top3");
   ${name} delimits one. False at the end. */
bool var_piece_next(slice *rest, struct var_piece *ret);
/* Is the whole text one variable? Its name then. */
bool var_is_only(slice text, slice *ret_name);

/* Adds text with its variables replaced. False when one is not bound; *ret_missing is its name. */
bool vars_expand(const struct vars *v, slice text, struct buf *out, slice *ret_missing);

#endif

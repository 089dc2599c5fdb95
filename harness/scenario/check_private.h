/* The parts of reading a check, one file each; for check_*.c only. */
#ifndef CHECK_PRIVATE_H
#define CHECK_PRIVATE_H

#include "step.h"

void check_load_devices(struct check_loader *l, struct check *c, const struct node *map);
void check_load_given(struct check_loader *l, struct check *c, const struct node *map);
void check_load_needs(struct check_loader *l, struct check *c, const struct node *map);
void check_load_each(struct check_loader *l, struct check *c);
/* Binds the names that every step of the check may use. */
void check_bind_all(struct step_check *sc);

/* Calls fn for every value that the variable has in some variant. False when `each` has no such
   variable. */
bool each_values(const struct node *each, slice name,
                 void (*fn)(void *ctx, const struct node *value), void *ctx);
/* Variants must be told apart by their ids. Of a check without mistakes. */
void check_variant_ids(struct check_loader *l, const struct check *c);

#endif

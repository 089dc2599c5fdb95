/* A map from byte strings to pointers. Keys are copied; values are not owned. Insertion order is
   kept and is the order of iteration, so that output never depends on hashing. */
#ifndef HASH_H
#define HASH_H

#include "slice.h"

struct hash_entry {
    slice key;
    void *value;
};
struct hash {
    struct hash_entry *entries; /* in insertion order */
    size_t n, cap;
    uint32_t *slots;
    size_t n_slots;
};

/* An all-zero struct hash is an empty map. */
void hash_release(struct hash *h);
/* NULL when absent. */
void *hash_get(const struct hash *h, slice key);
/* Sets or replaces. value must not be NULL. */
void hash_put(struct hash *h, slice key, void *value);

/* FNV-1a, for anything that needs a stable number from bytes. */
uint64_t hash_bytes(slice s);

#endif

#include "hash.h"
#include "alloc.h"
#include <stdlib.h>

uint64_t hash_bytes(slice s)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h;
}

void hash_release(struct hash *h)
{
    for (size_t i = 0; i < h->n; i++)
        free((void *)(uintptr_t)h->entries[i].key.p);
    free(h->entries);
    free(h->slots);
    *h = (struct hash) { 0 };
}

/* The slot of key: it holds the entry's index + 1, or 0 where the key would go. */
static uint32_t *slot_of(const struct hash *h, slice key)
{
    size_t mask = h->n_slots - 1, i = hash_bytes(key) & mask;
    while (h->slots[i] && !slice_eq(h->entries[h->slots[i] - 1].key, key))
        i = (i + 1) & mask;
    return &h->slots[i];
}

void *hash_get(const struct hash *h, slice key)
{
    uint32_t at = h->n_slots ? *slot_of(h, key) : 0;
    return at ? h->entries[at - 1].value : NULL;
}

static void rehash(struct hash *h, size_t n_slots)
{
    free(h->slots);
    h->slots = xcalloc(n_slots, sizeof *h->slots);
    h->n_slots = n_slots;
    for (size_t i = 0; i < h->n; i++)
        *slot_of(h, h->entries[i].key) = (uint32_t)i + 1;
}

void hash_put(struct hash *h, slice key, void *value)
{
    if (2 * (h->n + 1) > h->n_slots)
        rehash(h, h->n_slots ? 2 * h->n_slots : 16);
    uint32_t *slot = slot_of(h, key);
    if (*slot) {
        h->entries[*slot - 1].value = value;
        return;
    }
    if (h->n == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 8;
        h->entries = xrealloc(h->entries, h->cap * sizeof *h->entries);
    }
    h->entries[h->n] = (struct hash_entry) { { xslicedup(key), key.n }, value };
    *slot = (uint32_t)++h->n;
}

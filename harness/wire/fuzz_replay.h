/* A fuzz target in a unit test: with no fuzzer at hand, the target gets each row of a table and
   what a few dumb changes make of it, always the same ones. */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include "slice.h"
#include <stdlib.h>

/* The entry point of libFuzzer. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly s.n octets, so that a sanitizer sees a read past the end. */
static inline void fuzz_exact(slice s)
{
    uint8_t *copy = calloc(1, s.n ? s.n : 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    LLVMFuzzerTestOneInput(copy, s.n);
    free(copy);
}

/* Row, row cut at every place, row with every octet replaced in turn, left out, and doubled. */
static inline void fuzz_replay(slice row)
{
    static const char octets[] = "\0\r\n.-+ (\"<>@:;,=\x80\xC3\xFF"
                                 "0";
    char *changed = malloc(row.n + 1);
    size_t step = row.n > 400 ? row.n / 200 : 1;
    fuzz_exact(row);
    for (size_t i = 0; i < row.n; i += step) {
        fuzz_exact(slice_sub(row, 0, i));
        fuzz_exact(slice_skip(row, i));
        memcpy(changed, row.p, row.n);
        for (size_t j = 0; j < sizeof octets - 1; j++) {
            changed[i] = octets[j];
            fuzz_exact(slice_make(changed, row.n));
        }
        memmove(changed + i, row.p + i + 1, row.n - i - 1);
        fuzz_exact(slice_make(changed, row.n - 1));
        memcpy(changed + i + 1, row.p + i, row.n - i);
        changed[i] = row.p[i];
        fuzz_exact(slice_make(changed, row.n + 1));
    }
    free(changed);
}

#endif

/* MTA-STS (RFC 8461): its TXT record, its policy file, and which MX a pattern covers. Pure. */
#ifndef MTA_STS_H
#define MTA_STS_H

#include "txt_fields.h"

enum {
    STS_POLICY_OCTETS = 64 * 1024, /* what senders need to read (section 3.3) */
    STS_MX_MAX = 256,
    STS_MAX_AGE = 31557600 /* seconds (section 3.2) */
};
enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };
extern const char *const sts_mode_names[];

struct sts_policy {
    enum sts_mode mode;
    uint64_t max_age;     /* seconds */
    slice mx[STS_MX_MAX]; /* patterns, borrowed from the text */
    size_t n_mx;
    size_t blank_line; /* number of the first empty line, which the grammar has not; 0: none */
    slice repeated;    /* a field, other than mx, that stands there again, unheeded; empty: none */
};

/* The record at _mta-sts: ret_id is borrowed from it. False: why, as in txt_fields.h. */
bool sts_record_parse(slice text, slice *ret_id, char why[TXT_WHY_MAX]);
/* The policy. False: why, in words that can follow "the policy" ("line 3: ..."). */
bool sts_policy_parse(slice text, struct sts_policy *ret, char why[TXT_WHY_MAX]);
/* Does the pattern cover that host? "*." stands for one label (section 4.1). Case does not count. */
bool sts_pattern_covers(slice pattern, const char *host);

#endif

#include "fault.h"
#include "array.h"

/* Protocol words, so that each row can point to its own without a copy. */
static const char *const protocols[] = {
    "smtp", "submission", "lmtp", "pop3", "imap", "sync", "tls"
};

static struct fault_row rows[FAULT_COUNT] = {
#define FAULT(id, name, clause, says) { name, NULL, clause, says },
#include "faults_smtp.def"
#include "faults_pop3.def"
#include "faults_imap.def"
#include "faults_sync.def"
#include "faults_tls.def"
#include "faults_hello.def"
#include "faults_ports.def"
#undef FAULT
};

enum { NAME_MAX_COMPARED = 64 };

static const char *protocol_of(const char *name)
{
    slice rest = slice_of(name), word = rest;
    slice_cut(&rest, '.', &word);
    for (size_t i = 0; i < COUNT(protocols); i++)
        if (slice_eq_str(word, protocols[i]))
            return protocols[i];
    return "";
}

const struct fault_row *fault_rows(size_t *ret_n)
{
    if (!rows[0].protocol)
        for (size_t i = 0; i < FAULT_COUNT; i++)
            rows[i].protocol = protocol_of(rows[i].name);
    *ret_n = FAULT_COUNT;
    return rows;
}

bool fault_add(struct faults *set, slice name)
{
    for (size_t i = 0; i < FAULT_COUNT; i++)
        if (slice_eq_str(name, rows[i].name)) {
            fault_set(set, (enum fault_id)i);
            return true;
        }
    return false;
}

bool faults_empty(const struct faults *set)
{
    for (size_t i = 0; i < COUNT(set->bits); i++)
        if (set->bits[i])
            return false;
    return true;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance over at most NAME_MAX_COMPARED octets of each. */
static size_t distance(slice a, slice b)
{
    size_t row[NAME_MAX_COMPARED + 1];
    a = slice_sub(a, 0, NAME_MAX_COMPARED);
    b = slice_sub(b, 0, NAME_MAX_COMPARED);
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            size_t change = diagonal + (ascii_lower(a.p[i - 1]) != ascii_lower(b.p[j - 1]));
            row[j] = min3(above + 1, row[j - 1] + 1, change);
            diagonal = above;
        }
    }
    return row[b.n];
}

const char *fault_nearest(slice name)
{
    const char *best = NULL;
    /* Further away than a third of what was typed is another word, not a slip. */
    size_t least = name.n / 3 + 2;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        size_t d = distance(name, slice_of(rows[i].name));
        if (d < least) {
            least = d;
            best = rows[i].name;
        }
    }
    return best;
}

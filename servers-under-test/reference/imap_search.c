#include "imap_search.h"
#include "array.h"
#include "fault.h"
#include "imap_set.h"

void search_add(struct search_results *results, uint32_t seq, uint32_t uid, uint64_t modseq)
{
    *array_push(results) = (struct search_hit) { seq, uid, modseq };
}

void search_results_release(struct search_results *results)
{
    array_release(results);
}

static bool has(const struct search_program *p, enum fault_id fault)
{
    return fault_on(p->faults, fault);
}

struct answer {
    const struct search_program *program;
    const struct search_hit *v;
    size_t n;
    bool uid;
    struct buf *out;
};

static uint32_t number_of(const struct answer *w, size_t i)
{
    bool uid = w->uid && !has(w->program, FAULT_IMAP_SEARCH_UID_IS_SEQ);
    return uid ? w->v[i].uid : w->v[i].seq;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Of what is shown: the one or two messages of MIN and MAX alone, else all (RFC 4731 3.2). */
static uint64_t highest_modseq(const struct answer *w)
{
    unsigned shown = w->program->returns & ~(unsigned)SEARCH_SAVE;
    uint64_t highest = 0;
    if (w->program->extended && shown == SEARCH_MIN)
        return w->v[0].modseq;
    if (w->program->extended && shown == SEARCH_MAX)
        return w->v[w->n - 1].modseq;
    if (w->program->extended && shown == (SEARCH_MIN | SEARCH_MAX))
        return later(w->v[0].modseq, w->v[w->n - 1].modseq);
    for (size_t i = 0; i < w->n; i++)
        highest = later(highest, w->v[i].modseq);
    return highest;
}

static bool shows_modseq(const struct answer *w)
{
    return w->program->modseq && w->n && !has(w->program, FAULT_IMAP_SEARCH_NO_MODSEQ);
}

/* mailbox-data =/ "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq]   (RFC 7162 7) */
static void add_search(const struct answer *w)
{
    buf_adds(w->out, "* SEARCH");
    if (has(w->program, FAULT_IMAP_SEARCH_UID_ZERO))
        buf_adds(w->out, " 0");
    for (size_t i = 0; i < w->n; i++)
        buf_addf(w->out, " %u", (unsigned)number_of(w, i));
    if (shows_modseq(w))
        buf_addf(w->out, " (MODSEQ %llu)", (unsigned long long)highest_modseq(w));
}

static void add_all(const struct answer *w)
{
    auto_arena arena = { 0 };
    uint32_t *numbers = arena_new_n(&arena, uint32_t, w->n);
    struct imap_set set;
    for (size_t i = 0; i < w->n; i++)
        numbers[i] = number_of(w, i);
    imap_set_of(numbers, w->n, &arena, &set);
    buf_adds(w->out, has(w->program, FAULT_IMAP_SEARCH_UID_ZERO) ? " ALL 0," : " ALL ");
    imap_set_format(&set, w->out);
}

static void add_min_max(const struct answer *w)
{
    bool zero = !w->n && has(w->program, FAULT_IMAP_SEARCH_EMPTY_MIN);
    if (w->program->returns & SEARCH_MIN && (w->n || zero))
        buf_addf(w->out, " MIN %u", zero ? 0 : (unsigned)number_of(w, 0));
    if (w->program->returns & SEARCH_MAX && (w->n || zero))
        buf_addf(w->out, " MAX %u", zero ? 0 : (unsigned)number_of(w, w->n - 1));
}

static void add_count(const struct answer *w)
{
    size_t count = w->n + has(w->program, FAULT_IMAP_SEARCH_COUNT);
    if (w->program->returns & SEARCH_COUNT &&
        (w->n || !has(w->program, FAULT_IMAP_SEARCH_NO_COUNT)))
        buf_addf(w->out, " COUNT %zu", count);
}

/* esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data) */
static void add_esearch(const struct answer *w, slice tag)
{
    bool list = has(w->program, FAULT_IMAP_SEARCH_DATA_IN_LIST);
    buf_adds(w->out, "* ESEARCH");
    if (!has(w->program, FAULT_IMAP_SEARCH_NO_TAG))
        buf_addf(w->out, " (TAG \"%.*s\")", SLICE_ARG(tag));
    if (w->uid && !has(w->program, FAULT_IMAP_SEARCH_NO_UID))
        buf_adds(w->out, " UID");
    buf_adds(w->out, list ? " (" : "");
    add_min_max(w);
    if (w->program->returns & SEARCH_ALL && w->n)
        add_all(w);
    add_count(w);
    if (shows_modseq(w))
        buf_addf(w->out, " MODSEQ %llu", (unsigned long long)highest_modseq(w));
    buf_adds(w->out, list ? ")" : "");
}

void search_render(const struct search_program *p, const struct search_results *results, slice tag,
                   bool uid, struct buf *out)
{
    struct answer w = { p, results->v, results->n, uid, out };
    if (p->returns == SEARCH_SAVE && !has(p, FAULT_IMAP_SEARCH_SAVE_ANSWERS))
        return;
    if (!w.n && has(p, FAULT_IMAP_SEARCH_SILENT))
        return;
    if (w.n && has(p, FAULT_IMAP_SEARCH_MISSES_LAST))
        w.n--;
    if (p->extended)
        add_esearch(&w, tag);
    else
        add_search(&w);
    buf_adds(out, has(p, FAULT_IMAP_SEARCH_TRAILING_SPACE) ? " \r\n" : "\r\n");
}

void search_keep_saved(const struct search_program *p, struct search_results *results)
{
    bool min = p->returns & SEARCH_MIN, max = p->returns & SEARCH_MAX;
    if ((!min && !max) || p->returns & (SEARCH_ALL | SEARCH_COUNT) ||
        has(p, FAULT_IMAP_SEARCH_SAVE_MIN_ALL))
        return;
    size_t last = results->n - 1;
    if (!results->n)
        return;
    if (min && max && last) {
        results->v[1] = results->v[last];
        results->n = 2;
    } else {
        results->v[0] = results->v[min ? 0 : last];
        results->n = 1;
    }
}

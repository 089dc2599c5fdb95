#include "transcript.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* An entry that is part of a command which has not ended: its place in device.line. */
struct piece {
    uint64_t number;
    size_t from, to;
};

struct device {
    char *name;
    struct buf line; /* the unfinished command as far as it is written down, raw */
    ARRAY(struct piece) pieces;
};

struct transcript {
    struct secrets *secrets;
    ARRAY(struct device *) devices;
    ARRAY(struct transcript_entry *) entries;
    uint64_t total, bytes, dropped;
    /* What `waiting` sent of a line, not written down yet; it would be the last entry. */
    struct device *waiting;
    struct buf pending;
    nsec pending_at;
    bool pending_tls;
};

struct transcript *transcript_new(struct secrets *secrets)
{
    struct transcript *t = NEW(struct transcript);
    t->secrets = secrets;
    buf_init(&t->pending, 2 * TRANSCRIPT_OPEN_LINE_MAX);
    return t;
}

static void entry_free(struct transcript_entry *e)
{
    free((char *)e->head.p);
    free((char *)e->tail.p);
    free(e);
}

void transcript_free(struct transcript *t)
{
    if (!t)
        return;
    array_each (entry, &t->entries)
        entry_free(*entry);
    array_each (device, &t->devices) {
        free((*device)->name);
        buf_release(&(*device)->line);
        array_release(&(*device)->pieces);
        free(*device);
    }
    array_release(&t->entries);
    array_release(&t->devices);
    buf_release(&t->pending);
    free(t);
}

struct secrets *transcript_secrets(const struct transcript *t)
{
    return t ? t->secrets : NULL;
}

static struct device *device_get(struct transcript *t, const char *name)
{
    array_each (known, &t->devices)
        if (strcmp((*known)->name, name) == 0)
            return *known;
    struct device *d = NEW(struct device);
    d->name = xstrdup(name);
    buf_init(&d->line, 2 * TRANSCRIPT_OPEN_LINE_MAX);
    return *array_push(&t->devices) = d;
}

static slice owned(slice s)
{
    return s.n ? (slice) { xslicedup(s), s.n } : (slice) { 0 };
}

/* Keeps the start and the end of the masked text; `unseen` bytes between the two were not even
   looked at. */
static void entry_set_text(struct transcript_entry *e, slice start, slice end, size_t unseen)
{
    free((char *)e->head.p);
    free((char *)e->tail.p);
    e->tail = (slice) { 0 };
    e->left_out = 0;
    if (!unseen && start.n <= TRANSCRIPT_ENTRY_MAX) {
        e->head = owned(start);
        return;
    }
    size_t half = TRANSCRIPT_ENTRY_MAX / 2;
    slice head = slice_sub(start, 0, half), tail = unseen ? end : start;
    tail = slice_skip(tail, tail.n > half ? tail.n - half : 0);
    e->left_out = start.n + (unseen ? end.n : 0) + unseen - head.n - tail.n;
    e->head = owned(head);
    e->tail = owned(tail);
}

static struct transcript_entry *entry_add(struct transcript *t, const char *device,
                                          enum transcript_direction direction, bool in_tls, nsec at,
                                          size_t size)
{
    struct transcript_entry *e = NEW(struct transcript_entry);
    *e = (struct transcript_entry) { .number = ++t->total,
                                     .at = at,
                                     .device = device,
                                     .direction = direction,
                                     .in_tls = in_tls,
                                     .size = size };
    if (direction != TRANSCRIPT_NOTE)
        t->bytes += size;
    if (t->entries.n == TRANSCRIPT_FIRST + TRANSCRIPT_LAST) {
        entry_free(t->entries.v[TRANSCRIPT_FIRST]);
        array_remove(&t->entries, TRANSCRIPT_FIRST);
        t->dropped++;
    }
    return *array_push(&t->entries) = e;
}

static void set_masked(const struct transcript *t, struct transcript_entry *e, slice bytes)
{
    auto_buf text = { 0 };
    buf_init(&text, BUF_OURS);
    secrets_mask(t->secrets, bytes, &text);
    entry_set_text(e, buf_slice(&text), (slice) { 0 }, 0);
}

/* Of a long entry two windows are masked. A secret may be cut by the inner edge of a window, so
   what is near that edge is not used. */
static void set_masked_windows(const struct transcript *t, struct transcript_entry *e, slice bytes)
{
    enum { EDGE = TRANSCRIPT_WINDOW / 2 };
    _Static_assert(EDGE > 2 * SECRETS_LENGTH_MAX * 4 / 3, "an encoded secret must fit the edge");
    auto_buf start = { 0 }, end = { 0 };
    struct secrets_spans spans = { 0 };
    buf_init(&start, BUF_OURS);
    buf_init(&end, BUF_OURS);
    slice window = slice_sub(bytes, 0, TRANSCRIPT_WINDOW);
    secrets_find(t->secrets, window, &spans);
    secrets_mask_part(&spans, window, 0, TRANSCRIPT_WINDOW - EDGE, &start);
    window = slice_skip(bytes, bytes.n - TRANSCRIPT_WINDOW);
    secrets_find(t->secrets, window, &spans);
    secrets_mask_part(&spans, window, EDGE, TRANSCRIPT_WINDOW, &end);
    secrets_spans_release(&spans);
    entry_set_text(e, buf_slice(&start), buf_slice(&end), bytes.n - 2 * (TRANSCRIPT_WINDOW - EDGE));
}

static struct transcript_entry *entry_write(struct transcript *t, const char *device,
                                            enum transcript_direction direction, bool in_tls,
                                            nsec at, slice bytes)
{
    struct transcript_entry *e = entry_add(t, device, direction, in_tls, at, bytes.n);
    if (bytes.n > 2 * TRANSCRIPT_WINDOW)
        set_masked_windows(t, e, bytes);
    else
        set_masked(t, e, bytes);
    return e;
}

static struct transcript_entry *entry_find(struct transcript *t, uint64_t number)
{
    for (size_t i = t->entries.n; i-- > 0 && t->entries.v[i]->number >= number;)
        if (t->entries.v[i]->number == number)
            return t->entries.v[i];
    return NULL;
}

/* The text of every piece of the line anew, now that more of it is known. */
static void pieces_mask(struct transcript *t, struct device *d)
{
    struct secrets_spans spans = { 0 };
    slice line = buf_slice(&d->line);
    secrets_find(t->secrets, line, &spans);
    array_each (piece, &d->pieces) {
        auto_buf text = { 0 };
        buf_init(&text, BUF_OURS);
        struct transcript_entry *e = entry_find(t, piece->number);
        secrets_mask_part(&spans, line, piece->from, piece->to, &text);
        if (e)
            entry_set_text(e, buf_slice(&text), (slice) { 0 }, 0);
    }
    secrets_spans_release(&spans);
}

static void line_forget(struct device *d)
{
    buf_clear(&d->line);
    d->pieces.n = 0;
}

static bool ends_line(slice s)
{
    return s.n && s.p[s.n - 1] == '\n';
}

/* Writes down bytes that belong to a line of which earlier pieces are written, or of which more may
   come. */
static void piece_write(struct transcript *t, struct device *d, bool in_tls, nsec at, slice bytes)
{
    if (d->line.n + bytes.n > TRANSCRIPT_OPEN_LINE_MAX)
        line_forget(d);
    if (d->line.n == 0 && (ends_line(bytes) || bytes.n > TRANSCRIPT_OPEN_LINE_MAX)) {
        entry_write(t, d->name, TRANSCRIPT_SENT, in_tls, at, bytes);
        return;
    }
    struct transcript_entry *e = entry_add(t, d->name, TRANSCRIPT_SENT, in_tls, at, bytes.n);
    e->continues = d->line.n > 0;
    *array_push(&d->pieces) = (struct piece) { e->number, d->line.n, d->line.n + bytes.n };
    buf_add(&d->line, bytes);
    pieces_mask(t, d);
    if (ends_line(bytes))
        line_forget(d);
}

static void flush(struct transcript *t)
{
    struct device *d = t->waiting;
    if (!d)
        return;
    t->waiting = NULL;
    piece_write(t, d, t->pending_tls, t->pending_at, buf_slice(&t->pending));
    buf_clear(&t->pending);
}

void transcript_sent(struct transcript *t, const char *device, bool in_tls, nsec at, slice bytes)
{
    if (!t || !bytes.n)
        return;
    struct device *d = device_get(t, device);
    if (t->waiting && (t->waiting != d || t->pending_tls != in_tls ||
                       t->pending.n + bytes.n > TRANSCRIPT_OPEN_LINE_MAX))
        flush(t);
    if (!t->waiting && (ends_line(bytes) || bytes.n > TRANSCRIPT_OPEN_LINE_MAX)) {
        piece_write(t, d, in_tls, at, bytes);
        return;
    }
    if (!t->waiting) {
        t->waiting = d;
        t->pending_at = at;
        t->pending_tls = in_tls;
    }
    buf_add(&t->pending, bytes);
    if (ends_line(bytes))
        flush(t);
}

void transcript_received(struct transcript *t, const char *device, bool in_tls, nsec at,
                         slice bytes)
{
    if (!t || !bytes.n)
        return;
    flush(t);
    entry_write(t, device_get(t, device)->name, TRANSCRIPT_RECEIVED, in_tls, at, bytes);
}

void transcript_note(struct transcript *t, const char *device, bool in_tls, nsec at,
                     const char *format, ...)
{
    if (!t)
        return;
    flush(t);
    autofree char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    assert(n >= 0);
    entry_write(t, device_get(t, device)->name, TRANSCRIPT_NOTE, in_tls, at,
                (slice) { text, (size_t)n });
}

size_t transcript_count(struct transcript *t)
{
    flush(t);
    return t->entries.n;
}

const struct transcript_entry *transcript_at(struct transcript *t, size_t i)
{
    assert(i < t->entries.n);
    return t->entries.v[i];
}

uint64_t transcript_total(const struct transcript *t)
{
    return t->total + (t->waiting != NULL);
}

uint64_t transcript_bytes(const struct transcript *t)
{
    return t->bytes + t->pending.n;
}

uint64_t transcript_dropped(const struct transcript *t)
{
    return t->dropped;
}

/* What went over every wire of one check, in order, both directions, secrets masked as it is
   written down. One transcript serves all devices of a check.

   Bounded: the first entries and the last ones are kept, and the start and the end of each long
   entry; how much was left out is known. A command that is sent in pieces is masked as a whole:
   when the end of a secret comes with a later piece, the earlier entry is masked too. */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "clock.h"
#include "secrets.h"

enum {
    TRANSCRIPT_FIRST = 500,          /* entries kept from the start */
    TRANSCRIPT_LAST = 1500,          /* entries kept from the end */
    TRANSCRIPT_ENTRY_MAX = 16 << 10, /* bytes kept of one entry: half its start, half its end */
    TRANSCRIPT_WINDOW = 512 << 10,   /* bytes looked at, for those, at each end of a longer one */
    TRANSCRIPT_OPEN_LINE_MAX = 1 << 20, /* bytes of an unfinished command that are remembered */
};

enum transcript_direction {
    TRANSCRIPT_SENT,
    TRANSCRIPT_RECEIVED,
    TRANSCRIPT_NOTE, /* ours, not on the wire: "TLS starts", "connection closed (reset)" */
};

struct transcript_entry {
    uint64_t number; /* counts from 1 over all devices; gaps show what was left out */
    nsec at;         /* now() when it was sent, or when its last byte came */
    const char *device;
    enum transcript_direction direction;
    bool in_tls;
    bool continues;  /* sent: goes on with a line begun by an earlier entry of this device */
    slice head;      /* masked bytes; all of them when left_out is 0 */
    slice tail;      /* the end of a long entry, otherwise empty */
    size_t left_out; /* bytes between head and tail */
    size_t size;     /* bytes on the wire */
};

struct transcript;
/* `secrets` is borrowed and may be NULL. Values may be added to it later, but what is written
   already is not masked again: add them before they are used. */
struct transcript *transcript_new(struct secrets *secrets);
void transcript_free(struct transcript *t);
struct secrets *transcript_secrets(const struct transcript *t);

/* `device` is copied. Received bytes should be whole units. Sent bytes that end no line wait for
   the rest of their line, as long as nothing else happens, and then make one entry with it. All do
   nothing when t is NULL. */
void transcript_sent(struct transcript *t, const char *device, bool in_tls, nsec at, slice bytes);
void transcript_received(struct transcript *t, const char *device, bool in_tls, nsec at,
                         slice bytes);
void transcript_note(struct transcript *t, const char *device, bool in_tls, nsec at,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Entries that are kept, in order; valid until the next one is added. */
size_t transcript_count(struct transcript *t);
const struct transcript_entry *transcript_at(struct transcript *t, size_t i);
/* Entries, and bytes on the wire, that were seen in all. */
uint64_t transcript_total(const struct transcript *t);
uint64_t transcript_bytes(const struct transcript *t);
/* Entries dropped between the first and the last ones that are kept; they were to be found after
   index TRANSCRIPT_FIRST - 1. */
uint64_t transcript_dropped(const struct transcript *t);

#endif

/* A hand-written responder in front of the real handshake. Current TLS libraries cannot speak SSL
   2.0 and 3.0, RC4, export suites or groups of 1024 bits any more, nor be as careless as some
   servers are. By fault, it looks at the ClientHello: when that is one which the fault is about, it
   answers the first flight of a server (no client can go further: nothing is signed or encrypted),
   otherwise the handshake goes on as if it had never looked. */
#ifndef TLS_MIMIC_H
#define TLS_MIMIC_H

#include "fault.h"
#include "stream.h"
#include "tls.h"
#include "tls_hello.h"

/* Is any of its faults on? */
bool tls_mimic_wanted(const struct faults *faults);

/* Reads the ClientHello from *stream. True: the real handshake is to go on, by `options`, which may
   have been changed, over *stream, which is now a layer that gives the octets read once more. False:
   it was answered, and the client has ended or the deadline passed. `leaf` is the DER of the
   certificate that it shows. */
bool tls_mimic(struct stream **stream, const struct faults *faults, slice leaf,
               struct tls_options *options, nsec deadline);

/* What is answered; tls_mimic_write.c puts it into records. */
struct mimic_flight {
    int alert; /* > 0: nothing but this fatal alert */
    bool ssl2;
    uint16_t version, suite;
    bool compresses;
    unsigned flags;      /* acknowledged extensions, enum tls_hello_flag */
    uint16_t group;      /* ServerKeyExchange with this curve; 0: none */
    unsigned prime_bits; /* ServerKeyExchange of DHE; 0: none */
    uint16_t signature;  /* its scheme, TLS 1.2 */
};
void tls_mimic_write(const struct mimic_flight *f, slice leaf, struct buf *out);

/* A layer that reads `bytes` first; takes the content of the buffer over. */
struct stream *tls_mimic_replay(struct stream *under, struct buf *bytes);

#endif

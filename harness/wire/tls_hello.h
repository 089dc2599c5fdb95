/* The ClientHello of TLS (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) and the CLIENT-HELLO
   of SSL 2.0, written and read. Numbers are those of the IANA registries. No cryptography: a hello
   made here gets as far as the server's first flight. */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "line_frame.h"
#include "octets.h"

enum tls_wire_version {
    WIRE_SSL2 = 0x0002,
    WIRE_SSL3 = 0x0300,
    WIRE_TLS10 = 0x0301,
    WIRE_TLS11 = 0x0302,
    WIRE_TLS12 = 0x0303,
    WIRE_TLS13 = 0x0304
};
enum tls_record_type { RECORD_CHANGE_CIPHER = 20, RECORD_ALERT, RECORD_HANDSHAKE, RECORD_DATA };
enum tls_message_type {
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_CERTIFICATE = 11,
    MESSAGE_SERVER_KEY_EXCHANGE = 12,
    MESSAGE_CERTIFICATE_REQUEST = 13,
    MESSAGE_SERVER_HELLO_DONE = 14
};
enum tls_extension {
    EXT_SERVER_NAME = 0,
    EXT_TRUNCATED_HMAC = 4,
    EXT_STATUS_REQUEST = 5,
    EXT_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_SIGNATURES = 13,
    EXT_PADDING = 21,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SESSION_TICKET = 35,
    EXT_VERSIONS = 43,
    EXT_PSK_MODES = 45,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION = 0xff01,
    EXT_UNASSIGNED = 0xfab1 /* for "an extension that nobody knows" */
};
enum {
    SUITE_RENEGOTIATION_SCSV = 0x00ff, /* RFC 5746 section 3.3 */
    SUITE_FALLBACK_SCSV = 0x5600,      /* RFC 7507 */
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_PROTOCOL_VERSION = 70
};
/* Limits on what a peer may send. */
enum {
    TLS_LIST_MAX = 512,            /* numbers of one list that are kept */
    TLS_RECORD_MAX = 16384 + 2048, /* octets in a record (RFC 5246 section 6.2.3) */
    TLS_RECORD_HEAD = 5,
    TLS_MESSAGE_MAX = 256 * 1024, /* octets of one handshake message */
    TLS_ANSWER_MAX = 1024 * 1024, /* octets of a whole answer */
    TLS_HELLO_MAX = 64 * 1024,    /* octets of a ClientHello with its record heads */
    TLS_NAME_MAX = 255            /* octets of a server name */
};

/* 0x0a0a, 0x1a1a, ... (RFC 8701). */
static inline bool tls_is_grease(uint32_t value)
{
    return (value & 0x0f0f) == 0x0a0a && (value >> 8 & 0xff) == (value & 0xff);
}

struct tls_list {
    size_t n;
    uint16_t v[TLS_LIST_MAX];
};
/* What is more than TLS_LIST_MAX is dropped. */
void tls_list_add(struct tls_list *l, uint32_t value);
bool tls_list_has(const struct tls_list *l, uint32_t value);
/* Takes out every one of that value; false when there was none. */
bool tls_list_remove(struct tls_list *l, uint32_t value);

/* Extensions that are either there or not. */
enum tls_hello_flag {
    HELLO_EXTENDED_MASTER_SECRET = 1 << 0,
    HELLO_RENEGOTIATION_INFO = 1 << 1,
    HELLO_TRUNCATED_HMAC = 1 << 2,
    HELLO_ENCRYPT_THEN_MAC = 1 << 3,
    HELLO_STATUS_REQUEST = 1 << 4,
    HELLO_SESSION_TICKET = 1 << 5,
    HELLO_UNKNOWN = 1 << 6, /* EXT_UNASSIGNED; read: any number that is not among tls_extension,
                               GREASE apart */
    HELLO_GREASE = 1 << 7   /* written: a value in each list and an extension; read: any of them */
};

struct tls_client_hello {
    bool ssl2;               /* in the form of SSL 2.0 */
    uint16_t record_version; /* of the record around it; with ssl2: as `version` */
    uint16_t version;        /* legacy_version, client_version */
    unsigned char random[32];
    slice session_id;           /* at most 32 octets */
    struct tls_list suites;     /* with ssl2: those of TLS (0x00 in front) */
    bool ssl2_suites;           /* ssl2: there are some of SSL 2.0, too; written: all of them */
    bool compresses;            /* a method other than null is offered; written: DEFLATE */
    unsigned flags;             /* enum tls_hello_flag */
    bool bare;                  /* no extensions at all, as in SSL 3.0 */
    struct tls_list versions;   /* supported_versions; empty: no such extension */
    struct tls_list groups;     /* supported_groups */
    struct tls_list signatures; /* signature_algorithms */
    struct tls_list shares;     /* groups of key_share. Written: only X25519 and P-256 */
    bool key_share;             /* the extension is there, perhaps empty: asks for a retry */
    slice server_name;          /* empty: none */
    size_t pad_to;              /* written: octets of the message at least; read: its octets */
};

/* Appends the records (one, or more when it is long) of the hello. The buffer's `overflow` says when
   it did not fit. Key shares are made of `random`: valid points, no secrets. */
void tls_hello_write(const struct tls_client_hello *h, struct buf *out);

/* Finds the first whole ClientHello in the bytes that a client sent. FRAME_READY: *ret is filled
   (its slices point into `scratch`, which it clears first) and *ret_octets are its octets.
   FRAME_MORE: read on. FRAME_LIMIT: this is none (another protocol, an alert, a bad length, too
   long). */
enum frame tls_hello_read(slice bytes, struct buf *scratch, struct tls_client_hello *ret,
                          size_t *ret_octets);
/* The newest version that is offered, GREASE and unknown ones apart. */
uint16_t tls_hello_newest(const struct tls_client_hello *h);

#endif

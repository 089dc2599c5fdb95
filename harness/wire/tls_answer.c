#include "tls_answer.h"
#include "array.h"

enum { ALERT_FATAL = 2, ALERT_CLOSE_NOTIFY = 0, CURVE_NAMED = 3, SSL2_SERVER_HELLO = 4 };

/* A ServerHello with this random is a HelloRetryRequest (RFC 8446 section 4.1.3). */
static const char retry_random[] =
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

void tls_answer_init(struct tls_answer *a)
{
    *a = (struct tls_answer) { .alert = -1 };
    buf_init(&a->in, TLS_RECORD_HEAD + TLS_RECORD_MAX);
    buf_init(&a->messages, TLS_MESSAGE_MAX + 4 + TLS_RECORD_MAX);
    buf_init(&a->leaf, TLS_MESSAGE_MAX);
}

void tls_answer_release(struct tls_answer *a)
{
    buf_release(&a->in);
    buf_release(&a->messages);
    buf_release(&a->leaf);
}

/* --- ServerHello --- */

static const struct {
    enum tls_extension type;
    unsigned flag;
} acknowledged[] = {
    { EXT_EXTENDED_MASTER_SECRET, HELLO_EXTENDED_MASTER_SECRET },
    { EXT_RENEGOTIATION, HELLO_RENEGOTIATION_INFO },
    { EXT_TRUNCATED_HMAC, HELLO_TRUNCATED_HMAC },
    { EXT_ENCRYPT_THEN_MAC, HELLO_ENCRYPT_THEN_MAC },
    { EXT_STATUS_REQUEST, HELLO_STATUS_REQUEST },
    { EXT_SESSION_TICKET, HELLO_SESSION_TICKET },
    { EXT_UNASSIGNED, HELLO_UNKNOWN },
};

static bool read_extension(struct tls_answer *a, uint32_t type, slice content)
{
    uint32_t value;
    for (size_t i = 0; i < COUNT(acknowledged); i++)
        if (acknowledged[i].type == type)
            a->flags |= acknowledged[i].flag;
    if (type != EXT_VERSIONS && type != EXT_KEY_SHARE)
        return true;
    if (!octets_take_u16(&content, &value))
        return false;
    *(type == EXT_VERSIONS ? &a->version : &a->group) = (uint16_t)value;
    return true;
}

static bool read_server_hello(struct tls_answer *a, slice body)
{
    slice random, session, list = { "", 0 }, content;
    uint32_t version, suite, method, type;
    if (!octets_take_u16(&body, &version) || !octets_take(&body, 32, &random) ||
        !octets_take_vector(&body, 1, &session) || !octets_take_u16(&body, &suite) ||
        !octets_take_u8(&body, &method) || (body.n && !octets_take_vector(&body, 2, &list)))
        return false;
    a->hello = true;
    a->version = (uint16_t)version;
    a->suite = (uint16_t)suite;
    a->compresses = method != 0;
    while (list.n)
        if (!octets_take_u16(&list, &type) || !octets_take_vector(&list, 2, &content) ||
            !read_extension(a, type, content))
            return false;
    a->retry = slice_eq(random, slice_make(retry_random, sizeof retry_random - 1));
    if (a->version >= WIRE_TLS13) /* the rest is encrypted, or waits for a second hello */
        a->state = ANSWER_DONE;
    return true;
}

/* --- the other messages, TLS 1.2 and older --- */

static bool read_certificate(struct tls_answer *a, slice body)
{
    slice list, leaf;
    if (!octets_take_vector(&body, 3, &list))
        return false;
    if (!list.n)
        return true;
    return octets_take_vector(&list, 3, &leaf) && buf_add(&a->leaf, leaf);
}

/* What follows the parameters: nothing (anonymous), or a signature with its scheme since TLS 1.2. */
static bool read_signature(struct tls_answer *a, slice rest)
{
    slice signature;
    uint32_t scheme = 0;
    if (!rest.n)
        return true;
    if (a->version >= WIRE_TLS12 && !octets_take_u16(&rest, &scheme))
        return false;
    if (!octets_take_vector(&rest, 2, &signature) || rest.n)
        return false;
    a->signature = (uint16_t)scheme;
    return true;
}

/* ServerECDHParams of RFC 8422 section 5.4. */
static bool read_curve(struct tls_answer *a, slice body)
{
    slice point;
    uint32_t kind, group;
    if (!octets_take_u8(&body, &kind) || kind != CURVE_NAMED || !octets_take_u16(&body, &group) ||
        !octets_take_vector(&body, 1, &point) || !point.n || !read_signature(a, body))
        return false;
    a->group = (uint16_t)group;
    return true;
}

static unsigned bits_of(slice number)
{
    while (number.n && !*number.p)
        number = slice_skip(number, 1);
    unsigned bits = (unsigned)number.n * 8;
    for (unsigned char top = number.n ? (unsigned char)*number.p : 0x80; !(top & 0x80); top <<= 1)
        bits--;
    return bits;
}

/* ServerDHParams of RFC 5246 section 7.4.3, or the two numbers of export RSA (RFC 2246). */
static bool read_numbers(struct tls_answer *a, slice body)
{
    slice prime, number;
    if (!octets_take_vector(&body, 2, &prime) || !prime.n || !octets_take_vector(&body, 2, &number))
        return false;
    slice with_third = body;
    if (!(octets_take_vector(&with_third, 2, &number) && read_signature(a, with_third)) &&
        !read_signature(a, body))
        return false;
    a->prime_bits = bits_of(prime);
    return true;
}

static bool read_key_exchange(struct tls_answer *a, slice body)
{
    /* Which of both it is depends on the suite. A length that reads as a named curve would be that
       of a prime of 6144 to 8184 bits, and then the rest does not fit. What fits neither (GOST,
       SRP) is passed over. */
    if (!read_curve(a, body))
        read_numbers(a, body);
    return true;
}

static bool read_request(struct tls_answer *a, slice body)
{
    (void)body;
    a->certificate_requested = true;
    return true;
}

static bool read_done(struct tls_answer *a, slice body)
{
    a->state = ANSWER_DONE;
    return !body.n;
}

static const struct {
    enum tls_message_type type;
    bool (*read)(struct tls_answer *a, slice body);
} messages[] = {
    { MESSAGE_SERVER_HELLO, read_server_hello },
    { MESSAGE_CERTIFICATE, read_certificate },
    { MESSAGE_SERVER_KEY_EXCHANGE, read_key_exchange },
    { MESSAGE_CERTIFICATE_REQUEST, read_request },
    { MESSAGE_SERVER_HELLO_DONE, read_done },
};

static bool read_message(struct tls_answer *a, uint32_t type, slice body)
{
    /* Nothing comes before ServerHello. */
    if (a->hello != (type != MESSAGE_SERVER_HELLO))
        return false;
    for (size_t i = 0; i < COUNT(messages); i++)
        if (messages[i].type == type)
            return messages[i].read(a, body);
    return true;
}

/* All whole messages that have come. */
static bool read_messages(struct tls_answer *a)
{
    size_t used = 0;
    while (a->state == ANSWER_MORE) {
        slice rest = slice_skip(buf_slice(&a->messages), used), body;
        uint32_t type, octets;
        if (!octets_take_u8(&rest, &type) || !octets_take_number(&rest, 3, &octets))
            break;
        if (octets > TLS_MESSAGE_MAX)
            return false;
        if (!octets_take(&rest, octets, &body))
            break;
        if (!read_message(a, type, body))
            return false;
        used += 4 + octets;
    }
    buf_shift(&a->messages, used);
    return true;
}

/* --- records --- */

static bool read_alert(struct tls_answer *a, slice fragment)
{
    uint32_t level, what;
    if (!octets_take_u8(&fragment, &level) || !octets_take_u8(&fragment, &what))
        return false;
    if (level < ALERT_FATAL && what != ALERT_CLOSE_NOTIFY)
        return true; /* a warning, such as unrecognized_name */
    a->alert = (int)what;
    a->state = ANSWER_ALERT;
    return true;
}

static bool read_record(struct tls_answer *a, uint32_t type, slice fragment)
{
    if (type == RECORD_ALERT)
        return read_alert(a, fragment);
    return type == RECORD_HANDSHAKE && buf_add(&a->messages, fragment) && read_messages(a);
}

/* SERVER-HELLO of SSL 2.0, behind its two octets of length. An ERROR message is a refusal. */
static bool read_ssl2(struct tls_answer *a, slice body)
{
    slice leaf;
    uint32_t type, skipped, version, n_leaf, n_kinds, n_id, what;
    if (!octets_take_u8(&body, &type))
        return false;
    if (type == 0 && octets_take_u16(&body, &what)) {
        a->alert = ALERT_HANDSHAKE_FAILURE;
        a->state = ANSWER_ALERT;
        return true;
    }
    if (type != SSL2_SERVER_HELLO || !octets_take_u16(&body, &skipped) ||
        !octets_take_u16(&body, &version) || !octets_take_u16(&body, &n_leaf) ||
        !octets_take_u16(&body, &n_kinds) || !octets_take_u16(&body, &n_id) ||
        !octets_take(&body, n_leaf, &leaf) || body.n < n_kinds + n_id)
        return false;
    a->hello = a->ssl2 = true;
    a->version = (uint16_t)version;
    a->state = ANSWER_DONE;
    return buf_add(&a->leaf, leaf);
}

/* Takes the first record off the input. False: it is not complete, or the state has changed. */
static bool take_ssl2(struct tls_answer *a)
{
    slice rest = buf_slice(&a->in), body;
    uint32_t head;
    if (!octets_take_u16(&rest, &head) || !octets_take(&rest, head & 0x7fff, &body))
        return false;
    if (!read_ssl2(a, body))
        a->state = ANSWER_FOREIGN;
    return false;
}

static bool take_record(struct tls_answer *a)
{
    slice rest = buf_slice(&a->in), fragment;
    uint32_t type, version, octets;
    if (!octets_take_u8(&rest, &type))
        return false;
    if (type >= 0x80 && !a->hello)
        return take_ssl2(a);
    if (type < RECORD_CHANGE_CIPHER || type > RECORD_DATA) {
        a->state = a->hello ? ANSWER_BROKEN : ANSWER_FOREIGN;
        return false;
    }
    if (!octets_take_u16(&rest, &version) || !octets_take_u16(&rest, &octets))
        return false;
    if (version >> 8 != 3 || octets > TLS_RECORD_MAX) {
        a->state = a->hello ? ANSWER_BROKEN : ANSWER_FOREIGN;
        return false;
    }
    if (!octets_take(&rest, octets, &fragment))
        return false;
    if (!read_record(a, type, fragment))
        a->state = ANSWER_BROKEN;
    buf_shift(&a->in, TLS_RECORD_HEAD + octets);
    return a->state == ANSWER_MORE;
}

enum tls_answer_state tls_answer_feed(struct tls_answer *a, slice bytes)
{
    a->octets += bytes.n;
    if (a->octets > TLS_ANSWER_MAX && a->state == ANSWER_MORE)
        a->state = ANSWER_BROKEN;
    while (bytes.n && a->state == ANSWER_MORE) {
        slice part = slice_sub(bytes, 0, a->in.max - a->in.n);
        bytes = slice_skip(bytes, part.n);
        if (!part.n || !buf_add(&a->in, part))
            a->state = ANSWER_BROKEN;
        while (a->state == ANSWER_MORE && take_record(a))
            ;
    }
    return a->state;
}

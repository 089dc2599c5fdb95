#include "tls_hello.h"
#include "array.h"

void tls_list_add(struct tls_list *l, uint32_t value)
{
    if (l->n < TLS_LIST_MAX)
        l->v[l->n++] = (uint16_t)value;
}

bool tls_list_has(const struct tls_list *l, uint32_t value)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i] == value)
            return true;
    return false;
}

bool tls_list_remove(struct tls_list *l, uint32_t value)
{
    size_t kept = 0, n = l->n;
    for (size_t i = 0; i < n; i++)
        if (l->v[i] != value)
            l->v[kept++] = l->v[i];
    l->n = kept;
    return kept < n;
}

uint16_t tls_hello_newest(const struct tls_client_hello *h)
{
    uint16_t newest = 0;
    if (!h->versions.n)
        return h->version > WIRE_TLS12 ? WIRE_TLS12 : h->version;
    for (size_t i = 0; i < h->versions.n; i++)
        if (h->versions.v[i] > newest && h->versions.v[i] <= WIRE_TLS13)
            newest = h->versions.v[i];
    return newest;
}

/* Numbers of two octets until the end; GREASE sets its flag and is kept. */
static bool read_list(slice bytes, struct tls_list *ret, unsigned *flags)
{
    uint32_t value;
    while (bytes.n) {
        if (!octets_take_u16(&bytes, &value))
            return false;
        tls_list_add(ret, value);
        if (tls_is_grease(value))
            *flags |= HELLO_GREASE;
    }
    return true;
}

/* An extension that is one list, its length in `octets` octets, and nothing behind it. */
static bool read_list_of(slice content, size_t octets, struct tls_list *ret, unsigned *flags)
{
    slice list;
    return octets_take_vector(&content, octets, &list) && !content.n && read_list(list, ret, flags);
}

static bool read_groups(slice content, struct tls_client_hello *h)
{
    return read_list_of(content, 2, &h->groups, &h->flags);
}

static bool read_signatures(slice content, struct tls_client_hello *h)
{
    return read_list_of(content, 2, &h->signatures, &h->flags);
}

static bool read_versions(slice content, struct tls_client_hello *h)
{
    return read_list_of(content, 1, &h->versions, &h->flags);
}

static bool read_key_share(slice content, struct tls_client_hello *h)
{
    slice list, key;
    uint32_t group;
    h->key_share = true;
    if (!octets_take_vector(&content, 2, &list))
        return false;
    while (list.n) {
        if (!octets_take_u16(&list, &group) || !octets_take_vector(&list, 2, &key))
            return false;
        tls_list_add(&h->shares, group);
    }
    return true;
}

static bool read_server_name(slice content, struct tls_client_hello *h)
{
    slice list, name;
    uint32_t type;
    if (!octets_take_vector(&content, 2, &list) || !octets_take_u8(&list, &type) ||
        !octets_take_vector(&list, 2, &name))
        return false;
    if (type == 0 && name.n <= TLS_NAME_MAX)
        h->server_name = name;
    return true;
}

static const struct {
    enum tls_extension type;
    unsigned flag;
    bool (*read)(slice content, struct tls_client_hello *h);
} extensions[] = {
    { EXT_SERVER_NAME, 0, read_server_name },
    { EXT_GROUPS, 0, read_groups },
    { EXT_SIGNATURES, 0, read_signatures },
    { EXT_VERSIONS, 0, read_versions },
    { EXT_KEY_SHARE, 0, read_key_share },
    { EXT_TRUNCATED_HMAC, HELLO_TRUNCATED_HMAC, NULL },
    { EXT_STATUS_REQUEST, HELLO_STATUS_REQUEST, NULL },
    { EXT_ENCRYPT_THEN_MAC, HELLO_ENCRYPT_THEN_MAC, NULL },
    { EXT_EXTENDED_MASTER_SECRET, HELLO_EXTENDED_MASTER_SECRET, NULL },
    { EXT_SESSION_TICKET, HELLO_SESSION_TICKET, NULL },
    { EXT_RENEGOTIATION, HELLO_RENEGOTIATION_INFO, NULL },
    { EXT_POINT_FORMATS, 0, NULL },
    { EXT_PADDING, 0, NULL },
    { EXT_PSK_MODES, 0, NULL },
};

/* Others that are in common use, so that nobody takes them for unknown ones. */
static const uint16_t known_extensions[] = { 1,  2,  3,  8,  12, 14, 15, 16, 17, 18, 19, 20,
                                             24, 25, 27, 28, 34, 41, 42, 44, 47, 48, 49, 50 };

static bool read_extension(uint32_t type, slice content, struct tls_client_hello *h)
{
    for (size_t i = 0; i < COUNT(extensions); i++)
        if (extensions[i].type == type) {
            h->flags |= extensions[i].flag;
            return !extensions[i].read || extensions[i].read(content, h);
        }
    for (size_t i = 0; i < COUNT(known_extensions); i++)
        if (known_extensions[i] == type)
            return true;
    h->flags |= tls_is_grease(type) ? HELLO_GREASE : HELLO_UNKNOWN;
    return true;
}

static bool read_extensions(slice rest, struct tls_client_hello *h)
{
    slice list, content;
    uint32_t type;
    h->bare = rest.n == 0;
    if (h->bare)
        return true;
    if (!octets_take_vector(&rest, 2, &list))
        return false;
    while (list.n)
        if (!octets_take_u16(&list, &type) || !octets_take_vector(&list, 2, &content) ||
            !read_extension(type, content, h))
            return false;
    return true;
}

/* The body of a ClientHello (RFC 8446 section 4.1.2). */
static bool read_body(slice body, struct tls_client_hello *h)
{
    slice random, suites, methods;
    uint32_t version;
    if (!octets_take_u16(&body, &version) || !octets_take(&body, sizeof h->random, &random) ||
        !octets_take_vector(&body, 1, &h->session_id) || h->session_id.n > 32 ||
        !octets_take_vector(&body, 2, &suites) || !octets_take_vector(&body, 1, &methods))
        return false;
    h->version = (uint16_t)version;
    memcpy(h->random, random.p, random.n);
    for (size_t i = 0; i < methods.n; i++)
        h->compresses |= methods.p[i] != 0;
    return read_list(suites, &h->suites, &h->flags) && read_extensions(body, h);
}

/* The CLIENT-HELLO of SSL 2.0, behind its two octets of length and its type. */
static bool read_ssl2(slice body, struct tls_client_hello *h)
{
    uint32_t version, n_kinds, n_id, n_challenge, kind;
    slice kinds, challenge;
    if (!octets_take_u16(&body, &version) || !octets_take_u16(&body, &n_kinds) ||
        !octets_take_u16(&body, &n_id) || !octets_take_u16(&body, &n_challenge) ||
        !octets_take(&body, n_kinds, &kinds) || !octets_take(&body, n_id, &h->session_id) ||
        !octets_take(&body, n_challenge, &challenge))
        return false;
    h->ssl2 = h->bare = true;
    h->version = h->record_version = (uint16_t)version;
    memcpy(h->random, challenge.p, challenge.n < 32 ? challenge.n : 32);
    while (kinds.n) {
        if (!octets_take_number(&kinds, 3, &kind))
            return false;
        if (kind >> 16)
            h->ssl2_suites = true;
        else
            tls_list_add(&h->suites, kind);
    }
    return true;
}

static enum frame frame_ssl2(slice bytes, struct buf *scratch, struct tls_client_hello *ret,
                             size_t *ret_octets)
{
    enum { HEAD = 2, TYPE = 1 };
    uint32_t head, type;
    slice rest = bytes;
    if (!octets_take_u16(&rest, &head) || !octets_take_u8(&rest, &type))
        return FRAME_MORE;
    size_t octets = head & 0x7fff;
    if (type != MESSAGE_CLIENT_HELLO || octets < 9)
        return FRAME_LIMIT;
    if (bytes.n < HEAD + octets)
        return FRAME_MORE;
    buf_clear(scratch);
    buf_add(scratch, slice_sub(bytes, HEAD + TYPE, HEAD + octets));
    ret->pad_to = octets;
    *ret_octets = HEAD + octets;
    return !scratch->overflow && read_ssl2(buf_slice(scratch), ret) ? FRAME_READY : FRAME_LIMIT;
}

/* Takes one record's part of the message off *rest into scratch. */
static enum frame take_record(slice *rest, struct buf *scratch, struct tls_client_hello *ret)
{
    slice after = *rest, fragment;
    uint32_t type, version, octets;
    if (after.n && after.p[0] != RECORD_HANDSHAKE)
        return FRAME_LIMIT;
    if (!octets_take_u8(&after, &type) || !octets_take_u16(&after, &version))
        return FRAME_MORE;
    if (version >> 8 != 3)
        return FRAME_LIMIT;
    slice head = after;
    if (!octets_take_u16(&head, &octets))
        return FRAME_MORE;
    if (octets == 0 || octets > TLS_RECORD_MAX)
        return FRAME_LIMIT;
    if (!octets_take_vector(&after, 2, &fragment))
        return FRAME_MORE;
    if (!scratch->n)
        ret->record_version = (uint16_t)version;
    *rest = after;
    return buf_add(scratch, fragment) ? FRAME_READY : FRAME_LIMIT;
}

/* Is the message in scratch whole? */
static enum frame message_frame(const struct buf *scratch, slice *ret_body)
{
    slice rest = buf_slice(scratch);
    uint32_t type, octets;
    if (rest.n && rest.p[0] != MESSAGE_CLIENT_HELLO)
        return FRAME_LIMIT;
    if (!octets_take_u8(&rest, &type) || !octets_take_number(&rest, 3, &octets))
        return FRAME_MORE;
    if (octets > TLS_HELLO_MAX)
        return FRAME_LIMIT;
    return octets_take(&rest, octets, ret_body) ? FRAME_READY : FRAME_MORE;
}

enum frame tls_hello_read(slice bytes, struct buf *scratch, struct tls_client_hello *ret,
                          size_t *ret_octets)
{
    slice rest = bytes, body;
    enum frame got = FRAME_MORE;
    memset(ret, 0, sizeof *ret);
    buf_clear(scratch);
    if (bytes.n && (unsigned char)bytes.p[0] >= 0x80)
        return frame_ssl2(bytes, scratch, ret, ret_octets);
    while (got == FRAME_MORE) {
        enum frame record = take_record(&rest, scratch, ret);
        if (record != FRAME_READY)
            return record;
        got = message_frame(scratch, &body);
    }
    if (got != FRAME_READY || !read_body(body, ret))
        return FRAME_LIMIT;
    ret->pad_to = body.n + 4;
    *ret_octets = bytes.n - rest.n;
    return FRAME_READY;
}

#include "tls_survey_ask.h"
#include "resolve.h"
#include <sys/random.h>

/* In the order in which they are offered. */
static const uint16_t groups_13[] = {
    0x11ec, 0x11eb, 0x11ed, /* hybrids with ML-KEM */
    0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001f, 0x0020,
    0x0021, 0x0029, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104,
};
static const uint16_t groups_12[] = {
    0x001a, 0x001b, 0x001c, 0x0016, 0x0009, 0x000a, 0x000b, 0x000c, 0x000d,
    0x000e, 0x0006, 0x0007, 0x0008, 0x0014, 0x0015, 0x0012, 0x0013, 0x0004,
    0x0005, 0x0001, 0x0002, 0x0003, 0x000f, 0x0010, 0x0011,
};
static const uint16_t schemes[] = {
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809,
    0x080a, 0x080b, 0x081a, 0x081b, 0x081c, 0x0401, 0x0501, 0x0601, 0x0303,
    0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202, 0x0101,
};

static void add_all(struct tls_list *l, const uint16_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tls_list_add(l, values[i]);
}

static void set_random(struct tls_client_hello *h)
{
    /* Only shorter than asked for when interrupted, and then what is missing may be zeros. */
    if (getrandom(h->random, sizeof h->random, 0) < 0)
        h->random[0] = 1;
}

void hello_init(struct tls_client_hello *h, const struct survey_way *way, uint16_t newest)
{
    *h = (struct tls_client_hello) {
        .version = newest > WIRE_TLS12 ? WIRE_TLS12 : newest,
        .record_version = newest <= WIRE_SSL3 ? WIRE_SSL3 : WIRE_TLS10,
        .bare = newest <= WIRE_SSL3,
        .flags = HELLO_EXTENDED_MASTER_SECRET | HELLO_RENEGOTIATION_INFO,
    };
    set_random(h);
    if (way->host && !is_numeric_address(way->host))
        h->server_name = slice_of(way->host);
    add_all(&h->groups, groups_13, COUNT(groups_13));
    if (newest < WIRE_TLS13)
        add_all(&h->groups, groups_12, COUNT(groups_12));
    if (newest >= WIRE_TLS12)
        add_all(&h->signatures, schemes, COUNT(schemes));
    if (newest < WIRE_TLS13)
        return;
    tls_list_add(&h->versions, WIRE_TLS13);
    h->key_share = true;
    tls_list_add(&h->shares, 0x001d);
    tls_list_add(&h->shares, 0x0017);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool tls_suite_is_weak(const struct tls_suite *s)
{
    return s->export_grade || s->bits <= 112 || is(s->cipher, "RC4") || is(s->mac, "MD5") ||
           is(s->authentication, "anon");
}

static bool is_psk(const struct tls_suite *s)
{
    return is(s->exchange, "PSK");
}

static bool is_13(const struct tls_suite *s)
{
    return is(s->exchange, "any");
}

static bool is_modern(const struct tls_suite *s)
{
    bool exchange = is(s->exchange, "ECDHE") || is(s->exchange, "DHE") || is(s->exchange, "RSA");
    bool cipher = is(s->cipher, "AES-GCM") || is(s->cipher, "CHACHA20") || is(s->cipher, "AES-CBC");
    return is_13(s) || (exchange && cipher && !is(s->authentication, "DSS"));
}

static bool is_old(const struct tls_suite *s)
{
    bool mac = is(s->mac, "SHA1") || is(s->mac, "MD5");
    return mac && !is(s->exchange, "DH") && !is(s->exchange, "ECDH") && !is_psk(s);
}

static bool is_offered(const struct tls_suite *s)
{
    return !is_psk(s) && !is_13(s);
}

static bool is_weak_offer(const struct tls_suite *s)
{
    return is_offered(s) && tls_suite_is_weak(s);
}

void hello_offer(struct tls_client_hello *h, enum offer what)
{
    static bool (*const wanted[])(const struct tls_suite *) = {
        [OFFER_MODERN] = is_modern,   [OFFER_ALL] = is_offered, [OFFER_OLD] = is_old,
        [OFFER_WEAK] = is_weak_offer, [OFFER_13] = is_13,
    };
    h->suites.n = 0;
    for (size_t i = 0; i < n_tls_suites; i++)
        if (wanted[what](&tls_suites[i]))
            tls_list_add(&h->suites, tls_suites[i].id);
    if (h->bare)
        tls_list_add(&h->suites, SUITE_RENEGOTIATION_SCSV);
}

void hello_offer_of(struct tls_client_hello *h, const struct survey_suites *list,
                    bool (*wanted)(const struct tls_suite *suite))
{
    h->suites.n = 0;
    for (size_t i = 0; i < list->list.n; i++) {
        const struct tls_suite *suite = tls_suite_find(list->list.v[i]);
        if (suite && wanted(suite))
            tls_list_add(&h->suites, suite->id);
    }
}

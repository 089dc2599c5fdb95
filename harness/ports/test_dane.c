#include "array.h"
#include "certs.h"
#include "dane.h"
#include "testing.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <time.h>

/* A root, an authority under it, and a certificate of mx.example.test under that. */
static struct {
    STACK_OF(X509) * chain; /* leaf, authority, root */
    int64_t now;
} world;

static void push_pem(STACK_OF(X509) * chain, slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509(bio, NULL, certs_no_passphrase, NULL)))
        sk_X509_push(chain, certificate);
    BIO_free(bio);
}

static void world_open(int64_t ends_in)
{
    static const char *const names[] = { "mx.example.test", "*.wild.test", NULL };
    struct ca *root = ca_new("Root"), *authority = ca_new_under(root, "Authority");
    auto_identity id =
        identity_new(authority, &(struct cert_spec) { .names = names, .ends_in = ends_in });
    world.chain = sk_X509_new_null();
    world.now = (int64_t)time(NULL);
    push_pem(world.chain, slice_of(id.chain_pem));
    push_pem(world.chain, ca_pem(authority));
    push_pem(world.chain, ca_pem(root));
    ck_assert_int_eq(sk_X509_num(world.chain), 3);
    ca_free(authority);
    ca_free(root);
}

static void world_close(void)
{
    sk_X509_pop_free(world.chain, X509_free);
}

/* The record that names a certificate of the chain. */
static struct dns_record record_of(int at, unsigned usage, unsigned selector, unsigned matching,
                                   struct arena *arena)
{
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    X509 *c = sk_X509_value(world.chain, at);
    int size = selector ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c), &der) : i2d_X509(c, &der);
    struct dns_record r = { .usage = usage, .selector = selector, .matching = matching };
    if (matching)
        EVP_Digest(der, (size_t)size, digest, &n, matching == 1 ? EVP_sha256() : EVP_sha512(),
                   NULL);
    r.association =
        arena_dup(arena, matching ? slice_make(digest, n) : slice_make(der, (size_t)size));
    OPENSSL_free(der);
    return r;
}

struct spec {
    int at; /* place in the chain; -1: no such row; 9: a digest of nothing */
    unsigned usage, selector, matching;
};

static const struct row {
    struct spec records[3];
    const char *names[2];
    int chain; /* certificates that the server sends; 0: all three */
    bool expired;
    int by;          /* which record matches; -1 none */
    const char *why; /* part of the text */
} rows[] = {
    { { { 0, 3, 1, 1 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, 0, NULL },
    { { { 0, 3, 0, 2 }, { -1, 0, 0, 0 } }, { NULL }, 1, false, 0, NULL },
    { { { 0, 3, 0, 0 }, { -1, 0, 0, 0 } }, { NULL }, 1, false, 0, NULL },
    { { { 0, 3, 1, 0 }, { -1, 0, 0, 0 } }, { NULL }, 1, false, 0, NULL },
    // usage 3 looks at neither dates nor names
    { { { 0, 3, 1, 1 }, { -1, 0, 0, 0 } }, { "other.test" }, 1, true, 0, NULL },
    // a record for the next key beside it
    { { { 9, 3, 1, 1 }, { 0, 3, 1, 1 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, 1, NULL },
    { { { 9, 3, 1, 1 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, -1, "publish TLSA 3 1 1 " },
    // trust anchors: authority, root, by key or certificate
    { { { 1, 2, 0, 1 }, { -1, 0, 0, 0 } }, { "mx.example.test" }, 2, false, 0, NULL },
    { { { 1, 2, 1, 1 }, { -1, 0, 0, 0 } }, { "mx.example.test" }, 2, false, 0, NULL },
    { { { 2, 2, 0, 1 }, { -1, 0, 0, 0 } }, { "mx.example.test" }, 3, false, 0, NULL },
    { { { 2, 2, 0, 0 }, { -1, 0, 0, 0 } }, { "a.wild.test" }, 3, false, 0, NULL },
    { { { 2, 2, 0, 1 }, { -1, 0, 0, 0 } },
      { "mx.example.test" },
      2,
      false,
      -1,
      "not in the chain" },
    { { { 2, 2, 0, 1 }, { 9, 3, 1, 1 }, { -1, 0, 0, 0 } },
      { "mx.example.test" },
      2,
      false,
      -1,
      "another than the records name" },
    { { { 1, 2, 0, 1 }, { -1, 0, 0, 0 } }, { "other.test" }, 2, false, -1, "name other.test" },
    { { { 1, 2, 0, 1 }, { -1, 0, 0, 0 } }, { "a.b.wild.test" }, 2, false, -1, "name a.b.wild" },
    { { { 1, 2, 0, 1 }, { -1, 0, 0, 0 } }, { "mx.example.test" }, 2, true, -1, "expired" },
    // what people mistake
    { { { 0, 2, 0, 1 }, { -1, 0, 0, 0 } }, { "mx.example.test" }, 2, false, -1, "usage 3" },
    { { { 1, 3, 0, 1 }, { -1, 0, 0, 0 } }, { "mx.example.test" }, 2, false, -1, "usage 2" },
    { { { 0, 0, 0, 1 }, { 0, 1, 1, 1 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, -1, "" },
    // the stronger digest counts alone, for its usage and selector
    { { { 0, 3, 1, 1 }, { 9, 3, 1, 2 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, -1, "void" },
    { { { 0, 3, 1, 1 }, { 9, 3, 0, 2 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, 0, NULL },
    { { { 0, 3, 1, 1 }, { 0, 3, 1, 2 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, 1, NULL },
    { { { 0, 3, 1, 0 }, { 9, 3, 1, 2 }, { -1, 0, 0, 0 } }, { NULL }, 0, false, 0, NULL },
};

static size_t records_of(const struct row *row, struct arena *arena, struct dns_record *ret)
{
    size_t n = 0;
    for (; n < 3 && row->records[n].at >= 0; n++) {
        const struct spec *s = &row->records[n];
        ret[n] = record_of(s->at == 9 ? 0 : s->at, s->usage, s->selector, s->matching, arena);
        if (s->at == 9)
            ((char *)ret[n].association.p)[0] ^= 1;
    }
    return n;
}

START_TEST(test_match)
{
    const struct row *row = &rows[_i];
    auto_arena arena = { 0 };
    struct dns_record records[3];
    const struct dns_record *by = NULL;
    char text[DANE_TEXT_MAX] = "";
    world_open(row->expired ? -86400 : 0);
    while (row->chain && sk_X509_num(world.chain) > row->chain && row->records[0].at < row->chain)
        X509_free(sk_X509_pop(world.chain));
    size_t n = records_of(row, &arena, records);
    while (row->chain && sk_X509_num(world.chain) > row->chain)
        X509_free(sk_X509_pop(world.chain));
    const char *const names[] = { row->names[0], NULL };
    struct dane_peer peer = { sk_X509_value(world.chain, 0), world.chain, names, world.now };
    bool good = dane_match(records, n, &peer, &by, text);
    ck_assert_msg(good == (row->by >= 0), "%s", text);
    if (good)
        ck_assert_ptr_eq(by, &records[row->by]);
    else
        ck_assert_msg(strstr(text, row->why), "%s", text);
    world_close();
}
END_TEST

/* The digest of one selector under the other. */
START_TEST(test_swapped_selector)
{
    auto_arena arena = { 0 };
    const struct dns_record *by;
    char text[DANE_TEXT_MAX];
    world_open(0);
    struct dane_peer peer = { sk_X509_value(world.chain, 0), world.chain, NULL, world.now };
    struct dns_record r = record_of(0, 3, (unsigned)_i, 1, &arena);
    r.selector = !r.selector;
    ck_assert(!dane_match(&r, 1, &peer, &by, text));
    ck_assert_msg(strstr(text, _i ? "that of the public key" : "that of the whole certificate"),
                  "%s", text);
    world_close();
}
END_TEST

/* The time that the caller gives is that of the verdict. */
START_TEST(test_clock)
{
    auto_arena arena = { 0 };
    const struct dns_record *by;
    char text[DANE_TEXT_MAX];
    const char *const names[] = { "mx.example.test", NULL };
    world_open(0);
    struct dns_record r = record_of(1, 2, 0, 1, &arena);
    struct dane_peer peer = { sk_X509_value(world.chain, 0), world.chain, names, world.now };
    ck_assert(dane_match(&r, 1, &peer, &by, text));
    peer.now += (int64_t)400 * 86400;
    ck_assert(!dane_match(&r, 1, &peer, &by, text));
    ck_assert_msg(strstr(text, "expired"), "%s", text);
    world_close();
}
END_TEST

START_TEST(test_single_certificate)
{
    auto_arena arena = { 0 };
    const struct dns_record *by;
    char text[DANE_TEXT_MAX], recommended[80];
    world_open(0);
    struct dns_record r = record_of(0, 3, 1, 1, &arena);
    struct dane_peer peer = { sk_X509_value(world.chain, 0), NULL, NULL, world.now };
    ck_assert(dane_match(&r, 1, &peer, &by, text));
    dane_recommended(peer.leaf, recommended);
    ck_assert_uint_eq(strlen(recommended), 6 + 64);
    ck_assert(!dane_match(&r, 0, &peer, &by, text));
    world_close();
}
END_TEST

static const struct {
    struct dns_record record;
    const char *why;
} unusable[] = {
    { { .usage = 0, .selector = 1, .matching = 1 }, "usage 0 or 1" },
    { { .usage = 1, .selector = 1, .matching = 1 }, "usage 0 or 1" },
    { { .usage = 4, .selector = 1, .matching = 1 }, "usage that nobody" },
    { { .usage = 3, .selector = 2, .matching = 1 }, "selector" },
    { { .usage = 3, .selector = 1, .matching = 3 }, "matching type" },
    { { .usage = 3, .selector = 1, .matching = 1, .association = { "abc", 3 } }, "wrong length" },
    { { .usage = 3, .selector = 1, .matching = 2 }, "wrong length" },
    { { .usage = 3, .selector = 0, .matching = 0, .association = { "0\0", 2 } }, "does not hold" },
    { { .usage = 3, .selector = 1, .matching = 0 }, "does not hold" },
};

START_TEST(test_unusable)
{
    const char *why = dane_unusable(&unusable[_i].record);
    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, unusable[_i].why), "%s", why);
}
END_TEST

/* A whole certificate or key, cut at every place, and with an octet behind it. */
START_TEST(test_full_is_whole)
{
    auto_arena arena = { 0 };
    world_open(0);
    struct dns_record r = record_of(0, 3, (unsigned)_i, 0, &arena);
    ck_assert_ptr_null(dane_unusable(&r));
    struct dns_record cut = r;
    for (cut.association.n = 0; cut.association.n < r.association.n; cut.association.n++)
        ck_assert_ptr_nonnull(dane_unusable(&cut));
    cut.association.n = r.association.n + 1; // arena_dup() puts a NUL behind
    ck_assert_ptr_nonnull(dane_unusable(&cut));
    world_close();
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, test_match, 0, COUNT(rows));
    tcase_add_loop_test(t, test_swapped_selector, 0, 2);
    tcase_add_test(t, test_clock);
    tcase_add_test(t, test_single_certificate);
    tcase_add_loop_test(t, test_unusable, 0, COUNT(unusable));
    tcase_add_loop_test(t, test_full_is_whole, 0, 2);
}

int main(void)
{
    return run_tests("dane", add);
}

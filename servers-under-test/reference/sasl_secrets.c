#include "sasl_secrets.h"
#include "array.h"
#include "base64.h"
#include "sasl_server.h"
#include "store.h"
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { SALT_OCTETS = 12, NONCE_OCTETS = 32 };

struct kept {
    char *user;
    Gsasl_hash hash;
    char *salt, *server_key, *stored_key;
};
struct sasl_secrets {
    unsigned char nonce[NONCE_OCTETS]; /* makes salts of this instance unlike any other's */
    ARRAY(struct kept) kept;
    struct kept stranger;
};

static void kept_release(struct kept *k)
{
    free(k->user);
    free(k->salt);
    free(k->server_key);
    free(k->stored_key);
    *k = (struct kept) { 0 };
}

struct sasl_secrets *sasl_secrets_new(void)
{
    struct sasl_secrets *s = NEW(struct sasl_secrets);
    if (RAND_bytes(s->nonce, sizeof s->nonce) != 1)
        abort();
    return s;
}

void sasl_secrets_free(struct sasl_secrets *s)
{
    if (!s)
        return;
    array_each (k, &s->kept)
        kept_release(k);
    array_release(&s->kept);
    kept_release(&s->stranger);
    free(s);
}

static char *base64_text(const void *p, size_t n)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    base64_encode(slice_make(p, n), &out);
    return buf_take(&out);
}

/* Depends on the instance and the user name alone. */
static void make_salt(const struct sasl_secrets *s, slice user, char salt[SALT_OCTETS])
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    buf_add(&text, slice_make(s->nonce, sizeof s->nonce));
    buf_add(&text, user);
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(text.p, text.n, digest, NULL, EVP_sha256(), NULL))
        abort();
    memcpy(salt, digest, SALT_OCTETS);
}

static void derive(const struct sasl_secrets *s, Gsasl_hash hash, slice user, const char *password,
                   struct kept *ret)
{
    char salt[SALT_OCTETS], salted[GSASL_HASH_MAX_SIZE], client_key[GSASL_HASH_MAX_SIZE];
    char server_key[GSASL_HASH_MAX_SIZE], stored_key[GSASL_HASH_MAX_SIZE];
    make_salt(s, user, salt);
    if (gsasl_scram_secrets_from_password(hash, password, SASL_SCRAM_ITERATIONS, salt, SALT_OCTETS,
                                          salted, client_key, server_key, stored_key) != GSASL_OK)
        abort();
    size_t n = gsasl_hash_length(hash);
    *ret = (struct kept) { .user = xslicedup(user),
                           .hash = hash,
                           .salt = base64_text(salt, SALT_OCTETS),
                           .server_key = base64_text(server_key, n),
                           .stored_key = base64_text(stored_key, n) };
}

/* Keys that no password gives. */
static void invent(struct sasl_secrets *s, Gsasl_hash hash, slice user, struct kept *ret)
{
    char salt[SALT_OCTETS];
    make_salt(s, user, salt);
    kept_release(ret);
    ret->salt = base64_text(salt, SALT_OCTETS);
    ret->server_key = base64_text(s->nonce, gsasl_hash_length(hash));
    ret->stored_key = base64_text(s->nonce, gsasl_hash_length(hash));
}

static const struct kept *find(struct sasl_secrets *s, Gsasl_hash hash, slice user)
{
    array_each (k, &s->kept)
        if (k->hash == hash && slice_eq_str(user, k->user))
            return k;
    return NULL;
}

struct sasl_secret sasl_secret_of(struct sasl_secrets *s, Gsasl_hash hash, slice user,
                                  const struct account *account)
{
    const struct kept *k = find(s, hash, user);
    if (!k && account) {
        struct kept *fresh = array_push(&s->kept);
        derive(s, hash, user, account->password, fresh);
        k = fresh;
    }
    if (!k) {
        invent(s, hash, user, &s->stranger);
        k = &s->stranger;
    }
    return (struct sasl_secret) { k->salt, k->server_key, k->stored_key };
}

/* What a TLS step asks for, and what is known after it. */
#include "step_tls.h"
#include <openssl/x509v3.h>
#include <stdio.h>

static const char *const keys[] = { "min",     "max",    "name",   "sni", "verify", "alpn",
                                    "ciphers", "expect", "inject", "raw", "arg" };
static const char *const versions[] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };
static const int version_numbers[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                       TLS1_3_VERSION };
static const char *const verify_words[] = { "full", "chain", "none" };
enum { MAX_ALPN = 8 };

/* ---- validation ---- */

static void check_version(struct step_check *c, const struct node *n, const char *key)
{
    size_t i;
    if (n && n->kind == NODE_SCALAR && slice_find_char(n->text, '$') != SIZE_MAX)
        step_check_text(c, n, key);
    else if (n)
        node_word(n, versions, COUNT(versions), key, &i, c->loader->problems);
}

static void check_texts(struct step_check *c, const struct node *map)
{
    static const char *const texts[] = { "name", "sni", "ciphers", "inject", "raw", "arg" };
    for (size_t i = 0; i < COUNT(texts); i++)
        if (node_get(map, texts[i]) && !node_get(map, texts[i])->tag)
            step_check_text(c, node_get(map, texts[i]), texts[i]);
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node_get(map, "alpn"), items, EXPECT_ITEMS_MAX);
    if (n > MAX_ALPN)
        problem_add(c->loader->problems, node_get(map, "alpn")->at, "at most %d protocols",
                    MAX_ALPN);
}

static void check_outcomes(struct step_check *c, const struct node *map)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t i, n = expect_items(node_get(map, "expect"), items, EXPECT_ITEMS_MAX);
    bool refusal = n > 0 && !node_get(map, "raw");
    for (size_t k = 0; k < n; k++) {
        node_word(items[k], tls_outcome_words, TLS_OUTCOMES_EXPECTED, "expect", &i,
                  c->loader->problems);
        refusal &= !slice_eq_str(items[k]->text, "ok");
    }
    c->check->refuses |= refusal;
}

void tls_options_check(struct step_check *c, const struct node *map)
{
    size_t i;
    node_only_keys(map, keys, COUNT(keys), "TLS", c->loader->problems);
    check_version(c, node_get(map, "min"), "min");
    check_version(c, node_get(map, "max"), "max");
    check_texts(c, map);
    if (node_get(map, "verify"))
        node_word(node_get(map, "verify"), verify_words, COUNT(verify_words), "verify", &i,
                  c->loader->problems);
    check_outcomes(c, map);
}

/* ---- options ---- */

static const char *text_of(struct device *d, const struct node *map, const char *key)
{
    slice text;
    const struct node *n = node_get(map, key);
    if (!n || play_expand(d, d->play, n, &text) != STEP_OK)
        return NULL;
    return arena_str(&d->play->arena, text);
}

static int version_of(struct device *d, const struct node *map, const char *key)
{
    const char *text = text_of(d, map, key);
    for (size_t i = 0; text && i < COUNT(versions); i++)
        if (strcmp(text, versions[i]) == 0)
            return version_numbers[i];
    return 0;
}

static const char *const *alpn_of(struct device *d, const struct node *n)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t count = expect_items(n, items, EXPECT_ITEMS_MAX);
    if (!count)
        return NULL;
    const char **names = arena_new_n(&d->play->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_str(&d->play->arena, items[i]->text);
    return names;
}

static bool is_old(int version)
{
    return version && version < TLS1_2_VERSION;
}

bool tls_options_from(struct device *d, const struct node *map, struct tls_options *o)
{
    const char *name = text_of(d, map, "name"), *sni = text_of(d, map, "sni");
    const struct node *verify = node_get(map, "verify");
    device_tls_options(d, o);
    o->min_version = version_of(d, map, "min");
    o->max_version = version_of(d, map, "max");
    o->ciphers = text_of(d, map, "ciphers");
    o->alpn = alpn_of(d, node_get(map, "alpn"));
    o->legacy = is_old(o->min_version) || is_old(o->max_version) || o->ciphers;
    if (name)
        o->sni = o->verify_host = name;
    if (sni)
        o->sni = strcmp(sni, "none") == 0 ? NULL : sni;
    if (verify && !slice_eq_str(verify->text, "none") && d->play->session->target->insecure) {
        play_skip(d->play, "certificates are not verified (--insecure)");
        return false;
    }
    if (verify)
        o->verify = slice_eq_str(verify->text, "full")    ? TLS_VERIFY_FULL
                    : slice_eq_str(verify->text, "chain") ? TLS_VERIFY_CHAIN
                                                          : TLS_VERIFY_RECORD;
    return true;
}

/* ---- facts ---- */

static void bind_dates(struct vars *vars, const X509 *certificate)
{
    int days = 0, seconds = 0;
    char text[24];
    const char *word = "none";
    if (certificate) {
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
        word = days < 0 || seconds < 0 ? "expired" : "valid";
        days -= days == 0 && seconds < 0;
        if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
            word = "not-yet-valid";
    }
    snprintf(text, sizeof text, "%d", days);
    vars_set_text(vars, "tls.days-left", text);
    vars_set_text(vars, "tls.dates", word);
}

/* Ephemeral keys: all of TLS 1.3 that we speak, and what OpenSSL names so before. */
static bool has_forward_secrecy(const struct tls_info *info)
{
    slice cipher = slice_of(info->cipher);
    return slice_eq_str(slice_of(info->version), "TLSv1.3") || slice_starts(cipher, S("ECDHE-")) ||
           slice_starts(cipher, S("DHE-")) || slice_starts(cipher, S("ADH-")) ||
           slice_starts(cipher, S("AECDH-"));
}

bool tls_is_refused_by_us(const struct tls_info *failed)
{
    return failed->certificate &&
           (failed->chain_code != X509_V_OK || (failed->name_checked && !failed->name_ok));
}

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

void tls_bind_facts(struct device *d, const struct tls_info *info)
{
    static const struct tls_info nothing = { .chain_code = X509_V_ERR_UNSPECIFIED };
    struct vars *vars = &d->play->vars;
    char size[24];
    info = info ? info : &nothing;
    vars_set_text(vars, "tls.version", info->version ? info->version : "none");
    vars_set_text(vars, "tls.cipher", info->cipher ? info->cipher : "none");
    vars_set_text(vars, "tls.alpn", info->alpn[0] ? info->alpn : "none");
    vars_set_text(vars, "tls.name-matches", yes_no(info->name_ok));
    vars_set_text(vars, "tls.chain",
                  info->chain_code == X509_V_OK ? "trusted"
                  : info->chain_text            ? info->chain_text
                                                : "unknown");
    vars_set_text(vars, "tls.forward-secrecy", yes_no(has_forward_secrecy(info)));
    vars_set_text(vars, "tls.certificate-requested", yes_no(info->certificate_requested));
    bind_dates(vars, info->certificate);
    snprintf(size, sizeof size, "%zu", d->leftover.n);
    vars_set(vars, S("tls.leftover"), buf_slice(&d->leftover));
    vars_set_text(vars, "tls.leftover-size", size);
}

/* TLS as a step: STARTTLS in the protocol's own words, or the handshake at once. */
#include "imap_response.h"
#include "pop3_reply.h"
#include "smtp_reply.h"
#include "step_table.h"
#include <openssl/x509v3.h>
#include <stdio.h>

static const char *const keys[] = { "min",    "max",    "name", "verify",
                                    "expect", "inject", "arg",  "context" };
static const char *const versions[] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };
static const int version_numbers[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                       TLS1_3_VERSION };
static const char *const verify_words[] = { "full", "chain", "none" };
static const char *const outcomes[] = { "ok", "refused", "failed", "closed" };

/* ---- validation ---- */

static void check_map(struct step_check *c, const struct node *map)
{
    size_t i;
    node_only_keys(map, keys, COUNT(keys) - 1, "TLS", c->loader->problems);
    for (int k = 0; k < 2; k++)
        if (node_get(map, keys[k]) &&
            slice_find_char(node_get(map, keys[k])->text, '$') == SIZE_MAX)
            node_word(node_get(map, keys[k]), versions, COUNT(versions), keys[k], &i,
                      c->loader->problems);
    if (node_get(map, "verify"))
        node_word(node_get(map, "verify"), verify_words, COUNT(verify_words), "verify", &i,
                  c->loader->problems);
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node_get(map, "expect"), items, EXPECT_ITEMS_MAX);
    bool refusal = n > 0;
    for (size_t k = 0; k < n; k++) {
        node_word(items[k], outcomes, COUNT(outcomes), "expect", &i, c->loader->problems);
        refusal &= !slice_eq_str(items[k]->text, "ok");
    }
    c->check->refuses |= refusal;
}

void step_starttls_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const plain[] = { "ok" };
    size_t i;
    if (value->kind == NODE_MAP)
        check_map(c, value);
    else
        node_word(value, plain, 1, "starttls", &i, c->loader->problems);
}

void step_tls_check(struct step_check *c, const struct node *value, const struct node *map)
{
    step_starttls_check(c, value, map);
}

/* ---- options ---- */

static int version_of(struct device *d, const struct node *map, const char *key)
{
    slice text;
    const struct node *n = node_get(map, key);
    if (!n || play_expand(d, d->play, n, &text) != STEP_OK)
        return 0;
    for (size_t i = 0; i < COUNT(versions); i++)
        if (slice_eq_str(text, versions[i]))
            return version_numbers[i];
    return 0;
}

static void options_from(struct device *d, const struct node *map, struct tls_options *o,
                         struct tls_info *failed)
{
    const struct node *name = node_get(map, "name"), *verify = node_get(map, "verify");
    device_tls_options(d, o);
    o->ret_failed = failed;
    o->min_version = version_of(d, map, "min");
    o->max_version = version_of(d, map, "max");
    o->legacy = o->min_version && o->min_version < TLS1_2_VERSION;
    if (o->max_version && o->max_version < TLS1_2_VERSION)
        o->legacy = true;
    if (name)
        o->sni = o->verify_host = arena_str(&d->play->arena, name->text);
    if (verify)
        o->verify = slice_eq_str(verify->text, "full")    ? TLS_VERIFY_FULL
                    : slice_eq_str(verify->text, "chain") ? TLS_VERIFY_CHAIN
                                                          : TLS_VERIFY_RECORD;
}

/* ---- what is known afterwards ---- */

static void bind_days_left(struct vars *vars, const X509 *certificate)
{
    int days = 0, seconds = 0;
    char text[24];
    if (certificate)
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
    snprintf(text, sizeof text, "%d", days);
    vars_set_text(vars, "tls.days-left", text);
}

static void bind_info(struct device *d, const struct tls_info *info)
{
    struct vars *vars = &d->play->vars;
    if (!info)
        return;
    vars_set_text(vars, "tls.version", info->version ? info->version : "none");
    vars_set_text(vars, "tls.cipher", info->cipher ? info->cipher : "none");
    vars_set_text(vars, "tls.name-matches", info->name_ok ? "yes" : "no");
    vars_set_text(vars, "tls.chain",
                  info->chain_code == X509_V_OK ? "trusted"
                  : info->chain_text            ? info->chain_text
                                                : "unknown");
    bind_days_left(vars, info->certificate);
}

static bool accepts(const struct node *map, const char *outcome)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(node_get(map, "expect"), items, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++)
        if (slice_eq_str(items[i]->text, outcome))
            return true;
    return n == 0 && strcmp(outcome, "ok") == 0;
}

static enum step_result judge(struct device *d, const struct step *s, const struct node *value,
                              const char *outcome, const char *what)
{
    struct play *p = d->play;
    const struct node *map = step_ok_or_map(value), *expect = node_get(map, "expect");
    const struct node *items[EXPECT_ITEMS_MAX];
    if (accepts(map, outcome))
        return STEP_OK;
    play_fail(p, s, d, expect ? expect : value, "%s: TLS %s", d->name, what);
    size_t n = expect_items(expect, items, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++)
        play_fail_expected(p, items[i]->text);
    if (!n)
        play_fail_expected(p, S("ok"));
    play_fail_actual(p, slice_of(outcome), NULL);
    return STEP_FAILED;
}

/* ---- the handshake ---- */

static void new_session(struct device *d)
{
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        session_caps_enter(&d->client.imap.caps, CAPS_TLS);
        break;
    case PROTOCOL_POP3:
        session_caps_enter(&d->client.pop3.caps, CAPS_TLS);
        break;
    default:
        session_caps_enter(&d->client.smtp.caps, CAPS_TLS);
        break;
    }
}

static struct tls_context *context_for(struct device *d, const struct tls_options *o)
{
    struct session *session = d->play->session;
    return o->verify == TLS_VERIFY_RECORD && session->target->insecure ? session->tls_insecure
                                                                       : session->tls;
}

static enum step_result handshake(struct device *d, const struct step *s, const struct node *value)
{
    struct play *p = d->play;
    struct tls_options options;
    struct tls_info failed = { 0 };
    struct error err = { 0 };
    buf_clear(&d->leftover);
    options_from(d, step_ok_or_map(value), &options, &failed);
    device_drop_pending(d);
    int r = conn_start_tls(d->conn, context_for(d, &options), &options, now() + p->timeout,
                           &d->leftover, &err);
    if (r == ERR_CANCEL)
        return play_error_from(p, &err);
    invariant_checked(d, "invariant/tls/no-plaintext-after-go-ahead");
    vars_set(&p->vars, S("tls.leftover"), buf_slice(&d->leftover));
    if (d->leftover.n)
        invariant_break(d, "invariant/tls/no-plaintext-after-go-ahead", buf_slice(&d->leftover),
                        "%s got clear text between the go-ahead and the handshake", d->name);
    if (r == 0) {
        bind_info(d, conn_tls_info(d->conn));
        new_session(d);
        return judge(d, s, value, "ok", "was set up");
    }
    bind_info(d, &failed);
    tls_info_release(&failed);
    return judge(d, s, value, "failed", err.text);
}

enum step_result step_tls_run(struct play *p, struct device *d, const struct step *s,
                              const struct node *value, const struct node *map)
{
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    return handshake(d, s, value);
}

/* ---- STARTTLS ---- */

static bool is_go_ahead(const struct unit *u)
{
    if (u->imap)
        return u->imap->kind == IMAP_TAGGED && u->imap->status == IMAP_OK;
    if (u->smtp)
        return u->smtp->class == 2;
    return u->pop3 && u->pop3->status == POP3_OK;
}

static enum step_result send_starttls(struct device *d, const struct step *s,
                                      const struct node *map, slice *ret_tag)
{
    struct play *p = d->play;
    const struct node *inject = node_get(map, "inject"), *arg = node_get(map, "arg");
    slice extra = { NULL, 0 };
    auto_buf line;
    buf_init(&line, BUF_OURS);
    *ret_tag = device_is_imap(d) ? device_new_tag(d) : (slice) { NULL, 0 };
    buf_addf(&line, "%.*s%s%s", SLICE_ARG(*ret_tag), ret_tag->n ? " " : "",
             device_protocol(d) == PROTOCOL_POP3 ? "STLS" : "STARTTLS");
    if (arg)
        buf_addf(&line, " %.*s", SLICE_ARG(arg->text));
    buf_adds(&line, "\r\n");
    if (inject && !inject->tag) {
        enum step_result r = play_expand(d, p, inject, &extra);
        if (r != STEP_OK)
            return r;
    } else if (inject) {
        extra = inject->text;
    }
    buf_add(&line, extra);
    step_pop3_expect(d, S("STLS"));
    invariants_command(d, S("STARTTLS"));
    return device_write(d, s, buf_slice(&line));
}

enum step_result step_starttls_run(struct play *p, struct device *d, const struct step *s,
                                   const struct node *value, const struct node *map)
{
    struct reply reply;
    slice tag;
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    enum step_result r = send_starttls(d, s, step_ok_or_map(value), &tag);
    if (r != STEP_OK)
        return r;
    step_collect(d, tag, false, now() + p->timeout, &reply);
    if (!reply.completion && reply.result == CONN_CANCELLED)
        return play_error(p, ERR_CANCEL, "interrupted");
    if (!reply.completion)
        return judge(d, s, value, "closed",
                     conn_ended(d->conn) == CONN_OPEN ? "got no answer to its command"
                                                      : conn_end_text(d->conn));
    if (is_go_ahead(reply.completion))
        return handshake(d, s, value);
    r = judge(d, s, value, "refused", "was refused");
    if (r == STEP_FAILED)
        play_fail_actual(p, reply.completion->raw, NULL);
    device_drop_pending(d);
    return r;
}

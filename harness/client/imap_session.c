/* From the greeting to the authenticated state, and out again. */
#include "client_steps.h"
#include "imap_client.h"

static int refused(const struct imap_client *i, const struct unit *u, const char *what,
                   struct error *err)
{
    return client_refused(i->conn, imap_says_rate(u) ? ERR_RATE : ERR_REFUSED, what, u->raw, err);
}

static void store_capabilities(struct imap_client *i, const struct imap_value *values)
{
    struct capabilities *caps = session_caps(&i->caps);
    capabilities_reset(caps);
    for (size_t k = 0; k < values->n_items; k++)
        if (imap_is_string(&values->items[k]))
            capabilities_add(caps, values->items[k].text, S(""));
}

int imap_greeting(struct imap_client *i, nsec deadline, struct error *err)
{
    int result = client_take(i->conn, deadline, "the greeting", err, &i->greeting);
    if (result < 0)
        return result;
    const struct imap_response *r = i->greeting->imap;
    if (r->kind != IMAP_STATUS || (r->status != IMAP_OK && r->status != IMAP_PREAUTH))
        return refused(i, i->greeting, "our connection", err);
    i->preauth = r->status == IMAP_PREAUTH;
    if (i->preauth)
        i->caps.state = CAPS_LOGIN;
    if (imap_response_has_code(r, "CAPABILITY"))
        store_capabilities(i, &r->code_args);
    return 0;
}

int imap_capability(struct imap_client *i, nsec deadline, struct error *err)
{
    auto_imap_result r = { 0 };
    int result = imap_command_ok(i, S("CAPABILITY"), ERR_REFUSED, deadline, err, &r);
    if (result < 0)
        return result;
    for (const struct unit *u = r.first; u; u = u->next)
        if (u->imap->kind == IMAP_DATA && imap_response_is(u->imap, "CAPABILITY"))
            store_capabilities(i, &u->imap->values);
    if (session_caps(&i->caps)->known)
        return 0;
    return error_set(err, ERR_REFUSED, "CAPABILITY brought no capabilities");
}

int imap_start_tls(struct imap_client *i, struct tls_context *context,
                   const struct tls_options *options, nsec deadline, struct buf *leftover,
                   struct error *err)
{
    int result = imap_command_ok(i, S("STARTTLS"), ERR_REFUSED, deadline, err, NULL);
    if (result == 0)
        result = conn_start_tls(i->conn, context, options, deadline, leftover, err);
    if (result < 0)
        return result;
    session_caps_enter(&i->caps, CAPS_TLS);
    return imap_capability(i, deadline, err);
}

static int login_command(struct imap_client *i, const struct credentials *who, nsec deadline,
                         struct error *err)
{
    if (!conn_in_tls(i->conn) && !who->allow_clear)
        return error_set(err, ERR_USAGE,
                         "LOGIN would show the password on a connection without TLS");
    struct imap_piece pieces[] = {
        { IMAP_TEXT, S("LOGIN ") },
        { IMAP_ASTRING, who->user },
        { IMAP_TEXT, S(" ") },
        { IMAP_ASTRING, who->password },
    };
    return imap_pieces_ok(i, pieces, COUNT(pieces), ERR_LOGIN, deadline, err, NULL);
}

static slice choose(struct imap_client *i, const struct credentials *who)
{
    const struct capabilities *caps = session_caps(&i->caps);
    slice mechanism = sasl_choose(caps, who, conn_in_tls(i->conn));
    if (mechanism.n || !who->password.n || caps_has(caps, S("LOGINDISABLED")))
        return mechanism;
    return conn_in_tls(i->conn) || who->allow_clear ? S("COMMAND") : mechanism;
}

static int login_by(struct imap_client *i, const struct credentials *who, nsec deadline,
                    struct error *err)
{
    char tag[32];
    if (slice_eq_nocase(who->mechanism, S("COMMAND")))
        return login_command(i, who, deadline, err);
    struct sasl_options options = { .who = who };
    return sasl_login(i->conn, imap_next_tag(i, tag), &options, session_caps(&i->caps), deadline,
                      NULL, err);
}

int imap_login(struct imap_client *i, const struct credentials *who, nsec deadline,
               struct error *err)
{
    struct secrets *secrets = transcript_secrets(conn_transcript(i->conn));
    struct credentials with = *who;
    int result = 0;
    if (secrets)
        secrets_add(secrets, who->password);
    if (!session_caps(&i->caps)->known)
        result = imap_capability(i, deadline, err);
    if (result < 0)
        return result;
    if (!with.mechanism.n)
        with.mechanism = choose(i, who);
    if (!with.mechanism.n)
        return error_set(err, ERR_LOGIN, "the server offers no way to log in that we can use");
    result = login_by(i, &with, deadline, err);
    if (result < 0)
        return result;
    session_caps_enter(&i->caps, CAPS_LOGIN);
    return imap_capability(i, deadline, err);
}

int imap_begin(struct imap_client *i, const struct session_plan *plan, nsec deadline,
               struct error *err)
{
    int result = imap_greeting(i, deadline, err);
    if (result == 0 && !session_caps(&i->caps)->known)
        result = imap_capability(i, deadline, err);
    if (result == 0 && plan->context && !conn_in_tls(i->conn) && !i->preauth)
        result = imap_start_tls(i, plan->context, plan->tls, deadline, plan->leftover, err);
    if (result == 0 && plan->who && !i->preauth)
        result = imap_login(i, plan->who, deadline, err);
    return result;
}

int imap_logout(struct imap_client *i, nsec deadline, struct error *err)
{
    return imap_command_ok(i, S("LOGOUT"), ERR_REFUSED, deadline, err, NULL);
}

int imap_compress(struct imap_client *i, nsec deadline, struct error *err)
{
    int result = imap_command_ok(i, S("COMPRESS DEFLATE"), ERR_REFUSED, deadline, err, NULL);
    return result < 0 ? result : conn_start_compress(i->conn, err);
}

/* Logging in by any mechanism, and asking again what the server offers. */
#include "imap_response.h"
#include "step_table.h"

static const char *const keys[] = { "mechanism", "initial-response", "user", "password",
                                    "tokens",    "expect",           "save", "outline" };
static const char *const outcomes[] = { "ok", "refused" };
enum { MAX_TOKENS = 16 };

/* ---- login ---- */

static void check_expect(struct step_check *c, const struct node *expect)
{
    size_t i;
    if (!expect)
        return;
    node_word(expect, outcomes, COUNT(outcomes), "expect", &i, c->loader->problems);
    if (slice_eq_str(expect->text, "refused"))
        c->check->refuses = true;
}

void step_login_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const plain[] = { "ok" };
    bool flag;
    size_t i;
    if (value->kind == NODE_SCALAR) {
        node_word(value, plain, 1, "login", &i, c->loader->problems);
        expect_check(c, map);
        return;
    }
    if (!node_is(value, NODE_MAP, "login", c->loader->problems))
        return;
    node_only_keys(value, keys, COUNT(keys), "login", c->loader->problems);
    if (node_get(value, "initial-response"))
        node_bool(node_get(value, "initial-response"), "initial-response", &flag,
                  c->loader->problems);
    for (i = 2; i < 4; i++)
        if (node_get(value, keys[i]))
            step_check_text(c, node_get(value, keys[i]), keys[i]);
    const struct node *tokens = node_get(value, "tokens");
    if (tokens && node_is(tokens, NODE_LIST, "tokens", c->loader->problems) &&
        tokens->n > MAX_TOKENS)
        problem_add(c->loader->problems, tokens->at, "more than %d tokens", MAX_TOKENS);
    check_expect(c, node_get(value, "expect"));
    for (i = 6; i < 8; i++)
        if (node_get(value, keys[i]) &&
            node_is(node_get(value, keys[i]), NODE_SCALAR, keys[i], c->loader->problems))
            step_bind(c, node_get(value, keys[i])->text);
    expect_check(c, map);
}

static enum step_result credentials_from(struct device *d, const struct node *map,
                                         struct credentials *who)
{
    struct play *p = d->play;
    const struct node *user = node_get(map, "user"), *password = node_get(map, "password");
    const struct node *mechanism = node_get(map, "mechanism");
    enum step_result r = STEP_OK;
    device_credentials(d, who);
    who->allow_clear = true; /* the check decides; the engine never logs in in clear by itself */
    who->token = who->password;
    if (mechanism)
        r = play_expand(d, p, mechanism, &who->mechanism);
    if (r == STEP_OK && slice_eq_str(who->mechanism, "LOGIN-COMMAND"))
        who->mechanism = S("COMMAND");
    if (r == STEP_OK && user)
        r = play_expand(d, p, user, &who->user);
    if (r == STEP_OK && password && slice_eq_str(password->text, "wrong"))
        who->password = who->token = S("wr0ng-passw0rd");
    else if (r == STEP_OK && password)
        r = play_expand(d, p, password, &who->password);
    return r;
}

static size_t overrides_from(struct device *d, const struct node *map, struct sasl_override *out)
{
    const struct node *tokens = node_get(map, "tokens");
    size_t n = 0;
    for (size_t i = 0; tokens && i < tokens->n && i < MAX_TOKENS; i++) {
        const struct node *t = tokens->items[i];
        bool verbatim = t->tag && strcmp(t->tag, "!raw") == 0;
        slice bytes = t->text;
        if (!t->tag && play_expand(d, d->play, t, &bytes) != STEP_OK)
            continue;
        out[n++] = (struct sasl_override) { .round = (unsigned)i,
                                            .bytes = bytes,
                                            .verbatim = verbatim,
                                            .cancel = verbatim && slice_eq_str(bytes, "*") };
    }
    return n;
}

static int by_client(struct device *d, const struct credentials *who, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return imap_login(&d->client.imap, who, deadline, err);
    case PROTOCOL_POP3:
        return pop3_login(&d->client.pop3, who, deadline, err);
    default:
        return smtp_login(&d->client.smtp, who, deadline, err);
    }
}

static int by_sasl(struct device *d, const struct credentials *who, const struct node *map,
                   struct error *err)
{
    struct sasl_override overrides[MAX_TOKENS];
    struct sasl_outcome outcome = { 0 };
    const struct node *initial = node_get(map, "initial-response");
    struct sasl_options options = { .who = who,
                                    .overrides = overrides,
                                    .n_overrides = overrides_from(d, map, overrides) };
    options.initial = !initial                              ? SASL_INITIAL_AUTO
                      : slice_eq_str(initial->text, "true") ? SASL_INITIAL_SEND
                                                            : SASL_INITIAL_NEVER;
    slice tag = device_is_imap(d) ? device_new_tag(d) : (slice) { NULL, 0 };
    int r =
        sasl_login(d->conn, tag, &options, device_caps(d), now() + d->play->timeout, &outcome, err);
    if (r == 0 && outcome.bad_base64)
        return error_set(err, ERR_LOGIN, "a challenge of the server was not base64");
    return r;
}

/* The protocol's own login, or no mechanism named: the client library knows how. */
static bool is_own_login(slice mechanism)
{
    return !mechanism.n || slice_eq_str(mechanism, "COMMAND") || slice_eq_str(mechanism, "USER") ||
           slice_eq_str(mechanism, "APOP");
}

/* A real password goes in clear only where nobody else can read it. */
static bool would_show_password(const struct device *d, const struct credentials *who)
{
    static const char *const plain[] = { "",      "COMMAND", "USER",       "PLAIN",
                                         "LOGIN", "XOAUTH2", "OAUTHBEARER" };
    if (conn_in_tls(d->conn) || target_is_loopback(d->play->session->target) ||
        !slice_eq_str(who->password, d->account->password ? d->account->password : ""))
        return false;
    for (size_t i = 0; i < COUNT(plain); i++)
        if (slice_eq_nocase(who->mechanism, slice_of(plain[i])))
            return true;
    return false;
}

enum step_result step_login_run(struct play *p, struct device *d, const struct step *s,
                                const struct node *value, const struct node *map)
{
    struct credentials who;
    struct error err = { 0 };
    const struct node *m = step_ok_or_map(value), *expect = node_get(m, "expect");
    bool refused = expect && slice_eq_str(expect->text, "refused");
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    enum step_result r = credentials_from(d, m, &who);
    if (r != STEP_OK)
        return r;
    if (would_show_password(d, &who))
        return play_skip(p, "a password would go over the network in clear text");
    secrets_add(&p->session->secrets, who.password);
    invariants_command(d, S("AUTHENTICATE"));
    int result = is_own_login(who.mechanism) ? by_client(d, &who, &err) : by_sasl(d, &who, m, &err);
    bool verdict =
        result == 0 || result == ERR_LOGIN || result == ERR_NETWORK || result == ERR_TIMEOUT;
    if (!verdict)
        return play_error_from(p, &err);
    if (result == 0 && refused)
        return play_fail(p, s, d, expect, "%s was logged in", d->name);
    if (node_get(m, "save"))
        vars_set(&p->vars, node_get(m, "save")->text, slice_of(result < 0 ? err.text : ""));
    if (node_get(m, "outline"))
        vars_set(&p->vars, node_get(m, "outline")->text, slice_of(d->outline));
    if (result == 0 || (refused && result == ERR_LOGIN))
        return expect_where(d, s, map);
    play_fail(p, s, d, expect ? expect : value, "%s was not logged in: %s", d->name, err.text);
    play_fail_expected(p, refused ? S("refused") : S("ok"));
    return STEP_FAILED;
}

/* ---- capabilities ---- */

void step_capabilities_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const words[] = { "has", "lacks" };
    if (!node_is(value, NODE_MAP, "capabilities", c->loader->problems))
        return;
    node_only_keys(value, words, COUNT(words), "capabilities", c->loader->problems);
    for (size_t i = 0; i < COUNT(words); i++) {
        const struct node *items[EXPECT_ITEMS_MAX];
        size_t n = expect_items(node_get(value, words[i]), items, EXPECT_ITEMS_MAX);
        for (size_t k = 0; k < n; k++)
            step_check_text(c, items[k], words[i]);
    }
}

static int ask(struct device *d, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        invariants_command(d, S("CAPABILITY"));
        return imap_capability(&d->client.imap, deadline, err);
    case PROTOCOL_POP3:
        return pop3_capa(&d->client.pop3, deadline, err);
    default:
        return smtp_hello(&d->client.smtp, deadline, err);
    }
}

static bool offered(struct device *d, slice word)
{
    slice mechanism = slice_starts(word, S("AUTH=")) ? slice_skip(word, 5) : (slice) { NULL, 0 };
    return caps_has(device_caps(d), word) ||
           (mechanism.n && caps_has_mechanism(device_caps(d), mechanism));
}

static enum step_result judge_words(struct device *d, const struct step *s, const struct node *list,
                                    bool wanted)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t n = expect_items(list, items, EXPECT_ITEMS_MAX);
    for (size_t i = 0; i < n; i++) {
        slice word;
        enum step_result r = play_expand(d, d->play, items[i], &word);
        if (r != STEP_OK)
            return r;
        if (offered(d, word) == wanted)
            continue;
        auto_buf all;
        buf_init(&all, BUF_OURS);
        capabilities_text(device_caps(d), &all);
        play_fail(d->play, s, d, items[i], "%.*s is %s", SLICE_ARG(word),
                  wanted ? "not offered" : "offered here, which it must not be");
        play_fail_actual(d->play, buf_slice(&all), NULL);
        return STEP_FAILED;
    }
    return STEP_OK;
}

enum step_result step_capabilities_run(struct play *p, struct device *d, const struct step *s,
                                       const struct node *value, const struct node *map)
{
    struct error err = { 0 };
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    int r = ask(d, &err);
    if (r < 0)
        return step_client_failed(p, s, d, value, NULL, &err);
    enum step_result judged = judge_words(d, s, node_get(value, "has"), true);
    return judged == STEP_OK ? judge_words(d, s, node_get(value, "lacks"), false) : judged;
}

/* The target file: docs/targets.md describes it for people, reports/schemas/target.json for
   editors, and this reads it. */
#include "target.h"
#include <libgen.h>

struct loader {
    struct target *t;
    struct problems *problems;
    const char *folder;
};

static const char *text_of(struct loader *l, const struct node *n, const char *what)
{
    if (!n || !node_is(n, NODE_SCALAR, what, l->problems))
        return NULL;
    if (!n->text.n) {
        problem_add(l->problems, n->at, "%s is empty", what);
        return NULL;
    }
    return arena_str(&l->t->arena, n->text);
}

static const char *path_of(struct loader *l, const struct node *n, const char *what)
{
    const char *path = text_of(l, n, what);
    if (!path || path[0] == '/')
        return path;
    return arena_printf(&l->t->arena, "%s/%s", l->folder, path);
}

static void load_service(struct loader *l, const struct node *key, const struct node *value,
                         const char *host)
{
    static const char *const keys[] = { "host", "port", "tls" };
    const struct service *row = service_find(key->text);
    if (!row) {
        const char *names[SERVICE_COUNT];
        for (size_t i = 0; i < SERVICE_COUNT; i++)
            names[i] = services[i].name;
        const char *near = nearest_word(key->text, names, SERVICE_COUNT);
        problem_add(l->problems, key->at, "unknown service \"%.*s\"%s%s%s", SLICE_ARG(key->text),
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return;
    }
    struct target_service *s = &l->t->services[row->id];
    uint64_t port = row->port;
    size_t mode = row->implicit_tls ? TLS_MODE_IMPLICIT : TLS_MODE_STARTTLS;
    *s = (struct target_service) { true, host, row->port, (enum tls_mode)mode };
    if (value->kind == NODE_SCALAR) {
        node_u64(value, 65535, "a port", &port, l->problems);
    } else if (node_is(value, NODE_MAP, "a service", l->problems)) {
        node_only_keys(value, keys, COUNT(keys), "a service", l->problems);
        if (node_get(value, "port"))
            node_u64(node_get(value, "port"), 65535, "a port", &port, l->problems);
        if (node_get(value, "tls"))
            node_word(node_get(value, "tls"), tls_mode_names, TLS_MODES, "tls", &mode, l->problems);
        if (node_get(value, "host"))
            s->host = text_of(l, node_get(value, "host"), "host");
    }
    s->port = (uint16_t)port;
    if (!port)
        problem_add(l->problems, key->at, "a port is 1 to 65535");
    s->tls = (enum tls_mode)mode;
    if (!s->host)
        problem_add(l->problems, key->at, "the service has no host, and the file has none either");
}

static void load_services(struct loader *l, const struct node *root)
{
    const struct node *list = node_get(root, "services");
    const struct node *host = node_get(root, "host");
    const char *name = host ? text_of(l, host, "host") : NULL;
    if (!list || list->kind != NODE_MAP || !list->n) {
        problem_add(l->problems, list ? list->at : root->at,
                    "a target needs \"services\", such as services: {imaps: 993}");
        return;
    }
    for (size_t i = 0; i < list->n; i++)
        load_service(l, list->keys[i], list->items[i], name);
}

static void load_password(struct loader *l, const struct node *n, struct target_account *a)
{
    static const char *const keys[] = { "env", "file", "command" };
    if (n->kind == NODE_SCALAR) {
        problem_add(l->problems, n->at,
                    "a password does not stand in the file; say {env: NAME}, {file: PATH} or "
                    "{command: TEXT}");
        return;
    }
    if (!node_is(n, NODE_MAP, "a password", l->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "a password", l->problems);
    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct node *value = node_get(n, keys[i]);
        if (!value)
            continue;
        a->source = (enum password_source)(PASSWORD_ENV + i);
        a->source_text = a->source == PASSWORD_FILE ? path_of(l, value, "a password file")
                                                    : text_of(l, value, "a password source");
    }
    if (n->n != 1)
        problem_add(l->problems, n->at, "a password has exactly one of env, file and command");
}

static void load_account(struct loader *l, const struct node *n)
{
    static const char *const keys[] = { "user", "password", "address" };
    if (!node_is(n, NODE_MAP, "an account", l->problems))
        return;
    if (l->t->n_accounts == TARGET_MAX_ACCOUNTS) {
        problem_add(l->problems, n->at, "more than %d accounts", TARGET_MAX_ACCOUNTS);
        return;
    }
    struct target_account *a = &l->t->accounts[l->t->n_accounts++];
    node_only_keys(n, keys, COUNT(keys), "an account", l->problems);
    a->user = text_of(l, node_get(n, "user"), "user");
    a->address = text_of(l, node_get(n, "address"), "address");
    if (!a->user)
        problem_add(l->problems, n->at, "an account needs \"user\"");
    else if (!a->address && strchr(a->user, '@'))
        a->address = a->user;
    if (node_get(n, "password"))
        load_password(l, node_get(n, "password"), a);
}

static void load_accounts(struct loader *l, const struct node *list)
{
    if (!list || !node_is(list, NODE_LIST, "accounts", l->problems))
        return;
    for (size_t i = 0; i < list->n; i++)
        load_account(l, list->items[i]);
}

static void load_tls(struct loader *l, const struct node *n)
{
    static const char *const keys[] = { "ca", "name", "insecure" };
    if (!n || !node_is(n, NODE_MAP, "tls", l->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "tls", l->problems);
    l->t->ca_file = path_of(l, node_get(n, "ca"), "ca");
    l->t->tls_name = text_of(l, node_get(n, "name"), "name");
    if (node_get(n, "insecure"))
        node_bool(node_get(n, "insecure"), "insecure", &l->t->insecure, l->problems);
}

static void load_limits(struct loader *l, const struct node *n)
{
    static const char *const keys[] = { "connections", "per-second" };
    uint64_t value;
    if (!n || !node_is(n, NODE_MAP, "limits", l->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "limits", l->problems);
    if (node_get(n, "connections") &&
        node_u64(node_get(n, "connections"), 10000, "connections", &value, l->problems)) {
        l->t->max_connections = (unsigned)value;
        if (value < 2)
            problem_add(l->problems, node_get(n, "connections")->at,
                        "at least 2 connections are needed");
    }
    if (node_get(n, "per-second") &&
        node_u64(node_get(n, "per-second"), 100000, "per-second", &value, l->problems))
        l->t->rate = (double)value;
}

static void load_control(struct loader *l, const struct node *n)
{
    static const char *const keys[] = { "start", "stop", "reset" };
    if (!n || !node_is(n, NODE_MAP, "control", l->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "control", l->problems);
    l->t->start = text_of(l, node_get(n, "start"), "start");
    l->t->stop = text_of(l, node_get(n, "stop"), "stop");
    l->t->reset = text_of(l, node_get(n, "reset"), "reset");
}

static const char *const top_keys[] = { "name",     "host",    "services", "tls",
                                        "accounts", "outside", "next-hop", "disposable",
                                        "source",   "limits",  "control" };

bool target_load(const char *path, struct target *t, struct problems *problems)
{
    autofree char *copy = xstrdup(path);
    size_t before = problems->list.n;
    struct loader l = { t, problems, arena_str(&t->arena, slice_of(dirname(copy))) };
    struct node *root = node_load(path, path, &t->arena, problems);
    if (!root || !node_is(root, NODE_MAP, "a target file", problems))
        return false;
    node_only_keys(root, top_keys, COUNT(top_keys), "a target file", problems);
    load_services(&l, root);
    load_accounts(&l, node_get(root, "accounts"));
    load_tls(&l, node_get(root, "tls"));
    load_limits(&l, node_get(root, "limits"));
    load_control(&l, node_get(root, "control"));
    if (node_get(root, "name"))
        t->name = text_of(&l, node_get(root, "name"), "name");
    t->outside = text_of(&l, node_get(root, "outside"), "outside");
    t->next_hop = text_of(&l, node_get(root, "next-hop"), "next-hop");
    t->source = text_of(&l, node_get(root, "source"), "source");
    if (node_get(root, "disposable"))
        node_bool(node_get(root, "disposable"), "disposable", &t->disposable, problems);
    return problems->list.n == before;
}

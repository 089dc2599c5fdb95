/* Devices, givens and needs of a check. */
#include "check_private.h"

const char *const device_state_names[] = { "closed", "connected", "greeting",
                                           "tls",    "hello",     "login" };
const char *const device_kind_names[] = { "imap", "pop3", "smtp", "submission", "lmtp" };

enum { MAX_ACCOUNTS = 8 };

static void uses_account(struct check *c, unsigned account)
{
    if (c->accounts < account)
        c->accounts = account;
}

/* ---- devices ---- */

enum device_kind device_kind_of(enum service_id service)
{
    const struct service *s = &services[service];
    static const enum device_kind by_protocol[] = { [PROTOCOL_SMTP] = DEVICE_SMTP,
                                                    [PROTOCOL_LMTP] = DEVICE_LMTP,
                                                    [PROTOCOL_POP3] = DEVICE_POP3,
                                                    [PROTOCOL_IMAP] = DEVICE_IMAP };
    return s->role == ROLE_SUBMISSION ? DEVICE_SUBMISSION : by_protocol[s->protocol];
}

struct words {
    struct check_loader *l;
    const char *const *v;
    size_t n;
    const char *what;
};

static void check_word(void *ctx, const struct node *value)
{
    const struct words *w = ctx;
    size_t i;
    node_word(value, w->v, w->n, w->what, &i, w->l->problems);
}

/* A value that is one of `words`, or a variable of `each` whose values all are. */
static const struct node *word_or_variable(struct check_loader *l, const struct check *c,
                                           const struct node *n, const char *const *words,
                                           size_t count, const char *what)
{
    struct words w = { l, words, count, what };
    size_t i;
    if (!n || n->kind != NODE_SCALAR || !n->text.n || n->text.p[0] != '$')
        return n && node_word(n, words, count, what, &i, l->problems) ? n : NULL;
    if (!each_values(c->each, slice_skip(n->text, 1), check_word, &w))
        problem_add(l->problems, n->at, "\"%.*s\" is no variable of \"each\"", SLICE_ARG(n->text));
    return n;
}

/* One of the services that a device has in some variant. The first is that by which steps are
   validated. A POP3 login locks the maildrop (RFC 1939 section 4). */
struct services_of {
    struct check_loader *l;
    struct check *c;
    struct device_plan *d;
    bool any;
};

static void add_service(void *ctx, const struct node *n)
{
    struct services_of *of = ctx;
    const struct service *s = service_find(n->text);
    if (!s) {
        problem_add(of->l->problems, n->at, "\"%.*s\" is no service and no variable of \"each\"",
                    SLICE_ARG(n->text));
        return;
    }
    enum device_kind kind = device_kind_of(s->id);
    if (!of->any)
        of->d->kind = kind;
    of->any = true;
    of->c->exclusive |= kind == DEVICE_POP3 && n != of->d->service;
}

/* A device that is given by its service, or by a variable of `each`. */
static void kind_from_service(struct check_loader *l, struct check *c, struct device_plan *d,
                              const struct node *n)
{
    struct services_of of = { l, c, d, false };
    d->service = n;
    if (!n->text.n || n->text.p[0] != '$' ||
        !each_values(c->each, slice_skip(n->text, 1), add_service, &of))
        add_service(&of, n);
}

/* How it writes. */
static void check_shape(struct check_loader *l, const struct node *n)
{
    static const char *const words[] = { "bytes" };
    static const char *const keys[] = { "split", "slow" };
    uint64_t every;
    nsec delay;
    size_t i;
    if (!n || n->kind != NODE_MAP) {
        if (n)
            node_word(n, words, COUNT(words), "shape", &i, l->problems);
        return;
    }
    node_only_keys(n, keys, COUNT(keys), "shape", l->problems);
    if (node_get(n, "split") &&
        node_u64(node_get(n, "split"), 1 << 20, "split", &every, l->problems) && !every)
        problem_add(l->problems, node_get(n, "split")->at, "split is at least 1");
    if (node_get(n, "slow"))
        node_duration(node_get(n, "slow"), "slow", &delay, l->problems);
}

static void load_device_map(struct check_loader *l, struct check *c, struct device_plan *d,
                            const struct node *map)
{
    static const char *const keys[] = { "protocol", "service", "account", "state",
                                        "tls",      "shape",   "source" };
    uint64_t account = 1;
    size_t kind = 0;
    node_only_keys(map, keys, COUNT(keys), "a device", l->problems);
    if (node_get(map, "protocol") && node_word(node_get(map, "protocol"), device_kind_names,
                                               DEVICE_KINDS, "protocol", &kind, l->problems))
        d->kind = (enum device_kind)kind;
    if (node_get(map, "service") &&
        node_is(node_get(map, "service"), NODE_SCALAR, "service", l->problems))
        kind_from_service(l, c, d, node_get(map, "service"));
    else if (!node_get(map, "protocol"))
        problem_add(l->problems, map->at, "a device needs \"protocol\" or \"service\"");
    if (node_get(map, "account") &&
        node_u64(node_get(map, "account"), MAX_ACCOUNTS, "account", &account, l->problems) &&
        !account)
        problem_add(l->problems, node_get(map, "account")->at, "accounts count from 1");
    d->account = account ? (unsigned)account : 1;
    d->state = word_or_variable(l, c, node_get(map, "state"), device_state_names, 6, "state");
    d->tls = word_or_variable(l, c, node_get(map, "tls"), tls_mode_names, TLS_MODES, "tls");
    d->shape = node_get(map, "shape");
    check_shape(l, d->shape);
    d->source = node_get(map, "source");
    if (d->source)
        node_is(d->source, NODE_SCALAR, "source", l->problems);
}

void check_load_devices(struct check_loader *l, struct check *c, const struct node *map)
{
    if (!map || !node_is(map, NODE_MAP, "devices", l->problems))
        return;
    c->devices = arena_new_n(l->arena, struct device_plan, map->n + 1);
    for (size_t i = 0; i < map->n; i++) {
        const struct node *value = map->items[i];
        struct device_plan *d = &c->devices[c->n_devices++];
        size_t kind = 0;
        *d = (struct device_plan) { .name = arena_str(l->arena, map->keys[i]->text),
                                    .at = map->keys[i]->at,
                                    .account = 1 };
        if (value->kind == NODE_SCALAR) {
            if (node_word(value, device_kind_names, DEVICE_KINDS, "a device", &kind, l->problems))
                d->kind = (enum device_kind)kind;
        } else if (node_is(value, NODE_MAP, "a device", l->problems)) {
            load_device_map(l, c, d, value);
        }
        uses_account(c, d->account);
    }
}

/* ---- given ---- */

static struct node **messages_of(struct check_loader *l, const struct node *n, size_t *ret_n)
{
    *ret_n = 0;
    if (!n || !node_is(n, NODE_LIST, "messages", l->problems))
        return NULL;
    *ret_n = n->n;
    return n->items;
}

static struct mailbox_plan *add_mailbox(struct check_loader *l, struct check *c, const char *name,
                                        unsigned account)
{
    struct mailbox_plan *all = arena_new_n(l->arena, struct mailbox_plan, c->n_mailboxes + 1);
    if (c->n_mailboxes)
        memcpy(all, c->mailboxes, c->n_mailboxes * sizeof *all);
    c->mailboxes = all;
    all[c->n_mailboxes] = (struct mailbox_plan) { .name = name, .account = account };
    uses_account(c, account);
    if (!name[0])
        c->needs_disposable = c->exclusive = true;
    return &all[c->n_mailboxes++];
}

static void load_mailboxes(struct check_loader *l, struct check *c, const struct node *n)
{
    if (n->kind == NODE_LIST) {
        for (size_t i = 0; i < n->n; i++)
            if (node_is(n->items[i], NODE_SCALAR, "a mailbox", l->problems))
                add_mailbox(l, c, arena_str(l->arena, n->items[i]->text), 1);
    } else if (node_is(n, NODE_MAP, "mailboxes", l->problems)) {
        for (size_t i = 0; i < n->n; i++) {
            struct mailbox_plan *m = add_mailbox(l, c, arena_str(l->arena, n->keys[i]->text), 1);
            m->messages = messages_of(l, n->items[i], &m->n);
        }
    }
}

void check_load_given(struct check_loader *l, struct check *c, const struct node *map)
{
    static const char *const keys[] = { "mailbox", "mailboxes", "messages", "inbox", "inbox2" };
    if (!map || !node_is(map, NODE_MAP, "given", l->problems))
        return;
    node_only_keys(map, keys, COUNT(keys), "given", l->problems);
    const struct node *mailbox = node_get(map, "mailbox"), *messages = node_get(map, "messages");
    if (mailbox && node_is(mailbox, NODE_SCALAR, "mailbox", l->problems)) {
        struct mailbox_plan *m = add_mailbox(l, c, arena_str(l->arena, mailbox->text), 1);
        m->messages = messages_of(l, messages, &m->n);
    } else if (messages) {
        c->loose = messages_of(l, messages, &c->n_loose);
    }
    if (node_get(map, "mailboxes"))
        load_mailboxes(l, c, node_get(map, "mailboxes"));
    for (unsigned account = 1; account <= 2; account++) {
        const struct node *inbox = node_get(map, account == 1 ? "inbox" : "inbox2");
        if (!inbox)
            continue;
        struct mailbox_plan *m = add_mailbox(l, c, "", account);
        m->messages = messages_of(l, inbox, &m->n);
    }
}

/* ---- needs ---- */

static void add_need(struct check_loader *l, struct check *c, enum device_kind kind,
                     const struct node *list)
{
    slice *words;
    size_t count = node_strings(list, "capabilities", l->arena, &words, l->problems);
    struct need *all = arena_new_n(l->arena, struct need, c->n_needs + count + 1);
    if (c->n_needs)
        memcpy(all, c->needs, c->n_needs * sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[c->n_needs++] = (struct need) { kind, words[i], list->at };
    if (!count)
        all[c->n_needs++] = (struct need) { kind, { NULL, 0 }, list->at };
    c->needs = all;
}

static void need_services(struct check_loader *l, struct check *c, const struct node *list)
{
    slice *words;
    size_t count = node_strings(list, "services", l->arena, &words, l->problems);
    for (size_t i = 0; i < count; i++) {
        const struct service *s = service_find(words[i]);
        if (s)
            c->service_needed[s->id] = true;
        else
            problem_add(l->problems, list->at, "unknown service \"%.*s\"", SLICE_ARG(words[i]));
    }
}

void check_load_needs(struct check_loader *l, struct check *c, const struct node *map)
{
    static const char *const keys[] = { "imap",    "pop3",       "smtp",     "submission",
                                        "lmtp",    "services",   "accounts", "next-hop",
                                        "outside", "disposable", "restart",  "certificates" };
    uint64_t accounts;
    if (!map || !node_is(map, NODE_MAP, "needs", l->problems))
        return;
    node_only_keys(map, keys, COUNT(keys), "needs", l->problems);
    for (size_t k = 0; k < DEVICE_KINDS; k++)
        if (node_get(map, device_kind_names[k]))
            add_need(l, c, (enum device_kind)k, node_get(map, device_kind_names[k]));
    if (node_get(map, "services"))
        need_services(l, c, node_get(map, "services"));
    if (node_get(map, "accounts") &&
        node_u64(node_get(map, "accounts"), MAX_ACCOUNTS, "accounts", &accounts, l->problems))
        uses_account(c, (unsigned)accounts);
    struct {
        const char *key;
        bool *flag;
    } flags[] = { { "next-hop", &c->needs_next_hop },
                  { "outside", &c->needs_outside },
                  { "disposable", &c->needs_disposable },
                  { "restart", &c->needs_restart },
                  { "certificates", &c->needs_certificates } };
    for (size_t i = 0; i < COUNT(flags); i++) {
        bool said = false; /* "false" takes back nothing that a given implies */
        if (node_get(map, flags[i].key))
            node_bool(node_get(map, flags[i].key), flags[i].key, &said, l->problems);
        *flags[i].flag |= said;
    }
    c->exclusive |= c->needs_disposable || c->needs_restart;
}

/* Which service, account and state a device has: from the plan, the variant and the target. */
#include "device_private.h"
#include "base64.h"
#include <stdio.h>

/* A plan's word with the variant's variables in place. */
static slice word_of(struct play *p, const struct node *n)
{
    slice text = { NULL, 0 };
    if (n && play_expand(NULL, p, n, &text) != STEP_OK)
        return (slice) { NULL, 0 };
    return text;
}

static bool kind_has(enum device_kind kind, enum service_id id)
{
    static const enum mail_protocol protocols[] = { PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_SMTP,
                                                    PROTOCOL_SMTP, PROTOCOL_LMTP };
    const struct service *s = &services[id];
    if (s->protocol != protocols[kind])
        return false;
    return s->protocol != PROTOCOL_SMTP ||
           (s->role == ROLE_SUBMISSION) == (kind == DEVICE_SUBMISSION);
}

/* The best service: implicit TLS, else STARTTLS, else clear text; port 25 before 2525. A check of
   what is announced before TLS wants a clear start. */
static int best_service(const struct target *t, enum device_kind kind, bool clear_start)
{
    int best = -1;
    for (int id = 0; id < SERVICE_COUNT; id++) {
        const struct target_service *s = &t->services[id];
        if (!s->present || !kind_has(kind, (enum service_id)id))
            continue;
        bool better = best < 0 || (clear_start ? s->tls < t->services[best].tls
                                               : s->tls > t->services[best].tls);
        if (better)
            best = id;
    }
    return best;
}

static bool choose_service(struct device *d, struct play *p)
{
    const struct target *t = p->session->target;
    slice name = word_of(p, d->plan->service);
    bool clear_start = p->check->advertised.n && p->planned->state != STATE_LOGIN;
    int id = best_service(t, d->kind, clear_start);
    if (name.n) {
        const struct service *s = service_find(name);
        id = s && t->services[s->id].present ? (int)s->id : -1;
        if (id < 0)
            p->skip = arena_printf(&p->arena, "the target has no service %.*s", SLICE_ARG(name));
    } else if (id < 0) {
        p->skip =
            arena_printf(&p->arena, "the target has no %s service", device_kind_names[d->kind]);
    }
    if (id < 0)
        return false;
    d->service = (enum service_id)id;
    d->kind = device_kind_of(d->service);
    d->tls = t->services[id].tls;
    return true;
}

static bool choose_tls(struct device *d, struct play *p)
{
    slice word = word_of(p, d->plan->tls);
    if (!word.n)
        return true;
    enum tls_mode mode = TLS_MODE_NONE;
    while (mode < TLS_MODE_IMPLICIT && !slice_eq_str(word, tls_mode_names[mode]))
        mode++;
    /* On a port of implicit TLS there is nothing to say in clear, but it may be looked at. */
    bool looks = mode == TLS_MODE_NONE && device_wanted_state(d) <= STATE_CONNECTED;
    if ((d->tls == TLS_MODE_IMPLICIT) != (mode == TLS_MODE_IMPLICIT) && !looks) {
        p->skip = arena_printf(&p->arena, "the service %s is %s TLS", services[d->service].name,
                               d->tls == TLS_MODE_IMPLICIT ? "implicit" : "not implicit");
        return false;
    }
    if (d->tls == TLS_MODE_NONE && mode == TLS_MODE_STARTTLS) {
        p->skip = arena_printf(&p->arena, "the service %s has no TLS, as the target file says",
                               services[d->service].name);
        return false;
    }
    d->tls = mode;
    return true;
}

void device_bind_accounts(struct vars *vars, const struct target *t)
{
    char name[24];
    for (size_t i = 0; i < t->n_accounts; i++) {
        snprintf(name, sizeof name, "user%zu", i + 1);
        vars_set_text(vars, name, t->accounts[i].user);
        snprintf(name, sizeof name, "address%zu", i + 1);
        if (t->accounts[i].address)
            vars_set_text(vars, name, t->accounts[i].address);
    }
}

/* $sasl-plain: what PLAIN sends (RFC 4616 section 2), in base64, for dialogues that a check writes
   out. It is as secret as the password. */
static void bind_plain(struct device *d)
{
    auto_buf message, text;
    buf_init(&message, BUF_OURS);
    buf_init(&text, BUF_OURS);
    buf_addc(&message, '\0');
    buf_adds(&message, d->account->user);
    buf_addc(&message, '\0');
    buf_adds(&message, d->account->password);
    base64_encode(buf_slice(&message), &text);
    vars_set(&d->vars, S("sasl-plain"), buf_slice(&text));
    secrets_add(&d->play->session->secrets, buf_slice(&text));
}

static void bind(struct device *d, const struct target *t)
{
    vars_set_text(&d->vars, "user", d->account->user);
    if (d->account->password) {
        vars_set_text(&d->vars, "password", d->account->password);
        bind_plain(d);
    }
    if (d->account->address)
        vars_set_text(&d->vars, "address", d->account->address);
    vars_set_text(&d->vars, "service", services[d->service].name);
    vars_set_text(&d->vars, "host", t->services[d->service].host);
}

bool device_resolve(struct device *d, struct play *p, const struct device_plan *plan)
{
    const struct target *t = p->session->target;
    *d = (struct device) { .plan = plan, .name = plan->name, .kind = plan->kind, .play = p };
    d->pending_end = &d->pending;
    static const struct target_account nobody = { .user = "nobody", .password = "" };
    if (plan->account <= t->n_accounts) {
        d->account = &t->accounts[plan->account - 1];
    } else if (plan->account == 1) {
        d->account = &nobody; /* a device that never logs in needs none */
    } else {
        p->skip = arena_printf(&p->arena, "the target has fewer than %u accounts", plan->account);
        return false;
    }
    if (!choose_service(d, p) || !choose_tls(d, p))
        return false;
    bind(d, t);
    return true;
}

enum device_state device_wanted_state(struct device *d)
{
    struct play *p = d->play;
    slice word = word_of(p, d->plan->state);
    if (p->check->advertised.n && !word.n)
        return p->planned->state;
    for (int i = 0; word.n && i <= STATE_LOGIN; i++)
        if (slice_eq_str(word, device_state_names[i]))
            return (enum device_state)i;
    return d->kind == DEVICE_SMTP || d->kind == DEVICE_LMTP ? STATE_HELLO : STATE_LOGIN;
}

void device_plan_shape(struct device *d, struct shape *shape)
{
    const struct node *n = d->plan->shape;
    uint64_t number;
    if (!n)
        return;
    if (n->kind == NODE_SCALAR && slice_eq_str(n->text, "bytes"))
        shape->every = 1;
    if (node_get(n, "split") && slice_to_u64(node_get(n, "split")->text, 1 << 20, &number))
        shape->every = (size_t)number;
    if (node_get(n, "slow"))
        duration_parse(node_get(n, "slow")->text, &shape->delay);
}

/* One play from its needs to its result. */
#include "given.h"
#include "invariant.h"
#include "lease.h"
#include <stdio.h>

/* ---- may it run at all? ---- */

static bool kind_needed(const struct play *p, enum device_kind kind)
{
    const struct check *c = p->check;
    for (size_t i = 0; i < c->n_devices; i++)
        if (p->devices[i].kind == kind)
            return true;
    for (size_t i = 0; i < c->n_needs; i++)
        if (c->needs[i].kind == kind)
            return true;
    return false;
}

static bool target_has_kind(const struct target *t, enum device_kind kind)
{
    for (int id = 0; id < SERVICE_COUNT; id++)
        if (t->services[id].present && device_kind_of((enum service_id)id) == kind)
            return true;
    return false;
}

/* How many are open at the same time. */
static unsigned connections_needed(const struct check *c)
{
    unsigned n = (unsigned)c->n_devices + c->fresh_login;
    return n ? n : 1;
}

static const char *why_not_permitted(struct play *p)
{
    const struct check *c = p->check;
    const struct target *t = p->session->target;
    for (int k = 0; k < DEVICE_KINDS; k++)
        if (kind_needed(p, (enum device_kind)k) && !target_has_kind(t, (enum device_kind)k))
            return arena_printf(&p->arena, "the target has no %s service", device_kind_names[k]);
    for (int id = 0; id < SERVICE_COUNT; id++)
        if (c->service_needed[id] && !t->services[id].present)
            return arena_printf(&p->arena, "the target has no service %s", services[id].name);
    if (c->accounts > 1 && t->n_accounts < c->accounts)
        return arena_printf(&p->arena, "needs %u accounts, the target has %zu", c->accounts,
                            t->n_accounts);
    for (unsigned i = 0; c->needs_addresses && i < c->accounts; i++)
        if (i < t->n_accounts && !t->accounts[i].address)
            return arena_printf(&p->arena, "the target file gives no address of %s",
                                t->accounts[i].user);
    if (connections_needed(c) > t->max_connections)
        return arena_printf(&p->arena, "needs %u connections at once, the target allows %u",
                            connections_needed(c), t->max_connections);
    if (c->needs_disposable && !t->disposable)
        return "touches mail that is not its own; allowed only on a target with \"disposable: "
               "true\"";
    if (c->needs_next_hop && !t->next_hop && !p->session->next_hop)
        return "the target relays nowhere that we can see (\"next-hop\" in the target file)";
    if (c->needs_outside && !t->outside)
        return "the target file names no \"outside\" address";
    if (c->needs_restart && !target_can_restart(t))
        return "the target file does not say how to restart the target";
    if (c->needs_certificates && t->insecure)
        return "certificates are not verified (--insecure)";
    if (c->slow && !p->session->options->slow)
        return "lets a long time pass; runs with --slow";
    return NULL;
}

/* Does a device of this kind take over in one of these states? */
static bool any_starts(struct play *p, enum device_kind kind, enum device_state from,
                       enum device_state to)
{
    for (size_t i = 0; i < p->check->n_devices; i++) {
        struct device *d = &p->devices[i];
        if (d->kind == kind && device_wanted_state(d) >= from && device_wanted_state(d) <= to)
            return true;
    }
    return false;
}

/* What is said of the login is listed `before` it alone. */
static bool is_about_login(slice word)
{
    return slice_eq_nocase(word, S("LOGINDISABLED")) || slice_eq_nocase(word, S("SASL-IR"));
}

/* "A|B" is either, "!A" is not offered. What stands in `before` was listed
   before the login: mechanisms count there in any case, others when the check starts `early`. */
static bool capability_met(const struct capabilities *caps, const struct capabilities *before,
                           bool early, slice need)
{
    bool negated = need.n && need.p[0] == '!';
    slice rest = slice_skip(need, negated), word;
    bool has = false;
    while (slice_cut(&rest, '|', &word)) {
        slice mechanism =
            slice_starts(word, S("AUTH=")) ? slice_skip(word, 5) : (slice) { NULL, 0 };
        has |= caps_has(caps, word);
        has |= (early || is_about_login(word)) && caps_has(before, word);
        has |= mechanism.n &&
               (caps_has_mechanism(caps, mechanism) || caps_has_mechanism(before, mechanism));
    }
    return has != negated;
}

/* A need may name a value of `each`: "AUTH=$mechanism". */
static slice need_of_variant(struct play *p, slice need)
{
    slice missing;
    auto_buf text;
    buf_init(&text, BUF_OURS);
    bool good = vars_expand(&p->vars, need, &text, &missing);
    return good && text.n ? arena_dup(&p->arena, buf_slice(&text)) : need;
}

static enum step_result capabilities_met(struct play *p)
{
    struct error err = { 0 };
    for (size_t i = 0; i < p->check->n_needs; i++) {
        const struct need *need = &p->check->needs[i];
        if (!need->capability.n)
            continue;
        const struct probe *probe = session_probe(p->session, need->kind, &err);
        if (!probe)
            return play_error_from(p, &err);
        slice capability = need_of_variant(p, need->capability);
        bool early = any_starts(p, need->kind, STATE_CLOSED, STATE_HELLO);
        if (capability_met(&probe->caps, &probe->before, early, capability))
            continue;
        bool negated = capability.p[0] == '!';
        p->skip = arena_printf(&p->arena, "%s %.*s", negated ? "offers" : "does not offer",
                               SLICE_ARG(slice_skip(capability, negated)));
    }
    return STEP_OK;
}

/* A check that takes over before a login may work where a plain session does not; one that reads
   the greeting at most and does the rest by its own steps finds out for itself what does not. */
static bool is_hopeless(struct play *p, enum device_kind kind, const struct probe *probe)
{
    int code = probe->error.code;
    bool brings = p->check->n_mailboxes || p->check->uses_prefix;
    if (code == ERR_LOGIN) /* not tried again by every check: accounts get locked */
        return any_starts(p, kind, STATE_LOGIN, STATE_LOGIN) || (brings && kind == DEVICE_IMAP);
    if (probe->spoke && any_starts(p, kind, STATE_CLOSED, STATE_HELLO))
        return false;
    if (probe->reached && !brings && !any_starts(p, kind, STATE_TLS, STATE_LOGIN))
        return false;
    return code == ERR_NETWORK || code == ERR_TIMEOUT || code == ERR_RATE;
}

/* A kind that cannot be reached at all is said once per run, not waited for by every check. */
static enum step_result kinds_reachable(struct play *p)
{
    struct error err = { 0 };
    for (int k = 0; k < DEVICE_KINDS; k++) {
        if (!kind_needed(p, (enum device_kind)k) || p->session->probes[k].done)
            continue;
        session_probe(p->session, (enum device_kind)k, &err);
    }
    for (int k = 0; k < DEVICE_KINDS; k++) {
        const struct probe *probe = &p->session->probes[k];
        if (kind_needed(p, (enum device_kind)k) && probe->done &&
            is_hopeless(p, (enum device_kind)k, probe))
            return play_error_from(p, &probe->error);
    }
    return STEP_OK;
}

/* ---- sane before and after ---- */

static enum step_result sane(struct play *p, const char *when)
{
    struct error err = { 0 };
    for (int k = 0; k < DEVICE_KINDS && p->check->refuses; k++) {
        bool used = false;
        for (size_t i = 0; i < p->check->n_devices; i++)
            used |= p->devices[i].kind == (enum device_kind)k;
        if (!used || probe_kind(p->session, (enum device_kind)k, &err) == 0)
            continue;
        error_prefix(&err,
                     "a plain session does not work %s the check, so its refusals prove nothing",
                     when);
        return play_error_from(p, &err);
    }
    return STEP_OK;
}

/* ---- the play ---- */

/* Before all else: which kinds of service a variant needs depends on it. */
static void resolve_devices(struct play *p)
{
    const struct check *c = p->check;
    for (size_t i = 0; i < c->n_devices && !p->skip; i++)
        device_resolve(&p->devices[i], p, &c->devices[i]); /* false: p->skip says why */
}

static enum step_result open_devices(struct play *p)
{
    const struct check *c = p->check;
    struct error err = { 0 };
    for (size_t i = 0; i < c->n_devices; i++) {
        int r = device_open(&p->devices[i], device_wanted_state(&p->devices[i]), &err);
        if (r < 0)
            return play_error_from(p, &err);
    }
    return STEP_OK;
}

/* Of an "advertised" variant: is it, in this state? */
static enum step_result is_advertised(struct play *p)
{
    struct device *d = &p->devices[0];
    if (!p->check->advertised.n || p->skip)
        return STEP_OK;
    if (p->planned->state == STATE_TLS && d->tls != TLS_MODE_STARTTLS) {
        p->skip = "no service of the target goes from clear text to TLS";
        return STEP_OK;
    }
    struct error err = { 0 };
    struct capabilities *caps = device_caps(d);
    int r = 0;
    if (!caps->known && device_is_imap(d))
        r = imap_capability(&d->client.imap, now() + p->timeout, &err);
    else if (!caps->known && device_protocol(d) == PROTOCOL_POP3)
        r = pop3_capa(&d->client.pop3, now() + p->timeout, &err);
    else if (!caps->known)
        r = smtp_hello(&d->client.smtp, now() + p->timeout, &err);
    if (r < 0)
        return play_error_from(p, &err);
    if (!capability_met(device_caps(d), device_caps(d), false, p->check->advertised))
        p->skip = arena_printf(&p->arena, "%.*s is not offered in this state",
                               SLICE_ARG(p->check->advertised));
    return STEP_OK;
}

static enum step_result steps_and_always(struct play *p)
{
    enum step_result r = steps_run(p, p->check->steps);
    if (!p->check->always)
        return r;
    struct play_failure first = p->failure;
    struct error first_error = p->error;
    bool skipped = p->skip != NULL; /* then what `always` would undo may never have been done */
    if (r != STEP_OK || skipped)
        p->failure = (struct play_failure) { .differs_from = SIZE_MAX };
    p->breach.id = NULL; /* it has had its say */
    bool was = task_shield(true);
    enum step_result then = steps_run(p, p->check->always);
    task_shield(was);
    if (r == STEP_OK && !skipped)
        return then;
    play_failure_clear(&p->failure);
    p->failure = first;
    p->error = first_error;
    return r;
}

static enum step_result act(struct play *p)
{
    struct error err = { 0 };
    enum step_result r = sane(p, "before");
    if (r == STEP_OK && given_make(p, &err) < 0)
        r = p->skip ? STEP_OK : play_error_from(p, &err);
    if (r == STEP_OK && !p->skip)
        r = open_devices(p);
    if (r == STEP_OK && !p->skip)
        r = is_advertised(p);
    if (r == STEP_OK && !p->skip)
        r = steps_and_always(p);
    for (size_t i = 0; i < p->check->n_devices; i++) {
        device_leave(&p->devices[i]);
        device_close(&p->devices[i]);
    }
    if (!p->session->options->keep)
        given_remove(p);
    if (r == STEP_OK && !p->skip)
        r = sane(p, "after");
    return r;
}

static enum step_result run_leased(struct play *p)
{
    const struct check *c = p->check;
    enum step_result r = capabilities_met(p);
    if (r != STEP_OK || p->skip)
        return r;
    const struct lease lease = { c->accounts, c->exclusive, connections_needed(c) };
    if (!lease_take(p->session->leases, &lease))
        return play_error(p, ERR_CANCEL, "interrupted");
    p->started = now();
    r = act(p);
    lease_give(p->session->leases, &lease);
    return r;
}

/* ---- the result ---- */

static void copy_failure(struct play *p, struct result *result)
{
    struct session *s = p->session;
    const struct play_failure *f = &p->failure;
    struct result_failure *out =
        result_fail(s->run, result, "%s", session_text(s, slice_of(f->message)));
    struct place at = f->at ? f->at->at : p->check->at;
    out->file = at.file;
    out->line = (int)at.line;
    out->column = (int)at.column;
    out->length = (int)at.length;
    out->source_line = session_text(s, problem_line(&s->library->problems, at.file, at.line));
    out->device = f->device ? session_text(s, slice_of(f->device)) : NULL;
    const char *why =
        f->step && f->step->why ? arena_str(&p->arena, f->step->why->text) : p->check->why;
    out->why = why ? session_text(s, slice_of(why)) : NULL;
    if (f->step && f->step->title)
        out->step = session_text(s, f->step->title->text);
    for (size_t i = 0; i < f->expected.n; i++)
        *array_push(&out->expected) = session_text(s, f->expected.v[i]);
    for (size_t i = 0; i < f->more.n; i++)
        *array_push(&out->more) = session_text(s, slice_of(f->more.v[i]));
    if (!f->has_actual)
        return;
    if (secrets_found(&s->secrets, f->actual) || f->differs_from == SIZE_MAX) {
        auto_buf masked;
        buf_init(&masked, BUF_OURS);
        secrets_mask(&s->secrets, f->actual, &masked);
        failure_actual(s->run, out, buf_slice(&masked), SIZE_MAX, SIZE_MAX, NULL);
    } else {
        failure_actual(s->run, out, f->actual, f->differs_from, f->differs_to,
                       f->wanted.n ? session_text(s, f->wanted) : NULL);
    }
}

static void copy_transcript(struct play *p, struct result *result)
{
    static const enum event_kind kinds[] = { EVENT_SENT, EVENT_RECEIVED, EVENT_NOTE };
    for (size_t i = 0; i < transcript_count(p->transcript); i++) {
        const struct transcript_entry *e = transcript_at(p->transcript, i);
        auto_buf text;
        buf_init(&text, BUF_OURS);
        buf_add(&text, e->head);
        if (e->left_out)
            buf_addf(&text, "\r\n[... %zu octets left out ...]\r\n", e->left_out);
        buf_add(&text, e->tail);
        result_event(p->session->run, result, e->at - p->started,
                     run_text(p->session->run, slice_of(e->device)), kinds[e->direction], e->in_tls,
                     buf_slice(&text));
    }
}

/* Where the target refuses our account as such, what a check saw says nothing about the server:
   the password may be wrong. On the bundled servers it is known to be right. */
static bool account_is_refused(const struct play *p)
{
    for (int k = 0; k < DEVICE_KINDS && !p->session->target->accounts_work; k++)
        if (kind_needed(p, (enum device_kind)k) && p->session->probes[k].error.code == ERR_LOGIN)
            return true;
    return false;
}

static void conclude(struct play *p, struct result *result, enum step_result r)
{
    struct session *s = p->session;
    if (r == STEP_FAILED && account_is_refused(p))
        r = play_error(p, ERR_LOGIN, "the account is refused, so a verdict would prove nothing: %s",
                       p->failure.message);
    result->duration = now() - p->started;
    result->devices = (int)p->check->n_devices;
    result->connections = p->connections;
    if (p->skip) {
        result->raw = OUTCOME_SKIP;
        result->reason = session_text(s, slice_of(p->skip));
    } else if (r == STEP_OK) {
        result->raw = OUTCOME_PASS;
    } else if (r == STEP_FAILED) {
        result->raw = level_failed(p->check->level);
        copy_failure(p, result);
    } else {
        result->raw = OUTCOME_ERROR;
        result->error = p->error.code;
        result->reason = session_text(s, slice_of(p->error.text));
        if (p->error.code == ERR_RATE)
            s->run->rate_limited = true;
    }
    copy_transcript(p, result);
    if (s->options->rerun)
        result->rerun = run_textf(s->run, "mailassay run '%s' %s", result->id, s->options->rerun);
}

/* What stands behind the @; NULL when there is none. */
static const char *domain_of(const char *address)
{
    const char *at = address ? strrchr(address, '@') : NULL;
    return at ? at + 1 : NULL;
}

static void bind_domains(struct play *p, const struct target *t)
{
    const char *domain = domain_of(t->n_accounts ? t->accounts[0].address : NULL);
    const char *outside = domain_of(t->outside);
    if (outside)
        vars_set_text(&p->vars, "outside.domain", outside);
    if (!domain)
        return;
    char *upper = arena_str(&p->arena, slice_of(domain));
    for (char *c = upper; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    vars_set_text(&p->vars, "domain", domain);
    vars_set_text(&p->vars, "domain.upper", upper);
}

static void bind_start(struct play *p)
{
    const struct target *t = p->session->target;
    vars_set_text(&p->vars, "run", p->session->run_word);
    for (size_t i = 0; i < p->planned->n_bindings; i++)
        vars_set(&p->vars, p->planned->bindings[i].name, p->planned->bindings[i].value);
    device_bind_accounts(&p->vars, t);
    if (t->outside)
        vars_set_text(&p->vars, "outside", t->outside);
    bind_domains(p, t);
}

static void play_release(struct play *p)
{
    for (size_t i = 0; i < p->check->n_devices; i++) {
        device_close(&p->devices[i]);
        vars_release(&p->devices[i].vars);
    }
    play_failure_clear(&p->failure);
    array_release(&p->signalled);
    transcript_free(p->transcript);
    vars_release(&p->vars);
    arena_release(&p->arena);
}

void play_run(struct session *s, const struct planned *planned, struct result *result)
{
    struct play p = { .session = s,
                      .planned = planned,
                      .check = planned->check,
                      .result = result,
                      .transcript = transcript_new(&s->secrets),
                      .started = now(),
                      .timeout = s->options->timeout ? s->options->timeout : SECONDS(10) };
    p.failure.differs_from = SIZE_MAX;
    p.devices = arena_new_n(&p.arena, struct device, p.check->n_devices + 1);
    bind_start(&p);
    enum step_result r = STEP_OK;
    resolve_devices(&p);
    if (!p.skip)
        p.skip = why_not_permitted(&p);
    if (!p.skip)
        r = kinds_reachable(&p);
    if (!p.skip && r == STEP_OK)
        r = run_leased(&p);
    conclude(&p, result, r);
    play_release(&p);
}

/* Plain sessions: what a kind of device finds, and whether the target is sane. */
#include "session.h"
#include "imap_response.h"
#include "smtp_reply.h"

/* A play without a check, so that devices can be used. */
static void probe_play(struct session *s, struct play *p, struct planned *planned,
                       struct check *check)
{
    *check = (struct check) { .id = "(probe)", .name = "probe" };
    *planned = (struct planned) { .check = check, .id = check->id };
    *p = (struct play) { .session = s,
                         .planned = planned,
                         .check = check,
                         .started = now(),
                         .timeout = s->options->timeout ? s->options->timeout : SECONDS(10) };
    p->failure.differs_from = SIZE_MAX;
}

static int harmless(struct device *d, struct error *err)
{
    nsec deadline = now() + d->play->timeout;
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        return imap_command_ok(&d->client.imap, S("NOOP"), ERR_REFUSED, deadline, err, NULL);
    case PROTOCOL_POP3:
        return pop3_command_ok(&d->client.pop3, S("NOOP"), ERR_REFUSED, deadline, err);
    default:
        return smtp_command_expect(&d->client.smtp, S("NOOP"), 2, ERR_REFUSED, deadline, err);
    }
}

static void end(struct device *d)
{
    struct error ignored;
    nsec deadline = now() + SECONDS(2);
    switch (device_protocol(d)) {
    case PROTOCOL_IMAP:
        imap_logout(&d->client.imap, deadline, &ignored);
        break;
    case PROTOCOL_POP3:
        device_leave(d);
        break;
    default:
        smtp_quit(&d->client.smtp, deadline, &ignored);
        break;
    }
}

/* What was offered when the login came, in TLS or in clear. */
static const struct capabilities *caps_before_login(struct device *d)
{
    const struct session_capabilities *all = device_is_imap(d) ? &d->client.imap.caps
                                             : device_protocol(d) == PROTOCOL_POP3
                                                 ? &d->client.pop3.caps
                                                 : &d->client.smtp.caps;
    return all->in[CAPS_TLS].known ? &all->in[CAPS_TLS] : &all->in[CAPS_CLEAR];
}

static void learn(struct session *s, struct probe *probe, struct device *d)
{
    probe->spoke = true;
    if (device_caps(d)->known) {
        capabilities_copy(device_caps(d), &probe->caps);
        capabilities_copy(caps_before_login(d), &probe->before);
        probe->knows = true;
    }
    if (s->run->target.software || !device_is_imap(d) || !d->client.imap.greeting)
        return;
    /* The words for people: the capabilities before them would fill a page. */
    s->run->target.software = session_text(s, slice_trim(d->client.imap.greeting->imap->text));
}

int probe_kind(struct session *s, enum device_kind kind, struct error *err)
{
    struct play p;
    struct planned planned;
    struct check check;
    probe_play(s, &p, &planned, &check);
    struct device d;
    struct device_plan plan = { .name = "(probe)", .kind = kind, .account = 1 };
    int r;
    if (!device_resolve(&d, &p, &plan)) {
        r = error_set(err, ERR_USAGE, "%s", p.skip);
    } else {
        d.quiet = true;
        r = device_open(&d, device_wanted_state(&d), err);
        s->probes[kind].reached |= d.dialled;
        if (!s->probes[kind].done && d.conn && conn_units(d.conn))
            learn(s, &s->probes[kind], &d);
        if (r == 0)
            r = harmless(&d, err);
        if (d.conn && r == 0)
            end(&d);
        device_close(&d);
    }
    vars_release(&d.vars);
    vars_release(&p.vars);
    arena_release(&p.arena);
    return r;
}

const struct probe *session_probe(struct session *s, enum device_kind kind, struct error *err)
{
    struct probe *p = &s->probes[kind];
    while (p->running)
        if (cond_wait(&p->ended, NEVER) == WAKE_CANCEL) {
            error_set(err, ERR_CANCEL, "interrupted");
            return NULL;
        }
    if (!p->done) {
        p->running = true;
        if (probe_kind(s, kind, &p->error) == 0)
            p->error = (struct error) { 0 };
        p->done = p->error.code != ERR_CANCEL;
        p->running = false;
        cond_broadcast(&p->ended);
    }
    if (p->error.code && !p->knows) {
        *err = p->error;
        return NULL;
    }
    return p;
}

/* IDLE (RFC 2177, RFC 9051 section 6.3.13). One more task tells the client what happens while this
   one waits for DONE; two tasks never write at once, because this one writes only after the other
   has ended. */
#include "imapd_session.h"

static void push_changes(void *arg)
{
    struct imapd_session *s = arg;
    struct cond *changed = &s->view.mailbox->changed;
    while (s->idling && !s->conn->broken) {
        uint64_t looked_at = s->view.mailbox->change;
        imapd_notify(s, true);
        if (!server_conn_flush(s->conn))
            return;
        /* The flush may have waited: look again before waiting for news. */
        if (s->idling && looked_at == s->view.mailbox->change &&
            cond_wait(changed, NEVER) == WAKE_CANCEL)
            return;
    }
}

void imapd_start_pushing(struct imapd_session *s)
{
    s->idling = true;
    if (s->view.mailbox)
        s->pusher = task_spawn(push_changes, s);
}

void imapd_stop_pushing(struct imapd_session *s)
{
    s->idling = false;
    if (!s->pusher)
        return;
    cond_broadcast(&s->view.mailbox->changed);
    if (task_is_cancelled())
        task_cancel(s->pusher); /* it may be stuck in a write */
    task_join(s->pusher);
    s->pusher = NULL;
}

void imapd_idle(struct imapd_session *s)
{
    slice line;
    bool ends_early = faulty(s, FAULT_IMAP_IDLE_ENDS_EARLY);
    nsec deadline = ends_early ? now() + SECONDS(60) : imapd_deadline(s);
    if (!faulty(s, FAULT_IMAP_IDLE_NO_CONTINUATION))
        imapd_send(s, S("+ idling\r\n"));
    if (!server_conn_flush(s->conn))
        return;
    imapd_start_pushing(s);
    enum read_outcome outcome = imapd_read_line(s, deadline, &line);
    imapd_stop_pushing(s);
    if (outcome == READ_TIMEOUT && ends_early)
        imapd_ok(s, "IDLE terminated");
    else if (outcome == READ_TIMEOUT)
        imapd_bye(s, "Autologout; idle for too long");
    else if (outcome != READ_UNIT)
        s->state = STATE_LOGOUT;
    else if (slice_eq_nocase(line, S("DONE")))
        imapd_ok(s, "IDLE terminated");
    else
        imapd_bad(s, "DONE was expected");
}

/* The maildrop: what STAT, LIST, UIDL, RETR, TOP, DELE and RSET see, and UPDATE. */
#include "mime_header.h"
#include "pop3d_session.h"

enum { UNIQUE_ID_TOO_LONG = 71, RETR_CUT = 64 * 1024 };

/* --- opening and closing --- */

/* POP3 has CRLF lines only, and the last one is ended: a message that came in otherwise (IMAP
   APPEND takes more) is sent, and counted, in that form (RFC 1939 section 11). */
static void add_canonical(slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.n; i++) {
        char c = bytes.p[i];
        if (c != '\r' && c != '\n') {
            buf_addc(out, c);
            continue;
        }
        if (c == '\r' && i + 1 < bytes.n && bytes.p[i + 1] == '\n')
            i++;
        buf_adds(out, "\r\n");
    }
    if (out->n && !slice_ends(buf_slice(out), S("\r\n")))
        buf_adds(out, "\r\n");
}

static size_t canonical_octets(slice bytes)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    add_canonical(bytes, &out);
    return out.n;
}

static void load(struct pop3d *s)
{
    array_each (m, &account_inbox(s->account)->messages) {
        struct pop3d_message *p = array_push(&s->messages);
        p->message = message_ref(*m);
        p->octets = canonical_octets(message_bytes(*m));
    }
}

void pop3d_open(struct pop3d *s, struct account *account)
{
    s->locked = account_lock(account, s);
    if (!s->locked && !pop3d_fault(s, FAULT_POP3_LOCK_NONE)) {
        pop3d_err(s, pop3d_fault(s, FAULT_POP3_LOCK_NO_CODE) ? NULL : "IN-USE",
                  "another session has this maildrop");
        return;
    }
    s->account = account;
    s->state = POP3D_TRANSACTION;
    s->began = now();
    load(s);
    pop3d_ok(s, "maildrop has %zu messages", s->messages.n);
}

void pop3d_update(struct pop3d *s)
{
    bool any = false;
    array_each (m, &s->messages)
        any |= m->deleted;
    bool all = any && pop3d_fault(s, FAULT_POP3_QUIT_REMOVES_ALL);
    bool retrieved = pop3d_fault(s, FAULT_POP3_RETR_DELETES);
    array_each (m, &s->messages)
        if (m->deleted || all || (retrieved && m->retrieved))
            s->removed |= message_expunge(m->message);
}

void pop3d_forget_expunged(struct pop3d *s)
{
    for (size_t i = s->messages.n; i-- > 0;) {
        struct message *m = s->messages.v[i].message;
        if (!m->expunged)
            continue;
        array_remove(&s->messages, i);
        message_unref(m);
    }
}

void pop3d_release(struct pop3d *s)
{
    static const char somebody_else;
    if (s->account && pop3d_fault(s, FAULT_POP3_RETR_DELETES))
        array_each (m, &s->messages)
            if (m->retrieved)
                message_expunge(m->message);
    array_each (m, &s->messages)
        message_unref(m->message);
    array_release(&s->messages);
    if (s->locked) {
        account_unlock(s->account, s);
        if (s->removed && pop3d_fault(s, FAULT_POP3_LOCK_KEPT))
            account_lock(s->account, &somebody_else);
    }
}

void pop3d_quit(struct pop3d *s, const struct pop3d_command *command)
{
    s->closing = true;
    if (s->state == POP3D_TRANSACTION && !pop3d_fault(s, FAULT_POP3_QUIT_FORGETS))
        pop3d_update(s);
    if (!pop3d_fault(s, FAULT_POP3_QUIT_SILENT))
        pop3d_ok(s, "bye");
}

/* --- message numbers --- */

/* 1*DIGIT, from 1 to the number of messages; faults let more pass. */
static bool parse_number(const struct pop3d *s, slice text, uint64_t *ret)
{
    uint64_t n;
    if (pop3d_fault(s, FAULT_POP3_NUMBER_JUNK)) {
        size_t digits = 0;
        while (digits < text.n && ascii_is_digit(text.p[digits]))
            digits++;
        text = slice_sub(text, 0, digits);
    }
    if (!slice_to_u64(text, UINT64_MAX, &n))
        return false;
    if (pop3d_fault(s, FAULT_POP3_NUMBER_WRAPS))
        n = (uint32_t)n;
    if (n == 0 && pop3d_fault(s, FAULT_POP3_NUMBER_ZERO))
        n = 1;
    if (n > s->messages.n && pop3d_fault(s, FAULT_POP3_NUMBER_BEYOND))
        n = s->messages.n;
    *ret = n;
    return n >= 1 && n <= s->messages.n;
}

/* The number that a message has in this session; only a fault makes it change. */
static size_t number_of(const struct pop3d *s, const struct pop3d_message *m)
{
    size_t index = (size_t)(m - s->messages.v), gone = 0;
    if (pop3d_fault(s, FAULT_POP3_LIST_RENUMBERS))
        for (size_t i = 0; i < index; i++)
            gone += s->messages.v[i].deleted;
    return index + 1 - gone;
}

/* The message of that number, answering -ERR when there is none. `deleted_ok`: a fault lets marked
   ones pass. */
static struct pop3d_message *get(struct pop3d *s, slice number, bool deleted_ok)
{
    uint64_t n;
    if (!parse_number(s, number, &n)) {
        pop3d_err(s, NULL, "no such message");
        return NULL;
    }
    struct pop3d_message *m = &s->messages.v[n - 1];
    if (pop3d_fault(s, FAULT_POP3_LOCK_NONE) && m->message->expunged) {
        pop3d_err(s, NULL, "somebody else has deleted the message");
        return NULL;
    }
    if (m->deleted && !deleted_ok) {
        pop3d_err(s, NULL, "message is deleted");
        return NULL;
    }
    return m;
}

/* --- STAT, LIST --- */

static size_t count_line_ends(slice bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++)
        n += bytes.p[i] == '\n';
    return n;
}

void pop3d_stat(struct pop3d *s, const struct pop3d_command *command)
{
    size_t n = 0;
    uint64_t octets = 0;
    array_each (m, &s->messages) {
        if (m->deleted && !pop3d_fault(s, FAULT_POP3_STAT_DELETED))
            continue;
        n++;
        octets += m->octets;
        if (pop3d_fault(s, FAULT_POP3_STAT_OCTETS))
            octets -= count_line_ends(message_bytes(m->message));
    }
    pop3d_ok(s, "%zu %llu", n, (unsigned long long)octets);
}

static size_t listed_octets(const struct pop3d *s, const struct pop3d_message *m)
{
    return pop3d_fault(s, FAULT_POP3_LIST_SIZE) ? (m->octets / 1024 + 1) * 1024 : m->octets;
}

static void list_one(struct pop3d *s, slice number)
{
    struct pop3d_message *m = get(s, number, pop3d_fault(s, FAULT_POP3_LIST_DELETED));
    if (!m)
        return;
    if (pop3d_fault(s, FAULT_POP3_LIST_NO_NUMBER))
        pop3d_ok(s, "%zu", listed_octets(s, m));
    else
        pop3d_ok(s, "%zu %zu", number_of(s, m), listed_octets(s, m));
}

void pop3d_list(struct pop3d *s, const struct pop3d_command *command)
{
    if (command->args.p) {
        list_one(s, command->args);
        return;
    }
    if (!s->messages.n && pop3d_fault(s, FAULT_POP3_LIST_EMPTY)) {
        pop3d_err(s, NULL, "there are no messages");
        return;
    }
    auto_buf out;
    buf_init(&out, BUF_OURS);
    array_each (m, &s->messages)
        if (!m->deleted || pop3d_fault(s, FAULT_POP3_LIST_DELETED))
            buf_addf(&out, "%zu %zu\r\n", number_of(s, m), listed_octets(s, m));
    pop3d_ok(s, "scan listing follows");
    pop3d_body(s, buf_slice(&out));
}

/* --- UIDL --- */

static void add_unique_id(const struct pop3d *s, const struct pop3d_message *m, struct buf *out)
{
    char text[32];
    size_t index = (size_t)(m - s->messages.v);
    if (index == 1 && pop3d_fault(s, FAULT_POP3_UIDL_DUPLICATE))
        m = &s->messages.v[0];
    if (pop3d_fault(s, FAULT_POP3_UIDL_REUSED))
        buf_addf(out, "msg%zu", index + 1);
    else
        buf_adds(out, message_uidl(m->message, text));
    if (pop3d_fault(s, FAULT_POP3_UIDL_CHANGES))
        buf_addf(out, ".%llx", (unsigned long long)s->salt);
    if (pop3d_fault(s, FAULT_POP3_UIDL_LONG))
        buf_addf(out, "%0*d", UNIQUE_ID_TOO_LONG, 0);
}

static void add_uid_line(const struct pop3d *s, const struct pop3d_message *m, bool with_number,
                         struct buf *out)
{
    if (with_number)
        buf_addf(out, "%zu %s", number_of(s, m), pop3d_fault(s, FAULT_POP3_UIDL_SPACE) ? " " : "");
    add_unique_id(s, m, out);
}

static void uidl_one(struct pop3d *s, slice number)
{
    struct pop3d_message *m = get(s, number, pop3d_fault(s, FAULT_POP3_UIDL_DELETED));
    if (!m)
        return;
    auto_buf line;
    buf_init(&line, BUF_OURS);
    add_uid_line(s, m, !pop3d_fault(s, FAULT_POP3_UIDL_NO_NUMBER), &line);
    pop3d_ok(s, "%s", line.p);
}

void pop3d_uidl(struct pop3d *s, const struct pop3d_command *command)
{
    if (pop3d_fault(s, FAULT_POP3_CAPA_LIES)) {
        pop3d_err(s, NULL, "unknown command");
        return;
    }
    if (command->args.p) {
        uidl_one(s, command->args);
        return;
    }
    auto_buf out;
    buf_init(&out, BUF_OURS);
    array_each (m, &s->messages) {
        if (m->deleted && !pop3d_fault(s, FAULT_POP3_UIDL_DELETED))
            continue;
        buf_adds(&out, pop3d_fault(s, FAULT_POP3_UIDL_OK_LINES) ? "+OK " : "");
        add_uid_line(s, m, true, &out);
        buf_adds(&out, "\r\n");
    }
    pop3d_ok(s, "unique-id listing follows");
    pop3d_body(s, buf_slice(&out));
}

/* --- RETR, TOP --- */

static void to_bare_lf(struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (b->p[i] != '\r')
            b->p[n++] = b->p[i];
    buf_truncate(b, n);
}

/* What faulty servers do to a message on its way out. */
static void alter(const struct pop3d *s, struct buf *b)
{
    if (pop3d_fault(s, FAULT_POP3_RETR_8BIT))
        for (size_t i = 0; i < b->n; i++)
            b->p[i] &= 0x7F;
    if (pop3d_fault(s, FAULT_POP3_RETR_CUT) && b->n > RETR_CUT)
        buf_truncate(b, RETR_CUT);
    if (pop3d_fault(s, FAULT_POP3_RETR_BARE_LF))
        to_bare_lf(b);
    if (pop3d_fault(s, FAULT_POP3_RETR_BLANK))
        buf_adds(b, "\r\n");
}

void pop3d_retr(struct pop3d *s, const struct pop3d_command *command)
{
    struct pop3d_message *m = get(s, command->args, pop3d_fault(s, FAULT_POP3_RETR_DELETED));
    if (!m)
        return;
    auto_buf bytes;
    buf_init(&bytes, BUF_OURS);
    slice stored = message_bytes(m->message);
    if (pop3d_fault(s, FAULT_POP3_RETR_GLUED))
        buf_add(&bytes, stored);
    else
        add_canonical(stored, &bytes);
    alter(s, &bytes);
    m->retrieved = true;
    pop3d_ok(s, "%zu octets", m->octets);
    if (pop3d_fault(s, FAULT_POP3_RETR_TWICE_OK))
        pop3d_ok(s, "message follows");
    pop3d_body(s, buf_slice(&bytes));
}

/* The first n lines. */
static slice first_lines(slice body, uint64_t n)
{
    size_t at = 0;
    for (; n && at < body.n; n--) {
        size_t end = slice_find(slice_skip(body, at), S("\r\n"));
        at = end == SIZE_MAX ? body.n : at + end + 2;
    }
    return slice_sub(body, 0, at);
}

static void add_header(const struct pop3d *s, slice header, struct buf *out)
{
    slice rest = header,
          fields = slice_ends(header, S("\r\n\r\n")) ? slice_sub(header, 0, header.n - 2) : header;
    struct mime_field field;
    if (!pop3d_fault(s, FAULT_POP3_TOP_HEADERS))
        buf_add(out, fields);
    else
        while (mime_field_next(header, &rest, &field))
            if (!slice_eq_nocase(field.name, S("Received")))
                buf_add(out, field.raw);
    if (fields.n != header.n && !pop3d_fault(s, FAULT_POP3_TOP_NO_BLANK))
        buf_adds(out, "\r\n");
}

static void send_top(struct pop3d *s, const struct pop3d_message *m, uint64_t n)
{
    auto_buf bytes, out;
    buf_init(&bytes, BUF_OURS);
    buf_init(&out, BUF_OURS);
    add_canonical(message_bytes(m->message), &bytes);
    slice message = buf_slice(&bytes);
    size_t header = mime_header_octets(message);
    slice body = slice_skip(message, header);
    if (pop3d_fault(s, FAULT_POP3_TOP_BEYOND) && n > count_line_ends(body)) {
        pop3d_err(s, NULL, "message has fewer lines");
        return;
    }
    if (pop3d_fault(s, FAULT_POP3_TOP_IGNORES_N))
        n = UINT64_MAX;
    else if (pop3d_fault(s, FAULT_POP3_TOP_ONE_MORE))
        n++;
    else if (n && pop3d_fault(s, FAULT_POP3_TOP_ONE_LINE))
        n = 1;
    add_header(s, slice_sub(message, 0, header), &out);
    buf_add(&out, first_lines(body, n));
    pop3d_ok(s, "top of message follows");
    pop3d_body(s, buf_slice(&out));
}

void pop3d_top(struct pop3d *s, const struct pop3d_command *command)
{
    slice rest = command->args, number;
    uint64_t n = 0;
    slice_cut(&rest, ' ', &number);
    bool has_n = rest.p && slice_to_u64(rest, UINT64_MAX, &n);
    if (pop3d_fault(s, FAULT_POP3_CAPA_TOP_LIES)) {
        pop3d_err(s, NULL, "unknown command");
        return;
    }
    if (!has_n && !(pop3d_fault(s, FAULT_POP3_TOP_NO_N) && !rest.p)) {
        pop3d_err(s, NULL, "TOP needs a message and a number of lines");
        return;
    }
    struct pop3d_message *m = get(s, number, false);
    if (m)
        send_top(s, m, n);
}

/* --- DELE, RSET --- */

void pop3d_dele(struct pop3d *s, const struct pop3d_command *command)
{
    struct pop3d_message *m = get(s, command->args, pop3d_fault(s, FAULT_POP3_DELE_TWICE));
    if (!m)
        return;
    m->deleted = true;
    if (pop3d_fault(s, FAULT_POP3_DELE_IMMEDIATE))
        message_expunge(m->message);
    pop3d_ok(s, "message %zu deleted", (size_t)(m - s->messages.v) + 1);
}

void pop3d_rset(struct pop3d *s, const struct pop3d_command *command)
{
    if (pop3d_fault(s, FAULT_POP3_RSET_REFUSED)) {
        pop3d_err(s, NULL, "unknown command");
        return;
    }
    if (!pop3d_fault(s, FAULT_POP3_RSET_KEEPS))
        array_each (m, &s->messages)
            m->deleted = false;
    pop3d_ok(s, "maildrop has %zu messages", s->messages.n);
}

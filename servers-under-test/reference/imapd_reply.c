/* What goes out: tagged replies, untagged text, names, flags and sets. */
#include "imap_quote.h"
#include "imapd_session.h"
#include "utf7.h"
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0), nonnull)) static void
add_formatted(struct buf *out, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *room = buf_room(out, (size_t)n + 1);
    if (!room)
        return;
    vsnprintf(room, (size_t)n + 1, format, args);
    buf_claim(out, (size_t)n);
}

#define SET_REPLY(status)                                                                          \
    do {                                                                                           \
        va_list args;                                                                              \
        buf_clear(&s->reply);                                                                      \
        buf_adds(&s->reply, status);                                                               \
        va_start(args, format);                                                                    \
        add_formatted(&s->reply, format, args);                                                    \
        va_end(args);                                                                              \
    } while (0)

void imapd_ok(struct imapd_session *s, const char *format, ...)
{
    SET_REPLY("OK ");
}

void imapd_no(struct imapd_session *s, const char *format, ...)
{
    SET_REPLY("NO ");
}

void imapd_bad(struct imapd_session *s, const char *format, ...)
{
    SET_REPLY("BAD ");
}

static const char *const store_texts[] = {
    [STORE_OK] = "",
    [STORE_NO_MAILBOX] = "[NONEXISTENT] No such mailbox",
    [STORE_EXISTS] = "[ALREADYEXISTS] A mailbox of this name exists",
    [STORE_BAD_NAME] = "[CANNOT] This is no name for a mailbox here",
    [STORE_CANNOT] = "[CANNOT] This cannot be done with this mailbox",
    [STORE_HAS_CHILDREN] = "[HASCHILDREN] There are mailboxes below this name",
    [STORE_OVER_QUOTA] = "[OVERQUOTA] The quota would be exceeded",
    [STORE_TOO_BIG] = "[TOOBIG] The message is larger than APPENDLIMIT",
    [STORE_LIMIT] = "[LIMIT] There are too many of them",
    [STORE_GONE] = "[NONEXISTENT] The mailbox was deleted meanwhile",
};

void imapd_no_store(struct imapd_session *s, enum store_result result, bool target)
{
    /* Without a command it is APPEND, refused before its literal came. */
    bool append = !s->cmd.row || s->cmd.row->run == imapd_append;
    bool no_trycreate =
        faulty(s, append ? FAULT_IMAP_APPEND_NO_TRYCREATE : FAULT_IMAP_COPY_NO_TRYCREATE);
    if (target && result == STORE_NO_MAILBOX)
        imapd_no(s, "%sNo such mailbox", no_trycreate ? "" : "[TRYCREATE] ");
    else if (result == STORE_TOO_BIG && faulty(s, FAULT_IMAP_APPEND_LIMIT_CODE))
        imapd_no(s, "The message is too large");
    else
        imapd_no(s, "%s", store_texts[result]);
}

static bool has_small_letters(slice tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (tag.p[i] != ascii_upper(tag.p[i]))
            return true;
    return false;
}

static void send_tag(struct imapd_session *s)
{
    bool lowers = faulty(s, FAULT_IMAP_TAG_LOWERED) && has_small_letters(s->cmd.tag);
    if (faulty(s, FAULT_IMAP_RESPONSE_NUL))
        imapd_send(s, slice_make("\0\0", 2));
    for (size_t i = 0; i < s->cmd.tag.n; i++) {
        char c = s->cmd.tag.p[i];
        buf_addc(imapd_out(s), lowers ? ascii_lower(c) : c);
    }
}

void imapd_send_reply(struct imapd_session *s)
{
    if (s->reply.n == 0)
        return;
    bool bad = slice_starts(buf_slice(&s->reply), S("BAD"));
    s->bad_commands = bad ? s->bad_commands + 1 : 0;
    send_tag(s);
    imapd_send(s, S(" "));
    if (bad && faulty(s, FAULT_IMAP_COMMAND_BAD_IS_NO)) {
        imapd_send(s, S("NO"));
        buf_shift(&s->reply, 3);
    }
    imapd_send(s, buf_slice(&s->reply));
    imapd_send(s, faulty(s, FAULT_IMAP_RESPONSE_BARE_LF) ? S("\n") : S("\r\n"));
    buf_clear(&s->reply);
}

void imapd_send(struct imapd_session *s, slice text)
{
    server_conn_send(s->conn, text);
}

void imapd_sendf(struct imapd_session *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_formatted(imapd_out(s), format, args);
    va_end(args);
}

bool imapd_flush_some(struct imapd_session *s)
{
    if (imapd_out(s)->n < IMAPD_FLUSH_AT)
        return !s->conn->broken;
    return server_conn_flush(s->conn);
}

void imapd_bye(struct imapd_session *s, const char *text)
{
    for (int n = faulty(s, FAULT_IMAP_BYE_REPEATED) ? 20 : 1; n > 0; n--)
        imapd_sendf(s, "* BYE %s\r\n", text);
    s->state = STATE_LOGOUT;
}

void imapd_add_name(const struct imapd_session *s, struct buf *out, const char *name)
{
    bool utf8 = s->rev2 && !faulty(s, FAULT_IMAP_LIST_REV2_UTF7);
    auto_buf encoded;
    buf_init(&encoded, BUF_OURS);
    if (faulty(s, FAULT_IMAP_LIST_UNESCAPED) && strchr(name, '"'))
        buf_addf(out, "\"%s\"", name);
    else if (faulty(s, FAULT_IMAP_LIST_RAW_UTF8))
        imap_string_add(out, slice_of(name), IMAP_QUOTE_UTF8);
    else if (utf8 || !utf7_encode(slice_of(name), &encoded))
        imap_string_add(out, slice_of(name), utf8 ? IMAP_QUOTE_UTF8 : 0);
    else
        imap_string_add(out, buf_slice(&encoded), 0);
}

void imapd_add_flags(struct buf *out, const struct message *msg, bool recent)
{
    const char *space = "";
    for (unsigned flag = 1; flag <= FLAGS_ALL; flag <<= 1)
        if (msg->flags & flag) {
            buf_addf(out, "%s%s", space, flag_name(flag));
            space = " ";
        }
    if (recent) {
        buf_addf(out, "%s\\Recent", space);
        space = " ";
    }
    const struct mailbox *m = msg->mailbox;
    for (size_t i = 0; i < m->keywords.n; i++)
        if (msg->keywords >> i & 1) {
            buf_addf(out, "%s%s", space, m->keywords.v[i]);
            space = " ";
        }
}

void imapd_add_set(struct imapd_session *s, struct buf *out, const uint32_t *v, size_t n)
{
    struct imap_set set;
    imap_set_of(v, n, &s->arena, &set);
    imap_set_format(&set, out);
}

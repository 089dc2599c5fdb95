/* CAPABILITY, NOOP, LOGOUT, ID, ENABLE, NAMESPACE, COMPRESS. */
#include "deflate_stream.h"
#include "imapd_session.h"
#include "sasl_server.h"

/* --- CAPABILITY --- */

static const char *const capabilities[] = {
    "LITERAL+",
    "SASL-IR",
    "ID",
    "ENABLE",
    "IDLE",
    "NAMESPACE",
    "UIDPLUS",
    "MOVE",
    "UNSELECT",
    "CHILDREN",
    "SPECIAL-USE",
    "CREATE-SPECIAL-USE",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "STATUS=SIZE",
    "ESEARCH",
    "SEARCHRES",
    "WITHIN",
    "SAVEDATE",
    "BINARY",
    "CONDSTORE",
    "QRESYNC",
    "QUOTA",
    "QUOTA=RES-STORAGE",
    "QUOTA=RES-MESSAGE",
    "QUOTASET",
};

/* AUTH=... for each mechanism, and LOGINDISABLED where LOGIN would be refused (RFC 9051, 6.2.3). */
static void add_login_capabilities(struct imapd_session *s, struct buf *out)
{
    auto_buf mechanisms;
    buf_init(&mechanisms, BUF_OURS);
    sasl_server_mechanisms(s->conn, &mechanisms);
    slice rest = buf_slice(&mechanisms), name;
    if (faulty(s, FAULT_IMAP_CAPABILITY_PLAIN_MISSING))
        buf_clear(&mechanisms);
    while (mechanisms.n && slice_cut(&rest, ' ', &name))
        buf_addf(out, " AUTH=%.*s", SLICE_ARG(name));
    if (server_conn_offers_starttls(s->conn))
        buf_adds(out, " STARTTLS");
    if (!server_conn_takes_passwords(s->conn))
        buf_adds(out, " LOGINDISABLED");
}

void imapd_add_capabilities(struct imapd_session *s, struct buf *out)
{
    buf_adds(out, "CAPABILITY");
    if (!faulty(s, FAULT_IMAP_CAPABILITY_NO_REVISION))
        buf_adds(out, " IMAP4rev1 IMAP4rev2");
    if (faulty(s, FAULT_IMAP_CAPABILITY_SPLIT))
        buf_adds(out, " LITERAL +");
    for (size_t i = 0; i < COUNT(capabilities); i++)
        buf_addf(out, " %s", capabilities[i]);
    buf_addf(out, " APPENDLIMIT=%llu", (unsigned long long)s->store->append_limit);
    if (s->state == STATE_GREETED)
        add_login_capabilities(s, out);
    else if (!s->compressed)
        buf_adds(out, " COMPRESS=DEFLATE");
}

void imapd_capability(struct imapd_session *s)
{
    imapd_send(s, S("* "));
    imapd_add_capabilities(s, imapd_out(s));
    imapd_send(s, faulty(s, FAULT_IMAP_CAPABILITY_TRAILING_SPACE) ? S(" \r\n") : S("\r\n"));
    imapd_ok(s, "CAPABILITY completed");
    if (faulty(s, FAULT_IMAP_RESPONSE_STRAY_LINE)) {
        imapd_send_reply(s);
        imapd_send(s, S("CAPABILITY completed.\r\n"));
    }
}

/* --- NOOP, LOGOUT --- */

void imapd_noop(struct imapd_session *s)
{
    if (faulty(s, FAULT_IMAP_RESPONSE_UNKNOWN))
        imapd_send(s, S("* NOOP\r\n"));
    imapd_ok(s, "%s completed", s->cmd.row->name);
}

void imapd_logout(struct imapd_session *s)
{
    enum imapd_state before = s->state;
    if (faulty(s, FAULT_IMAP_LOGOUT_NO_BYE))
        s->state = STATE_LOGOUT;
    else
        imapd_bye(s, "Logging out");
    if (faulty(s, FAULT_IMAP_LOGOUT_STAYS))
        s->state = before;
    imapd_ok(s, "LOGOUT completed");
}

/* --- ID (RFC 2971) --- */

enum { ID_PAIRS_MAX = 30, ID_NAME_MAX = 30, ID_VALUE_MAX = 1024 };

static bool is_string(const struct imap_value *v, size_t max)
{
    return (v->kind == IMAP_QUOTED || v->kind == IMAP_LITERAL) && v->text.n <= max;
}

/* id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil */
static bool is_id_list(const struct imap_value *v)
{
    if (v->kind == IMAP_NIL)
        return true;
    if (v->kind != IMAP_LIST || v->n_items % 2 || v->n_items > 2 * ID_PAIRS_MAX)
        return false;
    for (size_t i = 0; i < v->n_items; i += 2) {
        const struct imap_value *value = &v->items[i + 1];
        if (!is_string(&v->items[i], ID_NAME_MAX) ||
            (value->kind != IMAP_NIL && !is_string(value, ID_VALUE_MAX)))
            return false;
    }
    return true;
}

void imapd_id(struct imapd_session *s)
{
    if (!is_id_list(&s->cmd.args[0]))
        return imapd_bad(s, "ID takes NIL or a list of names and values");
    if (!faulty(s, FAULT_IMAP_ID_RESPONSE_MISSING))
        imapd_send(s, S("* ID (\"name\" \"mailassay\" \"vendor\" \"mailassay\")\r\n"));
    imapd_ok(s, "ID completed");
}

/* --- ENABLE (RFC 5161) --- */

static bool enable_one(struct imapd_session *s, const struct imap_value *name)
{
    if (imap_is_atom(name, "IMAP4REV2")) {
        s->rev2 = true;
        return true;
    }
    if (imap_is_atom(name, "QRESYNC")) {
        imapd_enable_condstore(s);
        s->qresync = true;
        return true;
    }
    if (imap_is_atom(name, "CONDSTORE")) {
        imapd_enable_condstore(s);
        return true;
    }
    return false;
}

void imapd_enable(struct imapd_session *s)
{
    auto_buf enabled;
    buf_init(&enabled, BUF_OURS);
    for (size_t i = 0; i < s->cmd.n_args; i++)
        if (s->cmd.args[i].kind != IMAP_ATOM)
            return imapd_bad(s, "ENABLE takes names of capabilities");
    for (size_t i = 0; i < s->cmd.n_args; i++)
        if (enable_one(s, &s->cmd.args[i]) || faulty(s, FAULT_IMAP_ENABLE_ECHO))
            buf_addf(&enabled, " %.*s", SLICE_ARG(s->cmd.args[i].text));
    if (!faulty(s, FAULT_IMAP_ENABLE_SILENT))
        imapd_sendf(s, "* ENABLED%s\r\n", enabled.p);
    imapd_ok(s, "ENABLE completed");
}

/* --- NAMESPACE (RFC 2342): one personal one without prefix --- */

void imapd_namespace(struct imapd_session *s)
{
    imapd_send(s, S("* NAMESPACE ((\"\" \"/\")) NIL"));
    imapd_send(s, faulty(s, FAULT_IMAP_NAMESPACE_SHORT) ? S("\r\n") : S(" NIL\r\n"));
    imapd_ok(s, "NAMESPACE completed");
}

/* --- COMPRESS (RFC 4978) --- */

enum { COMPRESS_LEVEL = 6 };

/* The tagged OK is the last thing that goes out uncompressed. */
static void begin_compression(struct imapd_session *s)
{
    imapd_ok(s, "DEFLATE active");
    imapd_notify(s, true);
    imapd_send_reply(s);
    if (!server_conn_flush(s->conn))
        return;
    buf_add(&s->input, server_conn_pending(s->conn));
    server_conn_use(s->conn, server_conn_pending(s->conn).n);
    s->conn->stream = deflate_open(s->conn->stream, buf_slice(&s->input), COMPRESS_LEVEL, 0);
    buf_clear(&s->input);
    s->compressed = true;
}

void imapd_compress(struct imapd_session *s)
{
    if (!imap_is_atom(&s->cmd.args[0], "DEFLATE"))
        return imapd_bad(s, "DEFLATE is the only mechanism");
    if (s->compressed && faulty(s, FAULT_IMAP_COMPRESS_TWICE))
        return imapd_ok(s, "DEFLATE active");
    if (s->compressed)
        return imapd_no(s, "[COMPRESSIONACTIVE] DEFLATE is active already");
    if (faulty(s, FAULT_IMAP_COMPRESS_PLAIN))
        return imapd_ok(s, "DEFLATE active");
    begin_compression(s);
}

#include "test_engine.h"
#include "clause.h"
#include "line_frame.h"
#include "step_table.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct engine E;

static char root[] = "/tmp/mailassay-engine-XXXXXX";

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

void engine_file(const char *path, const char *text)
{
    autofree char *full = xprintf("%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    write_text(full, text);
}

/* ---- the scripted servers ---- */

struct serving {
    struct stream *stream;
    enum mail_protocol protocol;
    struct buf in;
    bool ended;
    struct task *task;
};

/* A connection lives until its client or its script ends it; the tasks are joined at the end. */
static ARRAY(struct serving *) servings;

static bool fill(struct serving *s)
{
    char *room = buf_room(&s->in, 4096);
    ssize_t n = stream_read(s->stream, room, 4096, NEVER);
    if (n <= 0)
        return false;
    buf_claim(&s->in, (size_t)n);
    return true;
}

static bool take_octets(struct serving *s, size_t n)
{
    while (s->in.n < n)
        if (!fill(s))
            return false;
    buf_shift(&s->in, n);
    return true;
}

/* The next line without its end, in the engine's arena. */
static bool take_line(struct serving *s, slice *ret)
{
    size_t end;
    while ((end = slice_find_char(buf_slice(&s->in), '\n')) == SIZE_MAX)
        if (!fill(s))
            return false;
    slice line = slice_sub(buf_slice(&s->in), 0, end);
    *ret = arena_dup(&E.arena, slice_trim(line));
    buf_shift(&s->in, end + 1);
    return true;
}

static void write_out(struct serving *s, slice text)
{
    if (stream_write_slice(s->stream, text, now() + SECONDS(30)) < 0)
        s->ended = true;
}

static void say_line(struct serving *s, slice line, slice tag)
{
    auto_buf out;
    size_t at;
    buf_init(&out, BUF_OURS);
    while ((at = slice_find(line, S("{t}"))) != SIZE_MAX) {
        buf_add(&out, slice_sub(line, 0, at));
        buf_add(&out, tag);
        line = slice_skip(line, at + 3);
    }
    buf_add(&out, line);
    if (out.n)
        write_out(s, buf_slice(&out));
}

static void say(struct serving *s, const char *text, slice tag)
{
    slice rest = slice_of(text);
    size_t at;
    while ((at = slice_find(rest, S("{split}"))) != SIZE_MAX) {
        say_line(s, slice_sub(rest, 0, at), tag);
        task_sleep(now() + MILLIS(100));
        rest = slice_skip(rest, at + 7);
    }
    if (slice_starts(rest, S("{wait}"))) {
        task_sleep(now() + SECONDS(2));
        rest = slice_skip(rest, 6);
    }
    bool close = slice_ends(rest, S("{close}")), reset = slice_ends(rest, S("{reset}"));
    if (close || reset)
        rest.n -= 7;
    if (!slice_eq_str(rest, "{nothing}"))
        say_line(s, rest, tag);
    if (reset)
        stream_reset(s->stream);
    s->ended |= close || reset;
}

/* ---- what friendly servers say ---- */

static void remember(const char *name)
{
    *array_push(&E.mailboxes) = xstrdup(name);
}

static bool forget(const char *name)
{
    for (size_t i = 0; i < E.mailboxes.n; i++)
        if (strcmp(E.mailboxes.v[i], name) == 0) {
            free(E.mailboxes.v[i]);
            E.mailboxes.v[i] = E.mailboxes.v[--E.mailboxes.n];
            return true;
        }
    return false;
}

/* Levels above a mailbox are listed, too. */
static void list(struct serving *s, slice tag)
{
    for (size_t i = 0; i < E.mailboxes.n; i++) {
        slice name = slice_of(E.mailboxes.v[i]);
        size_t slash = slice_find_char(name, '/');
        if (slash != SIZE_MAX)
            say(s, arena_printf(&E.arena, "* LIST (\\Noselect) \"/\" %.*s\r\n", (int)slash, name.p),
                tag);
        say(s, arena_printf(&E.arena, "* LIST () \"/\" %s\r\n", name.p), tag);
    }
}

static void friendly_imap(struct serving *s, slice command, slice tag)
{
    slice rest = command, verb = { NULL, 0 };
    slice_cut(&rest, ' ', &verb);
    const char *name = arena_str(&E.arena, rest);
    if (slice_eq_nocase(verb, S("CAPABILITY")))
        return say(s, "* CAPABILITY IMAP4rev1 IDLE\r\n{t} OK done\r\n", tag);
    if (slice_eq_nocase(verb, S("IDLE")))
        return say(s, "+ idling\r\n", tag);
    if (slice_eq_nocase(verb, S("CREATE")))
        remember(name);
    if (slice_eq_nocase(verb, S("DELETE")) && !forget(name))
        return say(s, "{t} NO [NONEXISTENT] no such mailbox\r\n", tag);
    if (slice_eq_nocase(verb, S("SELECT")))
        say(s, "* 2 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] valid\r\n", tag);
    if (slice_eq_nocase(verb, S("LIST")))
        list(s, tag);
    say(s,
        slice_eq_nocase(verb, S("LOGOUT")) ? "* BYE bye\r\n{t} OK done\r\n{close}"
                                           : "{t} OK done\r\n",
        tag);
}

static const struct say friendly[] = {
    { PROTOCOL_IMAP, NULL, "* OK ready\r\n" },
    { PROTOCOL_POP3, NULL, "+OK ready\r\n" },
    { PROTOCOL_POP3, "CAPA", "+OK these\r\nUSER\r\n.\r\n" },
    { PROTOCOL_POP3, "STAT", "+OK 0 0\r\n" },
    { PROTOCOL_POP3, "QUIT", "+OK bye\r\n{close}" },
    { PROTOCOL_POP3, "", "+OK done\r\n" },
    { PROTOCOL_SMTP, NULL, "220 ready\r\n" },
    { PROTOCOL_SMTP, "EHLO", "250-server\r\n250 SIZE\r\n" },
    { PROTOCOL_SMTP, "QUIT", "221 bye\r\n{close}" },
    { PROTOCOL_SMTP, "", "250 done\r\n" },
};

static bool fits(const struct say *row, enum mail_protocol protocol, bool greeting, slice command)
{
    if (row->protocol != protocol || greeting != !row->to)
        return false;
    return greeting || slice_starts_nocase(command, slice_of(row->to));
}

/* The row of the test that is due. */
static const struct say *row_for(enum mail_protocol protocol, bool greeting, slice command)
{
    const struct say *last = NULL;
    for (size_t i = 0; E.says && E.says[i].say; i++) {
        if (!fits(&E.says[i], protocol, greeting, command))
            continue;
        last = &E.says[i];
        if (!E.uses[i])
            break;
    }
    if (last)
        E.uses[last - E.says]++;
    for (size_t i = 0; !last && i < COUNT(friendly); i++)
        if (fits(&friendly[i], protocol, greeting, command))
            last = &friendly[i];
    return last;
}

static void answer(struct serving *s, bool greeting, slice command, slice tag)
{
    const struct say *row = row_for(s->protocol, greeting, command);
    if (row)
        say(s, row->say, tag);
    else
        friendly_imap(s, command, tag);
}

/* The octets of a literal at the end of the line; SIZE_MAX when there is none. */
static size_t literal_of(slice line, bool *ret_waits)
{
    uint64_t n;
    size_t open = SIZE_MAX;
    for (size_t i = 0; i < line.n; i++)
        open = line.p[i] == '{' ? i : open;
    if (open == SIZE_MAX || line.p[line.n - 1] != '}')
        return SIZE_MAX;
    slice inside = slice_sub(line, open + 1, line.n - 1);
    *ret_waits = !slice_ends(inside, S("+"));
    inside.n -= !*ret_waits;
    return slice_to_u64(inside, 1 << 20, &n) ? (size_t)n : SIZE_MAX;
}

static bool take_literals(struct serving *s, slice line)
{
    bool waits;
    for (size_t n; (n = literal_of(line, &waits)) != SIZE_MAX;) {
        if (waits)
            write_out(s, S("+ go on\r\n"));
        if (!take_octets(s, n) || !take_line(s, &line))
            return false;
    }
    return true;
}

static void serve(void *arg)
{
    struct serving *s = arg;
    slice line, tag = { NULL, 0 }, rest;
    answer(s, true, S(""), tag);
    while (!s->ended && take_line(s, &line)) {
        rest = line;
        if (s->protocol == PROTOCOL_IMAP && !slice_eq_str(line, "DONE"))
            slice_cut(&rest, ' ', &tag);
        *array_push(&E.commands) =
            xprintf("%s: %.*s", mail_protocol_name(s->protocol), SLICE_ARG(rest));
        if (s->protocol == PROTOCOL_IMAP && !take_literals(s, line))
            break;
        answer(s, false, rest, tag);
    }
    stream_close(s->stream);
    buf_release(&s->in);
    E.open--;
}

static int dial_scripted(void *ctx, enum service_id service, const char *source, nsec deadline,
                         struct stream **ret, struct error *err)
{
    struct stream *ends[2];
    struct serving *s = NEW(struct serving);
    pair_open(ends);
    s->stream = ends[1];
    s->protocol = services[service].protocol;
    buf_init(&s->in, 1 << 20);
    *array_push(&servings) = s;
    E.dialled++;
    E.open++;
    E.most_open = E.open > E.most_open ? E.open : E.most_open;
    s->task = task_spawn_named("server", serve, s);
    *ret = ends[0];
    return 0;
}

/* ---- fixture ---- */

static void on_done(void *ctx, const struct result *r)
{
    *array_push(&E.told) = xstrdup(r->id);
}

void engine_setup(void)
{
    static const enum service_id present[] = { SERVICE_IMAP, SERVICE_POP3, SERVICE_SMTP };
    static const char *const users[] = { "alice", "bob" };
    E = (struct engine) { .options = { .jobs = 1, .done = on_done } };
    memcpy(root + strlen(root) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
    engine_file("clauses/rfc9999.yaml",
                "rfc: 9999\ntitle: A test\nclauses:\n"
                "  1/holds: {level: must, says: \"It holds.\"}\n"
                "  1/advice: {level: should, says: \"It holds, or not.\"}\n");
    target_init(&E.target);
    E.target.dial = dial_scripted;
    E.target.disposable = true;
    E.target.max_connections = 200;
    for (size_t i = 0; i < COUNT(present); i++)
        E.target.services[present[i]] =
            (struct target_service) { true, "127.0.0.1", services[present[i]].port, TLS_MODE_NONE };
    for (size_t i = 0; i < COUNT(users); i++)
        E.target.accounts[E.target.n_accounts++] =
            (struct target_account) { .user = users[i],
                                      .address = arena_printf(&E.target.arena, "%s@example.test",
                                                              users[i]),
                                      .password = "p4ssw0rd-of-them" };
    library_init(&E.library, &step_kinds);
    run_init(&E.run);
}

void engine_teardown(void)
{
    autofree char *remove = xprintf("rm -r '%s'", root);
    ck_assert_int_eq(system(remove), 0);
    for (size_t i = 0; i < E.commands.n; i++)
        free(E.commands.v[i]);
    for (size_t i = 0; i < E.mailboxes.n; i++)
        free(E.mailboxes.v[i]);
    for (size_t i = 0; i < E.told.n; i++)
        free(E.told.v[i]);
    array_release(&E.commands);
    array_release(&E.mailboxes);
    array_release(&E.told);
    array_release(&E.session.plan);
    run_release(&E.run);
    target_release(&E.target);
    library_release(&E.library);
    arena_release(&E.arena);
}

bool engine_load(const char *checks)
{
    engine_file("t/a.yaml", arena_printf(&E.arena, "topic: a test\nchecks:\n%s", checks));
    return library_load(&E.library, root);
}

const char *engine_problems(void)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    problems_render(&E.library.problems, &text);
    return arena_str(&E.arena, buf_slice(&text));
}

static void interrupter(void *arg)
{
    if (task_sleep(now() + MILLIS(E.interrupt_after)) == WAKE_TIMEOUT)
        session_interrupt(&E.session);
}

static void run_main(void *arg)
{
    struct error err;
    struct task *watcher = E.interrupt_after ? task_spawn(interrupter, NULL) : NULL;
    int r = session_open(&E.session, &err);
    ck_assert_msg(r == 0, "%s", err.text);
    E.result = session_run(&E.session);
    if (watcher)
        task_cancel(watcher);
    task_join(watcher);
    session_close(&E.session);
    for (size_t i = 0; i < servings.n; i++) {
        task_cancel(servings.v[i]->task);
        task_join(servings.v[i]->task);
        free(servings.v[i]);
    }
    array_release(&servings);
    run_finish(&E.run, now());
}

void engine_run(const char *checks, const struct say *says)
{
    struct selection all = { 0 };
    struct error err;
    ck_assert_msg(engine_load(checks), "%s", engine_problems());
    E.says = says;
    E.session = (struct session) {
        .library = &E.library, .target = &E.target, .options = &E.options, .run = &E.run
    };
    ck_assert_int_eq(library_select(&E.library, &all, &E.arena, &E.session.plan, &err), 0);
    sched_main(CLOCK_VIRTUAL, run_main, NULL);
}

/* ---- looking ---- */

const struct result *engine_result(const char *id)
{
    const struct result *r = run_find(&E.run, id);
    ck_assert_msg(r != NULL, "there is no result %s", id);
    return r;
}

void engine_expect(const char *id, enum outcome outcome, const char *text)
{
    const struct result *r = engine_result(id);
    const char *said = r->failure ? r->failure->message : r->reason ? r->reason : "";
    ck_assert_msg(r->outcome == outcome && (!text || strstr(said, text)), "%s is %s: %s", id,
                  outcome_name(r->outcome), said);
}

bool engine_broke(const char *rule)
{
    const struct result *r = run_find(&E.run, rule);
    return r && r->raw != OUTCOME_PASS;
}

const char *engine_broken(void)
{
    auto_buf out;
    buf_init(&out, BUF_OURS);
    array_each (r, &E.run.results)
        if (strncmp((*r)->id, "invariant/", 10) == 0 && (*r)->raw != OUTCOME_PASS)
            buf_addf(&out, "%s%s", out.n ? " " : "", (*r)->id + 10);
    return arena_str(&E.arena, buf_slice(&out));
}

unsigned engine_got(const char *command)
{
    unsigned n = 0;
    for (size_t i = 0; i < E.commands.n; i++)
        n += slice_starts_nocase(slice_of(E.commands.v[i]), slice_of(command));
    return n;
}

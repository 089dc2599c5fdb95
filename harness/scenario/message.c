#include "message.h"
#include "email_message.h"
#include "mime_header.h"
#include "session.h"
#include <fcntl.h>
#include <stdio.h>

static const char *const keys[] = { "message",     "flags",     "date",    "size",   "lines",
                                    "line-length", "ending",    "charset", "body",   "attachment",
                                    "nesting",     "forwarded", "headers", "subject" };

/* The one name that is no file: a short message made to order. */
static bool is_plain(slice name)
{
    return slice_eq_str(name, "plain");
}

static bool name_of_variant(const struct planned *v, const struct node *n, struct arena *arena,
                            slice *ret)
{
    struct vars vars = { 0 };
    slice missing;
    auto_buf out;
    buf_init(&out, BUF_OURS);
    for (size_t i = 0; i < v->n_bindings; i++)
        vars_set(&vars, v->bindings[i].name, v->bindings[i].value);
    bool good = vars_expand(&vars, n->text, &out, &missing);
    vars_release(&vars);
    if (good)
        *ret = arena_dup(arena, buf_slice(&out));
    return good;
}

size_t message_names(struct check_loader *l, const struct check *c, const struct node *message,
                     slice **ret)
{
    const struct node *n = message->kind == NODE_SCALAR ? message : node_get(message, "message");
    struct planned_list variants = { 0 };
    size_t count = 0;
    if (!n)
        return 0;
    check_variants(c, l->arena, &variants);
    *ret = arena_new_n(l->arena, slice, variants.n + 1);
    bool one = slice_find_char(n->text, '$') == SIZE_MAX;
    for (size_t i = 0; i < variants.n && (!one || !i); i++)
        if (name_of_variant(&variants.v[i], n, l->arena, &(*ret)[count]))
            count++;
        else
            problem_add(l->problems, n->at, "the name of a message can hold variables of \"each\"");
    array_release(&variants);
    return count;
}

static void check_name(struct check_loader *l, const struct node *n, slice name)
{
    if (is_plain(name))
        return;
    const char *path = message_path(l->arena, l->root, name, "eml");
    FILE *f = fopen(path, "re");
    if (f)
        fclose(f);
    else
        problem_add(l->problems, n->at, "there is no message \"%.*s\" in scenarios/messages",
                    SLICE_ARG(name));
}

/* A file is taken as it is. */
static void check_file_options(struct check_loader *l, const struct node *map, slice name)
{
    static const char *const stay[] = { "message", "flags", "date" };
    for (size_t i = 0; i < map->n && !is_plain(name); i++) {
        bool stays = false;
        for (size_t k = 0; k < COUNT(stay); k++)
            stays |= slice_eq_str(map->keys[i]->text, stay[k]);
        if (!stays)
            problem_add(
                l->problems, map->keys[i]->at,
                "\"%.*s\" is for messages made to order; \"%.*s\" is a file, taken as it is",
                SLICE_ARG(map->keys[i]->text), SLICE_ARG(name));
    }
}

static void check_names(struct check_loader *l, const struct check *c, const struct node *n)
{
    slice *names;
    size_t count = message_names(l, c, n, &names);
    for (size_t i = 0; i < count; i++)
        check_name(l, n->kind == NODE_SCALAR ? n : node_get(n, "message"), names[i]);
    if (n->kind == NODE_MAP && count)
        check_file_options(l, n, names[0]);
}

static void check_number(struct check_loader *l, const struct node *map, const char *key,
                         uint64_t max)
{
    uint64_t value;
    if (node_get(map, key))
        node_u64(node_get(map, key), max, key, &value, l->problems);
}

void message_check(struct check_loader *l, const struct check *c, const struct node *n)
{
    enum email_ending ending;
    enum email_charset charset;
    if (n->kind == NODE_SCALAR) {
        check_names(l, c, n);
        return;
    }
    if (!node_is(n, NODE_MAP, "a message", l->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "a message", l->problems);
    check_names(l, c, n);
    check_number(l, n, "size", 64 << 20);
    check_number(l, n, "lines", 1000000);
    check_number(l, n, "line-length", 1000000);
    check_number(l, n, "attachment", 64 << 20);
    check_number(l, n, "nesting", EMAIL_NESTING_MAX);
    check_number(l, n, "forwarded", EMAIL_NESTING_MAX);
    const struct node *e = node_get(n, "ending"), *set = node_get(n, "charset");
    if (e && !email_ending_by_name(e->text, &ending))
        problem_add(l->problems, e->at,
                    "unknown ending; there are crlf, none, blank, dot, dots, cr, lf");
    if (set && !email_charset_by_name(set->text, &charset))
        problem_add(l->problems, set->at, "unknown charset \"%.*s\"", SLICE_ARG(set->text));
}

static size_t number_of(const struct node *map, const char *key)
{
    uint64_t value = 0;
    const struct node *n = node_get(map, key);
    if (n)
        slice_to_u64(n->text, SIZE_MAX, &value);
    return (size_t)value;
}

static slice text_of(const struct node *map, const char *key)
{
    const struct node *n = node_get(map, key);
    return n ? n->text : (slice) { NULL, 0 };
}

static int made_to_order(struct play *p, const struct node *map, const struct message *m,
                         struct buf *out, struct error *err)
{
    enum email_ending ending = EMAIL_END_CRLF;
    enum email_charset charset = EMAIL_ASCII;
    if (node_get(map, "ending"))
        email_ending_by_name(text_of(map, "ending"), &ending);
    if (node_get(map, "charset"))
        email_charset_by_name(text_of(map, "charset"), &charset);
    struct email_options o = { .message_id = m->id,
                               .subject = m->subject,
                               .extra_headers = text_of(map, "headers"),
                               .seed = p->session->options->seed,
                               .size = number_of(map, "size"),
                               .lines = number_of(map, "lines"),
                               .line_length = number_of(map, "line-length"),
                               .ending = ending,
                               .charset = charset,
                               .body = text_of(map, "body"),
                               .attachment = number_of(map, "attachment"),
                               .nesting = (unsigned)number_of(map, "nesting"),
                               .forwarded = (unsigned)number_of(map, "forwarded") };
    if (!email_message_build(&o, out))
        return error_set(err, ERR_INTERNAL, "a message could not be made");
    return 0;
}

/* The header with its blank line. */
static slice header_of(slice bytes)
{
    size_t at = slice_find(bytes, S("\r\n\r\n"));
    return at == SIZE_MAX ? bytes : slice_sub(bytes, 0, at + 4);
}

/* A named message: its bytes with $id and $subject replaced in the header. */
static int from_file(struct play *p, slice name, const struct message *m, struct buf *out,
                     struct error *err)
{
    const char *path = message_path(&p->arena, p->session->library->root, name, "eml");
    FILE *f = fopen(path, "re");
    if (!f)
        return error_set(err, ERR_FILE, "cannot read the message %s", path);
    auto_buf raw;
    buf_init(&raw, NODE_MAX_FILE);
    char *room;
    size_t got;
    while ((room = buf_room(&raw, 65536)) && (got = fread(room, 1, 65536, f)) > 0)
        buf_claim(&raw, got);
    fclose(f);
    slice all = buf_slice(&raw), head = header_of(all), missing;
    /* A golden message goes out as it is: its expected structure counts octets. */
    if (slice_find(head, S("$id")) == SIZE_MAX) {
        buf_add(out, all);
        return 0;
    }
    struct vars own = { 0 };
    vars_set(&own, S("id"), m->id);
    vars_set(&own, S("subject"), m->subject);
    bool good = vars_expand(&own, head, out, &missing);
    vars_release(&own);
    buf_add(out, slice_skip(all, head.n));
    return good ? 0 : error_set(err, ERR_FILE, "%s: unknown variable in the header", path);
}

static size_t count_lines(slice body)
{
    size_t n = 0;
    slice line;
    while (slice_line(&body, &line))
        n++;
    return n;
}

static slice first_lines(slice bytes, size_t header, size_t n)
{
    slice rest = slice_skip(bytes, header), line;
    while (n-- && slice_line(&rest, &line))
        ;
    return slice_sub(bytes, 0, bytes.n - rest.n);
}

static void bind_part(struct play *p, size_t number, const char *part, slice value)
{
    char name[48];
    snprintf(name, sizeof name, "msg%zu%s%s", number, part[0] ? "." : "", part);
    vars_set(&p->vars, slice_of(name), value);
}

static void bind(struct play *p, size_t number, const struct message *m)
{
    char text[32];
    slice header = header_of(m->bytes);
    bind_part(p, number, "", m->bytes);
    bind_part(p, number, "header", header);
    bind_part(p, number, "body", slice_skip(m->bytes, header.n));
    bind_part(p, number, "id", m->id);
    bind_part(p, number, "subject", m->subject);
    snprintf(text, sizeof text, "%zu", m->bytes.n);
    bind_part(p, number, "size", slice_of(text));
    snprintf(text, sizeof text, "%zu", count_lines(slice_skip(m->bytes, header.n)));
    bind_part(p, number, "lines", slice_of(text));
    for (size_t n = 0; n <= MESSAGE_TOP; n++) {
        snprintf(text, sizeof text, "top%zu", n);
        bind_part(p, number, text, first_lines(m->bytes, header.n, n));
    }
}

/* The Message-ID and subject that the bytes have, where the file or options say their own. */
static void read_identity(struct play *p, struct message *m)
{
    slice id = mime_header_value(header_of(m->bytes), S("Message-ID"), &p->arena);
    if (id.n)
        m->id = arena_dup(&p->arena, id);
}

int message_make(struct play *p, const struct node *n, size_t number, struct message *ret,
                 struct error *err)
{
    struct message m = { 0 };
    const struct node *name = n->kind == NODE_SCALAR ? n : node_get(n, "message");
    slice file = { NULL, 0 };
    unsigned serial = ++p->session->messages_made;
    m.id =
        slice_of(arena_printf(&p->arena, "<%s.%u@mailassay.test>", p->session->run_word, serial));
    m.subject = text_of(n, "subject");
    if (!m.subject.n)
        m.subject = slice_of(
            arena_printf(&p->arena, "mailassay %s message %u", p->session->run_word, serial));
    m.flags = text_of(n, "flags");
    m.date = text_of(n, "date");
    auto_buf bytes;
    buf_init(&bytes, BUF_OURS);
    if (name && !name_of_variant(p->planned, name, &p->arena, &file))
        return error_set(err, ERR_FILE, "the name of a message holds an unknown variable");
    bool made = !file.n || is_plain(file);
    int r = made ? made_to_order(p, n, &m, &bytes, err) : from_file(p, file, &m, &bytes, err);
    if (r < 0)
        return r;
    m.bytes = arena_dup(&p->arena, buf_slice(&bytes));
    read_identity(p, &m);
    bind(p, number, &m);
    if (!made)
        message_bind_golden(p, number, file);
    *ret = m;
    return 0;
}

slice message_id_in(const struct play *p, slice bytes)
{
    for (size_t i = 0; i < p->n_messages; i++)
        if (slice_eq(p->messages[i].bytes, bytes))
            return p->messages[i].id;
    for (size_t i = 0; i < p->n_messages; i++)
        if (p->messages[i].bytes.n && slice_find(bytes, p->messages[i].bytes) != SIZE_MAX)
            return p->messages[i].id;
    for (size_t i = 0; i < p->n_messages; i++)
        if (p->messages[i].id.n && slice_find(bytes, p->messages[i].id) != SIZE_MAX)
            return p->messages[i].id;
    return (slice) { NULL, 0 };
}

#include "import_private.h"
#include <errno.h>
#include <stdio.h>

static const struct {
    const char *root, *name;
    enum import_format format;
    void (*read)(struct importing *g, const struct xml_node *root);
} formats[] = { { "clientConfig", "autoconfig", IMPORT_AUTOCONFIG, import_autoconfig },
                { "Autodiscover", "autodiscover", IMPORT_AUTODISCOVER, import_autodiscover },
                { "plist", "mobileconfig", IMPORT_MOBILECONFIG, import_mobileconfig } };

const char *import_format_name(enum import_format f)
{
    return f == IMPORT_UNKNOWN ? "unknown" : formats[f - IMPORT_AUTOCONFIG].name;
}

static slice without_blanks(slice s)
{
    while (s.n && strchr(" \t\r\n", s.p[0]))
        s = slice_skip(s, 1);
    return s;
}

/* ---- what it is ---- */

static bool is_cms(slice bytes)
{
    /* A SEQUENCE with a length of its own, as DER and BER write it, and PEM. */
    bool der = bytes.n > 4 && bytes.p[0] == 0x30 && (unsigned char)bytes.p[1] >= 0x80;
    return der || slice_starts(bytes, S("-----BEGIN PKCS7")) ||
           slice_starts(bytes, S("-----BEGIN CMS"));
}

static bool is_xml(slice bytes)
{
    if (slice_starts(bytes, S("\xff\xfe")) || slice_starts(bytes, S("\xfe\xff")))
        return true; /* UTF-16, which is expat's business */
    if (slice_starts(bytes, S("\xef\xbb\xbf")))
        bytes = slice_skip(bytes, 3);
    return slice_starts(slice_trim(bytes), S("<"));
}

static bool is_binary_plist(slice bytes)
{
    return slice_starts(bytes, S("bplist"));
}

bool import_is_foreign(slice start)
{
    return is_xml(start) || is_cms(start) || is_binary_plist(start);
}

bool import_is_foreign_file(const char *path)
{
    char start[256];
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(start, 1, sizeof start, f) : 0;
    if (f)
        fclose(f);
    return n && import_is_foreign(slice_make(start, n));
}

/* What it is says the document type or the first element, not what comments before it speak of. */
static bool is_html(slice bytes)
{
    slice rest = slice_starts(bytes, S("\xef\xbb\xbf")) ? slice_skip(bytes, 3) : bytes;
    for (;;) {
        rest = without_blanks(rest);
        bool comment = slice_starts(rest, S("<!--"));
        if (!comment && !slice_starts(rest, S("<?")))
            break;
        size_t end = slice_find(rest, comment ? S("-->") : S("?>"));
        if (end == SIZE_MAX)
            return false;
        rest = slice_skip(rest, end + (comment ? 3 : 2));
    }
    return slice_starts_nocase(rest, S("<!doctype html")) || slice_starts_nocase(rest, S("<html"));
}

/* ---- what is not shown ---- */

/* `bytes` from behind the next '>'; all of them when there is none. */
static slice behind_tag(slice bytes)
{
    size_t end = slice_find_char(bytes, '>');
    return end == SIZE_MAX ? bytes : slice_skip(bytes, end + 1);
}

/* What comes before the first of two tags; what is in CDATA is no tag. */
static slice before_tag(slice bytes, slice tag, slice other)
{
    size_t at = 0, skip;
    for (; (skip = slice_find_char(slice_skip(bytes, at), '<')) != SIZE_MAX; at++) {
        at += skip;
        slice rest = slice_skip(bytes, at);
        if (slice_starts(rest, tag) || slice_starts(rest, other))
            return slice_sub(bytes, 0, at);
        if (!slice_starts(rest, S("<![CDATA[")))
            continue;
        size_t closed = slice_find(rest, S("]]>"));
        if (closed == SIZE_MAX)
            break;
        at += closed;
    }
    return bytes;
}

/* `rest` is behind the word "password": the password itself, when one follows, as it does in
   <password>... and in <key>...Password</key>... */
static slice password_behind(slice rest, char before)
{
    if (slice_starts(without_blanks(rest), S("</key")))
        return before_tag(behind_tag(rest), S("<key"), S("</dict"));
    if ((before == '<' || before == ':') && rest.n && strchr(" \t\r\n>", rest.p[0]))
        return before_tag(behind_tag(rest), S("</"), S("</"));
    return (slice) { NULL, 0 };
}

/* Messages and reports show lines of the file: a copy of it, with asterisks for passwords. */
static slice without_passwords(slice bytes, struct arena *a)
{
    char *copy = arena_str(a, bytes);
    const char *all = bytes.p;
    size_t at;
    for (slice rest = bytes; (at = slice_find_nocase(rest, S("password"))) != SIZE_MAX;) {
        const char *word = rest.p + at;
        rest = slice_skip(rest, at + 8);
        slice secret = password_behind(rest, word == all ? '\0' : word[-1]);
        for (size_t i = 0; i < secret.n; i++)
            if (secret.p[i] != '\n' && secret.p[i] != '\r')
                copy[secret.p + i - all] = '*';
        if (secret.n)
            rest = behind_tag(slice_skip(rest, (size_t)(secret.p + secret.n - rest.p)));
    }
    return slice_make(copy, bytes.n);
}

/* ---- reading ---- */

static void read_root(struct importing *g, const struct xml_node *root)
{
    for (size_t i = 0; i < COUNT(formats); i++)
        if (xml_is(root, formats[i].root)) {
            g->im->format = formats[i].format;
            g->ret->origin = formats[i].name;
            formats[i].read(g, root);
            return;
        }
    import_refuse(g, root->at,
                  "<%s> is neither clientConfig (autoconfig), Autodiscover nor plist "
                  "(.mobileconfig)",
                  xml_quote(root->name, &g->im->arena));
}

static void read_xml(struct importing *g, slice bytes)
{
    g->source = without_passwords(bytes, &g->im->arena);
    xml_remember_source(g->im->problems, g->shown, g->source);
    if (is_html(bytes)) {
        g->im->is_web_page = true;
        import_refuse(g, import_whole(g), "this is a web page, not settings");
        return;
    }
    const struct xml_node *root = xml_parse(bytes, g->shown, &g->im->arena, g->im->problems);
    if (root)
        read_root(g, root);
    else
        g->refused = true;
}

/* What may stand in a file, or in a signature. */
static void read_plain(struct importing *g, slice bytes)
{
    if (is_xml(bytes))
        read_xml(g, bytes);
    else if (is_binary_plist(bytes))
        import_refuse(g, import_whole(g),
                      "this is a binary property list; save it as XML (plutil -convert xml1)");
    else if (!slice_trim(bytes).n)
        import_refuse(g, import_whole(g), "there is nothing in it");
    else
        import_refuse(g, import_whole(g), "this is neither XML nor a signed .mobileconfig");
}

static void read_any(struct importing *g, slice bytes)
{
    auto_buf content;
    buf_init(&content, BUF_OURS);
    if (!is_cms(bytes))
        read_plain(g, bytes);
    else if (import_cms_content(g, bytes, &content))
        read_plain(g, buf_slice(&content));
    g->source = (slice) { NULL, 0 };
}

static void split_address(struct importing *g)
{
    const char *email = g->im->email;
    const char *at = email ? strrchr(email, '@') : NULL;
    if (at)
        g->local = slice_make(email, (size_t)(at - email));
    if (email)
        g->domain = import_domain(slice_of(at ? at + 1 : email), &g->im->arena);
}

/* Findings as the profile's notes. */
static void add_notes(const struct import *im, struct profile *p)
{
    p->notes = arena_new_n(&p->arena, const char *, im->findings.n);
    for (size_t i = 0; i < im->findings.n; i++) {
        const struct import_finding *f = &im->findings.v[i];
        p->notes[p->n_notes++] = f->at.line
                                     ? arena_printf(&p->arena, "line %u: %s", f->at.line, f->text)
                                     : arena_str(&p->arena, slice_of(f->text));
    }
}

/* Nothing is left: because of the first server that cannot be used, when there is one. */
static void refuse_empty(struct importing *g)
{
    array_each (f, &g->im->findings)
        if (f->grade == IMPORT_WRONG) {
            import_refuse(g, f->at, "%s", f->text);
            return;
        }
    import_refuse(g, import_whole(g), "no server for IMAP, POP3 or submission is in it");
}

bool import_bytes(struct import *im, slice bytes, const char *shown, struct profile *ret)
{
    struct profile p = { 0 };
    struct importing g = { .im = im, .ret = &p };
    g.shown = arena_str(&im->arena, slice_of(shown));
    split_address(&g);
    if (bytes.n > IMPORT_SIZE_MAX)
        import_refuse(&g, import_whole(&g), "it is larger than %d octets", IMPORT_SIZE_MAX);
    else
        read_any(&g, bytes);
    if (!g.refused && !p.n_services)
        refuse_empty(&g);
    if (g.refused) {
        profile_release(&p);
        return false;
    }
    if (!p.name || !p.name[0])
        p.name = arena_str(&p.arena, slice_of(shown));
    if (!p.title || !p.title[0])
        p.title = p.name;
    p.path = p.source = arena_str(&p.arena, slice_of(shown));
    add_notes(im, &p);
    *ret = p;
    return true;
}

/* ---- files ---- */

static bool read_file(const char *path, struct buf *out, struct problems *problems)
{
    struct place whole = { arena_str(&problems->arena, slice_of(path)), 0, 0, 0 };
    FILE *f = fopen(path, "re");
    if (!f) {
        problem_add(problems, whole, "cannot open the file: %s", strerror(errno));
        return false;
    }
    /* One octet more than is allowed shows that there are too many. */
    char *room = buf_room(out, IMPORT_SIZE_MAX + 1);
    size_t n = fread(room, 1, IMPORT_SIZE_MAX + 1, f);
    bool good = !ferror(f);
    buf_claim(out, n);
    fclose(f);
    if (!good)
        problem_add(problems, whole, "cannot read the file");
    return good;
}

bool import_file(struct import *im, const char *path, struct profile *ret)
{
    auto_buf text;
    buf_init(&text, BUF_OURS);
    return read_file(path, &text, im->problems) && import_bytes(im, buf_slice(&text), path, ret);
}

void import_release(struct import *im)
{
    array_release(&im->findings);
    arena_release(&im->arena);
    *im = (struct import) { 0 };
}

bool profile_import_bytes(slice bytes, const char *shown, const char *email, struct profile *ret,
                          struct problems *problems)
{
    struct import im = { .email = email, .problems = problems };
    bool good = import_bytes(&im, bytes, shown, ret);
    import_release(&im);
    return good;
}

bool profile_import(const char *path, const char *email, struct profile *ret,
                    struct problems *problems)
{
    struct import im = { .email = email, .problems = problems };
    bool good = import_file(&im, path, ret);
    import_release(&im);
    return good;
}

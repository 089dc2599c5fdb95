/* The lines of STAT, LIST, UIDL (RFC 1939 5, 7) and CAPA (RFC 2449 3, 5). */
#include "pop3_reply.h"

/* 1*DIGIT in front of a space or of the end. RFC 1939 5: base 10; leading zeros are not ruled out. */
static bool take_number(slice *rest, uint64_t *ret)
{
    size_t n = 0;
    while (n < rest->n && ascii_is_digit(rest->p[n]))
        n++;
    if (!slice_to_u64(slice_sub(*rest, 0, n), UINT64_MAX, ret))
        return false;
    *rest = slice_skip(*rest, n);
    return true;
}

static bool take_space(slice *rest)
{
    if (!rest->n || rest->p[0] != ' ')
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

/* number SP number [ anything that is not glued to it ]. RFC 1939 makes no requirement on what
   follows the size. */
static bool parse_pair(slice text, enum wire_rule rule, uint64_t ret[2], struct grammar_error *err)
{
    char shown[ESCAPED_MAX];
    slice rest = text;
    uint64_t pair[2] = { 0 };
    bool ok = take_number(&rest, &pair[0]) && take_space(&rest) && take_number(&rest, &pair[1]);
    /* "1 120b" : more digits-with-letters is no size at all. */
    if (!ok || (rest.n && ascii_is_alnum(rest.p[0])))
        return grammar_error_set(err, rule, text.n - rest.n,
                                 "\"%s\" is not a number, one space and a number",
                                 escape_text(text, shown));
    ret[0] = pair[0];
    ret[1] = pair[1];
    return true;
}

bool pop3_drop_parse(slice text, struct pop3_drop *ret, struct grammar_error *err)
{
    uint64_t pair[2];
    if (!parse_pair(text, RULE_POP3_DROP_LISTING, pair, err))
        return false;
    *ret = (struct pop3_drop) { .messages = pair[0], .octets = pair[1] };
    return true;
}

bool pop3_scan_parse(slice line, struct pop3_scan *ret, struct grammar_error *err)
{
    char shown[ESCAPED_MAX];
    uint64_t pair[2];
    if (!parse_pair(line, RULE_POP3_SCAN_LISTING, pair, err))
        return false;
    if (!pair[0])
        return grammar_error_set(err, RULE_POP3_SCAN_LISTING, 0, "message number 0: \"%s\"",
                                 escape_text(line, shown));
    *ret = (struct pop3_scan) { .number = pair[0], .octets = pair[1] };
    return true;
}

static bool is_unique_id(slice id)
{
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] < 0x21 || id.p[i] > 0x7E)
            return false;
    return id.n >= 1 && id.n <= POP3_UNIQUE_ID_MAX;
}

bool pop3_uid_parse(slice line, struct pop3_uid *ret, struct grammar_error *err)
{
    char shown[ESCAPED_MAX];
    slice rest = line;
    uint64_t number;
    if (!take_number(&rest, &number) || !number || !take_space(&rest))
        return grammar_error_set(err, RULE_POP3_UNIQUE_ID, line.n - rest.n,
                                 "\"%s\" does not start with a message number and one space",
                                 escape_text(line, shown));
    if (!is_unique_id(rest))
        return grammar_error_set(err, RULE_POP3_UNIQUE_ID, line.n - rest.n,
                                 "\"%s\" (%zu octets) is no unique-id", escape_text(rest, shown),
                                 rest.n);
    *ret = (struct pop3_uid) { .number = number, .id = rest };
    return true;
}

static size_t count_lines(const struct pop3_reply *reply)
{
    slice rest = reply->body, line;
    size_t n = 0;
    while (pop3_body_line(&rest, &line))
        n++;
    return n;
}

/* Where a line that points into the reply stands in it; one un-stuffed dot does no harm here. */
static size_t offset_of(const struct pop3_reply *reply, slice line)
{
    return (size_t)(line.p - reply->raw.p);
}

static void check_line_ends(const struct pop3_reply *reply, slice line, struct arena *a,
                            struct grammar_errors *errors)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '\r' || line.p[i] == '\n') {
            grammar_errors_add(errors, a, RULE_POP3_LINE_END, offset_of(reply, line) + i,
                               "a %s stands alone in a line", line.p[i] == '\r' ? "CR" : "LF");
            return;
        }
}

size_t pop3_scan_list(const struct pop3_reply *reply, struct arena *a, struct pop3_scan **ret,
                      struct grammar_errors *errors)
{
    slice rest = reply->body, line;
    size_t n = 0;
    *ret = arena_new_n(a, struct pop3_scan, count_lines(reply));
    while (pop3_body_line(&rest, &line)) {
        struct grammar_error err = { 0 };
        check_line_ends(reply, line, a, errors);
        if (pop3_scan_parse(line, &(*ret)[n], &err))
            n++;
        else
            grammar_errors_copy(errors, a, &err, offset_of(reply, line));
    }
    return n;
}

size_t pop3_uid_list(const struct pop3_reply *reply, struct arena *a, struct pop3_uid **ret,
                     struct grammar_errors *errors)
{
    slice rest = reply->body, line;
    size_t n = 0;
    *ret = arena_new_n(a, struct pop3_uid, count_lines(reply));
    while (pop3_body_line(&rest, &line)) {
        struct grammar_error err = { 0 };
        check_line_ends(reply, line, a, errors);
        if (pop3_uid_parse(line, &(*ret)[n], &err))
            n++;
        else
            grammar_errors_copy(errors, a, &err, offset_of(reply, line));
    }
    return n;
}

/* capa-tag = 1*cchar: printable ASCII but "." (which would be taken for the end); RFC 2449 3 writes
   the range up to 0x7F. param = 1*VCHAR. A dot inside a tag is only its first octet's problem. */
static bool is_printable(slice word)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] < 0x21)
            return false;
    return word.n > 0;
}

static void read_capability(const struct pop3_reply *reply, slice line, struct arena *a,
                            struct pop3_capa *capa)
{
    char shown[ESCAPED_MAX];
    struct pop3_capability *c = &capa->v[capa->n++];
    size_t space = slice_find_char(line, ' '), spaces = 0;
    c->name = slice_sub(line, 0, space);
    c->args = space == SIZE_MAX ? (slice) { 0 } : slice_skip(line, space + 1);
    for (size_t i = 0; i < c->args.n; i++)
        spaces += c->args.p[i] == ' ';
    c->params = arena_new_n(a, slice, spaces + 1);
    bool ok = is_printable(c->name);
    slice rest = c->args, param;
    while (slice_cut(&rest, ' ', &param)) {
        ok = ok && is_printable(param);
        if (param.n)
            c->params[c->n_params++] = param;
    }
    size_t offset = offset_of(reply, line);
    if (!ok)
        grammar_errors_add(&capa->errors, a, RULE_POP3_CAPABILITY, offset,
                           "\"%s\" is not a tag and parameters with single spaces",
                           escape_text(line, shown));
    if (line.n + 2 > POP3_LINE_OCTETS)
        grammar_errors_add(&capa->errors, a, RULE_POP3_CAPABILITY_LENGTH, offset + POP3_LINE_OCTETS,
                           "a capability line of %zu octets", line.n + 2);
}

void pop3_capa_parse(const struct pop3_reply *reply, struct arena *a, struct pop3_capa *ret)
{
    slice rest = reply->body, line;
    *ret = (struct pop3_capa) { .v = arena_new_n(a, struct pop3_capability, count_lines(reply)) };
    while (pop3_body_line(&rest, &line)) {
        check_line_ends(reply, line, a, &ret->errors);
        read_capability(reply, line, a, ret);
    }
}

const struct pop3_capability *pop3_capa_find(const struct pop3_capa *capa, slice name)
{
    for (size_t i = 0; i < capa->n; i++)
        if (slice_eq_nocase(capa->v[i].name, name))
            return &capa->v[i];
    return NULL;
}

bool pop3_capa_has_param(const struct pop3_capability *c, slice param)
{
    for (size_t i = 0; c && i < c->n_params; i++)
        if (slice_eq_nocase(c->params[i], param))
            return true;
    return false;
}

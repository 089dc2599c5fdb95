/* Bodies octet for octet, and comparisons between captured values. */
#include "expect_private.h"
#include "pop3_reply.h"

/* The first octet in which two texts differ. */
static size_t first_difference(slice a, slice b)
{
    size_t i = 0;
    while (i < a.n && i < b.n && a.p[i] == b.p[i])
        i++;
    return i;
}

static bool body_equal(slice got, slice want)
{
    if (slice_eq(got, want))
        return true;
    /* A multi-line response ends its last line whatever the message ends in (RFC 1939 3). */
    return !slice_ends(want, S("\r\n")) && got.n == want.n + 2 && slice_starts(got, want) &&
           slice_ends(got, S("\r\n"));
}

enum step_result expect_body(struct device *d, const struct step *s, const struct node *body,
                             const struct unit *u)
{
    struct play *p = d->play;
    const struct node *starts = node_get(body, "starts"), *at = starts ? starts : body;
    slice want;
    auto_buf got;
    buf_init(&got, CONN_UNIT_MAX);
    if (!u || !u->pop3 || !pop3_reply_body(u->pop3, &got))
        return play_fail(p, s, d, body, "%s got no multi-line data", d->name);
    enum step_result r = play_expand(d, p, at, &want);
    if (r != STEP_OK)
        return r;
    if (starts ? slice_starts(buf_slice(&got), want) : body_equal(buf_slice(&got), want))
        return STEP_OK;
    size_t differs = first_difference(buf_slice(&got), want);
    play_fail(p, s, d, at, "%s: the data differs from octet %zu on (%zu octets came, %zu expected)",
              d->name, differs + 1, got.n, want.n);
    slice around = slice_sub(want, differs > 40 ? differs - 40 : 0, differs + 40);
    play_fail_expected(p, around);
    play_fail_actual(p, slice_sub(buf_slice(&got), differs > 40 ? differs - 40 : 0, differs + 40),
                     NULL);
    return STEP_FAILED;
}

/* ---- where ---- */

enum { WHERE_WORDS = 7, WHERE_SHOWN = 80 };

static size_t split_words(slice text, slice words[WHERE_WORDS + 1])
{
    slice rest = text, word;
    size_t n = 0;
    while (n <= WHERE_WORDS && slice_cut(&rest, ' ', &word))
        if (word.n)
            words[n++] = word;
    return n;
}

static const char *const operators[] = { "==", "!=", "<", "<=", ">", ">=" };

static size_t operator_at(const slice *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < COUNT(operators); k++)
            if (slice_eq_str(words[i], operators[k]))
                return i;
    return SIZE_MAX;
}

/* "A or B": one comparison after the other. */
static bool next_alternative(slice *rest, slice *ret)
{
    if (!rest->p)
        return false;
    size_t at = slice_find(*rest, S(" or "));
    *ret = slice_sub(*rest, 0, at);
    *rest = at == SIZE_MAX ? (slice) { NULL, 0 } : slice_skip(*rest, at + 4);
    return true;
}

/* One word, or three with + or - in the middle. */
static bool is_side(const slice *words, size_t n)
{
    return n == 1 || (n == 3 && (slice_eq_str(words[1], "+") || slice_eq_str(words[1], "-")));
}

static void check_comparison(struct step_check *c, const struct node *at, slice text)
{
    slice words[WHERE_WORDS + 1];
    size_t n = split_words(text, words), op = operator_at(words, n);
    if (op == SIZE_MAX || !is_side(words, op) || !is_side(words + op + 1, n - op - 1))
        problem_add(c->loader->problems, at->at,
                    "a comparison is A == B, or A == B + 1, with == != < <= > >=; \"or\" stands "
                    "between two");
}

void expect_check_where(struct step_check *c, const struct node *n)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t count = expect_check_items(c, n, "where", items);
    for (size_t i = 0; i < count; i++) {
        slice rest = items[i]->text, text;
        step_check_text(c, items[i], "where");
        while (next_alternative(&rest, &text))
            check_comparison(c, items[i], text);
    }
}

/* One word, or "A + B", "A - B", as text. */
static bool side_value(struct device *d, const slice *words, size_t n, struct buf *out)
{
    slice missing;
    auto_buf second;
    buf_init(&second, BUF_OURS);
    if (!n || !vars_expand(device_vars(d), words[0], out, &missing))
        return false;
    if (n == 1)
        return true;
    uint64_t a, b;
    if (n != 3 || !vars_expand(device_vars(d), words[2], &second, &missing) ||
        !slice_to_u64(buf_slice(out), UINT64_MAX / 2, &a) ||
        !slice_to_u64(buf_slice(&second), UINT64_MAX / 2, &b))
        return false;
    buf_clear(out);
    if (slice_eq_str(words[1], "+"))
        buf_addf(out, "%llu", (unsigned long long)(a + b));
    else
        buf_addf(out, "%lld", (long long)a - (long long)b);
    return true;
}

static bool compare(slice op, slice left, slice right)
{
    uint64_t a, b;
    int order;
    if (slice_to_u64(left, UINT64_MAX, &a) && slice_to_u64(right, UINT64_MAX, &b))
        order = a < b ? -1 : a > b;
    else
        order = slice_cmp(left, right);
    bool less = order < 0, equal = order == 0;
    if (op.p[0] == '=')
        return equal;
    if (op.p[0] == '!')
        return !equal;
    if (op.p[0] == '<')
        return less || (op.n == 2 && equal);
    return (!less && !equal) || (op.n == 2 && equal);
}

/* Long values are shown around the first octet that differs. */
static enum step_result fail_by_octets(struct device *d, const struct step *s, const struct node *n,
                                       slice left, slice right)
{
    enum { AROUND = 40 };
    struct play *p = d->play;
    size_t at = first_difference(left, right), from = at > AROUND ? at - AROUND : 0;
    play_fail(p, s, d, n, "%.*s does not hold: %zu and %zu octets, which differ from octet %zu on",
              SLICE_ARG(n->text), left.n, right.n, at + 1);
    play_fail_expected(p, slice_sub(right, from, at + AROUND));
    play_fail_actual(p, slice_sub(left, from, at + AROUND), NULL);
    return STEP_FAILED;
}

/* One comparison; *ret_holds and both sides. False when it cannot be computed. */
static bool compute(struct device *d, slice text, struct buf *left, struct buf *right,
                    bool *ret_holds)
{
    slice words[WHERE_WORDS + 1];
    size_t n_words = split_words(text, words), op = operator_at(words, n_words);
    buf_clear(left);
    buf_clear(right);
    if (op == SIZE_MAX || !side_value(d, words, op, left) ||
        !side_value(d, words + op + 1, n_words - op - 1, right))
        return false;
    *ret_holds = compare(words[op], buf_slice(left), buf_slice(right));
    return true;
}

static enum step_result judge_where(struct device *d, const struct step *s, const struct node *n)
{
    struct play *p = d->play;
    slice rest = n->text, text;
    bool holds = false;
    auto_buf left, right;
    buf_init(&left, BUF_OURS);
    buf_init(&right, BUF_OURS);
    while (!holds && next_alternative(&rest, &text))
        if (!compute(d, text, &left, &right, &holds))
            return play_error(p, ERR_FILE, "the comparison \"%.*s\" cannot be computed",
                              SLICE_ARG(text));
    if (holds)
        return STEP_OK;
    if (left.n > WHERE_SHOWN || right.n > WHERE_SHOWN)
        return fail_by_octets(d, s, n, buf_slice(&left), buf_slice(&right));
    play_fail(p, s, d, n, "%.*s does not hold: %s %s and %s", SLICE_ARG(n->text),
              slice_eq(text, n->text) ? "it is" : "the last is", left.n ? left.p : "(empty)",
              right.n ? right.p : "(empty)");
    play_fail_expected(p, n->text);
    play_fail_actual(p, buf_slice(&left), NULL);
    return STEP_FAILED;
}

enum step_result expect_where(struct device *d, const struct step *s, const struct node *map)
{
    const struct node *items[EXPECT_ITEMS_MAX];
    size_t count = expect_items(node_get(map, "where"), items, EXPECT_ITEMS_MAX);
    enum step_result r = STEP_OK;
    for (size_t i = 0; i < count && r == STEP_OK; i++)
        r = judge_where(d, s, items[i]);
    return r;
}

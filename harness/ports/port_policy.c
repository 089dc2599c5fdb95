/* Policies from YAML: every key is one field of the structure, by tables. */
#include "port_policy.h"
#include "node.h"
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static const char *const grade_names[] = { "good", "note", "warn", "fail" };
static const char *const version_names[SURVEY_VERSIONS] = { "SSL 2.0", "SSL 3.0", "TLS 1.0",
                                                            "TLS 1.1", "TLS 1.2", "TLS 1.3" };
static const char *const suite_fields[] = { "name", "exchange", "cipher", "authentication", "mac" };

/* ---- single values ---- */

/* "keys: {rsa-fail: 2048}": where a number or a grade goes. */
struct policy_field {
    const char *map, *key;
    size_t offset;
    bool is_grade;
};
#define NUMBER(map, key, member)                                                                   \
    {                                                                                              \
        map, key, offsetof(struct port_policy, member), false                                      \
    }
#define GRADE(map, key, member)                                                                    \
    {                                                                                              \
        map, key, offsetof(struct port_policy, member), true                                       \
    }
static const struct policy_field fields[] = {
    NUMBER("suites", "bits-fail", suite_bits_fail),
    GRADE("suites", "client-order", server_order),
    GRADE("suites", "no-forward-secrecy", no_forward_secrecy),
    GRADE("suites", "cbc-with-encrypt-then-mac", cbc_with_encrypt_then_mac),
    GRADE("suites", "others", suites.other),
    GRADE("groups", "others", groups.other),
    NUMBER("groups", "dhe-bits-fail", dhe_bits_fail),
    NUMBER("groups", "dhe-bits-warn", dhe_bits_warn),
    GRADE("signatures", "others", signatures.other),
    NUMBER("keys", "rsa-bits-fail", rsa_bits_fail),
    NUMBER("keys", "rsa-bits-warn", rsa_bits_warn),
    NUMBER("keys", "ec-bits-fail", ec_bits_fail),
    NUMBER("certificate", "days-left-warn", days_left_warn),
    NUMBER("certificate", "days-lifetime-warn", days_lifetime_warn),
    NUMBER("sessions", "ticket-seconds-warn", ticket_seconds_warn),
    GRADE("sessions", "client-renegotiation", renegotiation),
    GRADE("use", "passwords-in-clear", clear_login),
    GRADE("use", "mx-without-tls", mx_without_tls),
};

struct policy_file {
    struct port_policy *policy;
    struct problems *problems;
};

static bool read_grade(const struct policy_file *f, const struct node *n, enum policy_grade *ret)
{
    size_t grade;
    if (!node_word(n, grade_names, COUNT(grade_names), "a grade", &grade, f->problems))
        return false;
    *ret = (enum policy_grade)grade;
    return true;
}

static const struct policy_field *field_of(const char *map, slice key)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        if (strcmp(fields[i].map, map) == 0 && slice_eq_str(key, fields[i].key))
            return &fields[i];
    return NULL;
}

static void read_field(const struct policy_file *f, const struct policy_field *field,
                       const struct node *n)
{
    char *at = (char *)f->policy + field->offset;
    uint64_t number;
    enum policy_grade grade;
    if (field->is_grade && read_grade(f, n, &grade))
        memcpy(at, &grade, sizeof grade);
    if (field->is_grade || !node_u64(n, UINT32_MAX, field->key, &number, f->problems))
        return;
    unsigned value = (unsigned)number;
    memcpy(at, &value, sizeof value);
}

/* ---- lists ---- */

static void add_rules(const struct policy_file *f, struct policy_rules *rules, slice field,
                      const struct node *values, enum policy_grade grade)
{
    slice *list;
    size_t n = node_strings(values, "what is graded", &f->policy->arena, &list, f->problems);
    for (size_t i = 0; i < n; i++) {
        if (rules->n == POLICY_RULES_MAX) {
            problem_add(f->problems, values->at, "more than %d rules", POLICY_RULES_MAX);
            return;
        }
        *array_push(rules) = (struct policy_rule) { field, list[i], grade };
    }
}

/* "fail: {cipher: [RC4, DES]}" of suites, "fail: [secp160*]" of groups and signatures. */
static void read_rules(const struct policy_file *f, struct policy_rules *rules, bool by_field,
                       const struct node *n, enum policy_grade grade)
{
    if (!by_field) {
        add_rules(f, rules, S("name"), n, grade);
        return;
    }
    if (!node_is(n, NODE_MAP, "graded suites", f->problems))
        return;
    node_only_keys(n, suite_fields, COUNT(suite_fields), "graded suites", f->problems);
    for (size_t i = 0; i < n->n; i++)
        add_rules(f, rules, n->keys[i]->text, n->items[i], grade);
}

/* ---- sections ---- */

static size_t keys_of(const char *map, bool graded, const char *ret[COUNT(fields) + 4])
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT(fields); i++)
        if (strcmp(fields[i].map, map) == 0)
            ret[n++] = fields[i].key;
    for (size_t i = 0; graded && i < COUNT(grade_names); i++)
        ret[n++] = grade_names[i];
    return n;
}

static void read_section(const struct policy_file *f, const char *name, struct policy_rules *rules,
                         bool by_field, const struct node *n)
{
    const char *keys[COUNT(fields) + 4];
    if (!node_is(n, NODE_MAP, name, f->problems))
        return;
    node_only_keys(n, keys, keys_of(name, rules != NULL, keys), name, f->problems);
    for (size_t i = 0; i < n->n; i++) {
        const struct policy_field *field = field_of(name, n->keys[i]->text);
        if (field)
            read_field(f, field, n->items[i]);
        for (size_t g = 0; rules && g < COUNT(grade_names); g++)
            if (slice_eq_str(n->keys[i]->text, grade_names[g]))
                read_rules(f, rules, by_field, n->items[i], (enum policy_grade)g);
    }
}

static void read_version_grades(const struct policy_file *f, const struct node *n,
                                enum policy_grade grades[SURVEY_VERSIONS])
{
    if (!n || !node_is(n, NODE_MAP, "versions", f->problems))
        return;
    node_only_keys(n, version_names, SURVEY_VERSIONS, "versions", f->problems);
    for (size_t v = 0; v < SURVEY_VERSIONS; v++) {
        const struct node *grade = node_get(n, version_names[v]);
        if (grade)
            read_grade(f, grade, &grades[v]);
    }
}

static void read_versions(const struct policy_file *f, const struct node *n)
{
    static const char *const keys[] = { "accepted", "missing" };
    if (!node_is(n, NODE_MAP, "versions", f->problems))
        return;
    node_only_keys(n, keys, COUNT(keys), "versions", f->problems);
    read_version_grades(f, node_get(n, "accepted"), f->policy->version);
    read_version_grades(f, node_get(n, "missing"), f->policy->version_missing);
}

static const char *read_text(const struct policy_file *f, const struct node *root, const char *key)
{
    const struct node *n = node_get(root, key);
    if (n && n->kind == NODE_SCALAR && n->text.n)
        return arena_str(&f->policy->arena, n->text);
    problem_add(f->problems, n ? n->at : root->at, "a policy needs \"%s\", one line of text", key);
    return NULL;
}

static void read_policy(const struct policy_file *f, const struct node *root)
{
    static const char *const keys[] = { "title",      "source", "versions",    "suites",   "groups",
                                        "signatures", "keys",   "certificate", "sessions", "use" };
    if (!node_is(root, NODE_MAP, "a policy", f->problems))
        return;
    node_only_keys(root, keys, COUNT(keys), "a policy", f->problems);
    f->policy->title = read_text(f, root, "title");
    f->policy->source = read_text(f, root, "source");
    struct policy_rules *rules[] = { &f->policy->suites, &f->policy->groups,
                                     &f->policy->signatures };
    for (size_t i = 2; i < COUNT(keys); i++) {
        const struct node *n = node_get(root, keys[i]);
        if (!n)
            problem_add(f->problems, root->at, "a policy needs \"%s\"", keys[i]);
        else if (i == 2)
            read_versions(f, n);
        else
            read_section(f, keys[i], i < 6 ? rules[i - 3] : NULL, i == 3, n);
    }
}

/* ---- finding the file ---- */

static int is_policy_file(const struct dirent *d)
{
    return d->d_name[0] != '.' && slice_ends(slice_of(d->d_name), S(".yaml"));
}

size_t port_policy_names(const char *root, struct arena *arena, const char *const **ret)
{
    struct dirent **entries = NULL;
    int n = scandir(arena_printf(arena, "%s/policies", root), &entries, is_policy_file, alphasort);
    size_t count = n > 0 ? (size_t)n : 0;
    const char **names = arena_new_n(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        slice file = slice_of(entries[i]->d_name);
        names[i] = arena_str(arena, slice_sub(file, 0, file.n - sizeof ".yaml" + 1));
        free(entries[i]);
    }
    free(entries);
    *ret = names;
    return count;
}

bool port_policy_is_one(const struct node *root)
{
    return node_get(root, "versions") && node_get(root, "suites");
}

/* "no policy ...; did you mean ...", with all that there are. */
static int unknown_policy(const char *root, const char *name, struct error *err)
{
    auto_arena arena = { 0 };
    auto_buf all;
    const char *const *names;
    size_t n = port_policy_names(root, &arena, &names);
    buf_init(&all, BUF_OURS);
    for (size_t i = 0; i < n; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    const char *near = nearest_word(slice_of(name), names, n);
    return error_set(err, ERR_USAGE, "no policy \"%s\"%s%s%s; there are %s, or give a file's path",
                     name, near ? ", did you mean \"" : "", near ? near : "", near ? "\"" : "",
                     all.n ? all.p : "none");
}

static slice bare_name(slice path)
{
    for (size_t at; (at = slice_find_char(path, '/')) != SIZE_MAX;)
        path = slice_skip(path, at + 1);
    path.n -= slice_ends(path, S(".yaml")) ? 5 : 0;
    return path;
}

int port_policy_load(const char *root, const char *name, struct port_policy *ret,
                     struct problems *problems, struct error *err)
{
    struct port_policy policy = { 0 };
    bool is_path = strchr(name, '/') || slice_ends(slice_of(name), S(".yaml"));
    const char *path = is_path ? arena_str(&policy.arena, slice_of(name))
                               : arena_printf(&policy.arena, "%s/policies/%s.yaml", root, name);
    if (!is_path && access(path, R_OK) != 0) {
        arena_release(&policy.arena);
        return unknown_policy(root, name, err);
    }
    size_t before = problems->list.n;
    struct policy_file file = { &policy, problems };
    policy.name = arena_str(&policy.arena, bare_name(slice_of(path)));
    const struct node *tree = node_load(path, path, &policy.arena, problems);
    if (tree)
        read_policy(&file, tree);
    if (!tree || problems->list.n > before) {
        const char *shown = arena_str(&problems->arena, slice_of(path));
        for (size_t i = before; i < problems->list.n; i++)
            problems->list.v[i].at.file = shown; /* mistakes outlive the policy */
        port_policy_release(&policy);
        return error_set(err, ERR_FILE, "the policy file %s has mistakes", name);
    }
    *ret = policy;
    return 0;
}

void port_policy_release(struct port_policy *p)
{
    array_release(&p->suites);
    array_release(&p->groups);
    array_release(&p->signatures);
    arena_release(&p->arena);
}

/* ---- grading ---- */

/* "*" at either end of the pattern takes anything. */
static bool matches(slice pattern, slice text)
{
    bool open_start = slice_starts(pattern, S("*"));
    bool open_end = pattern.n > open_start && slice_ends(pattern, S("*"));
    slice middle = slice_sub(pattern, open_start, pattern.n - open_end);
    if (!open_start && !open_end)
        return slice_eq_nocase(text, middle);
    if (open_start && open_end)
        return slice_find_nocase(text, middle) != SIZE_MAX;
    if (middle.n > text.n)
        return false;
    return slice_eq_nocase(
        open_start ? slice_skip(text, text.n - middle.n) : slice_sub(text, 0, middle.n), middle);
}

static slice suite_field(const struct tls_suite *s, slice key)
{
    const char *const values[] = { NULL, s->exchange, s->cipher, s->authentication, s->mac };
    for (size_t i = 1; i < COUNT(values); i++)
        if (slice_eq_str(key, suite_fields[i]))
            return slice_of(values[i]);
    return (slice) { NULL, 0 };
}

enum policy_grade policy_of_suite(const struct port_policy *p, const struct tls_suite *suite,
                                  const char *name, bool encrypt_then_mac)
{
    enum policy_grade worst = GRADE_GOOD;
    bool any = false;
    for (size_t i = 0; i < p->suites.n; i++) {
        const struct policy_rule *r = &p->suites.v[i];
        bool by_name = slice_eq(r->key, S("name"));
        if (!by_name && !suite)
            continue;
        slice value = by_name ? slice_of(name) : suite_field(suite, r->key);
        if (!matches(r->value, value))
            continue;
        bool cbc = slice_eq(r->key, S("cipher")) && slice_ends(value, S("-CBC"));
        enum policy_grade grade = cbc && encrypt_then_mac && p->cbc_with_encrypt_then_mac < r->grade
                                      ? p->cbc_with_encrypt_then_mac
                                      : r->grade;
        worst = grade > worst ? grade : worst;
        any = true;
    }
    if (suite && suite->bits < p->suite_bits_fail)
        return GRADE_FAIL;
    return any ? worst : p->suites.other;
}

static enum policy_grade grade_of(const struct policy_rules *rules, const char *name)
{
    enum policy_grade worst = GRADE_GOOD;
    bool any = false;
    for (size_t i = 0; i < rules->n; i++)
        if (matches(rules->v[i].value, slice_of(name))) {
            worst = rules->v[i].grade > worst ? rules->v[i].grade : worst;
            any = true;
        }
    return any ? worst : rules->other;
}

enum policy_grade policy_of_group(const struct port_policy *p, const char *name)
{
    return grade_of(&p->groups, name);
}

enum policy_grade policy_of_signature(const struct port_policy *p, const char *name)
{
    return grade_of(&p->signatures, name);
}

#include "mta_sts.h"
#include <stdio.h>

const char *const sts_mode_names[] = { "none", "testing", "enforce" };

/* sts-id = %s"id=" 1*32(ALPHA / DIGIT) */
bool sts_record_parse(slice text, slice *ret_id, char why[TXT_WHY_MAX])
{
    struct txt_fields fields;
    if (!txt_fields_parse(text, S("v=STSv1"), &fields, why))
        return false;
    const struct txt_field *id = txt_field(&fields, "id");
    bool good = id && id->value.n <= 32;
    for (size_t i = 0; good && i < id->value.n; i++)
        good = ascii_is_alnum(id->value.p[i]);
    for (size_t i = 0; good && i < fields.n; i++)
        good = txt_extension_is_good(&fields.v[i]);
    if (good)
        *ret_id = id->value;
    else
        snprintf(why, TXT_WHY_MAX, "%s",
                 !id ? "has no id= field"
                     : "has an id that is not 1 to 32 letters and digits, or "
                       "another field with \"=\" or a blank in its value");
    return good;
}

/* ---- the policy ---- */

struct reading {
    struct sts_policy policy;
    bool version, mode, max_age;
    size_t line;
    char *why;
};

static bool wrong(struct reading *r, const char *what, slice value)
{
    snprintf(r->why, TXT_WHY_MAX, "line %zu: %s: \"%.*s\"", r->line, what,
             (int)(value.n < 60 ? value.n : 60), value.p);
    return false;
}

static bool read_version(struct reading *r, slice value)
{
    r->version = true;
    return slice_eq(value, S("STSv1")) || wrong(r, "the version is not STSv1", value);
}

static bool read_mode(struct reading *r, slice value)
{
    r->mode = true;
    for (int i = STS_NONE; i <= STS_ENFORCE; i++)
        if (slice_eq_str(value, sts_mode_names[i])) {
            r->policy.mode = (enum sts_mode)i;
            return true;
        }
    return wrong(r, "the mode is none of enforce, testing, none", value);
}

/* 1*10(DIGIT) */
static bool read_max_age(struct reading *r, slice value)
{
    r->max_age = true;
    return (value.n <= 10 && slice_to_u64(value, STS_MAX_AGE, &r->policy.max_age)) ||
           wrong(r, "max_age is no number of seconds up to 31557600", value);
}

/* sub-domain = Let-dig [Ldh-str] (RFC 5321 section 4.1.2) */
static bool label_is_good(slice label)
{
    if (!label.n || label.n > 63 || !ascii_is_alnum(label.p[0]) ||
        !ascii_is_alnum(label.p[label.n - 1]))
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-')
            return false;
    return true;
}

/* ["*."] Domain */
static bool read_mx(struct reading *r, slice value)
{
    slice rest = slice_starts(value, S("*.")) ? slice_skip(value, 2) : value, label;
    bool good = rest.n > 0 && rest.n <= 253;
    while (good && slice_cut(&rest, '.', &label))
        good = label_is_good(label);
    if (!good)
        return wrong(r, "mx is neither a host name nor \"*.\" and a domain", value);
    if (r->policy.n_mx == STS_MX_MAX)
        return wrong(r, "more than 256 mx", value);
    r->policy.mx[r->policy.n_mx++] = value;
    return true;
}

/* sts-policy-ext-value: no controls; its UTF-8 is nobody's concern, as the field is ignored. */
static bool read_extension(struct reading *r, slice value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((uint8_t)value.p[i] < ' ' || value.p[i] == 0x7F)
            return wrong(r, "a control character", value);
    return true;
}

static const struct field {
    const char *name;
    bool (*read)(struct reading *r, slice value);
    size_t seen; /* offset in struct reading; 0: may be repeated */
} fields[] = {
    { "version", read_version, offsetof(struct reading, version) },
    { "mode", read_mode, offsetof(struct reading, mode) },
    { "max_age", read_max_age, offsetof(struct reading, max_age) },
    { "mx", read_mx, 0 },
};

/* Of fields that stand there twice, but for mx, only the first counts. */
static bool read_field(struct reading *r, slice name, slice value)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!slice_eq_str(name, fields[i].name))
            continue;
        if (!fields[i].seen || !*((bool *)((char *)r + fields[i].seen)))
            return fields[i].read(r, value);
        r->policy.repeated = name;
        return true;
    }
    return read_extension(r, value);
}

/* sts-policy-field = name ":" *WSP value, and *WSP behind it */
static bool read_line(struct reading *r, slice line)
{
    slice value = line, name;
    r->line++;
    if (!txt_trim(line).n) {
        r->policy.blank_line = r->policy.blank_line ? r->policy.blank_line : r->line;
        return true;
    }
    if (slice_find_char(line, ':') == SIZE_MAX || !slice_cut(&value, ':', &name) ||
        !txt_name_is_good(name))
        return wrong(r, "this is no \"NAME: VALUE\"", line);
    value = txt_trim(value);
    return value.n ? read_field(r, name, value) : wrong(r, "a field without a value", line);
}

static bool is_complete(struct reading *r)
{
    const char *missing = !r->version                                     ? "version"
                          : !r->mode                                      ? "mode"
                          : !r->max_age                                   ? "max_age"
                          : !r->policy.n_mx && r->policy.mode != STS_NONE ? "mx"
                                                                          : NULL;
    if (missing)
        snprintf(r->why, TXT_WHY_MAX, "has no \"%s\" field", missing);
    return !missing;
}

bool sts_policy_parse(slice text, struct sts_policy *ret, char why[TXT_WHY_MAX])
{
    struct reading r = { .why = why };
    slice line;
    if (text.n > STS_POLICY_OCTETS) {
        snprintf(why, TXT_WHY_MAX, "has more than 64 kilobytes, which senders need not read");
        return false;
    }
    while (slice_line(&text, &line))
        if (!read_line(&r, line))
            return false;
    if (!is_complete(&r))
        return false;
    *ret = r.policy;
    return true;
}

bool sts_pattern_covers(slice pattern, const char *host)
{
    slice name = slice_of(host);
    if (slice_starts(pattern, S("*."))) {
        size_t dot = slice_find_char(name, '.');
        if (dot == SIZE_MAX || dot == 0)
            return false;
        name = slice_skip(name, dot + 1);
        pattern = slice_skip(pattern, 2);
    }
    return slice_eq_nocase(pattern, name);
}

#include "capabilities.h"
#include "testing.h"

/* What a real server sent: the word STARTTLS inside another token. */
static void sample(struct capabilities *caps)
{
    capabilities_reset(caps);
    capabilities_add(caps, S("PIPELINING"), S(""));
    capabilities_add(caps, S("XSECURITY=NONE,STARTTLS"), S(""));
    capabilities_add(caps, S("SIZE"), S("35882577"));
    capabilities_add(caps, S("AUTH"), S("PLAIN  LOGIN SCRAM-SHA-256"));
    capabilities_add(caps, S("AUTH=CRAM-MD5"), S(""));
    capabilities_add(caps, S("APPENDLIMIT=1000"), S(""));
    capabilities_add(caps, S("SASL"), S("EXTERNAL"));
    capabilities_add(caps, S("LITERAL-"), S(""));
}

static const struct {
    const char *name;
    bool has;
} rows[] = {
    { "pipelining", true },
    { "STARTTLS", false },
    { "SIZE", true },
    { "SIZ", false },
    { "AUTH", true },
    { "AUTH=PLAIN", true },
    { "auth=login", true },
    { "AUTH=PLAI", false },
    { "AUTH=CRAM-MD5", true },
    { "SASL=EXTERNAL", true },
    { "LITERAL", false },
    { "LITERAL-", true },
    { "APPENDLIMIT", false },
    { "APPENDLIMIT=1000", true },
    { "AUTH=SCRAM-SHA-1", false },
};

START_TEST(lookups)
{
    struct capabilities caps = { 0 };
    sample(&caps);
    ck_assert_msg(caps_has(&caps, slice_of(rows[_i].name)) == rows[_i].has, "%s", rows[_i].name);
    capabilities_release(&caps);
}
END_TEST

START_TEST(mechanisms_and_values)
{
    struct capabilities caps = { 0 }, copy = { 0 };
    sample(&caps);
    capabilities_copy(&caps, &copy);
    capabilities_release(&caps);
    ck_assert(!caps.known && copy.known);
    ck_assert(caps_has_mechanism(&copy, S("scram-sha-256")));
    ck_assert(caps_has_mechanism(&copy, S("CRAM-MD5")));
    ck_assert(caps_has_mechanism(&copy, S("EXTERNAL")));
    ck_assert(!caps_has_mechanism(&copy, S("SHA-256")));
    ck_assert_uint_eq(caps_get(&copy, S("AUTH"))->n_params, 3);
    capabilities_release(&copy);
}
END_TEST

START_TEST(bounded)
{
    struct capabilities caps = { 0 };
    capabilities_reset(&caps);
    for (int i = 0; i <= CAPABILITIES_MAX; i++)
        capabilities_add(&caps, S("X"), S(""));
    ck_assert_uint_eq(caps.list.n, CAPABILITIES_MAX);
    ck_assert(caps.too_many);
    capabilities_release(&caps);
}
END_TEST

START_TEST(states)
{
    struct session_capabilities s = { 0 };
    ck_assert(!session_caps(&s)->known);
    capabilities_reset(session_caps(&s));
    capabilities_add(session_caps(&s), S("STARTTLS"), S(""));
    session_caps_enter(&s, CAPS_TLS);
    ck_assert(!session_caps(&s)->known);
    ck_assert(!caps_has(session_caps(&s), S("STARTTLS")));
    ck_assert(caps_has(&s.in[CAPS_CLEAR], S("STARTTLS")));
    session_capabilities_release(&s);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, lookups, 0, sizeof rows / sizeof *rows);
    tcase_add_test(cases, mechanisms_and_values);
    tcase_add_test(cases, bounded);
    tcase_add_test(cases, states);
}

int main(void)
{
    return run_tests("capabilities", add);
}

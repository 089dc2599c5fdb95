/* Servers that say anything: whatever comes, a visit ends in time, within its connections, with
   sentences that can be printed. */
#include "test_port_driver.h"

enum { ROUNDS = 40, VISITS_PER_ROUND = 10, LINES = 23, TOOK_MAX_SECONDS = 1200 };

static const char *const pool[] = {
    "S: 220 x",
    "S: 220-x",
    "S: 250-STARTTLS",
    "S: 250 x",
    "S: 334 ",
    "S: 503 x",
    "S: 421 x",
    "S: +OK x",
    "S: -ERR x",
    "S: .",
    "S: + ",
    "S: * OK x",
    "S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN",
    "S: * BYE x",
    "S: v1 OK x",
    "S: v2 NO x",
    "S: v3 OK x",
    "S: v4 BAD x",
    "S: \"STARTTLS\"",
    "S: \"SASL\" \"PLAIN",
    "S: OK x",
    "S: NO x",
    "S: {5}",
    "S: HTTP/1.1 400 x",
    "S: STLS",
    "S: \x01\x02\x7f\xff\xc3\x28 x",
    "B: 25",
    "B: \r",
    "B: \n",
    "B: \x15\x03\x03",
    "B: \x16\x03\x01\x40",
    "W: 100",
    "W: 3000",
    "A",
    "A",
    "A",
    "A",
    "C: ",
    "C: ",
    "C: ",
    "T",
    "T",
    "X",
};

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

static void make_lines(const char **lines, unsigned *state)
{
    size_t n = 2 + next_random(state) % (LINES - 2);
    for (size_t i = 0; i < n; i++)
        lines[i] = pool[next_random(state) % COUNT(pool)];
    lines[n] = NULL;
}

static void check_printable(const char *text)
{
    for (; text && *text; text++)
        ck_assert_msg((unsigned char)*text >= 0x20, "octet %d", *text);
}

static void look(struct port_facts *rows, size_t n, void *arg)
{
    const struct port_facts *f = &rows[0];
    ck_assert_uint_le(f->connections, PORT_QUICK_CONNECTIONS);
    ck_assert_int_lt(f->took, SECONDS(TOOK_MAX_SECONDS));
    ck_assert(f->reach != REACH_UNTRIED);
    check_printable(f->first_text);
    check_printable(f->starttls_said);
    check_printable(f->work_said);
    check_printable(f->injection_said);
    check_printable(f->tls.failure);
    array_each (sentence, &f->unclear)
        check_printable(*sentence);
}

START_TEST(anything_may_come)
{
    static const int ports[] = { 25, 24, 465, 110, 995, 143, 993, 4190 };
    unsigned state = (unsigned)_i + 1;
    for (int i = 0; i < VISITS_PER_ROUND; i++) {
        struct script script = { 0 };
        struct visiting how = { .script = &script, .timeout = SECONDS(5) };
        make_lines(script.lines, &state);
        make_lines(script.later, &state);
        visit_ports(&how, &ports[next_random(&state) % COUNT(ports)], 1, look, NULL);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, anything_may_come, 0, ROUNDS);
}

int main(void)
{
    return run_tests("port_chaos", add);
}

#include "array.h"
#include "fuzz_replay.h"
#include "pop3_reply.h"
#include "rule_bits.h"
#include "testing.h"

/* Framing: octets of the first response, 0 when more must come; and where a false end is seen. */
static const struct {
    const char *raw;
    bool multiline;
    size_t octets, false_end;
} frames[] = {
    { "+OK\r\n", false, 5, NO_OFFSET },
    { "+OK hi\r\nmore", false, 8, NO_OFFSET },
    { "-ERR no\r\n", true, 9, NO_OFFSET },
    { "+ \r\n", true, 4, NO_OFFSET },
    { "hello\r\n", true, 7, NO_OFFSET },
    { "+OK\r\n.\r\n", true, 8, NO_OFFSET },
    { "+ok\r\n.\r\n", true, 8, NO_OFFSET },
    { "+OK\r\na\r\n.\r\n+OK\r\n", true, 11, NO_OFFSET },
    { "+OK\r\n..\r\n.\r\n", true, 12, NO_OFFSET },
    { "+OK\r\na.\r\n.\r\n", true, 12, NO_OFFSET },
    { "+OK\n.\r\n", true, 7, NO_OFFSET },
    { "+OK", false, 0, NO_OFFSET },
    { "+OK\r\n", true, 0, NO_OFFSET },
    { "+OK\r\na\r\n.", true, 0, NO_OFFSET },
    { "+OK\r\na\r\n.\r", true, 0, NO_OFFSET },
    { "+OK\r\na\r\n.\n", true, 0, 8 }, /* quirk: ". LF" */
    { "+OK\r\na\n.\n", true, 0, 7 },
    { "+OK\r\na\n.\r\n", true, 0, 7 },
    { "+OK\r\na.\r\n", true, 0, NO_OFFSET }, /* quirk: dot glued to the last line */
};

static void frame_check(int i, enum frame got, const struct pop3_frame *f, size_t octets)
{
    ck_assert_int_eq(got, frames[i].octets ? FRAME_READY : FRAME_MORE);
    ck_assert_uint_eq(octets, frames[i].octets);
    if (got == FRAME_MORE)
        ck_assert_uint_eq(f->false_end, frames[i].false_end);
}

START_TEST(response_is_framed_at_every_split)
{
    slice all = slice_of(frames[_i].raw);
    for (size_t split = 0; split <= all.n; split++) {
        struct pop3_frame f;
        size_t octets = 0;
        pop3_frame_init(&f, frames[_i].multiline, 1000);
        enum frame got = pop3_frame_next(&f, slice_sub(all, 0, split), &octets);
        if (got == FRAME_MORE)
            got = pop3_frame_next(&f, all, &octets);
        frame_check(_i, got, &f, octets);
    }
}
END_TEST

START_TEST(response_is_framed_octet_by_octet)
{
    struct pop3_frame f;
    size_t octets = 0, n = 0, all = strlen(frames[_i].raw);
    enum frame got = FRAME_MORE;
    pop3_frame_init(&f, frames[_i].multiline, 1000);
    while (got == FRAME_MORE && n < all)
        got = pop3_frame_next(&f, slice_make(frames[_i].raw, ++n), &octets);
    frame_check(_i, got, &f, octets);
    ck_assert_uint_eq(n, frames[_i].octets ? frames[_i].octets : all);
}
END_TEST

START_TEST(limit_is_of_the_whole_response)
{
    struct pop3_frame f;
    size_t octets;
    pop3_frame_init(&f, true, 11);
    ck_assert_int_eq(pop3_frame_next(&f, S("+OK\r\na\r\n.\r\n"), &octets), FRAME_READY);
    pop3_frame_init(&f, true, 10);
    ck_assert_int_eq(pop3_frame_next(&f, S("+OK\r\na\r\n.\r\n"), &octets), FRAME_LIMIT);
    pop3_frame_init(&f, true, 10);
    ck_assert_int_eq(pop3_frame_next(&f, S("+OK\r\naaaaaaa"), &octets), FRAME_LIMIT);
    pop3_frame_init(&f, false, 4);
    ck_assert_int_eq(pop3_frame_next(&f, S("+OK\r\n"), &octets), FRAME_LIMIT);
}
END_TEST

static const struct {
    const char *raw;
    unsigned flags;
    enum pop3_status status;
    const char *code, *text; /* NULL: no response code */
    uint64_t rules;
} rows[] = {
    { "+OK\r\n", 0, POP3_OK, NULL, "", 0 },
    { "+OK ready <1.2@x>\r\n", 0, POP3_OK, NULL, "ready <1.2@x>", 0 },
    { "+OK \r\n", 0, POP3_OK, NULL, "", 0 },
    { "-ERR\r\n", POP3_MULTILINE, POP3_ERR, NULL, "", 0 },
    { "-ERR [IN-USE] busy\r\n", 0, POP3_ERR, "IN-USE", "[IN-USE] busy", 0 },
    { "-ERR [SYS/TEMP]\r\n", POP3_RESP_CODES, POP3_ERR, "SYS/TEMP", "[SYS/TEMP]", 0 },
    { "+OK [x\r\n", 0, POP3_OK, NULL, "[x", 0 }, /* without RESP-CODES it is text */
    { "+ \r\n", 0, POP3_CONTINUE, NULL, "", 0 },
    { "+ PDEyMw==\r\n", 0, POP3_CONTINUE, NULL, "PDEyMw==", 0 },
    { "+\r\n", POP3_IN_AUTH, POP3_CONTINUE, NULL, "", 0 },
    { "+OK caf\xC3\xA9\r\n", POP3_UTF8, POP3_OK, NULL, "caf\xC3\xA9", 0 },
    { "+OK\r\n.\r\n", POP3_MULTILINE, POP3_OK, NULL, "", 0 },
    { "+OK\r\n..\r\n...\r\n..x\r\na\r\n.\r\n", POP3_MULTILINE, POP3_OK, NULL, "", 0 },
    /* A bare LF starts no line: what follows it need not be stuffed. */
    { "+OK\r\na\n.x\n.\nb\r\n.\r\n", POP3_MULTILINE, POP3_OK, NULL, "", 0 },
    { "OK\r\n", 0, POP3_UNKNOWN, NULL, "OK", BIT(POP3_STATUS) },
    { "* OK IMAP\r\n", 0, POP3_UNKNOWN, NULL, "* OK IMAP", BIT(POP3_STATUS) },
    { "+\r\n", 0, POP3_UNKNOWN, NULL, "+", BIT(POP3_STATUS) },
    { "+YES\r\n", 0, POP3_UNKNOWN, NULL, "+YES", BIT(POP3_STATUS) },
    { "\r\n", 0, POP3_UNKNOWN, NULL, "", BIT(POP3_STATUS) },
    { "+ok hi\r\n", 0, POP3_OK, NULL, "hi", BIT(POP3_STATUS_CASE) },
    { "-Err hi\r\n", 0, POP3_ERR, NULL, "hi", BIT(POP3_STATUS_CASE) },
    { "+OK2 320\r\n", 0, POP3_OK, NULL, "2 320", BIT(POP3_STATUS_SPACE) },
    { "-ERR: no\r\n", 0, POP3_ERR, NULL, ": no", BIT(POP3_STATUS_SPACE) },
    { "+OK hi\n", 0, POP3_OK, NULL, "hi", BIT(POP3_LINE_END) },
    { "+OK h\ri\r\n", 0, POP3_OK, NULL, "h\ri", BIT(POP3_LINE_END) },
    { "+OK hi", 0, POP3_OK, NULL, "hi", BIT(POP3_LINE_END) },
    { "+OK caf\xE9\r\n", 0, POP3_OK, NULL, "caf\xE9", BIT(POP3_TEXT) },
    { "+OK caf\xE9\r\n", POP3_UTF8, POP3_OK, NULL, "caf\xE9", BIT(POP3_TEXT) },
    { "-ERR [x\r\n", POP3_RESP_CODES, POP3_ERR, NULL, "[x", BIT(POP3_RESPONSE_CODE) },
    { "-ERR [] x\r\n", POP3_RESP_CODES, POP3_ERR, NULL, "[] x", BIT(POP3_RESPONSE_CODE) },
    { "-ERR [A//B] x\r\n", POP3_RESP_CODES, POP3_ERR, NULL, "[A//B] x", BIT(POP3_RESPONSE_CODE) },
    { "-ERR [A B] x\r\n", POP3_RESP_CODES, POP3_ERR, NULL, "[A B] x", BIT(POP3_RESPONSE_CODE) },
    { "+OK\r\n.x\r\n.\r\n", POP3_MULTILINE, POP3_OK, NULL, "", BIT(POP3_STUFFING) },
    { "+OK\r\na\r\n. \r\n.\r\n", POP3_MULTILINE, POP3_OK, NULL, "", BIT(POP3_STUFFING) },
};

START_TEST(response_is_read)
{
    auto_arena a = { 0 };
    struct pop3_reply reply;
    pop3_reply_parse(slice_of(rows[_i].raw), rows[_i].flags, &a, &reply);
    ck_assert_int_eq(reply.status, rows[_i].status);
    ck_assert_slice(reply.text, slice_of(rows[_i].text));
    ck_assert_int_eq(reply.code.p != NULL, rows[_i].code != NULL);
    ck_assert_slice(reply.code, slice_of(rows[_i].code));
    ck_assert_msg(rule_bits(&reply.errors) == rows[_i].rules, "%s: %s", rows[_i].raw,
                  reply.errors.n ? reply.errors.v[0].text : "nothing found");
}
END_TEST

START_TEST(message_is_behind_the_response_code)
{
    auto_arena a = { 0 };
    struct pop3_reply reply;
    pop3_reply_parse(S("-ERR [IN-USE]  try later\r\n"), 0, &a, &reply);
    ck_assert_slice(reply.message, S("try later"));
    pop3_reply_parse(S("+OK hi  you\r\n"), 0, &a, &reply);
    ck_assert_slice(reply.message, S("hi  you"));
    pop3_reply_parse(S("+ [x]\r\n"), POP3_RESP_CODES, &a, &reply);
    ck_assert_slice(reply.message, S("[x]"));
    ck_assert_ptr_null(reply.code.p);
}
END_TEST

START_TEST(first_line_is_at_most_512_octets)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct pop3_reply reply;
    buf_init(&b, BUF_OURS);
    buf_add(&b, _i & 1 ? S("+ ") : S("+OK "));
    while (b.n < (_i & 2 ? 511 : 510))
        buf_addc(&b, 'x');
    buf_add(&b, S("\r\n"));
    pop3_reply_parse(buf_slice(&b), 0, &a, &reply);
    ck_assert_uint_eq(rule_bits(&reply.errors), _i == 2 ? BIT(POP3_LINE_LENGTH) : 0);
}
END_TEST

START_TEST(body_is_unstuffed)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct pop3_reply reply;
    slice rest, line;
    const char *want[] = { "a", ".", ".x", "", "b" };
    buf_init(&b, 100);
    pop3_reply_parse(S("+OK\r\na\r\n..\r\n..x\r\n\r\nb\r\n.\r\n"), POP3_MULTILINE, &a, &reply);
    ck_assert_slice(reply.body, S("a\r\n..\r\n..x\r\n\r\nb\r\n"));
    ck_assert(pop3_reply_body(&reply, &b));
    ck_assert_slice(buf_slice(&b), S("a\r\n.\r\n.x\r\n\r\nb\r\n"));
    rest = reply.body;
    for (size_t i = 0; i < COUNT(want); i++) {
        ck_assert(pop3_body_line(&rest, &line));
        ck_assert_slice(line, slice_of(want[i]));
    }
    ck_assert(!pop3_body_line(&rest, &line));
    buf_release(&b);
    buf_init(&b, 3);
    ck_assert(!pop3_reply_body(&reply, &b));
}
END_TEST

/* One line of a listing; what is it: 's'tat, 'l'ist, 'u'idl. */
#define ID70 "0123456789012345678901234567890123456789012345678901234567890123456789"
static const struct {
    char what;
    const char *line;
    uint64_t first, second; /* second: octets, or the length of the id */
    bool valid;
} lines[] = {
    { 's', "2 320", 2, 320, true },
    { 's', "0 0", 0, 0, true },
    { 's', "2 320 messages and more", 2, 320, true }, /* RFC 1939 5 lets more follow */
    { 's', "2 320 ", 2, 320, true },
    { 's', "02 0320", 2, 320, true },
    { 's', "2  320", 0, 0, false },
    { 's', " 2 320", 0, 0, false },
    { 's', "2", 0, 0, false },
    { 's', "2 ", 0, 0, false },
    { 's', "2 messages", 0, 0, false },
    { 's', "2\t320", 0, 0, false },
    { 's', "2 320octets", 0, 0, false },
    { 's', "-1 320", 0, 0, false },
    { 's', "2 99999999999999999999", 0, 0, false },
    { 's', "", 0, 0, false },
    { 'l', "1 120", 1, 120, true },
    { 'l', "1 120 (octets)", 1, 120, true },
    { 'l', "1 120, read", 1, 120, true },
    { 'l', "0 120", 0, 0, false },
    { 'l', "1  120", 0, 0, false },
    { 'l', "+OK 1 120", 0, 0, false }, /* quirk: +OK on each line */
    { 'l', "1", 0, 0, false },
    { 'u', "1 whqtswO00WBw418f9t5JxYwZ", 1, 24, true },
    { 'u', "2 !~", 2, 2, true },
    { 'u', "3 " ID70, 3, 70, true },
    { 'u', "3 x" ID70, 0, 0, false },
    { 'u', "1  id", 0, 0, false }, /* quirk: several spaces */
    { 'u', "1 id ", 0, 0, false },
    { 'u', "1 id more", 0, 0, false },
    { 'u', "1 ", 0, 0, false },
    { 'u', "1", 0, 0, false },
    { 'u', "id", 0, 0, false }, /* quirk: no number */
    { 'u', "0 id", 0, 0, false },
    { 'u', "1 i\xC3\xA9", 0, 0, false },
    { 'u', "1 i\x7F", 0, 0, false },
};

static bool parse_line(int i, uint64_t ret[2], struct grammar_error *err)
{
    slice line = slice_of(lines[i].line);
    struct pop3_drop drop = { 0 };
    struct pop3_scan scan = { 0 };
    struct pop3_uid uid = { 0 };
    bool ok = lines[i].what == 's'   ? pop3_drop_parse(line, &drop, err)
              : lines[i].what == 'l' ? pop3_scan_parse(line, &scan, err)
                                     : pop3_uid_parse(line, &uid, err);
    ret[0] = drop.messages + scan.number + uid.number;
    ret[1] = drop.octets + scan.octets + uid.id.n;
    return ok;
}

START_TEST(listing_line_is_read)
{
    struct grammar_error err = { 0 };
    uint64_t got[2];
    ck_assert_msg(parse_line(_i, got, &err) == lines[_i].valid, "%s", lines[_i].line);
    ck_assert_uint_eq(got[0], lines[_i].first);
    ck_assert_uint_eq(got[1], lines[_i].second);
    uint64_t rule = lines[_i].what == 's'   ? BIT(POP3_DROP_LISTING)
                    : lines[_i].what == 'l' ? BIT(POP3_SCAN_LISTING)
                                            : BIT(POP3_UNIQUE_ID);
    ck_assert_uint_eq(rule_bit(err.rule), lines[_i].valid ? 0 : rule);
}
END_TEST

START_TEST(lists_are_read)
{
    auto_arena a = { 0 };
    struct pop3_reply reply;
    struct pop3_scan *scans;
    struct pop3_uid *uids;
    struct grammar_errors errors = { 0 };
    pop3_reply_parse(S("+OK\r\n1 120\r\nbad\r\n2 200\r\n.\r\n"), POP3_MULTILINE, &a, &reply);
    ck_assert_uint_eq(pop3_scan_list(&reply, &a, &scans, &errors), 2);
    ck_assert_uint_eq(scans[1].octets, 200);
    ck_assert_uint_eq(rule_bits(&errors), BIT(POP3_SCAN_LISTING));
    ck_assert_uint_eq(errors.v[0].offset, 12);
    errors.n = 0;
    pop3_reply_parse(S("+OK\r\n1 a\r\n2 b\n3 c\r\n.\r\n"), POP3_MULTILINE, &a, &reply);
    ck_assert_uint_eq(pop3_uid_list(&reply, &a, &uids, &errors), 1);
    ck_assert_slice(uids[0].id, S("a"));
    ck_assert_uint_eq(rule_bits(&errors), BIT(POP3_LINE_END) | BIT(POP3_UNIQUE_ID));
    errors.n = 0;
    pop3_reply_parse(S("+OK\r\n.\r\n"), POP3_MULTILINE, &a, &reply);
    ck_assert_uint_eq(pop3_uid_list(&reply, &a, &uids, &errors), 0);
    ck_assert_uint_eq(errors.n, 0);
}
END_TEST

static const struct {
    const char *raw;
    size_t n;
    uint64_t rules;
} capas[] = {
    { "+OK\r\nTOP\r\nSASL PLAIN LOGIN\r\nEXPIRE NEVER\r\n.\r\n", 3, 0 },
    { "+OK\r\n.\r\n", 0, 0 },
    { "+OK\r\nIMPLEMENTATION a-b/1.0(x)\r\n.\r\n", 1, 0 },
    { "+OK\r\nX.Y\r\n.\r\n", 1, 0 },
    { "+OK\r\nSASL  PLAIN\r\n.\r\n", 1, BIT(POP3_CAPABILITY) },
    { "+OK\r\nSASL \r\n.\r\n", 1, BIT(POP3_CAPABILITY) },
    { "+OK\r\n TOP\r\n.\r\n", 1, BIT(POP3_CAPABILITY) },
    { "+OK\r\n\r\n.\r\n", 1, BIT(POP3_CAPABILITY) },
    { "+OK\r\nSASL PLAIN\tLOGIN\r\n.\r\n", 1, BIT(POP3_CAPABILITY) },
    { "+OK\r\nS\xC3\x84SL\r\n.\r\n", 1, BIT(POP3_CAPABILITY) },
    { "+OK\r\nTOP\nUIDL\r\n.\r\n", 1, BIT(POP3_CAPABILITY) | BIT(POP3_LINE_END) },
};

START_TEST(capabilities_are_read)
{
    auto_arena a = { 0 };
    struct pop3_reply reply;
    struct pop3_capa capa;
    pop3_reply_parse(slice_of(capas[_i].raw), POP3_MULTILINE, &a, &reply);
    pop3_capa_parse(&reply, &a, &capa);
    ck_assert_uint_eq(capa.n, capas[_i].n);
    ck_assert_uint_eq(rule_bits(&capa.errors), capas[_i].rules);
}
END_TEST

START_TEST(capabilities_are_found_by_token)
{
    auto_arena a = { 0 };
    struct pop3_reply reply;
    struct pop3_capa capa;
    pop3_reply_parse(S("+OK\r\nXTOP\r\nsasl PLAIN SCRAM-SHA-256\r\n.\r\n"), POP3_MULTILINE, &a,
                     &reply);
    pop3_capa_parse(&reply, &a, &capa);
    ck_assert_ptr_null(pop3_capa_find(&capa, S("TOP")));
    const struct pop3_capability *sasl = pop3_capa_find(&capa, S("SASL"));
    ck_assert_slice(sasl->args, S("PLAIN SCRAM-SHA-256"));
    ck_assert(pop3_capa_has_param(sasl, S("plain")));
    ck_assert(!pop3_capa_has_param(sasl, S("SCRAM")));
    ck_assert(!pop3_capa_has_param(NULL, S("PLAIN")));
}
END_TEST

START_TEST(capability_line_is_at_most_512_octets)
{
    auto_arena a = { 0 };
    auto_buf b;
    struct pop3_reply reply;
    struct pop3_capa capa;
    buf_init(&b, BUF_OURS);
    buf_add(&b, S("+OK\r\n"));
    for (int i = 0; i < 510 + _i; i++)
        buf_addc(&b, 'x');
    buf_add(&b, S("\r\n.\r\n"));
    pop3_reply_parse(buf_slice(&b), POP3_MULTILINE, &a, &reply);
    pop3_capa_parse(&reply, &a, &capa);
    ck_assert_uint_eq(rule_bits(&capa.errors), _i ? BIT(POP3_CAPABILITY_LENGTH) : 0);
}
END_TEST

static const struct {
    const char *greeting, *timestamp;
} timestamps[] = {
    { "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>",
      "<1896.697170952@dbc.mtview.ca.us>" },
    { "+OK <a@b> and more", "<a@b>" },
    { "+OK <a@b", "" },
    { "+OK ready <pop3> of me@example.org", "" },
    { "+OK me@example.org> is <here", "" },
    { "+OK", "" },
    { "", "" },
};

START_TEST(timestamps_are_found)
{
    ck_assert_slice(pop3_timestamp(slice_of(timestamps[_i].greeting)),
                    slice_of(timestamps[_i].timestamp));
}
END_TEST

START_TEST(fuzz_target_takes_rows)
{
    fuzz_replay(slice_of(rows[_i].raw));
    if (_i < (int)COUNT(capas))
        fuzz_replay(slice_of(capas[_i].raw));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, response_is_framed_at_every_split, 0, COUNT(frames));
    tcase_add_loop_test(cases, response_is_framed_octet_by_octet, 0, COUNT(frames));
    tcase_add_test(cases, limit_is_of_the_whole_response);
    tcase_add_loop_test(cases, response_is_read, 0, COUNT(rows));
    tcase_add_test(cases, message_is_behind_the_response_code);
    tcase_add_loop_test(cases, first_line_is_at_most_512_octets, 0, 4);
    tcase_add_test(cases, body_is_unstuffed);
    tcase_add_loop_test(cases, listing_line_is_read, 0, COUNT(lines));
    tcase_add_test(cases, lists_are_read);
    tcase_add_loop_test(cases, capabilities_are_read, 0, COUNT(capas));
    tcase_add_test(cases, capabilities_are_found_by_token);
    tcase_add_loop_test(cases, capability_line_is_at_most_512_octets, 0, 2);
    tcase_add_loop_test(cases, timestamps_are_found, 0, COUNT(timestamps));
    tcase_add_loop_test(cases, fuzz_target_takes_rows, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("pop3_reply", add);
}

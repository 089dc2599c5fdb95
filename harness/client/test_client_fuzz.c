/* Replays rows, and small changes of them, through the fuzz target that this is linked with. */
#include "fuzz_replay.h"
#include "testing.h"

static const slice rows[] = {
    S("\x06s3cretLOGIN me \"s3cret\"\r\nczNjcmV0 xs3cretS3CRET AHgAczNjcmV0\r\n"),
    S("\x04\"\\\"x-\"\\\"x \\\"\\\\\\\"x\"\r\n"),
    S("\x00"
      "220-hi\r\n220 there\r\n250 ok\n500\r\n"),
    S("\x02"
      "+OK hi\r\n+OK\r\n-ERR [IN-USE] x\r\n+ \r\n"),
    S("\x16"
      "+OK hi\r\n+OK\r\n1 20\r\n..\r\n.\r\n+ Zm9v\r\n+OK\r\n.\n.\r\n"),
    S("\x03* OK [X] {3}\r\n* 1 FETCH (BODY[] {4}\r\n\r\nx) UID 4)\r\n* (\r\n+ go\r\nA1 BAD\n"),
};

START_TEST(replay)
{
    fuzz_replay(rows[_i]);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, replay, 0, sizeof rows / sizeof *rows);
}

int main(void)
{
    return run_tests("client_fuzz", add);
}

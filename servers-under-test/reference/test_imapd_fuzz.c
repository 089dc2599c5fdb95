/* Commands of every kind and small changes of them, through the fuzz target. */
#include "array.h"
#include "fuzz_replay.h"
#include "testing.h"

static const char *const rows[] = {
    "a FETCH 1:2 (UID BODY.PEEK[TEXT]<0.3>)\r\n",
    "a UID STORE 1,3 (UNCHANGEDSINCE 5) +FLAGS (\\Seen w)\r\nb EXPUNGE\r\n",
    "a APPEND INBOX (\\Draft) \" 1-Feb-2020 01:02:03 +0100\" {3+}\r\nabc\r\nb NOOP\r\n",
    "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (% \"x*\") RETURN (CHILDREN STATUS (MESSAGES))\r\n",
    "a ENABLE QRESYNC IMAP4rev2\r\nb SELECT INBOX (QRESYNC (7 2 1:9 (1 1)))\r\n",
    "a CREATE x/&APw- (USE (\\Sent))\r\nb RENAME x y\r\nc DELETE y\r\nd LSUB \"\" %\r\n",
    "a COPY 1 INBOX\r\nb MOVE 2:3 INBOX\r\nc STATUS INBOX (SIZE HIGHESTMODSEQ)\r\n",
    "a IDLE\r\nDONE\r\nb ID (\"a\" NIL)\r\nc UID SEARCH RETURN (SAVE ALL) OR SEEN NOT 2\r\n",
    "a SETQUOTA \"User quota\" (STORAGE 9)\r\nb GETQUOTAROOT INBOX\r\nc LOGOUT\r\n",
    "a AUTHENTICATE PLAIN\r\nb LOGIN {1}\r\nc SUBSCRIBE {2+}\r\nxy\r\nd CLOSE\r\n",
};

START_TEST(changed_commands)
{
    fuzz_replay(slice_of(rows[_i]));
}
END_TEST

static void add_tests(TCase *cases)
{
    tcase_add_loop_test(cases, changed_commands, 0, COUNT(rows));
}

int main(void)
{
    return run_tests("imapd_fuzz", add_tests);
}

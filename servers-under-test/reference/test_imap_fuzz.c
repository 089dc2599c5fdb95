/* The fuzz target that is linked in, over the golden messages and small changes of them. */
#include "fuzz_replay.h"
#include "test_imap_golden.h"

/* Arguments of FETCH and keys of SEARCH; each target takes those that are its own. */
static const char *const arguments[] = {
    "",
    "FULL",
    "(UID BODY[HEADER.FIELDS (A {1}\r\nB)]<1.2> BINARY[1.2])",
    "(BODY.PEEK[2.1.MIME] BINARY.SIZE[2] RFC822)",
    "OR SUBJECT a NOT (BODY b TEXT \"\")",
    "RETURN (MIN MAX) CHARSET UTF-8 FROM \"\xC3\xA9\" 1:*,3",
    "HEADER Subject {1}\r\n? MODSEQ \"/flags/x\" all 5 SENTON 3-Mar-2020",
};

static void with_message(const char *args, slice message)
{
    auto_buf input;
    buf_init(&input, BUF_OURS);
    buf_adds(&input, args);
    buf_addc(&input, '\0');
    buf_add(&input, message);
    fuzz_exact(buf_slice(&input));
}

/* Cut at, doubled from and with one octet changed at about 12 places. */
static void with_changes(const char *args, slice message)
{
    autofree char *copy = xslicedup(message);
    size_t step = message.n / 12 + 1;
    with_message(args, message);
    for (size_t i = 0; i < message.n; i += step) {
        with_message(args, slice_sub(message, 0, i));
        with_message(args, slice_skip(message, i));
        copy[i] = "\0\r\n-:(\"=\xC3"[i % 9];
        with_message(args, slice_make(copy, message.n));
        copy[i] = message.p[i];
    }
}

START_TEST(golden_messages_changed)
{
    slice message = golden_read(golden_names[_i], ".eml");
    for (size_t i = 0; i < COUNT(arguments); i++)
        with_changes(arguments[i], message);
    fuzz_exact(message);
    free((char *)message.p);
}
END_TEST

START_TEST(arguments_changed)
{
    fuzz_replay(slice_make(arguments[_i], strlen(arguments[_i]) + 1));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, golden_messages_changed, 0, (int)n_goldens);
    tcase_add_loop_test(t, arguments_changed, 0, COUNT(arguments));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    golden_list(argv[1]);
    int status = run_tests("imap_fuzz", add);
    golden_release();
    return status;
}

#include "fuzz_replay.h"
#include "smtp_command.h"
#include <assert.h>

static void check_path(const struct smtp_path *path, struct arena *a)
{
    if (path->null || path->postmaster)
        return;
    /* local "@" domain makes the mailbox, and the mailbox reads as itself. */
    struct smtp_path again;
    assert(path->mailbox.n == path->local.n + 1 + path->domain.n);
    assert(smtp_mailbox_parse(path->mailbox, SMTP_PATH_UTF8 | SMTP_PATH_ANY_LENGTH, &again, NULL));
    assert(slice_eq(again.local, path->local) && slice_eq(again.domain, path->domain));
    assert(smtp_path_eq(path, &again));
    assert(smtp_local_plain(path->local, a).n <= path->local.n);
}

static void check_xtext(slice s)
{
    auto_buf encoded, decoded, raw;
    buf_init(&encoded, BUF_OURS);
    buf_init(&decoded, BUF_OURS);
    buf_init(&raw, BUF_OURS);
    xtext_encode(s, &encoded);
    assert(xtext_decode(buf_slice(&encoded), &decoded, NULL));
    assert(slice_eq(buf_slice(&decoded), s));
    xtext_decode(s, &raw, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice line = slice_make(data, size);
    for (unsigned i = 0; i < 8; i++) {
        auto_arena a = { 0 };
        struct smtp_command c;
        unsigned flags = (i & 1 ? SMTP_COMMAND_UTF8 : 0) | (i & 2 ? SMTP_COMMAND_ANY_LENGTH : 0) |
                         (i & 4 ? SMTP_COMMAND_LENIENT : 0);
        smtp_command_parse(line, flags, &a, &c);
        assert(!c.error.rule || c.error.offset <= size);
        smtp_command_param(&c, S("SIZE"));
        if (!c.error.rule && (c.verb == SMTP_MAIL || c.verb == SMTP_RCPT))
            check_path(&c.path, &a);
    }
    check_xtext(line);
    return 0;
}

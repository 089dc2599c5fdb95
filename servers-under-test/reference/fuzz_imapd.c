/* What a logged-in client sends, in one piece: the server answers, every response conforms to the
   grammar, and the session ends when the client's direction does. */
#include "buf.h"
#include "fuzz_replay.h"
#include "imap_frame.h"
#include "imap_grammar.h"
#include "reference.h"
#include "store.h"
#include <assert.h>

enum { INPUTS_PER_STORE = 200 }; /* so that a finding does not depend on too much history */

struct run {
    struct reference *ref;
    slice input;
    struct stream *ends[2];
};

static void serve(void *arg)
{
    struct run *r = arg;
    reference_serve(r->ref, SERVICE_IMAP, r->ends[1], "127.0.0.1");
}

/* Under IMAP4rev2 names may be UTF-8, which the input may have enabled. */
static void check(struct buf *in, struct imap_framer *framer, bool rev2)
{
    struct imap_grammar_options options = { .rev2 = rev2, .utf8 = rev2 };
    struct imap_grammar_error error;
    struct imap_frame frame;
    while (imap_framer_scan(framer, buf_slice(in), &frame) != IMAP_FRAME_MORE) {
        slice unit = slice_sub(buf_slice(in), 0, frame.length);
        assert(imap_grammar_check(unit, &options, &error));
        buf_shift(in, frame.length);
    }
}

static void converse(void *arg)
{
    struct run *r = arg;
    nsec deadline = now() + SECONDS(3600);
    struct imap_framer framer;
    auto_buf in;
    ssize_t n;
    pair_open(r->ends);
    struct task *server = task_spawn(serve, r);
    buf_init(&in, BUF_OURS);
    imap_framer_init(&framer, IMAP_FRAME_RESPONSES);
    bool rev2 = slice_find_nocase(r->input, S("IMAP4rev2")) != SIZE_MAX;
    stream_write_slice(r->ends[0], S("a LOGIN alice secret\r\nb SELECT INBOX\r\n"), deadline);
    stream_write_slice(r->ends[0], r->input, deadline);
    stream_half_close(r->ends[0], deadline);
    /* What follows COMPRESS or STARTTLS is no text. */
    bool binary = slice_find_nocase(r->input, S("COMPRESS")) != SIZE_MAX ||
                  slice_find_nocase(r->input, S("STARTTLS")) != SIZE_MAX;
    while ((n = stream_read(r->ends[0], buf_room(&in, 4096), 4096, deadline)) > 0) {
        buf_claim(&in, (size_t)n);
        if (!binary)
            check(&in, &framer, rev2);
    }
    stream_close(r->ends[0]);
    task_join(server);
}

static struct reference *new_reference(void)
{
    struct reference_account alice = { .user = "alice", .password = "secret" };
    struct reference_options o = { .accounts = &alice, .n_accounts = 1 };
    struct reference *ref = NULL;
    struct error err;
    fault_set(&o.faults, FAULT_TLS_LOGIN_IN_CLEAR);
    int code = reference_new(&o, &err, &ref);
    assert(code == 0);
    struct new_message n = { .bytes = S("Subject: x\r\n\r\ntext\r\n") };
    for (int i = 0; i < 3; i++)
        mailbox_append(account_inbox(store_account(reference_store(ref), S("alice"))), &n, NULL);
    return ref;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reference *ref;
    static unsigned used;
    if (used++ % INPUTS_PER_STORE == 0) {
        reference_free(ref);
        ref = new_reference();
    }
    struct run r = { .ref = ref, .input = slice_make(data, size) };
    sched_main(CLOCK_VIRTUAL, converse, &r);
    return 0;
}

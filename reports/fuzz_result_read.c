/* Fuzz target: any octets as a result document. What is accepted must render in every format, and
   its own JSON must read back to the same JSON. */
#include "report.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(const struct run *run, const char *format, struct buf *out)
{
    static const struct report_options all = { .verbosity = 2, .transcripts = TRANSCRIPTS_ALL };
    assert(report_writer_find(slice_of(format))->write(run, &all, out, NULL) == 0);
}

static void check_round_trip(const struct run *run)
{
    auto_buf first, second;
    auto_run again;
    buf_init(&first, BUF_OURS);
    buf_init(&second, BUF_OURS);
    run_init(&again);
    render(run, "json", &first);
    assert(result_read_json(buf_slice(&first), "again", &again, NULL) == 0);
    render(&again, "json", &second);
    assert(slice_eq(buf_slice(&first), buf_slice(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_run run;
    struct error err;
    run_init(&run);
    if (result_read_json(slice_make(data, size), "fuzz", &run, &err))
        return 0;
    for (const struct report_writer *w = report_writers; w->name; w++) {
        auto_buf out;
        buf_init(&out, BUF_OURS);
        render(&run, w->name, &out);
    }
    check_round_trip(&run);
    return 0;
}

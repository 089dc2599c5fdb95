/* CPU of one IMAP NOOP round trip with everything on: framing, the grammar of each response, the
   masked transcript. The reference server runs in this process, so the figure is for both sides.
   In memory, and over loopback. Argument: round trips (100000). */
#include "dial.h"
#include "imap_client.h"
#include "listen.h"
#include "reference.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { ROUND_TRIPS = 100000 };

static struct bench {
    size_t n;
    struct reference *ref;
    struct stream *theirs;
    bool failed;
} bench = { .n = ROUND_TRIPS };

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int round_trips(struct stream *stream, struct transcript *transcript, struct error *err)
{
    struct conn_options options = { .protocol = PROTOCOL_IMAP, .transcript = transcript };
    struct conn *c = conn_open(stream, &options);
    struct imap_client i;
    imap_client_init(&i, c, NULL);
    int result = imap_greeting(&i, NEVER, err);
    for (size_t k = 0; k < bench.n && result == 0; k++)
        result = imap_command_ok(&i, S("NOOP"), ERR_REFUSED, NEVER, err, NULL);
    imap_client_release(&i);
    conn_close(c);
    return result;
}

static void measure(const char *where, struct stream *stream)
{
    struct error err = { 0 };
    struct secrets secrets = { 0 };
    secrets_add(&secrets, S("correct horse battery staple"));
    struct transcript *transcript = transcript_new(&secrets);
    double before = cpu_seconds();
    nsec start = now();
    if (round_trips(stream, transcript, &err) < 0) {
        printf("%s: %s\n", where, err.text);
        bench.failed = true;
    } else {
        double n = (double)bench.n;
        printf("%-10s %6.2f us CPU (client and server), %6.2f us elapsed for one NOOP\n", where,
               (cpu_seconds() - before) * 1e6 / n, (double)(now() - start) / 1e3 / n);
    }
    transcript_free(transcript);
    secrets_release(&secrets);
}

static void serve_memory(void *arg)
{
    reference_serve(bench.ref, SERVICE_IMAP, bench.theirs, "127.0.0.1");
}

static void serve_socket(void *arg, struct stream *s)
{
    reference_serve(bench.ref, SERVICE_IMAP, s, "127.0.0.1");
}

static void in_memory(void)
{
    struct stream *ends[2];
    pair_open(ends);
    bench.theirs = ends[1];
    struct task *server = task_spawn(serve_memory, NULL);
    measure("memory", ends[0]);
    task_join(server);
}

static void over_loopback(void)
{
    struct error err = { 0 };
    struct listener *listener = NULL;
    struct stream *stream = NULL;
    struct listen_options listen = { .serve = serve_socket };
    int result = listener_open(&listen, &err, &listener);
    struct dial_options to = { .host = "127.0.0.1" };
    if (result == 0) {
        to.port = listener_port(listener);
        result = dial(&to, now() + SECONDS(10), &err, &stream);
    }
    if (result == 0) {
        measure("loopback", stream);
    } else {
        printf("loopback: %s\n", err.text);
        bench.failed = true;
    }
    listener_close(listener);
}

static void run(void *arg)
{
    in_memory();
    over_loopback();
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct reference_options options = { 0 };
    if (argc > 1)
        bench.n = strtoul(argv[1], NULL, 10);
    if (reference_new(&options, &err, &bench.ref) < 0) {
        printf("%s\n", err.text);
        return 1;
    }
    sched_main(CLOCK_REAL, run, NULL);
    reference_free(bench.ref);
    return bench.failed;
}

/* Thousands of TLS sessions at once on one thread, both ends in this process, verified against an
   authority made for the run. Over loopback sockets when the limit on descriptors allows it, else
   in memory. Prints figures; fails when a session is lost. Argument: how many (5000). */
#include "array.h"
#include "certs.h"
#include "dial.h"
#include "listen.h"
#include "tls.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SESSIONS = 5000, ROUND_TRIPS = 10, SPARE_DESCRIPTORS = 100, PATIENCE = 600 };

static struct bench {
    size_t n, arrived, lost;
    bool sockets;
    uint16_t port;
    struct tls_context *client, *server;
    struct cond changed;
    size_t phase; /* clients go on to phase p once all have arrived in it */
    ARRAY(struct task *) memory_servers;
} bench = { .n = SESSIONS };

static double seconds_of(nsec t)
{
    return (double)t / (double)SECONDS(1);
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static size_t resident_bytes(void)
{
    size_t total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%zu %zu", &total, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static nsec patience(void)
{
    return now() + SECONDS(PATIENCE);
}

/* --- sessions --- */

static void serve(void *arg, struct stream *under)
{
    struct stream *s = NULL;
    char data[256];
    ssize_t n;
    if (tls_open_server(under, bench.server, NULL, patience(), NULL, &s) < 0) {
        stream_close(under);
        return;
    }
    while ((n = stream_read(s, data, sizeof data, patience())) > 0)
        if (stream_write(s, data, (size_t)n, patience()) < 0)
            break;
    stream_close(s);
}

static void serve_memory(void *arg)
{
    serve(NULL, arg);
}

static int reach_server(struct error *err, struct stream **ret)
{
    struct dial_options o = { .host = "127.0.0.1", .port = bench.port };
    if (bench.sockets)
        return dial(&o, patience(), err, ret);
    struct stream *end[2];
    pair_open(end);
    *array_push(&bench.memory_servers) = task_spawn(serve_memory, end[1]);
    *ret = end[0];
    return 0;
}

/* Waits until every client has come so far (or was lost on the way). */
static void meet(size_t phase)
{
    bench.arrived++;
    cond_broadcast(&bench.changed);
    while (bench.phase < phase)
        cond_wait(&bench.changed, NEVER);
}

static bool echo(struct stream *s)
{
    char data[64] = "a001 NOOP, and some more to make it sixty-four octets";
    if (stream_write(s, data, sizeof data, patience()) < 0)
        return false;
    for (size_t n = 0; n < sizeof data;) {
        ssize_t got = stream_read(s, data, sizeof data - n, patience());
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    return true;
}

static void client(void *arg)
{
    static const struct tls_options options = { .sni = "localhost", .verify_host = "localhost" };
    struct stream *under = NULL, *s = NULL;
    struct error err;
    bool good = reach_server(&err, &under) == 0 &&
                tls_open_client(under, bench.client, &options, patience(), &err, &s) == 0;
    if (!good && bench.lost == 0)
        printf("first loss: %s\n", err.text);
    meet(1);
    for (int i = 0; good && i < ROUND_TRIPS; i++)
        good = echo(s);
    meet(2);
    bench.lost += !good;
    stream_close(s ? s : under);
}

/* --- the run --- */

static void wait_phase(size_t phase)
{
    while (bench.arrived < bench.n)
        cond_wait(&bench.changed, NEVER);
    bench.arrived = 0;
    bench.phase = phase;
}

static void report(const char *what, size_t n, nsec since, double cpu)
{
    double wall = seconds_of(now() - since), used = cpu_seconds() - cpu;
    printf("%s: %zu in %.2f s, %.0f per second, %.1f us of CPU each (both ends)\n", what, n, wall,
           (double)n / wall, used * 1e6 / (double)n);
}

static void report_memory(size_t before)
{
    double each = (double)(resident_bytes() - before) / (double)bench.n / 1024;
    printf("memory: %.1f KiB per session (both ends), about %.1f KiB per client session\n", each,
           each / 2);
}

static void run(void *arg)
{
    struct listener *l = NULL;
    ARRAY(struct task *) clients = { 0 };
    if (bench.sockets) {
        struct error err;
        if (listener_open(&(struct listen_options) { .serve = serve }, &err, &l) < 0) {
            puts(err.text);
            bench.lost = bench.n;
            return;
        }
        bench.port = listener_port(l);
    }
    size_t memory = resident_bytes();
    nsec since = now();
    double cpu = cpu_seconds();
    for (size_t i = 0; i < bench.n; i++)
        *array_push(&clients) = task_spawn(client, NULL);
    wait_phase(1);
    report("TLS handshakes", bench.n, since, cpu);
    report_memory(memory);
    since = now();
    cpu = cpu_seconds();
    cond_broadcast(&bench.changed);
    wait_phase(2);
    report("echo round trips", bench.n * ROUND_TRIPS, since, cpu);
    cond_broadcast(&bench.changed);
    array_each (t, &clients)
        task_join(*t);
    array_each (t, &bench.memory_servers)
        task_join(*t);
    array_release(&clients);
    array_release(&bench.memory_servers);
    listener_close(l);
}

static bool descriptors_suffice(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= 2 * bench.n + SPARE_DESCRIPTORS;
}

int main(int argc, char **argv)
{
    uint64_t n;
    if (argc > 1 && slice_to_u64(slice_of(argv[1]), LISTEN_CONNECTIONS_MAX, &n))
        bench.n = n;
    bench.sockets = descriptors_suffice();
    struct ca *ca = ca_new("Benchmark authority");
    struct identity id = identity_of_kind(ca, CERT_GOOD, "localhost");
    struct tls_client_config client_config = { .ca_pem = ca_pem(ca) };
    struct tls_server_config server_config = { .chain_pem = slice_of(id.chain_pem),
                                               .key_pem = slice_of(id.key_pem) };
    struct error err;
    if (tls_client_context_new(&client_config, &err, &bench.client) < 0 ||
        tls_server_context_new(&server_config, &err, &bench.server) < 0) {
        puts(err.text);
        return 1;
    }
    printf("%zu TLS sessions at once on one thread, %s\n", bench.n,
           bench.sockets ? "over loopback sockets" : "in memory");
    sched_main(CLOCK_REAL, run, NULL);
    printf("lost: %zu\n", bench.lost);
    tls_context_free(bench.client);
    tls_context_free(bench.server);
    identity_release(&id);
    ca_free(ca);
    return bench.lost > 0;
}

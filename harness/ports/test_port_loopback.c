/* Visits over sockets: how connections fail, and how long a row takes on loopback. */
#include "certs.h"
#include "listen.h"
#include "reference.h"
#include "service.h"
#include "test_port_driver.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROWS = 9, ROW_MILLIS = 1000 };

START_TEST(standards_agree_with_the_services)
{
    for (size_t i = 0; i < n_port_standards; i++) {
        const struct port_standard *p = &port_standards[i];
        const struct service *s = service_at_port(p->port);
        ck_assert_ptr_eq(port_standard(p->port), p);
        ck_assert(s || p->protocol == PORT_SIEVE);
        ck_assert(!s || (strcmp(s->name, p->name) == 0 && s->role == p->role &&
                         s->implicit_tls == (p->mode == TLS_MODE_IMPLICIT)));
    }
    ck_assert_ptr_null(port_standard(80));
    ck_assert_str_eq(port_protocol_name(PORT_SIEVE), "ManageSieve");
}
END_TEST

/* ---- no connection ---- */

/* A port of 127.0.0.1 where nothing listens. */
static uint16_t closed_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static const struct {
    const char *host, *source;
    int family;
    enum port_reach reach;
} unreached[] = {
    { "127.0.0.1", NULL, AF_INET, REACH_REFUSED },
    { "127.0.0.1", NULL, 0, REACH_REFUSED },
    { "localhost", NULL, AF_INET, REACH_REFUSED },
    { "127.0.0.1", NULL, AF_INET6, REACH_NO_ADDRESS },
    { "no-such-host.invalid", NULL, AF_INET, REACH_NO_ADDRESS },
    { "127.0.0.1", "192.0.2.1", AF_INET, REACH_BROKEN }, /* not an address of ours */
};

static void not_reached(void *arg)
{
    int i = *(int *)arg;
    struct port_network network = { .source = unreached[i].source };
    struct port_options options = { .dialer = { port_dial_network, &network },
                                    .timeout = SECONDS(20) };
    struct port_spec spec = { .host = unreached[i].host,
                              .port = 993,
                              .dial_port = closed_port(),
                              .family = unreached[i].family,
                              .protocol = PORT_IMAP,
                              .mode = TLS_MODE_IMPLICIT };
    struct port_facts f;
    port_facts_init(&f, &spec);
    port_visit(&options, &f);
    ck_assert_msg(f.reach == unreached[i].reach, "%s: %s: %s", unreached[i].host,
                  port_reach_name(f.reach), f.error.text);
    ck_assert(f.error.text[0] && f.speaks == SPEAKS_UNKNOWN);
    ck_assert_uint_eq(f.connections, f.reach == REACH_NO_ADDRESS ? 0 : 1);
    port_facts_release(&f);
}

START_TEST(reach_is_told_apart)
{
    sched_main(CLOCK_REAL, not_reached, &_i);
}
END_TEST

/* ---- a fleet on loopback ---- */

struct served {
    struct reference *reference;
    enum service_id service;
};

static void serve(void *arg, struct stream *s)
{
    struct served *served = arg;
    reference_serve(served->reference, served->service, s, "127.0.0.5");
}

static void check_row(const struct port_facts *f)
{
    char text[FACTS_TEXT];
    bool good = f->reach == REACH_OPEN && f->tls.up && f->tls.chain_code == X509_V_OK &&
                f->unclear.n == 0 && f->connections == PORT_QUICK_CONNECTIONS &&
                f->took < MILLIS(ROW_MILLIS) &&
                slice_starts(slice_of(f->address), S("127.0.0.1 port "));
    ck_assert_msg(good, "%s", facts_text(f, text));
}

static void visit_fleet(void *arg)
{
    struct reference *reference;
    struct listener *listeners[ROWS];
    struct served served[ROWS];
    struct port_facts rows[ROWS];
    struct tls_context *trust;
    struct port_network network = { 0 };
    struct budget budget = { .max = 2 }; /* as many as a small machine can shake hands with */
    ck_assert_int_eq(reference_new(&(struct reference_options) { 0 }, NULL, &reference), 0);
    struct tls_client_config config = { .ca_pem = reference_ca_pem(reference) };
    ck_assert_int_eq(tls_client_context_new(&config, NULL, &trust), 0);
    for (int i = 0; i < ROWS; i++) {
        const struct port_standard *p = &port_standards[i];
        served[i] = (struct served) { reference, service_at_port(p->port)->id };
        struct listen_options o = { .serve = serve, .arg = &served[i] };
        ck_assert_int_eq(listener_open(&o, NULL, &listeners[i]), 0);
        struct port_spec spec = { .host = "localhost",
                                  .address = "127.0.0.1",
                                  .port = p->port,
                                  .dial_port = listener_port(listeners[i]),
                                  .family = AF_INET,
                                  .protocol = p->protocol,
                                  .role = p->role,
                                  .mode = p->mode,
                                  .name = p->name };
        port_facts_init(&rows[i], &spec);
    }
    struct port_options options = { .dialer = { port_dial_network, &network },
                                    .tls = trust,
                                    .budget = &budget };
    for (int i = 0; i < ROWS; i++) {
        port_visit(&options, &rows[i]);
        check_row(&rows[i]);
        port_facts_release(&rows[i]);
        listener_close(listeners[i]);
    }
    tls_context_free(trust);
    reference_free(reference);
}

START_TEST(a_row_takes_less_than_a_second)
{
    sched_main(CLOCK_REAL, visit_fleet, NULL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, standards_agree_with_the_services);
    tcase_add_loop_test(t, reach_is_told_apart, 0, COUNT(unreached));
    tcase_add_test(t, a_row_takes_less_than_a_second);
}

int main(void)
{
    return run_tests("port_loopback", add);
}

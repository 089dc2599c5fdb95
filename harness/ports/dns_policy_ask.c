/* For tests of dns_policy.h: visits the MX hosts that are given, judges the domain, prints the
   results.
   usage: dns_policy_ask RESOLVER ANCHOR CLAUSES CA DOMAIN MTA-STS-PORT [HOST=PORT]...
          MTA-STS-PORT: of loopback, for https://mta-sts.DOMAIN; HOST=PORT: where port 25 of an MX is
          reached */
#include "array.h"
#include "clause.h"
#include "dns_policy.h"
#include "port_visit.h"
#include "task.h"
#include "tls.h"
#include <stdio.h>

enum { ROWS_MAX = 8 };

struct asking {
    char **argv;
    int argc, status;
    struct clauses clauses;
    struct tls_context *tls;
    struct budget budget;
    struct port_network network;
    struct port_facts rows[ROWS_MAX];
    size_t n;
    struct run run;
};

static void must(int r, const struct error *err)
{
    if (!r)
        return;
    printf("error %s: %s\n", error_code_name((enum error_code)r), err->text);
    exit(1);
}

static void visit_rows(struct asking *a)
{
    struct port_options options = { .dialer = { port_dial_network, &a->network },
                                    .tls = a->tls,
                                    .budget = &a->budget,
                                    .max_connections = 1,
                                    .timeout = SECONDS(5) };
    for (int i = 7; i < a->argc && a->n < ROWS_MAX; i++) {
        slice port = slice_of(a->argv[i]), host;
        uint64_t number;
        if (!slice_cut(&port, '=', &host) || !slice_to_u64(port, 65535, &number))
            exit(2);
        struct port_spec spec = { .host = arena_str(&a->run.arena, host),
                                  .address = "127.0.0.1",
                                  .port = 25,
                                  .dial_port = (uint16_t)number,
                                  .protocol = PORT_SMTP,
                                  .role = ROLE_MX,
                                  .mode = TLS_MODE_STARTTLS,
                                  .name = "smtp" };
        port_facts_init(&a->rows[a->n], &spec);
        port_visit(&options, &a->rows[a->n++]);
    }
}

static void judge(struct asking *a)
{
    struct error err = { 0 };
    struct dns *dns;
    char connect_to[300];
    struct dns_config config = { .resolver = a->argv[1], .trust_anchor = a->argv[2] };
    snprintf(connect_to, sizeof connect_to, "mta-sts.%s:443:127.0.0.1:%s", a->argv[5], a->argv[6]);
    must(dns_open(&config, &err, &dns), &err);
    struct dns_policy_options options = { .dns = dns,
                                          .clauses = &a->clauses,
                                          .timeout = SECONDS(5),
                                          .ca_file = a->argv[4],
                                          .connect_to = (const char *[]) { connect_to, NULL } };
    int r = dns_policy_judge(&options, a->argv[5], a->rows, a->n, &a->run);
    dns_close(dns);
    must(r, &err);
}

static void show(const struct result *r)
{
    printf("%s %s", r->id, outcome_name(r->raw));
    if (r->failure)
        printf(": %s", r->failure->message);
    if (r->reason)
        printf(": %s", r->reason);
    printf("\n");
    for (size_t i = 0; r->failure && i < r->failure->more.n; i++)
        printf("  %s\n", r->failure->more.v[i]);
    array_each (c, &r->clauses)
        printf("  %s %s\n", c->says ? "clause" : "UNKNOWN CLAUSE", c->id);
    array_each (e, &r->transcript)
        printf("  %s %s\n",
               e->kind == EVENT_SENT       ? "?"
               : e->kind == EVENT_RECEIVED ? "="
                                           : "-",
               e->text);
}

static void run(void *arg)
{
    struct asking *a = arg;
    struct error err = { 0 };
    struct tls_client_config config = { .ca_file = a->argv[4] };
    must(tls_client_context_new(&config, &err, &a->tls), &err);
    visit_rows(a);
    judge(a);
    array_each (r, &a->run.results)
        show(*r);
    for (size_t i = 0; i < a->n; i++)
        port_facts_release(&a->rows[i]);
    tls_context_free(a->tls);
}

int main(int argc, char **argv)
{
    struct asking a = { .argv = argv, .argc = argc, .budget = { .max = 4 } };
    struct problems problems = { 0 };
    if (argc < 7)
        return 2;
    run_init(&a.run);
    if (!clauses_load(&a.clauses, argv[3], &problems))
        return 2;
    sched_main(CLOCK_REAL, run, &a);
    run_release(&a.run);
    clauses_release(&a.clauses);
    problems_release(&problems);
    return 0;
}

/* For tests of dns.h: asks all questions at once, prints the answers in the order of the questions.
   usage: dns_ask RESOLVER ANCHOR|- MILLISECONDS (NAME TYPE)...
          MILLISECONDS: of the deadline; "cancel": every question is cancelled after 50 ms */
#include "array.h"
#include "dns.h"
#include "dns_record.h"
#include "task.h"
#include <stdio.h>

struct question {
    struct dns *dns;
    const char *name;
    enum dns_type type;
    nsec deadline;
    struct error error;
    struct dns_answer answer;
    int r;
};

static char **arguments;

static enum dns_type type_of(const char *name)
{
    static const enum dns_type types[] = { DNS_A,   DNS_AAAA, DNS_CNAME, DNS_MX,
                                           DNS_TXT, DNS_SRV,  DNS_TLSA,  DNS_CAA };
    for (size_t i = 0; i < COUNT(types); i++)
        if (!strcmp(dns_type_name(types[i]), name))
            return types[i];
    fprintf(stderr, "dns_ask: unknown type %s\n", name);
    exit(2);
}

static void ask(void *arg)
{
    struct question *q = arg;
    q->r = dns_query(q->dns, q->name, q->type, q->deadline, &q->error, &q->answer);
}

static void show_record(const struct dns_record *r)
{
    printf(" [%u %u %u host=%s address=%s text=%.*s %u/%u/%u+%zu %u %s]", r->priority, r->weight,
           r->port, r->host ? r->host : "-", r->address ? r->address : "-", SLICE_ARG(r->text),
           r->usage, r->selector, r->matching, r->association.n, r->flags, r->tag ? r->tag : "-");
}

static void show(const struct question *q)
{
    static const char *const trust[] = { "insecure", "secure", "bogus" };
    const struct dns_answer *a = &q->answer;
    printf("%s %s: ", q->name, dns_type_name(q->type));
    if (q->r) {
        printf("error %s: %s\n", error_code_name(q->r), q->error.text);
        return;
    }
    printf("%s%s", trust[a->trust], a->name_exists ? "" : " nxdomain");
    if (a->canonical && strcmp(a->canonical, q->name))
        printf(" alias of %s", a->canonical);
    if (a->why_bogus)
        printf(" (%s)", a->why_bogus);
    for (size_t i = 0; i < a->n; i++)
        show_record(&a->records[i]);
    printf("\n");
}

static void ask_all(struct dns *dns, char **argv, nsec wait, bool cancel)
{
    struct question questions[64] = { 0 };
    struct task *tasks[64];
    size_t n = 0;
    for (; argv[0] && argv[1] && n < COUNT(questions); argv += 2, n++) {
        questions[n] = (struct question) { .dns = dns, .name = argv[0], .type = type_of(argv[1]) };
        questions[n].deadline = now() + wait;
        tasks[n] = task_spawn(ask, &questions[n]);
    }
    if (cancel)
        task_sleep(now() + MILLIS(50));
    for (size_t i = 0; cancel && i < n; i++)
        task_cancel(tasks[i]);
    for (size_t i = 0; i < n; i++)
        task_join(tasks[i]);
    for (size_t i = 0; i < n; i++) {
        show(&questions[i]);
        dns_answer_release(&questions[i].answer);
    }
}

static void run(void *arg)
{
    int *ret_status = arg;
    struct error err = { 0 };
    struct dns *dns = NULL;
    uint64_t ms = 5000;
    bool cancel = !strcmp(arguments[3], "cancel");
    struct dns_config config = { .resolver = arguments[1] };
    config.trust_anchor = strcmp(arguments[2], "-") ? arguments[2] : NULL;
    if (!cancel)
        slice_to_u64(slice_of(arguments[3]), 60000, &ms);
    *ret_status = dns_open(&config, &err, &dns);
    if (*ret_status) {
        printf("open: error %s: %s\n", error_code_name(*ret_status), err.text);
        return;
    }
    ask_all(dns, arguments + 4, MILLIS(ms), cancel);
    dns_close(dns);
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 6)
        return 2;
    arguments = argv;
    sched_main(CLOCK_REAL, run, &status);
    return status ? 1 : 0;
}

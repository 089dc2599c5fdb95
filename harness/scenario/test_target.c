#include "budget.h"
#include "lease.h"
#include "target.h"
#include "testing.h"
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *url;
    enum service_id service;
    const char *host;
    int port;
    enum tls_mode tls;
    const char *user; /* NULL: none; host NULL: refused */
} urls[] = {
    { "imaps://alice@mail.example", SERVICE_IMAPS, "mail.example", 993, TLS_MODE_IMPLICIT,
      "alice" },
    { "imap://127.0.0.1:10143", SERVICE_IMAP, "127.0.0.1", 10143, TLS_MODE_NONE, NULL },
    { "imap://[::1]:143/", SERVICE_IMAP, "::1", 143, TLS_MODE_NONE, NULL },
    { "SMTP://h", SERVICE_SMTP, "h", 25, TLS_MODE_NONE, NULL },
    { "smtps://a@b.c@h", SERVICE_SUBMISSIONS, "h", 465, TLS_MODE_IMPLICIT, "a@b.c" },
    { "submission://h:1", SERVICE_SUBMISSION, "h", 1, TLS_MODE_NONE, NULL },
    { "pop3s://h", SERVICE_POP3S, "h", 995, TLS_MODE_IMPLICIT, NULL },
    { "lmtp://h", SERVICE_LMTP, "h", 24, TLS_MODE_NONE, NULL },
    { "http://h", 0, NULL, 0, 0, NULL },
    { "imap://", 0, NULL, 0, 0, NULL },
    { "imap://h:0", 0, NULL, 0, 0, NULL },
    { "imap://h:65536", 0, NULL, 0, 0, NULL },
    { "imap://h:", 0, NULL, 0, 0, NULL },
    { "imap://u:secret@h", 0, NULL, 0, 0, NULL },
};

START_TEST(urls_say_service_host_port_and_user)
{
    struct target t;
    struct error err = { 0 };
    target_init(&t);
    int r = target_add_url(&t, urls[_i].url, &err);
    ck_assert_msg((r == 0) == (urls[_i].host != NULL), "%s: %s", urls[_i].url, err.text);
    if (r == 0) {
        const struct target_service *s = &t.services[urls[_i].service];
        ck_assert(s->present);
        ck_assert_str_eq(s->host, urls[_i].host);
        ck_assert_int_eq(s->port, urls[_i].port);
        ck_assert_int_eq(s->tls, urls[_i].tls);
        ck_assert_uint_eq(t.n_accounts, urls[_i].user ? 1 : 0);
        if (urls[_i].user)
            ck_assert_str_eq(t.accounts[0].user, urls[_i].user);
    } else {
        ck_assert_int_eq(r, ERR_USAGE);
        ck_assert(!strstr(err.text, "secret"));
    }
    target_release(&t);
}
END_TEST

static bool load(const char *text, struct target *t, struct problems *p)
{
    char path[] = "/tmp/mailassay-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    target_init(t);
    bool good = target_load(path, t, p);
    unlink(path);
    return good;
}

START_TEST(a_file_gives_the_whole_target)
{
    struct target t;
    struct problems p = { 0 };
    ck_assert(
        load("name: here\nhost: 127.0.0.1\nservices:\n  imap: 1143\n  pop3s: {port: 1995}\n"
             "  smtp: {host: other, tls: none}\naccounts:\n"
             "  - {user: a@b.c, password: {file: pw}}\n  - {user: z, address: z@b.c}\n"
             "tls: {ca: ca.pem, name: n, insecure: true}\noutside: o@o.o\nnext-hop: 127.0.0.1:9\n"
             "disposable: true\nsource: 127.0.0.5\nlimits: {connections: 7, per-second: 3}\n"
             "control: {start: s, stop: t}\n",
             &t, &p));
    ck_assert_int_eq(t.services[SERVICE_IMAP].tls, TLS_MODE_STARTTLS);
    ck_assert_int_eq(t.services[SERVICE_POP3S].tls, TLS_MODE_IMPLICIT);
    ck_assert_int_eq(t.services[SERVICE_SMTP].tls, TLS_MODE_NONE);
    ck_assert_str_eq(t.services[SERVICE_SMTP].host, "other");
    ck_assert_str_eq(t.accounts[0].source_text, "/tmp/pw");
    ck_assert_str_eq(t.accounts[0].address, "a@b.c");
    ck_assert_str_eq(t.ca_file, "/tmp/ca.pem");
    ck_assert(t.disposable && t.insecure && target_can_restart(&t) && !target_is_loopback(&t));
    ck_assert_uint_eq(t.max_connections, 7);
    target_release(&t);
    problems_release(&p);
}
END_TEST

static const struct {
    const char *text, *says;
} mistakes[] = {
    { "services: {imapz: 1}\nhost: h\n", "did you mean \"imap" },
    { "services: {imap: 99999}\nhost: h\n", "up to 65535" },
    { "services: {imap: 1}\n", "no host" },
    { "name: x\n", "needs \"services\"" },
    { "host: h\nservices: {imap: 1}\naccounts: [{user: a, password: hunter2}]\n",
      "does not stand in" },
    { "host: h\nservices: {imap: 1}\naccounts: [{user: a, password: {env: A, file: b}}]\n",
      "exactly one" },
    { "host: h\nservices: {imap: 1}\naccounts: [{address: a}]\n", "needs \"user\"" },
    { "host: h\nservices: {imap: {port: 1, tls: maybe}}\n", "one of: none, starttls, implicit" },
    { "host: h\nservices: {imap: 1}\ndisposible: true\n", "did you mean \"disposable\"" },
    { "host: h\nservices: {imap: 1}\ndisposable: yes\n", "true or false" },
    { "host: h\nservices: {imap: 1}\nlimits: {connections: 1}\n", "at least 2" },
};

START_TEST(mistakes_in_a_file)
{
    struct target t;
    struct problems p = { 0 };
    ck_assert(!load(mistakes[_i].text, &t, &p));
    ck_assert_msg(strstr(p.list.v[0].text, mistakes[_i].says), "%s", p.list.v[0].text);
    ck_assert(!strstr(p.list.v[0].text, "hunter2"));
    target_release(&t);
    problems_release(&p);
}
END_TEST

/* ---- budget and leases, on the virtual clock ---- */

static void holder(void *arg)
{
    struct budget *b = arg;
    struct error err;
    ck_assert_int_eq(budget_take(b, &err), 0);
    ck_assert_uint_le(b->open, b->max);
    task_sleep(now() + SECONDS(1));
    budget_give(b);
}

static void budget_main(void *arg)
{
    struct budget b = { .max = 2 };
    struct task *tasks[6];
    (void)arg;
    for (int i = 0; i < 6; i++)
        tasks[i] = task_spawn(holder, &b);
    for (int i = 0; i < 6; i++)
        task_join(tasks[i]);
    ck_assert_uint_eq(b.open, 0);
    ck_assert_int_eq(now(), SECONDS(3));
    b.rate = 2;
    nsec began = now();
    struct error err;
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(budget_take(&b, &err), 0);
        budget_give(&b);
    }
    ck_assert_int_eq(now() - began, SECONDS(2));
}

START_TEST(connections_stay_in_the_budget_and_rate)
{
    sched_main(CLOCK_VIRTUAL, budget_main, NULL);
}
END_TEST

static struct leases leases;
static char order[16];

static void shared(void *arg)
{
    const struct lease one = { .accounts = 1, .seats = 1 };
    ck_assert(lease_take(&leases, &one));
    strcat(order, arg);
    task_sleep(now() + SECONDS(1));
    lease_give(&leases, &one);
}

static void alone(void *arg)
{
    const struct lease both = { .accounts = 2, .exclusive = true, .seats = 1 };
    ck_assert(lease_take(&leases, &both));
    ck_assert_uint_eq(leases.shared[0], 0);
    strcat(order, arg);
    task_sleep(now() + SECONDS(1));
    lease_give(&leases, &both);
}

static void cancelled(void *arg)
{
    ck_assert(!lease_take(&leases, &(struct lease) { .accounts = 1, .exclusive = true }));
    strcat(order, arg);
}

static void lease_main(void *arg)
{
    static char names[][2] = { "a", "b", "C", "x", "d" };
    (void)arg;
    leases.seats = 2;
    struct task *t[] = { task_spawn(shared, names[0]), task_spawn(shared, names[1]),
                         task_spawn(alone, names[2]), task_spawn(cancelled, names[3]),
                         task_spawn(shared, names[4]) };
    task_sleep(now() + MILLIS(1));
    task_cancel(t[3]);
    for (size_t i = 0; i < COUNT(t); i++)
        task_join(t[i]);
    ck_assert_str_eq(order, "abCxd");
    ck_assert_int_eq(now(), SECONDS(3));
}

START_TEST(leases_are_given_in_the_order_of_asking)
{
    sched_main(CLOCK_VIRTUAL, lease_main, NULL);
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_loop_test(cases, urls_say_service_host_port_and_user, 0, COUNT(urls));
    tcase_add_test(cases, a_file_gives_the_whole_target);
    tcase_add_loop_test(cases, mistakes_in_a_file, 0, COUNT(mistakes));
    tcase_add_test(cases, connections_stay_in_the_budget_and_rate);
    tcase_add_test(cases, leases_are_given_in_the_order_of_asking);
}

int main(void)
{
    return run_tests("target", add);
}

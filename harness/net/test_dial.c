#include "array.h"
#include "dial.h"
#include "listen.h"
#include "resolve.h"
#include "testing.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial_host(const char *host, uint16_t port, struct error *err, struct stream **ret)
{
    struct dial_options o = { .host = host, .port = port };
    return dial(&o, now() + SECONDS(30), err, ret);
}

/* --- serving --- */

static int served;

/* Names its caller, then gives every byte back. */
static void echo(void *arg, struct stream *s)
{
    char data[100];
    ssize_t n;
    stream_peer_name(s, data);
    ck_assert_str_eq(arg, "arg");
    ck_assert_int_eq(stream_write_slice(s, slice_of(data), NEVER), 0);
    ck_assert_int_eq(stream_write_slice(s, S("\n"), NEVER), 0);
    while ((n = stream_read(s, data, sizeof data, NEVER)) > 0)
        ck_assert_int_eq(stream_write(s, data, (size_t)n, NEVER), 0);
    served++;
    stream_close(s);
}

static struct listener *echo_server(const char *address)
{
    struct error err;
    struct listener *l;
    struct listen_options o = { .address = address, .serve = echo, .arg = (void *)"arg" };
    int r = listener_open(&o, &err, &l);
    ck_assert_msg(r == 0, "%s", err.text);
    return l;
}

static void read_line(struct stream *s, char *line, size_t size)
{
    size_t n = 0;
    while (n < size - 1 && stream_read(s, line + n, 1, now() + SECONDS(30)) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
}

static void call(void *arg)
{
    struct stream *s;
    struct error err;
    char line[100], local[80];
    int r = dial_host("127.0.0.1", *(uint16_t *)arg, &err, &s);
    ck_assert_msg(r == 0, "%s", err.text);
    read_line(s, line, sizeof line);
    stream_local_name(s, local);
    ck_assert_str_eq(line, local);
    ck_assert_int_eq(stream_write_slice(s, S("NOOP\n"), NEVER), 0);
    read_line(s, line, sizeof line);
    ck_assert_str_eq(line, "NOOP");
    stream_close(s);
}

enum { CALLERS = 200 };

static void many_callers(void *arg)
{
    struct task *callers[CALLERS];
    struct listener *l = echo_server(NULL);
    uint16_t port = listener_port(l);
    for (int i = 0; i < CALLERS; i++)
        callers[i] = task_spawn(call, &port);
    for (int i = 0; i < CALLERS; i++)
        task_join(callers[i]);
    for (nsec until = now() + SECONDS(30); listener_connections(l) && now() < until;)
        task_sleep(now() + MILLIS(1));
    ck_assert_uint_eq(listener_connections(l), 0);
    ck_assert_int_eq(served, CALLERS);
    listener_close(l);
}

START_TEST(many_connections_are_served_at_once)
{
    sched_main(CLOCK_REAL, many_callers, NULL);
}
END_TEST

static void close_while_served(void *arg)
{
    struct stream *s[3];
    char line[100];
    struct error err;
    struct listener *l = echo_server(NULL);
    uint16_t port = listener_port(l);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(dial_host("127.0.0.1", port, &err, &s[i]), 0);
        read_line(s[i], line, sizeof line);
    }
    ck_assert_uint_eq(listener_connections(l), 3);
    listener_close(l);
    ck_assert_int_eq(served, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(stream_read(s[i], line, 1, now() + SECONDS(30)), 0);
        stream_close(s[i]);
    }
    ck_assert_int_eq(dial_host("127.0.0.1", port, &err, &s[0]), ERR_NETWORK);
    listener_close(NULL);
}

static void suspend_while_served(void *arg)
{
    struct stream *old, *later;
    char line[100];
    struct error err;
    struct listener *l = echo_server(NULL), *other;
    struct listen_options same_port = { .port = listener_port(l), .serve = echo };
    ck_assert_int_eq(dial_host("127.0.0.1", listener_port(l), &err, &old), 0);
    read_line(old, line, sizeof line);
    listener_suspend(l);
    ck_assert_uint_eq(listener_connections(l), 0);
    ck_assert_int_eq(stream_read(old, line, 1, now() + SECONDS(30)), 0);
    ck_assert_int_eq(listener_open(&same_port, &err, &other), ERR_NETWORK);
    ck_assert_int_eq(dial_host("127.0.0.1", listener_port(l), &err, &later), 0);
    task_yield();
    ck_assert_uint_eq(listener_connections(l), 0);
    listener_resume(l);
    read_line(later, line, sizeof line);
    ck_assert_uint_eq(listener_connections(l), 1);
    listener_suspend(l);
    listener_close(l);
    stream_close(old);
    stream_close(later);
}

START_TEST(a_suspended_listener_keeps_its_port)
{
    sched_main(CLOCK_REAL, suspend_while_served, NULL);
}
END_TEST

/* --- why there is no connection --- */

static const struct {
    const char *host, *source;
    int family;
    enum dial_failure failure;
} failures[] = {
    { "127.0.0.1", NULL, 0, DIAL_REFUSED },
    { "localhost", NULL, AF_INET, DIAL_REFUSED },
    { "127.0.0.1", NULL, AF_INET6, DIAL_NO_ADDRESS },
    { "no-such-host.invalid", NULL, 0, DIAL_NO_ADDRESS },
    { "127.0.0.1", "192.0.2.1", 0, DIAL_FAILED },
};

static void dial_nowhere(void *arg)
{
    int i = *(int *)arg;
    enum dial_failure failure = DIAL_TIMEOUT;
    struct error err;
    struct stream *s;
    struct listener *l = echo_server(NULL);
    struct dial_options o = { .host = failures[i].host,
                              .port = listener_port(l),
                              .source = failures[i].source,
                              .family = failures[i].family,
                              .ret_failure = &failure };
    listener_close(l); /* so nothing listens there */
    ck_assert_int_lt(dial(&o, now() + SECONDS(30), &err, &s), 0);
    ck_assert_msg(failure == failures[i].failure, "%d: %s", failure, err.text);
}

START_TEST(failures_are_told_apart)
{
    sched_main(CLOCK_REAL, dial_nowhere, &_i);
}
END_TEST

START_TEST(closing_ends_every_connection)
{
    sched_main(CLOCK_REAL, close_while_served, NULL);
}
END_TEST

static void listen_errors(void *arg)
{
    struct error err;
    struct listener *l = echo_server(NULL), *other;
    char want[100];
    struct listen_options o = { .port = listener_port(l), .serve = echo };
    ck_assert_int_eq(listener_open(&o, &err, &other), ERR_NETWORK);
    snprintf(want, sizeof want, "cannot listen on 127.0.0.1 port %u: Address already in use",
             o.port);
    ck_assert_str_eq(err.text, want);
    o.address = "mail.example.test";
    ck_assert_int_eq(listener_open(&o, &err, &other), ERR_USAGE);
    ck_assert_str_eq(err.text, "\"mail.example.test\" is not a numeric address");
    listener_close(l);
}

START_TEST(a_listener_says_why_it_cannot_listen)
{
    sched_main(CLOCK_REAL, listen_errors, NULL);
}
END_TEST

/* --- dialling --- */

static void refused(void *arg)
{
    struct error err;
    struct stream *s;
    char want[100];
    struct listener *l = echo_server(NULL);
    uint16_t port = listener_port(l);
    listener_close(l);
    ck_assert_int_eq(dial_host("127.0.0.1", port, &err, &s), ERR_NETWORK);
    snprintf(want, sizeof want, "connection refused by 127.0.0.1 port %u", port);
    ck_assert_str_eq(err.text, want);
}

START_TEST(a_refusal_names_address_and_port)
{
    sched_main(CLOCK_REAL, refused, NULL);
}
END_TEST

/* A socket whose backlog is full answers no further SYN. */
static int deaf_socket(int filler[8], uint16_t *ret_port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(door, (struct sockaddr *)&a, n), 0);
    ck_assert_int_eq(listen(door, 0), 0);
    ck_assert_int_eq(getsockname(door, (struct sockaddr *)&a, &n), 0);
    for (int i = 0; i < 8; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(filler[i], (struct sockaddr *)&a, n);
    }
    *ret_port = ntohs(a.sin_port);
    return door;
}

static void dial_cancelled(void *arg)
{
    struct error err;
    struct stream *s;
    ck_assert_int_eq(dial_host("127.0.0.1", *(uint16_t *)arg, &err, &s), ERR_CANCEL);
}

static void silent(void *arg)
{
    struct error err;
    struct stream *s;
    char want[100];
    int filler[8];
    uint16_t port;
    int door = deaf_socket(filler, &port);
    enum dial_failure failure = DIAL_FAILED;
    struct dial_options o = { .host = "127.0.0.1", .port = port, .ret_failure = &failure };
    ck_assert_int_eq(dial(&o, now() + MILLIS(50), &err, &s), ERR_TIMEOUT);
    ck_assert_int_eq(failure, DIAL_TIMEOUT);
    snprintf(want, sizeof want, "no answer from 127.0.0.1 port %u in time", port);
    ck_assert_str_eq(err.text, want);
    struct task *t = task_spawn(dial_cancelled, &port);
    task_sleep(now() + MILLIS(5));
    task_cancel(t);
    task_join(t);
    for (int i = 0; i < 8; i++)
        close(filler[i]);
    close(door);
}

START_TEST(silence_is_a_timeout)
{
    sched_main(CLOCK_REAL, silent, NULL);
}
END_TEST

static void from_source(void *arg)
{
    struct error err;
    struct stream *s;
    char line[100];
    struct listener *l = echo_server(NULL);
    struct dial_options o = { .host = "127.0.0.1",
                              .port = listener_port(l),
                              .source = "127.0.0.7" };
    int r = dial(&o, now() + SECONDS(30), &err, &s);
    ck_assert_msg(r == 0, "%s", err.text);
    read_line(s, line, sizeof line);
    ck_assert(slice_starts(slice_of(line), S("127.0.0.7 port ")));
    stream_close(s);
    o.source = "192.0.2.1";
    ck_assert_int_eq(dial(&o, now() + SECONDS(30), &err, &s), ERR_NETWORK);
    ck_assert_str_eq(err.text, "cannot connect from 192.0.2.1: Cannot assign requested address");
    o.source = "here";
    ck_assert_int_eq(dial(&o, now() + SECONDS(30), &err, &s), ERR_USAGE);
    ck_assert_str_eq(err.text, "\"here\" is not a numeric address");
    listener_close(l);
}

START_TEST(the_source_address_is_chosen)
{
    sched_main(CLOCK_REAL, from_source, NULL);
}
END_TEST

/* --- names --- */

static void by_name(void *arg)
{
    struct error err;
    struct stream *s;
    char line[100];
    struct listener *l = echo_server(NULL);
    struct dial_options o = { .host = "localhost", .port = listener_port(l), .family = AF_INET };
    int r = dial(&o, now() + SECONDS(30), &err, &s);
    ck_assert_msg(r == 0, "%s", err.text);
    read_line(s, line, sizeof line);
    ck_assert(slice_starts(slice_of(line), S("127.0.0.1 port ")));
    stream_close(s);
    listener_close(l);
}

START_TEST(a_name_is_looked_up)
{
    sched_main(CLOCK_REAL, by_name, NULL);
}
END_TEST

/* A label of 64 octets (RFC 1035, section 2.3.4 allows 63), so that no query leaves the machine. */
static const char bad_name[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test";

static void unknown_name(void *arg)
{
    struct error err;
    struct addrinfo *found;
    char want[120];
    ck_assert_int_eq(resolve(bad_name, 25, 0, now() + SECONDS(30), &err, &found), ERR_NETWORK);
    snprintf(want, sizeof want, "cannot look up %s: ", bad_name);
    ck_assert(slice_starts(slice_of(err.text), slice_of(want)));
}

static void given_up(void *arg)
{
    struct error err;
    struct addrinfo *found;
    task_cancel(task_self());
    ck_assert_int_eq(resolve("localhost", 25, 0, NEVER, &err, &found), ERR_CANCEL);
    task_uncancel();
    ck_assert_int_eq(resolve("127.0.0.1", 25, AF_INET6, NEVER, &err, &found), ERR_NETWORK);
    ck_assert_int_eq(resolve("::1", 25, 0, 0, &err, &found), 0); /* needs no time */
    ck_assert_int_eq(found->ai_family, AF_INET6);
    resolve_free(found);
    task_sleep(now() + MILLIS(50)); /* the helper thread ends: nothing may leak */
}

START_TEST(lookups_fail_with_a_sentence_and_can_be_given_up)
{
    sched_main(CLOCK_REAL, unknown_name, NULL);
    sched_main(CLOCK_REAL, given_up, NULL);
}
END_TEST

START_TEST(addresses_are_told_from_names)
{
    static const char *const names[] = { "",          "127.0.0.1.", "127.1",    "[::1]",
                                         "fe80::1%1", "localhost",  "::1.test", "1.2.3.4.5" };
    static const char *const addresses[] = { "127.0.0.1", "::1", "::ffff:192.0.2.1" };
    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_msg(!is_numeric_address(names[i]), "%s", names[i]);
    for (size_t i = 0; i < COUNT(addresses); i++)
        ck_assert_msg(is_numeric_address(addresses[i]), "%s", addresses[i]);
}
END_TEST

static void add(TCase *c)
{
    tcase_add_test(c, many_connections_are_served_at_once);
    tcase_add_loop_test(c, failures_are_told_apart, 0, COUNT(failures));
    tcase_add_test(c, closing_ends_every_connection);
    tcase_add_test(c, a_suspended_listener_keeps_its_port);
    tcase_add_test(c, a_listener_says_why_it_cannot_listen);
    tcase_add_test(c, a_refusal_names_address_and_port);
    tcase_add_test(c, silence_is_a_timeout);
    tcase_add_test(c, the_source_address_is_chosen);
    tcase_add_test(c, a_name_is_looked_up);
    tcase_add_test(c, addresses_are_told_from_names);
    tcase_add_test(c, lookups_fail_with_a_sentence_and_can_be_given_up);
}

int main(void)
{
    return run_tests("dial", add);
}

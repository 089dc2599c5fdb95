/* Rows of a host, routes, and addresses. */
#include "port_rows.h"
#include "task.h"
#include "testing.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(a_host_has_the_eight_usual_ports)
{
    static const uint16_t usual[] = { 25, 2525, 587, 465, 110, 995, 143, 993 };
    struct port_rows r = { 0 };
    struct error err;
    ck_assert_int_eq(port_rows_of_host(&r, "mail.test", NULL, 0, &err), 0);
    ck_assert_uint_eq(r.list.n, COUNT(usual));
    for (size_t i = 0; i < COUNT(usual); i++) {
        bool found = false;
        array_each (s, &r.list)
            found |= s->port == usual[i] && s->role == port_standard(usual[i])->role;
        ck_assert_msg(found, "port %u is missing", usual[i]);
    }
    port_rows_release(&r);
}
END_TEST

static const struct {
    const char *words;
    size_t n;         /* rows, or 0: refused */
    uint16_t first;   /* port of the first row */
    const char *says; /* name of its service, or a part of the sentence */
} lists[] = {
    { "993", 1, 993, "imaps" },
    { "25, 465,lmtp", 3, 25, "smtp" },
    { "imaps=10993", 1, 10993, "imaps" },
    { "4190", 1, 4190, "sieve" },
    { "993,993", 1, 993, "imaps" },
    { "8025", 0, 0, "SERVICE=PORT, such as submission=8025" },
    { "imaqs", 0, 0, "did you mean \"imaps\"?" },
    { "imaps=0", 0, 0, "\"0\" is no port" },
    { "imaps=70000", 0, 0, "\"70000\" is no port" },
};

START_TEST(ports_are_chosen_by_number_and_name)
{
    struct port_rows r = { 0 };
    struct error err = { 0 };
    int code = port_rows_of_host(&r, "mail.test", &lists[_i].words, 1, &err);
    if (lists[_i].n) {
        ck_assert_msg(code == 0, "%s", err.text);
        ck_assert_uint_eq(r.list.n, lists[_i].n);
        ck_assert_uint_eq(r.list.v[0].port, lists[_i].first);
        ck_assert_str_eq(r.list.v[0].name, lists[_i].says);
    } else {
        ck_assert_int_eq(code, ERR_USAGE);
        ck_assert_msg(strstr(err.text, lists[_i].says) != NULL, "%s", err.text);
    }
    port_rows_release(&r);
}
END_TEST

static const struct {
    const char *text, *host, *address;
    uint16_t port, dial_port; /* 0: refused */
} routes[] = {
    { "imap.test:993:127.0.0.1:40123", "imap.test", "127.0.0.1", 993, 40123 },
    { "imap.test:993:127.0.0.1", "imap.test", "127.0.0.1", 993, 993 },
    { "imap.test:993:[::1]:40123", "imap.test", "::1", 993, 40123 },
    { "imap.test:993:[::1]", "imap.test", "::1", 993, 993 },
    { "[2001:db8::1]:993:127.0.0.1:40123", "2001:db8::1", "127.0.0.1", 993, 40123 },
    { "[]:993:127.0.0.1:40123", NULL, NULL, 0, 0 },
    { "[::1:993:127.0.0.1:40123", NULL, NULL, 0, 0 },
    { "imap.test:993", NULL, NULL, 0, 0 },
    { "imap.test:x:127.0.0.1", NULL, NULL, 0, 0 },
    { ":993:127.0.0.1", NULL, NULL, 0, 0 },
    { "imap.test:993:example.test", NULL, NULL, 0, 0 },
    { "imap.test:993:127.0.0.1:0", NULL, NULL, 0, 0 },
    { "imap.test:993:127.0.0.1:", NULL, NULL, 0, 0 },
    { "imap.test:993:[::1", NULL, NULL, 0, 0 },
    { "imap.test:0:127.0.0.1", NULL, NULL, 0, 0 },
};

START_TEST(routes_are_read)
{
    struct port_rows r = { 0 };
    struct error err = { 0 };
    int code = port_route_parse(&r, routes[_i].text, &err);
    ck_assert_int_eq(code, routes[_i].port ? 0 : ERR_USAGE);
    if (routes[_i].port) {
        ck_assert_str_eq(r.routes.v[0].host, routes[_i].host);
        ck_assert_str_eq(r.routes.v[0].address, routes[_i].address);
        ck_assert_uint_eq(r.routes.v[0].port, routes[_i].port);
        ck_assert_uint_eq(r.routes.v[0].dial_port, routes[_i].dial_port);
    } else {
        ck_assert_uint_eq(r.routes.n, 0);
    }
    port_rows_release(&r);
}
END_TEST

static int load(const char *text, struct port_rows *r, struct error *err)
{
    char path[] = "/tmp/mailassay-routes-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int code = port_routes_load(r, path, err);
    unlink(path);
    return code;
}

START_TEST(a_file_of_routes_is_read)
{
    struct port_rows r = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(
        load("# a fleet\n\nimap.test:993 127.0.0.1:40123\n  pop.test:995\t[::1]:7\n", &r, &err), 0);
    ck_assert_uint_eq(r.routes.n, 2);
    ck_assert_str_eq(r.routes.v[1].host, "pop.test");
    ck_assert_uint_eq(r.routes.v[1].dial_port, 7);
    port_rows_release(&r);
}
END_TEST

START_TEST(a_bad_line_is_named)
{
    struct port_rows r = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(load("imap.test:993 127.0.0.1:1\nnonsense\n", &r, &err), ERR_FILE);
    ck_assert_msg(strstr(err.text, ":2:1: a route is HOST:PORT ADDRESS:PORT") != NULL, "%s",
                  err.text);
    ck_assert_int_eq(port_routes_load(&r, "/nowhere/at/all", &err), ERR_FILE);
    port_rows_release(&r);
}
END_TEST

static void resolve_all(void *arg)
{
    port_rows_resolve(arg, 0, SECONDS(5));
}

START_TEST(rows_take_their_address_from_routes_or_numbers)
{
    struct port_rows r = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(port_route_parse(&r, "a.test:993:127.0.0.1:40123", &err), 0);
    ck_assert_int_eq(port_route_parse(&r, "A.test:993:[::1]:40124", &err), 0);
    port_rows_add(&r, &(struct port_spec) { .host = "a.test", .port = 993, .name = "imaps" });
    port_rows_add(&r, &(struct port_spec) { .host = "127.0.0.9", .port = 25, .name = "smtp" });
    sched_main(CLOCK_REAL, resolve_all, &r);
    ck_assert_uint_eq(r.list.n, 3);
    ck_assert_int_eq(r.list.v[0].family, AF_INET);
    ck_assert_uint_eq(r.list.v[0].dial_port, 40123);
    ck_assert_int_eq(r.list.v[1].family, AF_INET6);
    ck_assert_str_eq(r.list.v[1].address, "::1");
    ck_assert_str_eq(r.list.v[2].address, "127.0.0.9");
    ck_assert_str_eq(r.list.v[2].host, "127.0.0.9");
    port_rows_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_host_has_the_eight_usual_ports);
    tcase_add_loop_test(t, ports_are_chosen_by_number_and_name, 0, COUNT(lists));
    tcase_add_loop_test(t, routes_are_read, 0, COUNT(routes));
    tcase_add_test(t, a_file_of_routes_is_read);
    tcase_add_test(t, a_bad_line_is_named);
    tcase_add_test(t, rows_take_their_address_from_routes_or_numbers);
}

int main(void)
{
    return run_tests("port rows", add);
}

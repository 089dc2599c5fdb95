#include "array.h"
#include "buf.h"
#include "certs.h"
#include "http.h"
#include "listen.h"
#include "testing.h"
#include "tls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A web server with one document per path, and two ports: the one of TLS has a certificate for
   web.example.test. */
static struct web {
    struct ca *ca;
    struct tls_context *tls;
    struct listener *clear, *secure;
    char request[4096]; /* the last that came */
    int served;
} web;

static const struct page {
    const char *path, *status, *fields, *body;
    size_t repeat; /* the body is sent so often */
    bool silent;   /* nothing is sent */
} pages[] = {
    { "/plain", "200 OK", "Content-Type: text/plain\r\n", "hello", 1, false },
    { "/none", "404 Not Found", "", "no", 1, false },
    { "/large", "200 OK", "", "0123456789abcdef", HTTP_BODY_MAX / 16 + 1, false },
    { "/full", "200 OK", "", "0123456789abcdef", HTTP_BODY_MAX / 16, false },
    { "/slow", "200 OK", "", "", 1, true },
    { "/again", "302 Found", "Location: /plain\r\n", "", 1, false },
    { "/loop", "302 Found", "Location: /loop\r\n", "", 1, false },
    { "/file", "302 Found", "Location: file:///etc/passwd\r\n", "", 1, false },
    { "/to-clear", "302 Found", "Location: http://web.example.test:8080/plain\r\n", "", 1, false },
    { "/to-secure", "302 Found", "Location: https://web.example.test:8443/plain\r\n", "", 1,
      false },
    { "/to-user", "302 Found", "Location: http://a:b@web.example.test:8080/plain\r\n", "", 1,
      false },
    { "/cookie", "302 Found", "Set-Cookie: a=b\r\nLocation: /plain\r\n", "", 1, false },
};

static const struct page *page_of(const char *request)
{
    for (size_t i = 0; i < COUNT(pages); i++) {
        size_t n = strlen(pages[i].path);
        const char *path = strchr(request, ' ');
        if (path && !strncmp(path + 1, pages[i].path, n) && path[1 + n] == ' ')
            return &pages[i];
    }
    return &pages[1];
}

static void send_page(struct stream *s, const struct page *p)
{
    char head[1000];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
             p->status, p->fields, strlen(p->body) * p->repeat);
    int r = stream_write_slice(s, slice_of(head), now() + SECONDS(30));
    for (size_t i = 0; i < p->repeat && r == 0; i++)
        r = stream_write_slice(s, slice_of(p->body), now() + SECONDS(30));
}

static void endless_header(struct stream *s)
{
    int r = stream_write_slice(s, S("HTTP/1.1 200 OK\r\n"), NEVER);
    while (r == 0)
        r = stream_write_slice(s, S("X-Field: 0123456789012345678901234567890123456789\r\n"),
                               NEVER);
}

static void talk(struct stream *s)
{
    size_t n = 0;
    ssize_t got = 1;
    memset(web.request, 0, sizeof web.request);
    while (n + 1 < sizeof web.request && !strstr(web.request, "\r\n\r\n") && got > 0) {
        got = stream_read(s, web.request + n, sizeof web.request - 1 - n, NEVER);
        n += got > 0 ? (size_t)got : 0;
    }
    const struct page *page = page_of(web.request);
    web.served++;
    if (strstr(web.request, " /header "))
        endless_header(s);
    else if (page->silent)
        stream_read(s, web.request, 1, NEVER); // until the client gives up
    else
        send_page(s, page);
}

static void serve(void *arg, struct stream *s)
{
    if (arg && tls_open_server(s, web.tls, NULL, NEVER, NULL, &s)) {
        stream_close(s);
        return;
    }
    talk(s);
    stream_close(s);
}

static struct listener *listening(void *arg)
{
    struct listener *l;
    struct error err;
    ck_assert_int_eq(
        listener_open(&(struct listen_options) { .serve = serve, .arg = arg }, &err, &l), 0);
    return l;
}

static void web_open(void)
{
    static const char *const names[] = { "web.example.test", NULL };
    auto_identity id = { 0 };
    struct error err;
    web.ca = ca_new("Test authority");
    id = identity_new(web.ca, &(struct cert_spec) { .names = names });
    struct tls_server_config config = { .chain_pem = slice_of(id.chain_pem),
                                        .key_pem = slice_of(id.key_pem) };
    ck_assert_int_eq(tls_server_context_new(&config, &err, &web.tls), 0);
    web.clear = listening(NULL);
    web.secure = listening(&web);
}

static void web_close(void)
{
    listener_close(web.clear);
    listener_close(web.secure);
    tls_context_free(web.tls);
    ca_free(web.ca);
}

/* What is fetched, and what comes of it. The hosts' ports are 8080 and 8443 by name. */
static const struct row {
    const char *url;
    struct http_request options;
    bool strange_ca; /* an authority that the server's is not */
    int want;        /* 0 or the error */
    long status;
    const char *text; /* of the body, or part of the error */
} rows[] = {
    { "http://web.example.test:8080/plain", { 0 }, false, 0, 200, "hello" },
    { "http://web.example.test:8080/none", { 0 }, false, 0, 404, "no" },
    { "https://web.example.test:8443/plain", { 0 }, false, 0, 200, "hello" },
    { "https://web.example.test:8443/plain", { .https_only = true }, false, 0, 200, "hello" },
    { "http://web.example.test:8080/full", { 0 }, false, 0, 200, "0123456789abcdef0" },
    { "http://web.example.test:8080/large", { 0 }, false, ERR_LIMIT, 0, "1048576 octets of body" },
    { "http://web.example.test:8080/header", { 0 }, false, ERR_LIMIT, 0, "octets of header" },
    { "http://web.example.test:8080/slow", { .timeout = MILLIS(150) }, false, ERR_TIMEOUT, 0, "" },
    { "http://web.example.test:8080/again", { 0 }, false, 0, 200, "hello" },
    { "http://web.example.test:8080/again", { .no_redirects = true }, false, 0, 302, "" },
    { "http://web.example.test:8080/loop", { 0 }, false, ERR_LIMIT, 0, "redirects" },
    { "http://web.example.test:8080/file", { 0 }, false, ERR_NETWORK, 0, "file" },
    { "http://web.example.test:8080/to-user", { 0 }, false, ERR_USAGE, 0, "" },
    { "http://web.example.test:8080/to-secure", { 0 }, false, 0, 200, "hello" },
    { "https://web.example.test:8443/to-clear", { 0 }, false, 0, 200, "hello" },
    { "https://web.example.test:8443/to-clear",
      { .https_only = true },
      false,
      ERR_NETWORK,
      0,
      "http" },
    { "http://web.example.test:8080/plain", { .https_only = true }, false, ERR_USAGE, 0, "http" },
    { "https://web.example.test:8443/plain", { 0 }, true, ERR_TLS, 0, "certificate" },
    { "https://other.example.test:8443/plain", { 0 }, false, ERR_TLS, 0, "other.example.test" },
    { "http://web.example.test:9/plain", { 0 }, false, ERR_NETWORK, 0, "refused" },
    { "ftp://web.example.test/x", { 0 }, false, ERR_USAGE, 0, "ftp" },
    { "file:///etc/passwd", { 0 }, false, ERR_USAGE, 0, "file" },
    { "http://", { 0 }, false, ERR_USAGE, 0, "" },
    { "http://user:secret@web.example.test:8080/plain", { 0 }, false, ERR_USAGE, 0, "" },
    { "http://web.example.test:8080/plain",
      { .ca_file = "/nonexistent/ca.pem" },
      false,
      0,
      200,
      "hello" },
    { "https://web.example.test:8443/plain",
      { .ca_file = "/nonexistent/ca.pem" },
      false,
      ERR_FILE,
      0,
      "ca.pem" },
};

static int fetch(const char *url, const struct http_request *options, slice ca, struct error *err,
                 struct http_answer *ret)
{
    char clear[80], secure[80], other[80];
    struct http_request request = *options;
    snprintf(clear, sizeof clear, "web.example.test:8080:127.0.0.1:%u", listener_port(web.clear));
    snprintf(secure, sizeof secure, "web.example.test:8443:127.0.0.1:%u",
             listener_port(web.secure));
    snprintf(other, sizeof other, "other.example.test:8443:127.0.0.1:%u",
             listener_port(web.secure));
    const char *const connect_to[] = { clear, secure, other, "web.example.test:9:127.0.0.1:9",
                                       NULL };
    request.url = url;
    request.connect_to = connect_to;
    if (!request.ca_file)
        request.ca_pem = ca;
    return http_fetch(&request, err, ret);
}

static void fetch_row(void *arg)
{
    const struct row *row = arg;
    struct error err = { 0 };
    struct http_answer a = { .status = 4711 };
    struct ca *strange = ca_new("Strange authority");
    web_open();
    nsec began = now();
    int r = fetch(row->url, &row->options, ca_pem(row->strange_ca ? strange : web.ca), &err, &a);
    ck_assert_msg(r == row->want, "%d: %s", r, err.text);
    ck_assert(now() - began < SECONDS(20));
    if (r) {
        ck_assert_msg(strstr(err.text, row->text), "%s", err.text);
        ck_assert_int_eq(a.status, 4711);
    } else {
        ck_assert_int_eq(a.status, row->status);
        ck_assert(slice_starts(buf_slice(&a.body), slice_of(row->text)));
        http_answer_release(&a);
    }
    ca_free(strange);
    web_close();
}

START_TEST(test_fetch)
{
    sched_main(CLOCK_REAL, fetch_row, (void *)&rows[_i]);
}
END_TEST

static void details(void *arg)
{
    struct error err = { 0 };
    struct http_answer a;
    struct http_request none = { .no_redirects = true }, plain = { 0 };
    web_open();
    ck_assert_int_eq(fetch("http://web.example.test:8080/again", &none, S(""), &err, &a), 0);
    ck_assert_str_eq(a.redirect_url, "http://web.example.test:8080/plain");
    ck_assert_str_eq(a.final_url, "http://web.example.test:8080/again");
    ck_assert_ptr_null(a.content_type);
    http_answer_release(&a);
    ck_assert_int_eq(fetch("http://web.example.test:8080/cookie", &plain, S(""), &err, &a), 0);
    ck_assert_str_eq(a.final_url, "http://web.example.test:8080/plain");
    ck_assert_str_eq(a.content_type, "text/plain");
    ck_assert_ptr_null(a.redirect_url);
    ck_assert_ptr_null(strstr(web.request, "ookie"));
    ck_assert_ptr_nonnull(strstr(web.request, "User-Agent: mailassay\r\n"));
    http_answer_release(&a);
    struct http_request post = { .post_body = "<x/>", .content_type = "text/xml" };
    ck_assert_int_eq(fetch("http://web.example.test:8080/plain", &post, S(""), &err, &a), 0);
    ck_assert(strstr(web.request, "POST ") == web.request);
    ck_assert_ptr_nonnull(strstr(web.request, "Content-Type: text/xml\r\n"));
    http_answer_release(&a);
    int why = 0;
    struct http_request refused = { .ret_errno = &why };
    ck_assert_int_eq(fetch("http://web.example.test:9/", &refused, S(""), &err, &a), ERR_NETWORK);
    ck_assert_int_eq(why, ECONNREFUSED);
    web_close();
}

START_TEST(test_details)
{
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    sched_main(CLOCK_REAL, details, NULL);
}
END_TEST

static void fetch_slow(void *arg)
{
    struct error err = { 0 };
    struct http_answer a;
    struct http_request request = { .timeout = SECONDS(60) };
    int r = fetch("http://web.example.test:8080/slow#of=me", &request, S(""), &err, &a);
    ck_assert_int_eq(r, ERR_CANCEL);
    ck_assert_ptr_null(strstr(err.text, "of=me"));
    *(int *)arg += 1;
}

static int descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void cancelled(void *arg)
{
    struct task *tasks[8];
    int ended = 0;
    web_open();
    int open_before = descriptors();
    nsec began = now();
    for (size_t i = 0; i < COUNT(tasks); i++)
        tasks[i] = task_spawn(fetch_slow, &ended);
    while (web.served < (int)COUNT(tasks))
        task_sleep(now() + MILLIS(1));
    for (size_t i = 0; i < COUNT(tasks); i++)
        task_cancel(tasks[i]);
    for (size_t i = 0; i < COUNT(tasks); i++)
        task_join(tasks[i]);
    ck_assert_int_eq(ended, COUNT(tasks));
    ck_assert(now() - began < SECONDS(20));
    for (nsec until = now() + SECONDS(30); listener_connections(web.clear) && now() < until;)
        task_sleep(now() + MILLIS(1));
    ck_assert_int_eq(descriptors(), open_before);
    web_close();
}

START_TEST(test_cancel)
{
    sched_main(CLOCK_REAL, cancelled, NULL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_loop_test(t, test_fetch, 0, COUNT(rows));
    tcase_add_test(t, test_details);
    tcase_add_test(t, test_cancel);
}

int main(void)
{
    return run_tests("http", add);
}

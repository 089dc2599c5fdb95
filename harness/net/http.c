#include "http.h"
#include "alloc.h"
#include "array.h"
#include "helper_thread.h"
#include "task.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define HTTP_TIMEOUT SECONDS(10)

/* One transfer. Shared by the asking task and the helper thread; the last to let go frees it. The
   task touches what the thread fills only after `finished`. */
struct fetch {
    atomic_int owners;
    atomic_bool cancelled, finished;
    CURL *easy;
    CURLM *multi;
    struct curl_slist *resolve, *connect_to, *headers;
    struct buf body;
    size_t header_octets;
    bool too_large;
    bool unset; /* libcurl refused an option */
    char *dns_id;
    char why[CURL_ERROR_SIZE];
    CURLcode code;
    int done; /* pipe end that the thread closes when it has ended */
};

static void fetch_drop(struct fetch *f)
{
    if (atomic_fetch_sub(&f->owners, 1) != 1)
        return;
    curl_easy_cleanup(f->easy);
    curl_multi_cleanup(f->multi);
    curl_slist_free_all(f->resolve);
    curl_slist_free_all(f->connect_to);
    curl_slist_free_all(f->headers);
    buf_release(&f->body);
    free(f->dns_id);
    free(f);
}

/* ---- in the helper thread ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct fetch *f = arg;
    if (buf_add(&f->body, slice_make(data, size * n)))
        return size * n;
    f->too_large = true;
    return 0;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct fetch *f = arg;
    f->header_octets += size * n;
    if (f->header_octets <= HTTP_HEADERS_MAX)
        return size * n;
    f->too_large = true;
    return 0;
}

/* OpenSSL looks at the name, too, and at DNS names alone. */
static CURLcode on_tls(CURL *easy, void *context, void *arg)
{
    const struct fetch *f = arg;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, f->dns_id, 0) == 1 ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static CURLcode transfer(struct fetch *f)
{
    int running = 1, left;
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    while (running && !atomic_load(&f->cancelled)) {
        if (curl_multi_perform(f->multi, &running) != CURLM_OK)
            return CURLE_FAILED_INIT;
        if (running)
            curl_multi_poll(f->multi, NULL, 0, 1000, NULL);
    }
    const CURLMsg *message = curl_multi_info_read(f->multi, &left);
    if (message && message->msg == CURLMSG_DONE)
        code = message->data.result;
    return code;
}

static void *fetch_thread(void *arg)
{
    struct fetch *f = arg;
    int done = f->done;
    f->code = transfer(f);
    curl_multi_remove_handle(f->multi, f->easy); // waits for a look-up under way, if any
    atomic_store(&f->finished, true);
    fetch_drop(f);
    OPENSSL_thread_stop(); // now rather than after the last word, when the process may be ending
    close(done);
    return NULL;
}

/* ---- in the task ---- */

static void library_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static struct curl_slist *list_of(const char *const *texts)
{
    struct curl_slist *list = NULL;
    for (; texts && *texts; texts++)
        list = curl_slist_append(list, *texts);
    return list;
}

/* An option that is not set must end the request: without those of trust, anybody would answer. */
#define SET(f, option, value)                                                                      \
    ((f)->unset |= curl_easy_setopt((f)->easy, (option), (value)) != CURLE_OK)

static void set_trust(struct fetch *f, const struct http_request *request)
{
    if (request->dns_id) {
        f->dns_id = xstrdup(request->dns_id);
        SET(f, CURLOPT_SSL_CTX_FUNCTION, on_tls);
        SET(f, CURLOPT_SSL_CTX_DATA, f);
    }
    if (!request->ca_file && !request->ca_pem.n)
        return;
    SET(f, CURLOPT_CAPATH, NULL); // the system's roots are not added to ours
    if (request->ca_file)
        SET(f, CURLOPT_CAINFO, request->ca_file);
    if (request->ca_pem.n) {
        struct curl_blob pem = { (void *)request->ca_pem.p, request->ca_pem.n, CURL_BLOB_COPY };
        SET(f, CURLOPT_CAINFO_BLOB, &pem);
    }
}

static void set_content(struct fetch *f, const struct http_request *request)
{
    if (!request->post_body)
        return;
    SET(f, CURLOPT_POSTFIELDSIZE, (long)strlen(request->post_body));
    SET(f, CURLOPT_COPYPOSTFIELDS, request->post_body);
    if (request->content_type) {
        autofree char *field = xprintf("Content-Type: %s", request->content_type);
        f->headers = curl_slist_append(f->headers, field);
    }
    f->headers = curl_slist_append(f->headers, "Expect:");
}

static void set_limits(struct fetch *f, const struct http_request *request)
{
    nsec timeout = request->timeout ? request->timeout : HTTP_TIMEOUT;
    const char *protocols = request->https_only ? "https" : "http,https";
    SET(f, CURLOPT_PROTOCOLS_STR, protocols);
    SET(f, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    SET(f, CURLOPT_FOLLOWLOCATION, request->no_redirects ? 0L : 1L);
    SET(f, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX);
    SET(f, CURLOPT_TIMEOUT_MS, (long)(timeout / MILLIS(1)) + 1);
    SET(f, CURLOPT_NOSIGNAL, 1L);
    SET(f, CURLOPT_PROXY, "");
    SET(f, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(f, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(f, CURLOPT_USERAGENT, "mailassay");
}

static struct fetch *fetch_new(const struct http_request *request)
{
    struct fetch *f = NEW(struct fetch);
    f->owners = 1;
    f->easy = curl_easy_init();
    f->multi = curl_multi_init();
    buf_init(&f->body, HTTP_BODY_MAX);
    if (!f->easy || !f->multi || curl_multi_add_handle(f->multi, f->easy) != CURLM_OK) {
        fetch_drop(f);
        return NULL;
    }
    f->resolve = list_of(request->resolve);
    f->connect_to = list_of(request->connect_to);
    set_limits(f, request);
    set_trust(f, request);
    set_content(f, request);
    SET(f, CURLOPT_URL, request->url);
    SET(f, CURLOPT_RESOLVE, f->resolve);
    SET(f, CURLOPT_CONNECT_TO, f->connect_to);
    SET(f, CURLOPT_HTTPHEADER, f->headers);
    SET(f, CURLOPT_ERRORBUFFER, f->why);
    SET(f, CURLOPT_WRITEFUNCTION, on_body);
    SET(f, CURLOPT_WRITEDATA, f);
    SET(f, CURLOPT_HEADERFUNCTION, on_header);
    SET(f, CURLOPT_HEADERDATA, f);
    if (f->unset) {
        fetch_drop(f);
        return NULL;
    }
    return f;
}

static const struct {
    CURLcode code;
    enum error_code error;
} errors[] = {
    { CURLE_URL_MALFORMAT, ERR_USAGE },
    { CURLE_LOGIN_DENIED, ERR_USAGE }, // user and password in the URL
    { CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT },
    { CURLE_TOO_MANY_REDIRECTS, ERR_LIMIT },
    { CURLE_SSL_CONNECT_ERROR, ERR_TLS },
    { CURLE_PEER_FAILED_VERIFICATION, ERR_TLS },
    { CURLE_SSL_CERTPROBLEM, ERR_TLS },
    { CURLE_SSL_CIPHER, ERR_TLS },
    { CURLE_SSL_ISSUER_ERROR, ERR_TLS },
    { CURLE_SSL_INVALIDCERTSTATUS, ERR_TLS },
    { CURLE_SSL_CACERT_BADFILE, ERR_FILE },
    { CURLE_OUT_OF_MEMORY, ERR_INTERNAL },
    { CURLE_FAILED_INIT, ERR_INTERNAL },
};

static enum error_code error_of(const struct fetch *f)
{
    long redirects = 0;
    curl_easy_getinfo(f->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    if (f->too_large)
        return ERR_LIMIT;
    /* A handshake that the network broke off says nothing about TLS: OpenSSL has no error for it then. */
    bool tls_says = strstr(f->why, "error:") && !strstr(f->why, "unexpected eof");
    if (f->code == CURLE_SSL_CONNECT_ERROR && !tls_says)
        return ERR_NETWORK;
    if (f->code == CURLE_UNSUPPORTED_PROTOCOL)
        return redirects ? ERR_NETWORK : ERR_USAGE;
    for (size_t i = 0; i < COUNT(errors); i++)
        if (errors[i].code == f->code)
            return errors[i].error;
    return ERR_NETWORK;
}

/* The errno of a connection that could not be made, or 0. */
static int connect_errno(const struct fetch *f)
{
    long number = 0;
    if (f->code != CURLE_COULDNT_CONNECT)
        return 0;
    return curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK ? (int)number : 0;
}

/* The URL as messages show it: a query may hold what belongs into no report. */
static slice shown(const struct http_request *request)
{
    size_t n = strcspn(request->url, "?#");
    return slice_make(request->url, n);
}

static int failed(const struct fetch *f, const struct http_request *request, struct error *err)
{
    bool fields = f->header_octets > HTTP_HEADERS_MAX;
    int number = connect_errno(f);
    if (number && request->ret_errno)
        *request->ret_errno = number;
    if (f->too_large)
        return error_set(err, ERR_LIMIT, "%.*s sends more than %d octets of %s",
                         SLICE_ARG(shown(request)), fields ? HTTP_HEADERS_MAX : HTTP_BODY_MAX,
                         fields ? "header fields" : "body");
    if (number)
        return error_set(err, ERR_NETWORK, "cannot fetch %.*s: %s", SLICE_ARG(shown(request)),
                         strerror(number));
    const char *why = f->why[0] ? f->why : curl_easy_strerror(f->code);
    return error_set(err, error_of(f), "cannot fetch %.*s: %s", SLICE_ARG(shown(request)), why);
}

static char *info_text(CURL *easy, CURLINFO info)
{
    const char *text = NULL;
    return curl_easy_getinfo(easy, info, &text) == CURLE_OK && text ? xstrdup(text) : NULL;
}

static int answer(struct fetch *f, const struct http_request *request, struct error *err,
                  struct http_answer *ret)
{
    if (f->code != CURLE_OK)
        return failed(f, request, err);
    *ret = (struct http_answer) {
        .content_type = info_text(f->easy, CURLINFO_CONTENT_TYPE),
        .final_url = info_text(f->easy, CURLINFO_EFFECTIVE_URL),
        .redirect_url = info_text(f->easy, CURLINFO_REDIRECT_URL),
        .body = f->body,
    };
    buf_init(&f->body, HTTP_BODY_MAX);
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &ret->status);
    return 0;
}

static int wait_answer(struct fetch *f, int fd, const struct http_request *request,
                       struct error *err, struct http_answer *ret)
{
    enum wake wake = task_wait_fd(fd, POLLIN, NEVER); // libcurl has the deadline
    if (wake == WAKE_READY && atomic_load(&f->finished))
        return answer(f, request, err, ret);
    atomic_store(&f->cancelled, true);
    curl_multi_wakeup(f->multi);
    bool was = task_shield(true);
    task_wait_fd(fd, POLLIN, now() + SECONDS(2)); // it ends at once, but for a look-up under way
    task_shield(was);
    return error_set(err, ERR_CANCEL, "cancelled while fetching %.*s", SLICE_ARG(shown(request)));
}

int http_fetch(const struct http_request *request, struct error *err, struct http_answer *ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int ends[2], r;
    pthread_once(&once, library_init);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_set(err, ERR_INTERNAL, "cannot fetch %.*s: %s", SLICE_ARG(shown(request)),
                         strerror(errno));
    struct fetch *f = fetch_new(request);
    const char *why = f ? NULL : "libcurl cannot be set up";
    if (f) {
        f->owners = 2;
        f->done = ends[1];
        int failure = helper_thread_start(fetch_thread, f);
        why = failure ? strerror(failure) : NULL;
    }
    if (why) {
        close(ends[1]);
        if (f)
            fetch_drop(f); // the thread's share
        r = error_set(err, ERR_INTERNAL, "cannot fetch %.*s: %s", SLICE_ARG(shown(request)), why);
    } else {
        r = wait_answer(f, ends[0], request, err, ret);
    }
    if (f)
        fetch_drop(f);
    task_close_fd(ends[0]);
    return r;
}

void http_answer_release(struct http_answer *a)
{
    free(a->content_type);
    free(a->final_url);
    free(a->redirect_url);
    buf_release(&a->body);
    *a = (struct http_answer) { 0 };
}

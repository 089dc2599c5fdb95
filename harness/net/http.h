/* Fetching one document over HTTP or HTTPS by libcurl, in a helper thread: tasks wait, the thread of
   the scheduler does not. Bounded in size, time and redirects; nothing but GET and POST. Real clock
   only. */
#ifndef HTTP_H
#define HTTP_H

#include "buf.h"
#include "clock.h"
#include "error.h"

enum { HTTP_BODY_MAX = 1 << 20, HTTP_HEADERS_MAX = 1 << 18, HTTP_REDIRECTS_MAX = 5 };

struct http_request {
    const char *url;                      /* http:// or https:// only, redirects included */
    const char *post_body, *content_type; /* NULL: GET */
    const char *ca_file;                  /* PEM; NULL: the system's roots */
    slice ca_pem;
    /* Lists in libcurl's form, NULL-terminated; NULL: none. */
    const char *const *resolve;    /* "host:port:address" */
    const char *const *connect_to; /* "host:port:host:port" */
    bool no_redirects;             /* none is followed: the answer is the 3xx itself */
    bool https_only;               /* the URL and every redirect must be https */
    /* The certificate must carry it as a DNS name, as the common name does not count (RFC 8461
       section 3.3); with no_redirects. NULL: the host of the URL, by libcurl's rules. */
    const char *dns_id;
    nsec timeout;   /* of the whole; 0: 10 s */
    int *ret_errno; /* when not NULL: why no connection could be made (ECONNREFUSED) */
};
struct http_answer {
    long status;                    /* 200 */
    char *content_type, *final_url; /* owned; NULL unknown */
    char *redirect_url; /* owned: where a redirect that was not followed leads, or NULL */
    struct buf body;
};
/* Called by a task. 0 with any status, *ret is then to be released; ERR_NETWORK, ERR_TLS (certificate),
   ERR_TIMEOUT, ERR_LIMIT (body, header fields, redirects), ERR_CANCEL, ERR_USAGE (bad URL, one with
   user and password, not http or https), ERR_FILE (ca_file). No proxy, no cookies, no credentials are
   ever used. */
int http_fetch(const struct http_request *request, struct error *err, struct http_answer *ret);
void http_answer_release(struct http_answer *a);

#endif

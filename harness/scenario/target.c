#include "target.h"
#include "child.h"
#include "dial.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

const char *const tls_mode_names[TLS_MODES] = { "none", "starttls", "implicit" };
const char *const tls_mode_words[TLS_MODES] = { "clear text", "STARTTLS", "implicit TLS" };
const char *const tls_mode_ways[TLS_MODES] = { "in clear text", "with STARTTLS",
                                               "with implicit TLS" };

enum { MAX_CONNECTIONS_DEFAULT = 20, MAX_PASSWORD = 1024 };

static int dial_socket(void *ctx, enum service_id service, const char *source, nsec deadline,
                       struct stream **ret, struct error *err)
{
    const struct target *t = ctx;
    const struct target_service *s = &t->services[service];
    struct dial_options options = { .host = s->host,
                                    .port = s->port,
                                    .source = source ? source : t->source };
    return dial(&options, deadline, err, ret);
}

void target_init(struct target *t)
{
    *t = (struct target) { .name = "target",
                           .max_connections = MAX_CONNECTIONS_DEFAULT,
                           .dial = dial_socket,
                           .dial_ctx = t };
}

void target_release(struct target *t)
{
    arena_release(&t->arena);
    *t = (struct target) { 0 };
}

bool target_can_restart(const struct target *t)
{
    return t->restart || (t->start && t->stop);
}

bool target_is_loopback(const struct target *t)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        const char *host = t->services[i].present ? t->services[i].host : "localhost";
        if (strncmp(host, "127.", 4) != 0 && strcmp(host, "::1") != 0 &&
            strcmp(host, "localhost") != 0)
            return false;
    }
    return true;
}

const char *target_tls_name(const struct target *t, enum service_id service)
{
    return t->tls_name ? t->tls_name : t->services[service].host;
}

static int password_from_file(struct target *t, struct target_account *a, struct error *err)
{
    FILE *f = fopen(a->source_text, "re");
    if (!f)
        return error_set(err, ERR_FILE, "cannot read the password file %s: %s", a->source_text,
                         strerror(errno));
    char text[MAX_PASSWORD];
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    slice rest = slice_make(text, n), line = { NULL, 0 };
    slice_line(&rest, &line);
    a->password = arena_str(&t->arena, line);
    explicit_bzero(text, sizeof text);
    return 0;
}

static int password_from_command(struct target *t, struct target_account *a, struct error *err)
{
    struct child_options options = { .shell = a->source_text, .output_max = MAX_PASSWORD };
    struct child_result out;
    int r = child_run(&options, now() + SECONDS(30), err, &out);
    if (r < 0) {
        error_prefix(err, "password command of %s", a->user);
        return r;
    }
    slice rest = buf_slice(&out.out), line = { NULL, 0 };
    slice_line(&rest, &line);
    a->password = arena_str(&t->arena, line);
    char how[64];
    if (out.exit_status != 0)
        r = error_set(err, ERR_FILE, "the password command of %s %s", a->user,
                      child_result_text(&out, how));
    child_result_release(&out);
    return r;
}

static int resolve_one(struct target *t, struct target_account *a, struct error *err)
{
    if (a->password || a->source == PASSWORD_NONE)
        return 0;
    if (a->source == PASSWORD_FILE)
        return password_from_file(t, a, err);
    if (a->source == PASSWORD_COMMAND)
        return password_from_command(t, a, err);
    const char *value = getenv(a->source_text);
    if (!value)
        return error_set(err, ERR_FILE,
                         "no password for %s: the environment variable %s is not set", a->user,
                         a->source_text);
    a->password = arena_str(&t->arena, slice_of(value));
    return 0;
}

int target_resolve_passwords(struct target *t, struct error *err)
{
    for (size_t i = 0; i < t->n_accounts; i++) {
        int r = resolve_one(t, &t->accounts[i], err);
        if (r < 0)
            return r;
        if (t->accounts[i].password && !t->accounts[i].password[0])
            return error_set(err, ERR_FILE, "the password of %s is empty", t->accounts[i].user);
    }
    return 0;
}

/* ---- URLs ---- */

static const struct {
    const char *scheme;
    enum service_id service;
} schemes[] = {
    { "imap", SERVICE_IMAP },
    { "imaps", SERVICE_IMAPS },
    { "pop3", SERVICE_POP3 },
    { "pop3s", SERVICE_POP3S },
    { "smtp", SERVICE_SMTP },
    { "smtps", SERVICE_SUBMISSIONS },
    { "lmtp", SERVICE_LMTP },
    { "submission", SERVICE_SUBMISSION },
    { "submissions", SERVICE_SUBMISSIONS },
};

static const char *scheme_rest(const char *url, enum service_id *ret)
{
    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t n = strlen(schemes[i].scheme);
        if (strncasecmp(url, schemes[i].scheme, n) == 0 && strncmp(url + n, "://", 3) == 0) {
            *ret = schemes[i].service;
            return url + n + 3;
        }
    }
    return NULL;
}

bool target_is_url(const char *text)
{
    return strstr(text, "://") != NULL;
}

static int add_user(struct target *t, slice user, struct error *err)
{
    if (slice_find_char(user, ':') != SIZE_MAX)
        return error_set(err, ERR_USAGE,
                         "a password in a URL would be seen by everybody; use MAILASSAY_PASSWORD, "
                         "--password-file or --password-command");
    for (size_t i = 0; i < t->n_accounts; i++)
        if (slice_eq_str(user, t->accounts[i].user))
            return 0;
    if (t->n_accounts == TARGET_MAX_ACCOUNTS)
        return error_set(err, ERR_USAGE, "more than %d accounts", TARGET_MAX_ACCOUNTS);
    struct target_account *a = &t->accounts[t->n_accounts++];
    a->user = arena_str(&t->arena, user);
    a->address = slice_find_char(user, '@') != SIZE_MAX ? a->user : NULL;
    a->source = PASSWORD_ENV;
    a->source_text = t->n_accounts == 1
                         ? "MAILASSAY_PASSWORD"
                         : arena_printf(&t->arena, "MAILASSAY_PASSWORD_%zu", t->n_accounts);
    return 0;
}

/* host, host:port or [v6]:port */
static bool split_host(slice text, slice *ret_host, slice *ret_port)
{
    size_t end = text.n && text.p[0] == '[' ? slice_find_char(text, ']') : 0;
    if (end == SIZE_MAX)
        return false;
    slice rest = slice_skip(text, end), host = slice_sub(text, 1, end);
    size_t colon = slice_find_char(rest, ':');
    if (!end)
        host = slice_sub(text, 0, colon == SIZE_MAX ? text.n : colon);
    *ret_host = host;
    *ret_port = colon == SIZE_MAX ? (slice) { NULL, 0 } : slice_skip(rest, colon + 1);
    return host.n > 0 && (colon == SIZE_MAX || ret_port->n > 0);
}

int target_add_url(struct target *t, const char *url, struct error *err)
{
    enum service_id id;
    const char *rest_text = scheme_rest(url, &id);
    if (!rest_text)
        return error_set(err, ERR_USAGE,
                         "\"%s\" is no target URL; the schemes are imap, imaps, pop3, pop3s, smtp, "
                         "smtps, submission, submissions and lmtp",
                         url);
    slice rest = slice_of(rest_text), host, port;
    if (rest.n && rest.p[rest.n - 1] == '/')
        rest.n--;
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < rest.n; i++)
        at = rest.p[i] == '@' ? i : at;
    if (at != SIZE_MAX) {
        int r = add_user(t, slice_sub(rest, 0, at), err);
        if (r < 0)
            return r;
        rest = slice_skip(rest, at + 1);
    }
    uint64_t number = services[id].port;
    if (!split_host(rest, &host, &port) || (port.n && !slice_to_u64(port, 65535, &number)) ||
        !number)
        return error_set(err, ERR_USAGE, "\"%s\" has no host, or a port that is not 1 to 65535",
                         url);
    if (t->services[id].present)
        return error_set(err, ERR_USAGE, "two URLs for the service %s", services[id].name);
    t->services[id] =
        (struct target_service) { true, arena_str(&t->arena, host), (uint16_t)number,
                                  services[id].implicit_tls ? TLS_MODE_IMPLICIT : TLS_MODE_NONE };
    return 0;
}

int target_command(const char *command, struct error *err)
{
    struct child_options o = { .shell = command };
    struct child_result out;
    char how[64];
    int r = child_run(&o, now() + SECONDS(120), err, &out);
    if (r < 0)
        return r;
    if (out.exit_status != 0)
        r = error_set(err, ERR_INTERNAL, "\"%s\" %s", command, child_result_text(&out, how));
    child_result_release(&out);
    return r;
}

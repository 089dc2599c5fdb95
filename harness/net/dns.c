#include "dns.h"
#include "alloc.h"
#include "array.h"
#include "dns_record.h"
#include "task.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unbound.h>
#include <unistd.h>

/* Where distributions keep the root's anchor. */
static const char *const root_anchors[] = { "/usr/share/dns/root.key",
                                            "/var/lib/unbound/root.key" };
enum { DNS_RECORDS_MAX = 2000, DNS_SOA = 6 };

struct dns {
    struct ub_ctx *ub;
    char *resolver;   /* for sentences */
    int fd;           /* a duplicate of libunbound's, as whatever was waited for is closed by us */
    bool anchor;      /* there is one */
    bool root_anchor; /* one of them is the root's */
    bool root_holds;  /* the root was seen to be signed: the resolver passes signatures on */
    bool pumped;      /* a task waits for fd, and hands answers to all */
    struct cond changed;
};

/* One question, on the stack of the task that asks. */
struct asking {
    bool done;
    int failure; /* of libunbound: enum ub_ctx_err */
    struct ub_result *result;
};

/* libunbound starts its thread with the first question and gives it the caller's signal mask; signals
   belong to the scheduler's thread. */
static void signals_block(sigset_t *ret_old)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, ret_old);
}

/* ADDRESS or ADDRESS@PORT as libunbound wants it, owned: "[::1]@53" is "::1@53". NULL when it is
   neither. */
static char *resolver_address(const char *resolver)
{
    slice port = slice_of(resolver), address;
    uint64_t number = 53;
    unsigned char octets[sizeof(struct in6_addr)];
    if (!slice_cut(&port, '@', &address) ||
        (port.p && (!slice_to_u64(port, 65535, &number) || !number)))
        return NULL;
    if (slice_starts(address, S("[")) && slice_ends(address, S("]")))
        address = slice_sub(address, 1, address.n - 1);
    autofree char *text = xslicedup(address);
    if (inet_pton(AF_INET, text, octets) != 1 && inet_pton(AF_INET6, text, octets) != 1)
        return NULL;
    return xprintf("%s@%u", text, (unsigned)number);
}

static int set_resolver(struct ub_ctx *ub, const struct dns_config *config, struct error *err)
{
    if (!config->resolver) {
        if (ub_ctx_resolvconf(ub, NULL))
            return error_set(err, ERR_FILE,
                             "cannot read the system's resolvers in /etc/resolv.conf");
        return 0;
    }
    autofree char *address = resolver_address(config->resolver);
    // an authoritative server answers what it is forwarded, too; what it has not is refused
    if (!address || ub_ctx_set_fwd(ub, address))
        return error_set(err, ERR_USAGE,
                         "\"%s\" is no resolver: an address, or ADDRESS@PORT, is wanted",
                         config->resolver);
    return 0;
}

static const char *anchor_file(const struct dns_config *config)
{
    for (size_t i = 0; !config->trust_anchor && i < COUNT(root_anchors); i++)
        if (access(root_anchors[i], R_OK) == 0)
            return root_anchors[i];
    return config->trust_anchor;
}

/* Is there a record of the root, "." at the beginning of a line? */
static bool names_root(FILE *file)
{
    bool at_start = true, dot = false;
    for (int c; (c = fgetc(file)) != EOF;) {
        if (dot && (c == ' ' || c == '\t'))
            return true;
        dot = at_start && c == '.';
        at_start = c == '\n';
    }
    return false;
}

static int set_anchor(struct dns *d, const struct dns_config *config, struct error *err)
{
    const char *name = anchor_file(config);
    if (!name)
        return 0;
    FILE *file = fopen(name, "re");
    if (!file)
        return error_set(err, ERR_FILE, "cannot read the trust anchor %s: %s", name,
                         strerror(errno));
    d->anchor = true;
    d->root_anchor = names_root(file);
    fclose(file);
    if (ub_ctx_add_ta_file(d->ub, name))
        return error_set(err, ERR_FILE, "cannot use the trust anchor %s", name);
    return 0;
}

static int set_options(struct dns *d, const struct dns_config *config, struct error *err)
{
    static const char *const options[][2] = {
        { "do-not-query-localhost:", "no" }, // resolvers of this host, and those of tests
        { "qname-minimisation:", "no" },     // the resolver that was named is asked, no other
        { "target-fetch-policy:", "0 0 0 0 0" },
        { "module-config:", "validator iterator" },
    };
    for (size_t i = 0; i < COUNT(options); i++)
        if (ub_ctx_set_option(d->ub, options[i][0], options[i][1]))
            return error_set(err, ERR_INTERNAL, "libunbound does not know %s", options[i][0]);
    if (ub_ctx_async(d->ub, 1))
        return error_set(err, ERR_INTERNAL, "libunbound cannot work in a thread");
    int r = set_resolver(d->ub, config, err);
    return r ? r : set_anchor(d, config, err);
}

/* Zones that libunbound would answer itself: whoever names a resolver wants its answers. The first
   call reads the trust anchors, too. */
static int set_zones(struct ub_ctx *ub, const struct dns_config *config, struct error *err)
{
    static const char *const own[] = { "test.", "invalid.", "home.arpa." };
    for (size_t i = 0; i < COUNT(own); i++)
        if (ub_ctx_zone_remove(ub, own[i])) {
            if (config->trust_anchor)
                return error_set(err, ERR_FILE, "%s holds no DS or DNSKEY records that can be used",
                                 config->trust_anchor);
            return error_set(err, ERR_INTERNAL, "libunbound cannot be set up");
        }
    return 0;
}

int dns_open(const struct dns_config *config, struct error *err, struct dns **ret)
{
    struct ub_ctx *ub = ub_ctx_create();
    if (!ub)
        return error_set(err, ERR_INTERNAL, "libunbound cannot be set up: %s", strerror(errno));
    ub_ctx_debugout(ub, NULL);
    struct dns *d = NEW(struct dns);
    d->ub = ub;
    d->fd = -1;
    d->resolver = xstrdup(config->resolver ? config->resolver : "the system's resolver");
    int r = set_options(d, config, err);
    if (!r)
        r = set_zones(ub, config, err);
    if (!r && (d->fd = fcntl(ub_fd(ub), F_DUPFD_CLOEXEC, 3)) < 0)
        r = error_set(err, ERR_INTERNAL, "libunbound has no descriptor: %s", strerror(errno));
    if (r)
        dns_close(d);
    else
        *ret = d;
    return r;
}

void dns_close(struct dns *d)
{
    if (!d)
        return;
    assert(!d->pumped);
    if (task_self())
        task_close_fd(d->fd);
    else if (d->fd >= 0)
        close(d->fd);
    ub_ctx_delete(d->ub);
    free(d->resolver);
    free(d);
}

bool dns_has_anchor(const struct dns *d)
{
    return d->anchor;
}

static void on_answer(void *arg, int failure, struct ub_result *result)
{
    struct asking *a = arg;
    a->done = true;
    a->failure = failure;
    a->result = result;
}

/* One of the tasks that wait does so for the descriptor and hands out what came; the others wait for
   that one, and when it leaves, the next takes its place. */
static enum wake wait_turn(struct dns *d, nsec deadline)
{
    if (d->pumped)
        return cond_wait(&d->changed, deadline);
    d->pumped = true;
    enum wake wake = task_wait_fd(d->fd, POLLIN, deadline);
    d->pumped = false;
    if (wake == WAKE_READY && ub_process(d->ub))
        wake = WAKE_CANCEL; // its thread is gone: nobody will be answered
    cond_broadcast(&d->changed);
    return wake;
}

static int ask(struct dns *d, const char *name, enum dns_type type, nsec deadline, struct asking *a,
               struct error *err)
{
    int id = 0;
    sigset_t old;
    enum wake wake = WAKE_READY;
    signals_block(&old);
    int failure = ub_resolve_async(d->ub, (char *)name, (int)type, 1, a, on_answer, &id);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failure)
        return error_set(err, ERR_INTERNAL, "cannot ask for %s of %s: %s", dns_type_name(type),
                         name, ub_strerror(failure));
    while (!a->done && wake == WAKE_READY)
        wake = wait_turn(d, deadline);
    if (a->done)
        return 0;
    ub_cancel(d->ub, id);
    if (wake == WAKE_TIMEOUT)
        return error_set(err, ERR_TIMEOUT, "no answer from %s for %s of %s", d->resolver,
                         dns_type_name(type), name);
    if (!task_is_cancelled())
        return error_set(err, ERR_INTERNAL, "libunbound stopped");
    return error_set(err, ERR_CANCEL, "cancelled while asking for %s of %s", dns_type_name(type),
                     name);
}

static const char *rcode_name(int rcode)
{
    static const char *const names[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED" };
    return rcode >= 0 && (size_t)rcode < COUNT(names) ? names[rcode] : "an error";
}

/* Records that are not well formed are left out and counted. */
static void add_records(const struct ub_result *result, enum dns_type type, struct dns_answer *a)
{
    size_t n = 0;
    while (result->havedata && n < DNS_RECORDS_MAX && result->data[n])
        n++;
    a->records = arena_new_n(&a->arena, struct dns_record, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        slice rdata = arena_dup(&a->arena, slice_make(result->data[i], (size_t)result->len[i]));
        if (dns_record_parse(type, rdata, &a->arena, &a->records[a->n]))
            a->n++;
        else
            a->malformed++;
    }
    dns_records_sort(type, a->records, a->n);
}

/* A printable copy in lower case without the final dot. */
static const char *plain_name(const char *name, struct arena *arena)
{
    slice text = slice_of(name);
    if (text.n > 1 && slice_ends(text, S(".")))
        text.n--;
    char *copy = arena_str(arena, text);
    for (char *c = copy; *c; c++)
        *c = *c > ' ' && *c < 0x7F ? ascii_lower(*c) : '?';
    return copy;
}

static void fill(const struct ub_result *result, const char *name, enum dns_type type,
                 struct dns_answer *a)
{
    a->trust = result->bogus ? DNS_BOGUS : result->secure ? DNS_SECURE : DNS_INSECURE;
    a->name_exists = !result->nxdomain;
    a->canonical = plain_name(result->canonname ? result->canonname : name, &a->arena);
    if (a->trust != DNS_BOGUS) {
        add_records(result, type, a);
        return;
    }
    const char *why = result->why_bogus ? result->why_bogus : "the signatures do not hold";
    a->why_bogus = arena_str(&a->arena, slice_of(why));
}

/* Is a bogus answer the zone's? Behind a resolver that drops signatures the root is bogus as well, and
   then nothing can be said about anybody. */
static int check_root(struct dns *d, nsec deadline, struct error *err)
{
    struct asking asking = { 0 };
    if (!d->root_anchor || d->root_holds)
        return 0;
    int r = ask(d, ".", (enum dns_type)DNS_SOA, deadline, &asking, err);
    if (r)
        return r;
    d->root_holds = !asking.failure && asking.result && asking.result->secure;
    ub_resolve_free(asking.result);
    if (d->root_holds)
        return 0;
    return error_set(
        err, ERR_NETWORK,
        "%s does not give the signatures of the root, so that nothing can be validated: "
        "name another resolver",
        d->resolver);
}

int dns_query(struct dns *d, const char *name, enum dns_type type, nsec deadline, struct error *err,
              struct dns_answer *ret)
{
    struct asking asking = { 0 };
    int r = ask(d, name, type, deadline, &asking, err);
    if (r)
        return r;
    if (asking.failure || !asking.result)
        return error_set(err, ERR_NETWORK, "no answer from %s for %s of %s: %s", d->resolver,
                         dns_type_name(type), name, ub_strerror(asking.failure));
    const struct ub_result *result = asking.result;
    if (result->bogus && (r = check_root(d, deadline, err))) {
        ub_resolve_free(asking.result);
        return r;
    }
    if (!result->bogus && result->rcode != 0 && result->rcode != 3) {
        r = error_set(err, ERR_NETWORK, "%s for %s of %s from %s", rcode_name(result->rcode),
                      dns_type_name(type), name, d->resolver);
    } else {
        *ret = (struct dns_answer) { 0 };
        fill(result, name, type, ret);
    }
    ub_resolve_free(asking.result);
    return r;
}

void dns_answer_release(struct dns_answer *a)
{
    arena_release(&a->arena);
    *a = (struct dns_answer) { 0 };
}

#include "discover_private.h"
#include "task.h"
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static const struct {
    const char *name, *title, *words;
} names[DISCOVER_SOURCES] = {
    [DISCOVER_AUTOCONFIG_FILE] = { "autoconfig-file", "autoconfig file", "the autoconfig file" },
    [DISCOVER_AUTODISCOVER_FILE] = { "autodiscover-file", "Autodiscover file",
                                     "the Autodiscover file" },
    [DISCOVER_MOBILECONFIG_FILE] = { "mobileconfig-file", "mobileconfig file",
                                     "the mobileconfig file" },
    [DISCOVER_SRV] = { "srv", "SRV records", "the SRV records" },
    [DISCOVER_AUTOCONFIG] = { "autoconfig", "autoconfig", "autoconfig" },
    [DISCOVER_WELL_KNOWN] = { "autoconfig-well-known", "autoconfig, well-known",
                              "autoconfig under .well-known" },
    [DISCOVER_AUTOCONFIG_MX] = { "autoconfig-mx", "autoconfig of the MX", "autoconfig of the MX" },
    [DISCOVER_AUTODISCOVER] = { "autodiscover", "Autodiscover", "Autodiscover" },
    [DISCOVER_AUTODISCOVER_SRV] = { "autodiscover-srv", "Autodiscover by SRV",
                                    "Autodiscover by SRV" },
    [DISCOVER_PROFILE] = { "profile", "bundled profile", "the bundled profile" },
    [DISCOVER_GUESS] = { "guess", "guesses", "the guesses" },
};

const char *discover_title(enum discover_id id)
{
    return names[id].title;
}

const char *discover_words(enum discover_id id)
{
    return names[id].words;
}

const char *discover_name(enum discover_id id)
{
    return names[id].name;
}

/* ---- what sources share ---- */

void source_say(struct discovery *d, struct discover_source *s, enum discover_state state,
                const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->state = state;
    s->said = arena_str(&d->arena, slice_of(text));
}

void source_find(struct discovery *d, struct discover_source *s, enum import_grade grade,
                 struct place at, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    at.file = at.file ? arena_str(&d->arena, slice_of(at.file)) : NULL;
    *array_push(&s->findings) =
        (struct discover_finding) { grade, at, arena_str(&d->arena, slice_of(text)) };
}

/* An Autodiscover answer, or a web page, can be right and hold no settings. */
static bool is_no_answer(struct discovery *d, struct discover_source *s, const struct import *im)
{
    if (im->is_web_page)
        source_say(d, s, DISCOVER_ABSENT, "a web page stands there, no settings");
    else if (im->refusal)
        source_say(d, s, DISCOVER_ABSENT, "the server answers with %s", im->refusal);
    else if (im->redirect_address)
        source_say(d, s, DISCOVER_ABSENT,
                   "the answer only says to ask for %s; look that address up by itself",
                   im->redirect_address);
    else
        return false;
    return true;
}

void source_take(struct discovery *d, struct discover_source *s, struct import *im, bool good,
                 struct profile *p, const struct problems *problems)
{
    if (!good && is_no_answer(d, s, im))
        return;
    if (good) {
        s->profile = *p;
        source_say(d, s, DISCOVER_FOUND, "%zu server%s", p->n_services,
                   p->n_services == 1 ? "" : "s");
    }
    for (size_t i = 0; i < im->findings.n; i++) {
        const struct import_finding *f = &im->findings.v[i];
        source_find(d, s, f->grade, f->at, "%s", f->text);
    }
    if (good || !problems->list.n)
        return;
    const struct problem *first = &problems->list.v[0];
    if (first->at.line)
        source_say(d, s, DISCOVER_BROKEN, "%s (%s:%u:%u)", first->text, first->at.file,
                   first->at.line, first->at.column);
    else
        source_say(d, s, DISCOVER_BROKEN, "%s", first->text);
}

struct discover_crew {
    size_t left;
    struct cond ended;
};

static void run_part(void *arg)
{
    struct discover_part *p = arg;
    p->run(p->arg);
    p->crew->left--;
    cond_broadcast(&p->crew->ended);
}

void discover_together(struct discover_part *parts, size_t n)
{
    struct discover_crew crew = { .left = n };
    bool cancelled = false;
    for (size_t i = 0; i < n; i++) {
        parts[i].crew = &crew;
        parts[i].task = task_spawn_named("discover", run_part, &parts[i]);
    }
    while (crew.left && !cancelled)
        cancelled = cond_wait(&crew.ended, NEVER) == WAKE_CANCEL;
    for (size_t i = 0; i < n; i++) {
        if (cancelled)
            task_cancel(parts[i].task);
        task_join(parts[i].task);
    }
}

nsec discover_deadline(const struct discovery *d)
{
    return now() + (d->options.timeout ? d->options.timeout : SECONDS(10));
}

bool discover_is_own(const struct discovery *d, const char *host)
{
    size_t host_n = strlen(host), domain_n = strlen(d->domain);
    if (host_n < domain_n || strcasecmp(host + host_n - domain_n, d->domain) != 0)
        return false;
    return host_n == domain_n || host[host_n - domain_n - 1] == '.';
}

bool discover_tells_address(const struct discovery *d, const char *host)
{
    return d->local && !d->options.no_address && discover_is_own(d, host);
}

int discover_addresses(struct discovery *d, const char *host, const char **ret, size_t max,
                       struct error *err)
{
    static const enum dns_type types[] = { DNS_A, DNS_AAAA };
    size_t n = 0;
    struct error first = { 0 };
    for (size_t t = 0; t < COUNT(types); t++) {
        struct dns_answer a;
        struct error why;
        if (dns_query(d->options.dns, host, types[t], discover_deadline(d), &why, &a) < 0) {
            first = why;
            continue;
        }
        for (size_t i = 0; i < a.n; i++, n++)
            if (ret && n < max)
                ret[n] = arena_str(&d->arena, slice_of(a.records[i].address));
        if (a.trust == DNS_BOGUS)
            error_set(&first, ERR_NETWORK, "the DNSSEC signatures of %s do not hold", host);
        dns_answer_release(&a);
    }
    if (n || !first.code)
        return (int)n;
    *err = first;
    return first.code;
}

const char *protocol_text(enum mail_protocol p)
{
    return p == PROTOCOL_SMTP ? "submission" : mail_protocol_name(p);
}

bool same_endpoint(const struct profile_service *a, const struct profile_service *b)
{
    return a->port == b->port && a->protocol == b->protocol && a->host && b->host &&
           strcasecmp(a->host, b->host) == 0;
}

/* ---- files and profiles: nothing is asked ---- */

static int read_file(struct discovery *d, enum discover_id id, const char *path,
                     enum import_format wanted, struct problems *problems, struct error *err)
{
    struct discover_source *s = &d->sources[id];
    struct import im = { .email = d->options.subject, .lenient = true, .problems = problems };
    struct profile p = { 0 };
    if (!path)
        return 0;
    s->where = path;
    bool good = import_file(&im, path, &p);
    int r = good ? 0 : error_set(err, ERR_FILE, "%s cannot be used", path);
    if (good)
        source_take(d, s, &im, true, &p, problems);
    if (good && im.format != wanted)
        source_find(d, s, IMPORT_NOTE, (struct place) { 0 }, "the file is of the format %s",
                    import_format_name(im.format));
    import_release(&im);
    return r;
}

/* Copies, since the list belongs to others. */
static void copy_profile(const struct profile *from, struct profile *to)
{
    struct arena *a = &to->arena;
    to->name = arena_str(a, slice_of(from->name));
    to->title = from->title ? arena_str(a, slice_of(from->title)) : NULL;
    to->path = from->path ? arena_str(a, slice_of(from->path)) : NULL;
    to->checked = from->checked ? arena_str(a, slice_of(from->checked)) : NULL;
    to->origin = "profile";
    to->not_offered = from->not_offered;
    for (size_t i = 0; i < from->n_services; i++)
        if (from->services[i].host)
            profile_add(to, &from->services[i]);
}

static void take_bundled(struct discovery *d)
{
    struct discover_source *s = &d->sources[DISCOVER_PROFILE];
    const struct profile *p =
        d->options.profiles ? profile_of_domain(d->options.profiles, slice_of(d->domain)) : NULL;
    if (!p) {
        source_say(d, s, DISCOVER_ABSENT, "no bundled profile is for %s", d->domain);
        return;
    }
    copy_profile(p, &s->profile);
    s->where = s->profile.path;
    for (unsigned i = 0; i <= PROTOCOL_IMAP; i++)
        if (p->not_offered & 1u << i)
            s->refused[i] = 1 << TLS_MODE_NONE | 1 << TLS_MODE_STARTTLS | 1 << TLS_MODE_IMPLICIT;
    source_say(d, s, DISCOVER_FOUND, "%s%s%s", p->title ? p->title : p->name,
               p->checked ? ", checked " : "", p->checked ? p->checked : "");
}

static int read_files(struct discovery *d, struct problems *problems, struct error *err)
{
    const struct discover_options *o = &d->options;
    int r = read_file(d, DISCOVER_AUTOCONFIG_FILE, o->autoconfig_file, IMPORT_AUTOCONFIG, problems,
                      err);
    if (r == 0)
        r = read_file(d, DISCOVER_AUTODISCOVER_FILE, o->autodiscover_file, IMPORT_AUTODISCOVER,
                      problems, err);
    if (r == 0)
        r = read_file(d, DISCOVER_MOBILECONFIG_FILE, o->mobileconfig_file, IMPORT_MOBILECONFIG,
                      problems, err);
    return r;
}

/* ---- the network ---- */

struct asking {
    struct discovery *d;
    struct discover_source *s;
    void (*ask)(struct discovery *d, struct discover_source *s);
};

static void ask_source(void *arg)
{
    struct asking *a = arg;
    a->ask(a->d, a->s);
}

struct asked {
    enum discover_id id;
    void (*ask)(struct discovery *d, struct discover_source *s);
};

static void ask_together(struct discovery *d, const struct asked *list, size_t n)
{
    struct asking asking[DISCOVER_SOURCES];
    struct discover_part parts[DISCOVER_SOURCES];
    for (size_t i = 0; i < n; i++) {
        asking[i] = (struct asking) { d, &d->sources[list[i].id], list[i].ask };
        parts[i] = (struct discover_part) { .run = ask_source, .arg = &asking[i] };
    }
    discover_together(parts, n);
}

/* The MX is asked only where clients ask it: when the domain itself has no autoconfig. */
static void ask_network(struct discovery *d)
{
    static const struct asked first[] = {
        { DISCOVER_SRV, discover_srv },
        { DISCOVER_AUTOCONFIG, discover_autoconfig },
        { DISCOVER_WELL_KNOWN, discover_well_known },
        { DISCOVER_AUTODISCOVER, discover_autodiscover },
        { DISCOVER_AUTODISCOVER_SRV, discover_autodiscover_srv },
    };
    static const struct asked mx[] = { { DISCOVER_AUTOCONFIG_MX, discover_autoconfig_mx } };
    static const struct asked guess[] = { { DISCOVER_GUESS, discover_guess } };
    ask_together(d, first, COUNT(first));
    if (d->sources[DISCOVER_AUTOCONFIG].state == DISCOVER_FOUND ||
        d->sources[DISCOVER_WELL_KNOWN].state == DISCOVER_FOUND)
        source_say(d, &d->sources[DISCOVER_AUTOCONFIG_MX], DISCOVER_NOT_ASKED,
                   "the domain has autoconfig of its own");
    else
        ask_together(d, mx, 1);
    if (!d->options.no_guess)
        ask_together(d, guess, 1);
}

/* ---- the whole ---- */

/* Atoms with dots, wherever they stand, or a quoted string (RFC 5321 section 4.1.2, RFC 6531). */
static bool is_local_part(const char *text)
{
    size_t n = strlen(text);
    bool quoted = n > 2 && text[0] == '"' && text[n - 1] == '"', good = n > 0;
    for (const char *p = text; *p && good; p++)
        good = (unsigned char)*p >= 0x80 || ascii_is_alnum(*p) ||
               strchr(quoted ? " .!#$%&'*+-/=?^_`{|}~\"(),:;<>@[]\\" : ".!#$%&'*+-/=?^_`{|}~", *p);
    return good;
}

static int split_subject(struct discovery *d, struct error *err)
{
    const char *subject = d->options.subject, *at = strrchr(subject, '@');
    d->domain = dns_name(slice_of(at ? at + 1 : subject), &d->arena);
    if (at)
        d->local = arena_str(&d->arena, slice_make(subject, (size_t)(at - subject)));
    bool good = d->domain && strchr(d->domain, '.') && (!at || is_local_part(d->local));
    return good ? 0
                : error_set(err, ERR_USAGE, "\"%s\" is neither an e-mail address nor a domain",
                            subject);
}

int discover_look(const struct discover_options *options, struct problems *problems,
                  struct error *err, struct discovery *ret)
{
    *ret = (struct discovery) { .options = *options };
    for (int i = 0; i < DISCOVER_SOURCES; i++)
        ret->sources[i].id = (enum discover_id)i;
    int r = split_subject(ret, err);
    if (r == 0)
        r = read_files(ret, problems, err);
    if (r < 0)
        return r;
    take_bundled(ret);
    if (!options->offline)
        ask_network(ret);
    return task_is_cancelled() ? error_set(err, ERR_CANCEL, "interrupted") : 0;
}

void discovery_release(struct discovery *d)
{
    for (int i = 0; i < DISCOVER_SOURCES; i++) {
        profile_release(&d->sources[i].profile);
        array_release(&d->sources[i].findings);
    }
    array_release(&d->contradictions);
    array_release(&d->endpoints);
    arena_release(&d->arena);
    *d = (struct discovery) { 0 };
}

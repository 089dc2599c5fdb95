#include "port_rows.h"
#include "resolve.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void port_rows_release(struct port_rows *r)
{
    array_release(&r->list);
    array_release(&r->routes);
    arena_release(&r->arena);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcasecmp(a, b) == 0);
}

static const char *keep(struct port_rows *r, const char *text)
{
    return text ? arena_str(&r->arena, slice_of(text)) : NULL;
}

bool port_rows_add(struct port_rows *r, const struct port_spec *spec)
{
    array_each (s, &r->list)
        if (same_text(s->host, spec->host) && s->port == spec->port && s->family == spec->family)
            return true;
    if (r->list.n >= PORT_ROWS_MAX) {
        r->left_out++;
        return false;
    }
    struct port_spec *own = array_push(&r->list);
    *own = *spec;
    own->host = keep(r, spec->host);
    own->address = keep(r, spec->address);
    own->name = keep(r, spec->name);
    return true;
}

/* ---- the ports of a host ---- */

static void add_standard(struct port_rows *r, const char *host, const struct port_standard *s,
                         uint16_t port)
{
    port_rows_add(r, &(struct port_spec) { .host = host,
                                           .port = port,
                                           .protocol = s->protocol,
                                           .role = s->role,
                                           .mode = s->mode,
                                           .name = s->name });
}

static const struct port_standard *standard_named(slice name)
{
    for (size_t i = 0; i < n_port_standards; i++)
        if (slice_eq_str(name, port_standards[i].name))
            return &port_standards[i];
    return NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
    return port_standards[i].name;
}

static int add_word(struct port_rows *r, const char *host, slice word, struct error *err)
{
    uint64_t port = 0;
    slice rest = word, name = word;
    bool own_port = slice_find(word, S("=")) != SIZE_MAX && slice_cut(&rest, '=', &name);
    const struct port_standard *s = standard_named(name);
    if (!s && slice_to_u64(word, 65535, &port)) {
        s = port_standard((uint16_t)port);
        if (!s)
            return error_set(err, ERR_USAGE,
                             "port %.*s has no service of its own; say SERVICE=PORT, such as "
                             "submission=%.*s",
                             SLICE_ARG(word), SLICE_ARG(word));
    }
    if (!s) {
        const char *near = nearest_of(name, n_port_standards, name_at, NULL);
        return error_set(err, ERR_USAGE, "no service is called \"%.*s\"%s%s%s", SLICE_ARG(name),
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    if (own_port && (!slice_to_u64(rest, 65535, &port) || !port))
        return error_set(err, ERR_USAGE, "\"%.*s\" is no port", SLICE_ARG(rest));
    add_standard(r, host, s, own_port ? (uint16_t)port : s->port);
    return 0;
}

int port_rows_of_host(struct port_rows *r, const char *host, const char *const *ports,
                      size_t n_ports, struct error *err)
{
    for (size_t i = 0; i < n_ports; i++) {
        slice rest = slice_of(ports[i]), word;
        while (slice_cut(&rest, ',', &word)) {
            int code = add_word(r, host, slice_trim(word), err);
            if (code < 0)
                return code;
        }
    }
    for (size_t i = 0; i < n_port_standards && !n_ports; i++)
        if (!port_standards[i].optional)
            add_standard(r, host, &port_standards[i], port_standards[i].port);
    return 0;
}

/* ---- routes ---- */

/* ADDRESS[:PORT], the address of IPv6 in brackets. */
static bool cut_address(struct port_rows *r, slice text, uint16_t port, struct port_route *ret)
{
    struct addrinfo *found;
    uint64_t n = port;
    slice address = text, rest = S("");
    if (slice_starts(text, S("["))) {
        size_t end = slice_find(text, S("]"));
        if (end == SIZE_MAX)
            return false;
        address = slice_sub(text, 1, end);
        rest = slice_skip(text, end + 1);
    } else if (slice_find(text, S(":")) != SIZE_MAX) {
        size_t colon = slice_find(text, S(":"));
        address = slice_sub(text, 0, colon);
        rest = slice_skip(text, colon);
    }
    if (rest.n && (rest.p[0] != ':' || !slice_to_u64(slice_skip(rest, 1), 65535, &n) || !n))
        return false;
    ret->address = arena_str(&r->arena, address);
    ret->dial_port = (uint16_t)n;
    if (resolve_numeric(ret->address, 1, 0, NULL, &found) < 0)
        return false;
    resolve_free(found);
    return true;
}

/* HOST and its colon, a host that is an address of IPv6 in brackets. */
static bool cut_host(slice *rest, slice *ret)
{
    if (!slice_starts(*rest, S("[")))
        return slice_cut(rest, ':', ret) && ret->n;
    size_t end = slice_find(*rest, S("]:"));
    if (end == SIZE_MAX || end == 1)
        return false;
    *ret = slice_sub(*rest, 1, end);
    *rest = slice_skip(*rest, end + 2);
    return true;
}

/* HOST:PORT, then one of `separators`, then ADDRESS[:PORT]. */
static bool cut_route(struct port_rows *r, slice text, const char *separators)
{
    struct port_route route = { 0 };
    uint64_t port;
    slice rest = text, host, number;
    if (!cut_host(&rest, &host))
        return false;
    size_t n = 0;
    while (n < rest.n && !strchr(separators, rest.p[n]))
        n++;
    number = slice_sub(rest, 0, n);
    if (n == rest.n || !slice_to_u64(number, 65535, &port) || !port)
        return false;
    route.host = arena_str(&r->arena, host);
    route.port = (uint16_t)port;
    if (!cut_address(r, slice_trim(slice_skip(rest, n + 1)), route.port, &route))
        return false;
    *array_push(&r->routes) = route;
    return true;
}

int port_route_parse(struct port_rows *r, const char *text, struct error *err)
{
    if (cut_route(r, slice_of(text), ":"))
        return 0;
    return error_set(err, ERR_USAGE, "--resolve is HOST:PORT:ADDRESS[:PORT], not \"%s\"", text);
}

int port_routes_load(struct port_rows *r, const char *path, struct error *err)
{
    enum { LINE = 1024 };
    char text[LINE];
    int number = 0, code = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return error_set(err, ERR_FILE, "cannot read %s: %s", path, strerror(errno));
    while (code == 0 && fgets(text, sizeof text, f)) {
        slice line = slice_trim(slice_of(text));
        number++;
        if (!line.n || line.p[0] == '#' || cut_route(r, line, " \t"))
            continue;
        code = error_set(err, ERR_FILE, "%s:%d:1: a route is HOST:PORT ADDRESS:PORT, not \"%.*s\"",
                         path, number, SLICE_ARG(line));
    }
    fclose(f);
    return code;
}

/* ---- addresses ---- */

/* Whether this machine has a way to the address: connecting a datagram socket sends nothing. */
static bool has_way(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool add_family(struct port_rows *to, const struct port_spec *spec, int family, nsec timeout)
{
    struct addrinfo *found;
    char address[64] = "";
    if (resolve(spec->host, spec->port, family, now() + timeout, NULL, &found) < 0)
        return false;
    struct port_spec own = *spec;
    own.family = family;
    getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0,
                NI_NUMERICHOST);
    own.address = address;
    if (family == AF_INET6 && !has_way(found))
        to->no_ipv6_route = true;
    else
        port_rows_add(to, &own);
    resolve_free(found);
    return true;
}

void port_rows_route(struct port_rows *r, const char *host, uint16_t port, const char *address)
{
    struct addrinfo *a;
    if (resolve_numeric(address, port, AF_UNSPEC, NULL, &a) < 0)
        return;
    if (a->ai_family == AF_INET6 && !has_way(a))
        r->no_ipv6_route = true;
    else
        *array_push(&r->routes) =
            (struct port_route) { keep(r, host), port, keep(r, address), port };
    resolve_free(a);
}

static bool add_routed(struct port_rows *to, const struct port_spec *spec)
{
    bool any = false;
    array_each (route, &to->routes) {
        if (!same_text(route->host, spec->host) || route->port != spec->port)
            continue;
        struct port_spec own = *spec;
        own.address = route->address;
        own.dial_port = route->dial_port;
        own.family = strchr(route->address, ':') ? AF_INET6 : AF_INET;
        any |= port_rows_add(to, &own);
    }
    return any;
}

void port_rows_resolve(struct port_rows *r, int family, nsec timeout)
{
    struct port_rows wanted = { .list = r->list };
    memset(&r->list, 0, sizeof r->list);
    array_each (spec, &wanted.list) {
        bool any = spec->address ? port_rows_add(r, spec) : add_routed(r, spec);
        if (any)
            continue;
        if (family != AF_INET6)
            any |= add_family(r, spec, AF_INET, timeout);
        if (family != AF_INET)
            any |= add_family(r, spec, AF_INET6, timeout);
        if (!any)
            port_rows_add(r, spec);
    }
    array_release(&wanted.list);
}

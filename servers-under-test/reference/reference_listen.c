#include "reference_listen.h"
#include "array.h"
#include "listen.h"

struct bound {
    struct reference *ref;
    enum service_id service;
    struct listener *listener;
};
struct reference_ports {
    size_t n;
    struct bound bound[];
};

static void serve(void *arg, struct stream *stream)
{
    struct bound *b = arg;
    char peer[80];
    stream_peer_name(stream, peer);
    /* "127.0.0.1 port 40112": Received: fields name the address alone. */
    char *space = strchr(peer, ' ');
    if (space)
        *space = '\0';
    reference_serve(b->ref, b->service, stream, peer);
}

int reference_listen(struct reference *ref, const struct reference_port *ports, size_t n,
                     struct error *err, struct reference_ports **ret)
{
    struct reference_ports *p = xcalloc(1, sizeof *p + n * sizeof *p->bound);
    for (size_t i = 0; i < n; i++) {
        struct bound *b = &p->bound[p->n++];
        *b = (struct bound) { .ref = ref, .service = ports[i].service };
        struct listen_options o = {
            .address = ports[i].address, .port = ports[i].port, .serve = serve, .arg = b
        };
        int r = listener_open(&o, err, &b->listener);
        if (r < 0) {
            error_prefix(err, "%s", services[ports[i].service].name);
            reference_ports_close(p);
            return r;
        }
    }
    *ret = p;
    return 0;
}

uint16_t reference_ports_number(const struct reference_ports *p, size_t i)
{
    return listener_port(p->bound[i].listener);
}

void reference_ports_close(struct reference_ports *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        listener_close(p->bound[i].listener);
    free(p);
}

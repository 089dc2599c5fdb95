/* COMPRESS=DEFLATE (RFC 4978). */
#include "step_table.h"

void step_compress_check(struct step_check *c, const struct node *value, const struct node *map)
{
    static const char *const plain[] = { "ok" };
    size_t i;
    node_word(value, plain, 1, "compress", &i, c->loader->problems);
}

enum step_result step_compress_run(struct play *p, struct device *d, const struct step *s,
                                   const struct node *value, const struct node *map)
{
    struct error err = { 0 };
    if (!d->conn)
        return play_fail(p, s, d, value, "%s is not connected", d->name);
    invariants_command(d, S("COMPRESS"));
    int r = imap_compress(&d->client.imap, now() + p->timeout, &err);
    return r < 0 ? step_client_failed(p, s, d, value, NULL, &err) : STEP_OK;
}

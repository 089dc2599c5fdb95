#include "profile.h"

void profile_release(struct profile *p)
{
    arena_release(&p->arena);
    *p = (struct profile) { 0 };
}

static const char *copy(struct profile *p, const char *text)
{
    return text ? arena_str(&p->arena, slice_of(text)) : NULL;
}

bool profile_add(struct profile *p, const struct profile_service *row)
{
    if (p->n_services == PROFILE_SERVICES_MAX)
        return false;
    if (!p->services)
        p->services = arena_new_n(&p->arena, struct profile_service, PROFILE_SERVICES_MAX);
    struct profile_service *s = &p->services[p->n_services++];
    *s = *row;
    s->host = copy(p, row->host);
    s->at.file = copy(p, row->at.file);
    s->source_line = copy(p, row->source_line);
    return true;
}

#include "capabilities.h"

void capabilities_release(struct capabilities *caps)
{
    array_release(&caps->list);
    arena_release(&caps->arena);
    *caps = (struct capabilities) { 0 };
}

void capabilities_reset(struct capabilities *caps)
{
    capabilities_release(caps);
    caps->known = true;
}

static void params_cut(struct capabilities *caps, struct capability *cap)
{
    slice rest = cap->args, param;
    while (cap->args.n && slice_cut(&rest, ' ', &param)) {
        if (slice_is_empty(param))
            continue;
        if (!cap->params)
            cap->params = arena_new_n(&caps->arena, slice, CAPABILITY_PARAMS_MAX);
        if (cap->n_params == CAPABILITY_PARAMS_MAX) {
            caps->too_many = true;
            return;
        }
        cap->params[cap->n_params++] = param;
    }
}

void capabilities_add(struct capabilities *caps, slice name, slice args)
{
    if (caps->list.n == CAPABILITIES_MAX) {
        caps->too_many = true;
        return;
    }
    struct capability *cap = array_push(&caps->list);
    cap->name = arena_dup(&caps->arena, name);
    cap->args = arena_dup(&caps->arena, args);
    params_cut(caps, cap);
}

void capabilities_copy(const struct capabilities *from, struct capabilities *to)
{
    capabilities_reset(to);
    to->known = from->known;
    array_each (cap, &from->list)
        capabilities_add(to, cap->name, cap->args);
    to->too_many = from->too_many;
}

void capabilities_text(const struct capabilities *caps, struct buf *out)
{
    array_each (cap, &caps->list) {
        if (cap > caps->list.v)
            buf_addc(out, ' ');
        if (cap->n_params)
            buf_addf(out, "(%.*s %.*s)", SLICE_ARG(cap->name), SLICE_ARG(cap->args));
        else
            buf_add(out, cap->name);
    }
}

const struct capability *caps_get(const struct capabilities *caps, slice name)
{
    array_each (cap, &caps->list)
        if (slice_eq_nocase(cap->name, name))
            return cap;
    return NULL;
}

bool caps_has_param(const struct capabilities *caps, slice name, slice param)
{
    array_each (cap, &caps->list) {
        if (!slice_eq_nocase(cap->name, name))
            continue;
        for (size_t i = 0; i < cap->n_params; i++)
            if (slice_eq_nocase(cap->params[i], param))
                return true;
    }
    return false;
}

static bool offers_sasl(const struct capabilities *caps)
{
    array_each (cap, &caps->list)
        if (slice_eq_nocase(cap->name, S("AUTH")) || slice_eq_nocase(cap->name, S("SASL")) ||
            slice_starts_nocase(cap->name, S("AUTH=")))
            return true;
    return false;
}

bool caps_has(const struct capabilities *caps, slice name)
{
    if (slice_eq_nocase(name, S("AUTH")))
        return offers_sasl(caps);
    if (caps_get(caps, name))
        return true;
    size_t equals = slice_find_char(name, '=');
    return equals != SIZE_MAX &&
           caps_has_param(caps, slice_sub(name, 0, equals), slice_skip(name, equals + 1));
}

bool caps_has_mechanism(const struct capabilities *caps, slice mechanism)
{
    array_each (cap, &caps->list)
        if (cap->name.n == mechanism.n + 5 && slice_starts_nocase(cap->name, S("AUTH=")) &&
            slice_eq_nocase(slice_skip(cap->name, 5), mechanism))
            return true;
    return caps_has_param(caps, S("AUTH"), mechanism) || caps_has_param(caps, S("SASL"), mechanism);
}

void session_capabilities_release(struct session_capabilities *s)
{
    for (size_t i = 0; i < CAPS_STATES; i++)
        capabilities_release(&s->in[i]);
}

struct capabilities *session_caps(struct session_capabilities *s)
{
    return &s->in[s->state];
}

void session_caps_enter(struct session_capabilities *s, enum caps_state state)
{
    s->state = state;
    capabilities_release(&s->in[state]);
}

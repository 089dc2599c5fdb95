#include "sasl_oauth.h"

/* auth-value = "Bearer" 1*SP token, the scheme in any case of letters. */
static bool bearer_parse(slice value, slice *ret_token)
{
    if (!slice_starts_nocase(value, S("Bearer ")))
        return false;
    *ret_token = slice_trim(slice_skip(value, 7));
    return ret_token->n > 0;
}

/* saslname: "=2C" is a comma, "=3D" an equals sign, and no other "=" may stand in it. */
static bool saslname_decode(slice name, struct buf *out)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] != '=') {
            buf_addc(out, name.p[i]);
            continue;
        }
        slice escape = slice_sub(name, i, i + 3);
        if (!slice_eq_nocase(escape, S("=2C")) && !slice_eq_nocase(escape, S("=3D")))
            return false;
        buf_addc(out, escape.p[1] == '2' ? ',' : '=');
        i += 2;
    }
    return true;
}

/* gs2-header = gs2-cb-flag "," [ "a=" saslname ] ","   (the flag is n or y: there is no channel
   binding here) */
static bool gs2_parse(slice *rest, struct buf *user)
{
    slice flag, name;
    if (!slice_cut(rest, ',', &flag) || !slice_cut(rest, ',', &name) || !rest->p)
        return false;
    if (!slice_eq_str(flag, "n") && !slice_eq_str(flag, "y"))
        return false;
    if (!name.n)
        return true;
    return slice_starts(name, S("a=")) && name.n > 2 && saslname_decode(slice_skip(name, 2), user);
}

/* client-resp = gs2-header kvsep *kvpair kvsep
   kvpair      = key "=" value kvsep            kvsep = %x01 */
bool oauthbearer_parse(slice message, struct buf *user, struct oauth_message *ret)
{
    slice rest = message, pair;
    *ret = (struct oauth_message) { 0 };
    if (!gs2_parse(&rest, user) || !slice_starts(rest, S("\x01")) ||
        !slice_ends(rest, S("\x01\x01")))
        return false;
    rest = slice_sub(rest, 1, rest.n - 2);
    while (slice_cut(&rest, '\x01', &pair)) {
        if (slice_find_char(pair, '=') == SIZE_MAX)
            return false;
        if (slice_starts(pair, S("auth=")) && !bearer_parse(slice_skip(pair, 5), &ret->token))
            return false;
    }
    ret->user = buf_slice(user);
    return ret->token.n > 0;
}

bool xoauth2_parse(slice message, struct oauth_message *ret)
{
    slice rest = message, user, auth;
    *ret = (struct oauth_message) { 0 };
    if (!slice_cut(&rest, '\x01', &user) || !slice_cut(&rest, '\x01', &auth))
        return false;
    if (!slice_eq(rest, S("\x01")) || !slice_starts(user, S("user=")))
        return false;
    ret->user = slice_skip(user, 5);
    return slice_starts(auth, S("auth=")) && bearer_parse(slice_skip(auth, 5), &ret->token);
}

#include "profile.h"
#include <stdio.h>

const char *const profile_auth_words[PROFILE_AUTH_KINDS] = {
    "password", "app-password", "oauth2", "encrypted-password", "client-certificate", "none"
};

const char *profile_service_text(const struct profile_service *s, char text[320])
{
    char port[16] = "any port";
    if (s->port)
        snprintf(port, sizeof port, "%u", s->port);
    if (s->host)
        snprintf(text, 320, "%.255s:%s, %s", s->host, port, tls_mode_words[s->tls]);
    else
        snprintf(text, 320, "%s%s, %s", s->port ? "port " : "", port, tls_mode_words[s->tls]);
    return text;
}

const char *username_form_text(enum username_form form)
{
    static const char *const texts[] = { "not said", "full address", "local part of the address",
                                         "see the notes" };
    return texts[form];
}

const char *profile_auth_text(unsigned auth, char text[128])
{
    static const char *const texts[] = { "password",           "app password",       "OAuth2",
                                         "encrypted password", "client certificate", "no login" };
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < COUNT(texts); i++)
        if (auth & 1u << i)
            n += (size_t)snprintf(text + n, 128 - n, "%s%s", n ? ", " : "", texts[i]);
    if (!n)
        snprintf(text, 128, "not said");
    return text;
}

#include "service.h"
#include "array.h"

#define SERVICE(id, name, protocol, role, port, implicit)                                          \
    [id] = { id, name, protocol, role, port, implicit }

const struct service services[SERVICE_COUNT] = {
    SERVICE(SERVICE_SMTP, "smtp", PROTOCOL_SMTP, ROLE_MX, 25, false),
    SERVICE(SERVICE_SMTP_ALT, "smtp-alt", PROTOCOL_SMTP, ROLE_MX, 2525, false),
    SERVICE(SERVICE_SUBMISSION, "submission", PROTOCOL_SMTP, ROLE_SUBMISSION, 587, false),
    SERVICE(SERVICE_SUBMISSIONS, "submissions", PROTOCOL_SMTP, ROLE_SUBMISSION, 465, true),
    SERVICE(SERVICE_LMTP, "lmtp", PROTOCOL_LMTP, ROLE_LMTP, 24, false),
    SERVICE(SERVICE_POP3, "pop3", PROTOCOL_POP3, ROLE_ACCESS, 110, false),
    SERVICE(SERVICE_POP3S, "pop3s", PROTOCOL_POP3, ROLE_ACCESS, 995, true),
    SERVICE(SERVICE_IMAP, "imap", PROTOCOL_IMAP, ROLE_ACCESS, 143, false),
    SERVICE(SERVICE_IMAPS, "imaps", PROTOCOL_IMAP, ROLE_ACCESS, 993, true),
};

const struct service *service_find(slice name)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (slice_eq_nocase(name, slice_of(services[i].name)))
            return &services[i];
    return NULL;
}

const struct service *service_at_port(uint16_t port)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (services[i].port == port)
            return &services[i];
    return NULL;
}

const char *mail_protocol_name(enum mail_protocol protocol)
{
    static const char *const names[] = { "SMTP", "LMTP", "POP3", "IMAP" };
    return names[protocol];
}

const char *mail_protocol_starttls(enum mail_protocol protocol)
{
    return protocol == PROTOCOL_POP3 ? "STLS" : "STARTTLS";
}

const char *service_role_name(enum service_role role)
{
    static const char *const names[] = { "mx", "submission", "lmtp", "access" };
    return names[role];
}

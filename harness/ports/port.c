#include "port.h"
#include "array.h"
#include "dial.h"

const struct port_standard port_standards[] = {
    { 25, PORT_SMTP, ROLE_MX, TLS_MODE_STARTTLS, "smtp", false },
    { 2525, PORT_SMTP, ROLE_MX, TLS_MODE_STARTTLS, "smtp-alt", false },
    { 587, PORT_SMTP, ROLE_SUBMISSION, TLS_MODE_STARTTLS, "submission", false },
    { 465, PORT_SMTP, ROLE_SUBMISSION, TLS_MODE_IMPLICIT, "submissions", false },
    { 110, PORT_POP3, ROLE_ACCESS, TLS_MODE_STARTTLS, "pop3", false },
    { 995, PORT_POP3, ROLE_ACCESS, TLS_MODE_IMPLICIT, "pop3s", false },
    { 143, PORT_IMAP, ROLE_ACCESS, TLS_MODE_STARTTLS, "imap", false },
    { 993, PORT_IMAP, ROLE_ACCESS, TLS_MODE_IMPLICIT, "imaps", false },
    { 24, PORT_LMTP, ROLE_LMTP, TLS_MODE_STARTTLS, "lmtp", true },
    { 4190, PORT_SIEVE, ROLE_ACCESS, TLS_MODE_STARTTLS, "sieve", true },
};
const size_t n_port_standards = COUNT(port_standards);

const struct port_standard *port_standard(uint16_t port)
{
    for (size_t i = 0; i < COUNT(port_standards); i++)
        if (port_standards[i].port == port)
            return &port_standards[i];
    return NULL;
}

const char *port_protocol_name(enum port_protocol p)
{
    static const char *const names[PORT_PROTOCOLS] = { "SMTP", "LMTP", "POP3", "IMAP",
                                                       "ManageSieve" };
    return names[p];
}

int port_dial_network(void *ctx, const struct port_spec *where, nsec deadline, struct error *err,
                      struct stream **ret)
{
    static const enum error_code codes[] = { [DIAL_FAILED] = ERR_INTERNAL,
                                             [DIAL_REFUSED] = ERR_REFUSED,
                                             [DIAL_TIMEOUT] = ERR_TIMEOUT,
                                             [DIAL_NO_ADDRESS] = ERR_USAGE,
                                             [DIAL_NO_ROUTE] = ERR_NETWORK };
    const struct port_network *network = ctx;
    enum dial_failure failure;
    struct dial_options options = { .host = where->address ? where->address : where->host,
                                    .port = where->dial_port ? where->dial_port : where->port,
                                    .source = network ? network->source : NULL,
                                    .family = where->family,
                                    .ret_failure = &failure };
    int r = dial(&options, deadline, err, ret);
    if (r == 0 || r == ERR_CANCEL || r == ERR_TIMEOUT)
        return r;
    if (err)
        err->code = codes[failure];
    return codes[failure];
}

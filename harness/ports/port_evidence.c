/* What a column goes by: the questions that were put for it. */
#include "port_column.h"

/* The first of them is the connection, by its question; the others begin sentences on what could not
   be told. Where nothing stands here the first session tells. */
static const struct evidence {
    const char *column;
    const char *questions[6];
} evidence[] = {
    { "starttls", { "session", "STARTTLS", "STLS" } },
    { "old-versions", { "old versions", "SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1" } },
    { "new-versions", { "session", "TLS 1.3 and 1.2", "TLS 1.3", "TLS 1.2" } },
    { "tolerance",
      { "record versions of TLS 1.1 and 1.2", "GREASE values", "an unknown extension",
        "an unknown version", "a hello longer than 512 octets" } },
    { "weak-suites", { "weak cipher suites" } },
    { "suites", { "TLS 1.2", "encrypt_then_mac" } },
    { "suite-order", { "order of cipher suites" } },
    { "groups", { "groups" } },
    { "handshake-hash", { "SHA-1 signatures" } },
    { "hygiene",
      { "TLS 1.2 without a server name", "renegotiation by the client", "fallback SCSV" } },
    { "sni", { "TLS 1.2 without a server name", "no server name", "unknown server name" } },
    { "alpn", { "ALPN" } },
    { "login-in-clear",
      { "session", "AUTH", "AUTHENTICATE", "USER in clear", "cancelling a login" } },
    { "login", { "session", "USER in TLS" } },
    { "injection", { "injection", "old versions", "after STARTTLS", "after STLS" } },
    { "tls-required", { "session", "MAIL in clear", "AUTH", "AUTHENTICATE", "USER in clear" } },
    { "resumption", { "session", "resumption", "injection", "ALPN" } },
    { "closure", { "session", "after QUIT", "after LOGOUT" } },
    { "requiretls", { "session", "MAIL with REQUIRETLS" } },
};

static bool begins(const char *text, const char *question)
{
    size_t n = strlen(question);
    return strncmp(text, question, n) == 0 && (!text[n] || strchr(": ,", text[n]));
}

bool port_column_asks(const struct port_column *column, const char *text)
{
    static const struct evidence first = { "", { "session" } };
    const struct evidence *e = &first;
    for (size_t i = 0; i < COUNT(evidence); i++)
        if (strcmp(evidence[i].column, column->name) == 0)
            e = &evidence[i];
    for (size_t i = 0; i < COUNT(e->questions) && e->questions[i]; i++)
        if (begins(text, e->questions[i]))
            return true;
    return false;
}

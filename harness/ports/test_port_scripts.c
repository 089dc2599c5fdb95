/* Visits of ports that do not do what was expected: other protocols, other modes, silence, delays,
   and servers that have had enough of us. */
#include "test_port_driver.h"

struct odd {
    const char *name;
    int port;
    struct script script;
    const char *lines[6]; /* of the facts */
    unsigned max_connections;
};

/* clang-format off */
#define SMTP_HELLO "S: 220 mail.example.test ESMTP", "C: EHLO", "S: 250-mail.example.test", "S: 250-STARTTLS", "S: 250 SIZE 1000"
#define SMTP_PROBES "C: AUTH", "S: 503 AUTH is not for you", "C: MAIL", "S: 250 ok", "C: RSET", "S: 250 ok"

static const struct odd odd[] = {
    /* What speaks there. */
    { "HTTP behind a mail port", 25, { { "A", "S: HTTP/1.1 400 Bad Request", "S: ", "X" } },
      { "first: HTTP", "speaks: HTTP", "first text: HTTP/1.1 400 Bad Request", "connections: 1" } },
    { "HTTP behind a TLS port", 993, { { "A", "S: HTTP/1.1 400 Bad Request", "X" } },
      { "first: HTTP", "speaks: HTTP", "connections: 1" } },
    { "HTTP that speaks first", 143, { { "S: HTTP/1.0 408 Request Timeout", "X" } },
      { "first: HTTP", "speaks: HTTP", "connections: 1" } },
    { "SSH", 25, { { "S: SSH-2.0-OpenSSH_9.2p1", "L" } },
      { "first: SSH", "speaks: other", "first text: SSH-2.0-OpenSSH_9.2p1" } },
    { "SSH on a TLS port", 465, { { "S: SSH-2.0-OpenSSH_9.2p1", "L" } },
      { "first: SSH", "speaks: other" } },
    { "gibberish", 110, { { "S: hello there", "L" } },
      { "first: something else", "speaks: other", "first text: hello there" } },
    { "silence", 143, { { "L" } },
      { "first: nothing", "speaks: silence", "took: 20000 ms", "connections: 1" } },
    { "silence on a TLS port", 993, { { "L" } },
      { "first: nothing", "speaks: silence", "took: 10250 ms", "TLS up: 0" } },
    { "TLS on a clear port", 143, { { "T", "S: * OK in TLS", "C: v1", "S: v1 OK x", "X" } },
      { "first: nothing", "speaks: TLS", "protocol: IMAP", "TLS up: 1" } },
    { "clear text on a TLS port", 993,
      { { "S: * OK in clear", "C: v1", "S: * CAPABILITY IMAP4rev1", "S: v1 OK x", "C: v2", "S: v2 NO x",
          "C: v3", "S: v3 BAD x", "L" } },
      { "first: IMAP", "speaks: clear", "protocol: IMAP", "STARTTLS works: no" } },
    { "POP3 where IMAP should be", 143,
      { { "S: +OK here is POP3", "C: CAPA", "S: +OK", "S: USER", "S: .", "C: USER", "S: +OK", "C: STLS",
          "S: -ERR", "L" } },
      { "first: POP3", "speaks: clear", "protocol: POP3", "USER: offered yes, taken yes",
        "STARTTLS works: no" } },
    { "a POP3 greeting with a timestamp", 110,
      { { "S: +OK POP3 ready <1896.697170952@mail.example.test>", "C: CAPA", "S: -ERR", "C: USER", "S: -ERR",
          "C: STLS", "S: -ERR", "L" } },
      { "protocol: POP3", "APOP: 1" } },
    { "a POP3 greeting with brackets that are no timestamp", 110,
      { { "S: +OK me@mail.example.test <POP3>", "C: CAPA", "S: -ERR", "C: USER", "S: -ERR", "C: STLS", "S: -ERR", "L" } },
      { "protocol: POP3", "APOP: 0" } },
    { "TLS alert unasked", 143, { { "B: \x15\x03\x01", "X" } }, { "first: TLS", "speaks: TLS" } },
    { "a web server of HTTPS on a TLS port", 993, { { "H", "L" } },
      { "speaks: TLS", "TLS up: 1", "chooses HTTP: 1",
        "broke off: inside TLS came nothing where a greeting should be" } },
    { "a web server of HTTPS on a clear port", 143, { { "H", "L" } },
      { "speaks: TLS", "TLS up: 1", "chooses HTTP: 1" } },
    { "a mail server that takes no notice of ALPN", 993, { { "T", "S: * OK in TLS", "L" } },
      { "speaks: TLS", "protocol: IMAP", "chooses HTTP: 0" } },
    { "TLS that refuses us", 993, { { "A", "B: \x15\x03\x03", "X" } },
      { "speaks: TLS", "TLS up: 0", "connections: 4" } },
    { "TLS behind the go-ahead that refuses us", 110,
      { { "S: +OK x", "C: CAPA", "S: -ERR what", "C: USER", "S: -ERR x", "C: STLS", "S: +OK go", "A",
          "B: \x15\x03\x01", "X" },
        { "S: +OK x", "C: STLS", "S: +OK go", "A", "B: \x15\x03\x01", "X" } },
      { "STARTTLS works: no", "TLS up: 0", "old versions: refused", "connections: 4" } },

    { "hellos that are refused in clear", 110,
      { { "S: +OK x", "C: CAPA", "S: -ERR what", "C: USER", "S: -ERR x", "C: STLS", "S: +OK go", "T", "L" },
        { "S: +OK x", "C: STLS", "S: +OK go", "A", "S: -ERR Unknown error", "X" } },
      { "TLS up: 1", "reach: open", "old versions: refused", "falls back: no" } },
    { "hellos that are refused in clear, and on it goes", 110,
      { { "S: +OK x", "C: CAPA", "S: -ERR what", "C: USER", "S: -ERR x", "C: STLS", "S: +OK go", "T", "L" },
        { "S: +OK x", "C: STLS", "S: +OK go", "A", "S: -ERR Unknown error", "C: CAPA", "S: +OK", "L" } },
      { "TLS up: 1", "old versions: refused", "falls back: yes" } },
    { "hellos that are answered by 421 in clear", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "C: STARTTLS",
          "S: 503 x", "C: QUIT", "S: 221 x", "X" },
        { "S: 220 x", "C: EHLO", "S: 250-x", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", "A",
          "S: 421 too many", "X" } },
      { "TLS up: 1", "old versions: unclear" } },
    { "hellos that are answered by another hello in clear", 110,
      { { "S: +OK x", "C: CAPA", "S: -ERR what", "C: USER", "S: -ERR x", "C: STLS", "S: +OK go", "T", "L" },
        { "S: +OK x", "C: STLS", "S: +OK go", "A", "S: +OK hello", "X" } },
      { "TLS up: 1", "old versions: unclear" } },

    /* Banners. */
    { "banner of several lines, slowly", 25,
      { { "Q: 6000", "S: 220-mail.example.test please wait", "Q: 3000", "S: 220 mail.example.test ESMTP",
          "C: EHLO", "S: 250 mail.example.test", SMTP_PROBES, "C: STARTTLS", "S: 502 no", "C: QUIT", "L" } },
      { "first: SMTP", "banner after: 6000 ms", "speaks: clear", "work in clear: yes",
        "STARTTLS works: no", "first text: 220-mail.example.test please wait" } },
    { "banner after the listening of a TLS port", 993,
      { { "W: 2000", "S: * OK late", "L" },
        { "W: 2000", "S: * OK late", "C: v1", "S: * CAPABILITY IMAP4rev1 LOGINDISABLED", "S: v1 OK x", "C: v2",
          "S: v2 NO x", "C: v3", "S: v3 NO x", "L" } },
      { "first: IMAP", "speaks: clear", "banner after: 2000 ms", "connections: 2", "LOGINDISABLED: yes" } },
    { "banner in pieces", 25, { { "B: 2", "W: 100", "B: 20 mail", "W: 100", "S: .example", "X" } },
      { "first: SMTP", "speaks: clear", "banner after: 0 ms",
        "unclear: asking for the capabilities: (the connection was closed)" } },
    { "half a reply code", 25, { { "B: 22", "L" } },
      { "speaks: unknown", "took: 10000 ms",
        "broke off: the greeting: it begins with \"22\" and has no end" } },
    { "half a reply code on a TLS port", 993, { { "B: * O", "W: 2000", "S: K late", "C: v1", "S: v1 BAD", "L" } },
      { "first: IMAP", "speaks: clear" } },
    { "banner without end", 25, { { "B: 220 mail.example.test", "L" } },
      { "first: SMTP", "speaks: clear", "connections: 1",
        "unclear: the greeting: (no end of the answer in time)",
        "broke off: the greeting: (no end of the answer in time)" } },
    { "refusing banner", 25, { { "S: 554 go away", "L" } },
      { "speaks: clear", "reach: open", "unclear: the greeting refuses us: 554 go away" } },

    /* Too many, too fast: no verdict. */
    { "421", 25, { { "S: 421 4.7.0 too many connections", "X" } },
      { "reach: rate limited", "error: 421 4.7.0 too many connections", "connections: 1" } },
    { "421 in clear on a TLS port", 465, { { "S: 421 too many concurrent connections", "X" } },
      { "reach: rate limited", "error: 421 too many concurrent connections", "connections: 1" } },
    { "421 in clear on a TLS port, later", 465,
      { { "T", "S: 220 x", "C: EHLO", "S: 250 x", "C: STARTTLS", "S: 503 x", "C: QUIT", "S: 221 x", "X" },
        { "S: 421 too many concurrent connections", "X" } },
      { "reach: rate limited", "error: 421 too many concurrent connections", "connections: 2",
        "http/1.1: not asked", "resumed: not asked", "without name: not asked" } },
    { "IMAP that has no room", 143, { { "S: * BYE [UNAVAILABLE] come back later", "X" } },
      { "reach: rate limited", "connections: 1" } },
    { "POP3 that has no room", 110, { { "S: -ERR [SYS/TEMP] come back later", "X" } },
      { "reach: rate limited", "connections: 1" } },
    { "ManageSieve that has no room", 4190, { { "S: BYE (TRYLATER) \"later\"", "X" } },
      { "reach: rate limited", "connections: 1" } },
    { "closed at once", 25, { { "X" } },
      { "reach: open", "first: closed", "speaks: unknown", "connections: 1" } },
    { "closed at once, later", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS", "S: v1 OK x", "C: v2", "S: v2 NO x", "C: v3",
          "S: v3 OK go", "T", "C: v4", "S: * CAPABILITY IMAP4rev1", "S: v4 OK x", "C: v5", "S: v5 BAD x",
          "C: v6", "S: v6 OK bye", "X" },
        { "X" } },
      { "reach: rate limited", "TLS up: 1", "connections: 2" } },
    { "a long refusal is told to its end", 25,
      { { "S: 554 5.7.1 This system does not take mail from the place that you come from; write to postmaster", "L" } },
      { "first text: 554 5.7.1 This system does not take mail from the place that you come from; write to postmaster" } },
    { "refused", 25, { { "R" } }, { "reach: refused", "connections: 1" } },
    { "refused later", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS", "S: v1 OK x", "C: v2", "S: v2 NO x", "C: v3",
          "S: v3 OK go", "T", "C: v4", "S: * CAPABILITY IMAP4rev1", "S: v4 OK x", "C: v5", "S: v5 BAD x",
          "C: v6", "S: v6 OK bye", "X" },
        { "R" } },
      { "reach: rate limited", "STARTTLS works: yes", "TLS up: 1", "connections: 2", "injection: not asked" } },
    { "421 later", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "C: STARTTLS",
          "S: 503 x", "C: QUIT", "S: 221 x", "X" },
        { "S: 421 too many", "X" } },
      { "reach: rate limited", "STARTTLS works: yes", "connections: 2", "close_notify: yes" } },
    { "421 to EHLO", 25, { { "S: 220 x", "C: EHLO", "S: 421 slow down", "X" } },
      { "reach: rate limited", "error: 421 slow down", "STARTTLS works: not asked" } },

    /* Odd ways in a conversation. */
    { "a tarpit", 25, { { "S: 220 x", "L" } },
      { "reach: open", "unclear: asking for the capabilities: (no answer)", "STARTTLS works: not asked",
        "broke off: asking for the capabilities: (no answer)" } },
    { "neither EHLO nor HELO", 25,
      { { "S: 220 x", "C: EHLO", "S: 550 go away", "C: HELO", "S: 550 go away", "L" } },
      { "reach: open", "STARTTLS offered: not asked", "work in clear: not asked",
        "broke off: EHLO is refused: 550 go away" } },
    { "another protocol inside TLS", 993, { { "T", "S: SSH-2.0-OpenSSH_9.2p1", "L" } },
      { "TLS up: 1", "foreign in TLS: SSH-2.0-OpenSSH_9.2p1" } },
    { "half a greeting inside TLS", 993, { { "T", "B: * O", "L" } },
      { "TLS up: 1", "foreign in TLS: (null)" } },
    { "closed inside TLS before a greeting", 993, { { "T", "X" } },
      { "TLS up: 1", "login in TLS: not asked",
        "broke off: the connection was closed inside TLS before a greeting" } },
    { "leaves when a login is tried", 25,
      { { SMTP_HELLO, "C: AUTH", "X" },
        { SMTP_HELLO, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "L" } },
      { "STARTTLS works: yes", "TLS up: 1", "unclear: AUTH PLAIN: (the connection was closed)",
        "AUTH PLAIN: offered no, taken no" } },
    { "leaves when a login is tried that it offers", 587,
      { { "S: 220 x", "C: EHLO", "S: 250-x", "S: 250-AUTH LOGIN", "S: 250 STARTTLS", "C: AUTH", "X" },
        { SMTP_HELLO, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "L" } },
      { "STARTTLS works: yes", "AUTH PLAIN: offered no, taken no", "AUTH LOGIN: offered yes, taken not asked" } },
    { "leaves when a login is tried, and does not come back", 25, { { SMTP_HELLO, "C: AUTH", "X" }, { "X" } },
      { "reach: rate limited", "AUTH PLAIN: offered no, taken unclear" } },
    { "says BYE when a login is tried", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN", "S: v1 OK x", "C: v2",
          "S: * BYE unexpected command", "X" },
        { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN", "S: v1 OK x", "C: v2", "S: v2 OK go",
          "T", "L" } },
      { "STARTTLS works: yes", "TLS up: 1", "AUTHENTICATE PLAIN: offered yes, taken no" } },
    { "only LOGIN could tell", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS", "S: v1 OK x", "C: v2", "S: v2 NO unknown mechanism",
          "C: v3", "S: v3 OK go", "T", "L" } },
      { "LOGINDISABLED: no", "LOGIN: offered yes, taken not asked", "work in clear: not asked" } },
    { "logins without a password in clear", 587,
      { { "S: 220 x", "C: EHLO", "S: 250-x", "S: 250-AUTH CRAM-MD5 EXTERNAL SCRAM-SHA-1-PLUS NTLM", "S: 250 STARTTLS",
          "C: AUTH", "S: 504 x", "C: MAIL", "S: 530 5.7.0 Authentication required", "L" } },
      { "other logins: CRAM-MD5, NTLM", "work in clear: no" } },
    { "logins without a password in clear, in IMAP", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS AUTH=PLAIN AUTH=CRAM-MD5",
          "S: v1 OK x", "C: v2", "S: v2 NO [PRIVACYREQUIRED] x", "L" } },
      { "other logins: CRAM-MD5", "work in clear: no" } },
    { "no EHLO", 25,
      { { "S: 220 x", "C: EHLO", "S: 500 what", "C: HELO", "S: 250 x", SMTP_PROBES, "C: STARTTLS", "S: 500 what",
          "C: QUIT", "L" } },
      { "STARTTLS offered: no", "STARTTLS works: no", "work in clear: yes" } },
    { "MAIL refused for another reason", 25,
      { { SMTP_HELLO, "C: AUTH", "S: 503 no", "C: MAIL", "S: 450 try again", "L" } },
      { "work in clear: unclear", "unclear: MAIL in clear was answered 450 try again" } },
    { "MAIL refused by the code of missing TLS", 25,
      { { SMTP_HELLO, "C: AUTH", "S: 503 no", "C: MAIL", "S: 530 no", "L" } }, { "work in clear: no" } },
    { "MAIL with REQUIRETLS put off", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250-x", "S: 250 REQUIRETLS", "C: MAIL",
          "S: 451 later", "L" } },
      { "REQUIRETLS taken: unclear", "unclear: MAIL with REQUIRETLS was answered 451 later" } },
    { "goes on in clear behind the go-ahead", 110,
      { { "S: +OK x", "C: CAPA", "S: -ERR what", "C: USER", "S: -ERR x", "C: STLS", "S: +OK go", "S: +OK hello", "L" } },
      { "extra bytes: 1", "STARTTLS works: no" } },
    { "STLS refused behind USER", 110,
      { { "S: +OK x", "C: CAPA", "S: +OK", "S: STLS", "S: .", "C: USER", "S: +OK", "C: STLS", "S: -ERR not now", "L" },
        { "S: +OK x", "C: CAPA", "S: +OK", "S: STLS", "S: .", "C: STLS", "S: +OK go", "T", "L" } },
      { "STARTTLS works: yes", "TLS up: 1", "USER: offered no, taken yes",
        "unclear: STLS was refused behind the questions in clear: -ERR not now" } },
    { "STARTTLS refused behind MAIL, and by itself", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 540 TLS not available.", "C: QUIT", "L" },
        { SMTP_HELLO, "C: STARTTLS", "S: 454 no", "C: QUIT", "L" } },
      { "STARTTLS works: no", "work in clear: yes", "connections: 2" } },
    { "STARTTLS refused behind MAIL only", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 540 TLS not available.", "C: QUIT", "L" },
        { SMTP_HELLO, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "L" } },
      { "STARTTLS works: yes", "TLS up: 1", "work in clear: yes" } },
    { "a login by PLAIN that is taken lets LOGIN be taken", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN", "S: v1 OK x", "C: v2", "S: + ", "C: *",
          "S: v2 BAD x", "C: v3", "S: v3 NO x", "L" } },
      { "AUTHENTICATE PLAIN: offered yes, taken yes", "LOGIN: offered yes, taken yes" } },
    { "a handshake without end behind STARTTLS", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS", "S: v1 OK x", "C: v2", "S: v2 NO x", "C: v3",
          "S: v3 OK go", "L" } },
      { "STARTTLS works: unclear", "failure: TLS handshake failed: no answer in time", "connections: 1",
        "unclear: STARTTLS: TLS handshake failed: no answer in time" } },
    { "handshakes that begin and have no end", 993, { { "A", "B: \x16\x03\x03", "L" } },
      { "speaks: TLS", "connections: 2", "took: 20250 ms", "weak suites: unclear", "TLS 1.2: unclear",
        "without name: unclear" } },
    { "closes every connection behind the first session", 993,
      { { "T", "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1", "S: v1 OK x", "C: v2", "S: v2 BAD x",
          "C: v3", "S: v3 OK x", "X" },
        { "A", "X" } },
      { "TLS up: 1", "http/1.1: unclear", "old versions: unclear", "weak suites: unclear", "TLS 1.2: unclear",
        "without name: unclear" } },
    { "injection: a handshake that has no end", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "C: STARTTLS",
          "S: 503 x", "C: QUIT", "S: 221 x", "X" },
        { SMTP_HELLO, "C: STARTTLS", "S: 220 go", "L" } },
      { "injection: unclear",
        "unclear: after STARTTLS with a command behind it, came: TLS handshake failed: no answer in time" } },
    { "injection: STARTTLS is refused for now", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "C: STARTTLS",
          "S: 503 x", "C: QUIT", "S: 221 x", "X" },
        { SMTP_HELLO, "C: STARTTLS", "S: 454 not now", "L" } },
      { "injection: unclear", "unclear: after STARTTLS with a command behind it, came: 454 not now" } },
    { "injection: STARTTLS is refused", 25,
      { { SMTP_HELLO, SMTP_PROBES, "C: STARTTLS", "S: 220 go", "T", "C: EHLO", "S: 250 x", "C: STARTTLS",
          "S: 503 x", "C: QUIT", "S: 221 x", "X" },
        { SMTP_HELLO, "C: STARTTLS", "S: 501 no pipelining", "L" } },
      { "injection: refused" } },
    { "injection: answers that drip", 110,
      { { "S: +OK x", "C: CAPA", "S: +OK", "S: STLS", "S: .", "C: USER", "S: -ERR x", "C: STLS", "S: +OK go", "T",
          "C: CAPA", "S: +OK", "S: .", "C: USER", "S: +OK", "C: STLS", "S: -ERR x", "C: QUIT", "S: +OK bye", "X" },
        { "S: +OK x", "C: CAPA", "S: +OK", "S: STLS", "S: .", "C: STLS", "C: CAPA", "S: +OK go", "T",
          "W: 6000", "S: +OK", "W: 6000", "S: +OK", "W: 6000", "S: +OK", "W: 6000", "S: +OK", "X" } },
      { "injection: discarded", "took: 10050 ms" }, 2 },
    { "greets with PREAUTH inside TLS", 993,
      { { "T", "S: * PREAUTH hello", "C: v1", "S: * CAPABILITY IMAP4rev1", "S: v1 OK x", "C: v2", "S: v2 BAD x",
          "C: v3", "S: v3 OK x", "X" } },
      { "TLS up: 1", "preauth: 2" } },
    { "truncated handshake", 143,
      { { "S: * OK x", "C: v1", "S: * CAPABILITY IMAP4rev1 STARTTLS", "S: v1 OK x", "C: v2", "S: v2 NO x", "C: v3",
          "S: v3 OK go", "A", "X" } },
      { "STARTTLS works: no", "failure: TLS handshake failed: closed by the peer" } },

    /* ManageSieve, which has no reference server. */
    { "ManageSieve", 4190,
      { { "S: \"IMPLEMENTATION\" \"x\"", "S: \"SASL\" \"\"", "S: \"STARTTLS\"", "S: OK hello", "C: STARTTLS",
          "S: OK go", "T", "S: \"IMPLEMENTATION\" \"x\"", "S: \"SASL\" \"PLAIN\"", "S: OK hello", "C: STARTTLS",
          "S: NO no", "C: LOGOUT", "S: OK bye", "X" },
        { "S: \"IMPLEMENTATION\" \"x\"", "S: \"STARTTLS\"", "S: OK hello", "C: STARTTLS", "S: OK go", "T",
          "S: \"SASL\" \"PLAIN\"", "S: OK hello", "C: LOGOUT", "S: OK bye", "X" } },
      { "protocol: ManageSieve", "STARTTLS offered: yes", "STARTTLS works: yes", "login in TLS: yes",
        "STARTTLS taken in TLS: no", "close_notify: yes" } },
};
/* clang-format on */

static void look_for_lines(struct port_facts *rows, size_t n, void *arg)
{
    const struct odd *o = arg;
    char text[FACTS_TEXT];
    facts_text(&rows[0], text);
    for (size_t i = 0; i < COUNT(o->lines) && o->lines[i]; i++) {
        autofree char *want = xprintf("\n%s", o->lines[i]);
        const char *found = strstr(text, want);
        ck_assert_msg(found && !ascii_is_alnum(found[strlen(want)]), "%s: not \"%s\":\n%s", o->name,
                      o->lines[i], text);
    }
}

START_TEST(odd_port)
{
    struct visiting how = { .script = &odd[_i].script, .max_connections = odd[_i].max_connections };
    visit_ports(&how, &odd[_i].port, 1, look_for_lines, (void *)&odd[_i]);
}
END_TEST

/* A list of capabilities that is longer than what is kept: what is missing on it was not refused. */
START_TEST(too_many_capabilities)
{
    auto_buf list;
    buf_init(&list, BUF_OURS);
    buf_adds(&list, "S: * CAPABILITY IMAP4rev1");
    for (unsigned i = 0; i < CAPABILITIES_MAX; i++)
        buf_addf(&list, " X%u", i);
    buf_adds(&list, " STARTTLS");
    struct odd o = { "too many capabilities",
                     143,
                     { { "S: * OK x", "C: v1", list.p, "S: v1 OK x", "L" } },
                     { "STARTTLS offered: not asked",
                       "broke off: asking for the capabilities: what came is no reply of this "
                       "protocol, or longer than what we read" } };
    struct visiting how = { .script = &o.script };
    visit_ports(&how, &o.port, 1, look_for_lines, &o);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, too_many_capabilities);
    tcase_add_loop_test(t, odd_port, 0, COUNT(odd));
}

int main(void)
{
    return run_tests("port_scripts", add);
}

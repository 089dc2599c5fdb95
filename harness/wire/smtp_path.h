/* Paths, mailboxes, domains and address literals of SMTP commands (RFC 5321 4.1.2, 4.1.3; with
   SMTPUTF8 RFC 6531 3.3), and xtext (RFC 3461 4). */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

#include "buf.h"
#include "grammar_error.h"

enum { SMTP_LOCAL_PART_MAX = 64, SMTP_DOMAIN_MAX = 255, SMTP_PATH_MAX = 256 };

enum smtp_path_flags {
    SMTP_PATH_UTF8 = 1,       /* SMTPUTF8: UTF-8 in local part and domain */
    SMTP_PATH_NULL = 2,       /* "<>" is accepted (reverse path) */
    SMTP_PATH_POSTMASTER = 4, /* "<Postmaster>" without a domain is accepted (RCPT TO) */
    SMTP_PATH_ANY_LENGTH = 8, /* no length rules: a server may take longer ones */
};

struct smtp_path {
    slice raw;     /* with the angle brackets */
    slice route;   /* "@a,@b" of a source route, which has no meaning any more */
    slice mailbox; /* local@domain, as sent; empty for "<>" */
    slice local;   /* as sent, with its quotes */
    slice domain;  /* as sent; with the brackets when it is a literal; empty for Postmaster */
    bool null, postmaster, literal;
};

/* Takes one path off the start of *rest. False when there is none: *rest and *ret are untouched
   and *err (may be NULL) says why, its offset counted from the start of *rest. */
bool smtp_path_parse(slice *rest, unsigned flags, struct smtp_path *ret, struct grammar_error *err);
/* All of s is a Mailbox; ret->raw is s. */
bool smtp_mailbox_parse(slice s, unsigned flags, struct smtp_path *ret, struct grammar_error *err);
/* All of s is a Domain / an address-literal with its brackets. err may be NULL. */
bool smtp_domain_valid(slice s, unsigned flags, struct grammar_error *err);
bool smtp_literal_valid(slice s, struct grammar_error *err);

/* The local part without quotes and quoting backslashes: equal for all forms of one mailbox. */
slice smtp_local_plain(slice local, struct arena *a);
/* Same mailbox: local parts equal octet by octet once plain, domains in any case of letters. */
bool smtp_path_eq(const struct smtp_path *x, const struct smtp_path *y);

/* xtext = *( xchar / hexchar ). Encoding leaves %x21-7E but "+" and "=" as they are. */
void xtext_encode(slice s, struct buf *out);
bool xtext_decode(slice s, struct buf *out, struct grammar_error *err);

#endif

/* Strictness that the lenient lexer leaves to who reads a command. */
#ifndef IMAP_FETCH_ARGS_H
#define IMAP_FETCH_ARGS_H

#include "imap_lex.h"

/* True when exactly one octet stands between neighbours, and one parenthesis at each end of every
   list among them: SP is one space (RFC 9051 9, note 2). */
bool args_are_spaced(const struct imap_value *v, size_t n);

/* astring, as text. False for lists, literal8 and nothing else. */
bool arg_astring(const struct imap_value *v, slice *ret);

#endif

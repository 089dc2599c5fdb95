/* All that a session of any protocol does before its first real command. */
#ifndef SESSION_PLAN_H
#define SESSION_PLAN_H

#include "sasl_client.h"
#include "tls.h"

struct session_plan {
    struct tls_context *context; /* STARTTLS / STLS when the connection is in clear; NULL: never */
    const struct tls_options *tls; /* may be NULL, as for tls_open_client() */
    const struct credentials *who; /* NULL: no login */
    struct buf *leftover;          /* as conn_start_tls(); may be NULL */
};

#endif

#include "tls.h"
#include "tls_survey_full.h"

static const char question[] = "renegotiation by the client";

static enum survey_answer renegotiate(struct survey *s, struct stream *under,
                                      struct tls_context *context)
{
    const struct tls_options options = { .sni = s->way->host,
                                         .verify = TLS_VERIFY_RECORD,
                                         .max_version = TLS1_2_VERSION,
                                         .legacy = true,
                                         .clear = SSL_OP_NO_RENEGOTIATION };
    struct stream *top;
    struct error err;
    int r = tls_open_client(under, context, &options, now() + s->way->timeout, &err, &top);
    if (r < 0) {
        stream_close(under);
        return r == ERR_TLS ? SURVEY_NOT_ASKED : survey_unclear(s, question, err.text);
    }
    r = tls_renegotiate(top, now() + s->way->timeout);
    enum survey_answer got = SURVEY_ACCEPTED;
    if (r == IO_TLS || (r < 0 && stream_cause(top) == CAUSE_RESET))
        got = SURVEY_REFUSED;
    else if (r < 0)
        got = survey_unclear(s, question, stream_error(top));
    tls_set_truncate(top);
    stream_close(top);
    return got;
}

void survey_renegotiation(struct survey *s)
{
    static const struct tls_client_config config = { .insecure = true };
    struct tls_survey *f = s->facts;
    struct tls_context *context;
    struct stream *stream;
    if (f->version[SURVEY_TLS12] != SURVEY_ACCEPTED || f->secure_renegotiation != SURVEY_ACCEPTED ||
        !survey_may_ask(s, question))
        return;
    if (tls_client_context_new(&config, NULL, &context) < 0)
        return;
    if (survey_open(s, question, &stream))
        f->client_renegotiation = renegotiate(s, stream, context);
    else
        f->client_renegotiation = SURVEY_UNCLEAR;
    tls_context_free(context);
}

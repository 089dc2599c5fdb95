#include "port_facts.h"
#include "printable.h"

void port_facts_init(struct port_facts *f, const struct port_spec *spec)
{
    *f = (struct port_facts) { .spec = *spec };
    f->tls.alert = -1;
    f->tls.chain_code = X509_V_ERR_UNSPECIFIED;
    f->transcript = transcript_new(NULL);
}

void port_facts_release(struct port_facts *f)
{
    capabilities_release(&f->clear_caps);
    capabilities_release(&f->tls_caps);
    X509_free(f->tls.certificate);
    sk_X509_pop_free(f->tls.chain, X509_free);
    tls_survey_release(&f->survey);
    array_release(&f->unclear);
    transcript_free(f->transcript);
    arena_release(&f->arena);
    *f = (struct port_facts) { 0 };
}

const char *port_facts_text(struct port_facts *f, slice bytes)
{
    enum { TEXT_MAX = 200 };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    bytes = slice_trim(bytes);
    printable_add(&text, slice_sub(bytes, 0, bytes.n < TEXT_MAX ? bytes.n : TEXT_MAX));
    bool cut = bytes.n > TEXT_MAX || text.n > TEXT_MAX;
    slice shown = utf8_cut(buf_slice(&text), TEXT_MAX);
    return arena_printf(&f->arena, "%.*s%s", SLICE_ARG(shown), cut ? "..." : "");
}

const char *seen_name(enum seen s)
{
    static const char *const names[] = { "not asked", "no", "yes", "unclear" };
    return names[s];
}

const char *port_reach_name(enum port_reach r)
{
    static const char *const names[] = { "untried",    "open",     "refused",      "filtered",
                                         "no address", "no route", "rate limited", "broken" };
    return names[r];
}

const char *first_bytes_name(enum first_bytes b)
{
    static const char *const names[] = { "unknown", "nothing", "closed",        "SMTP",
                                         "POP3",    "IMAP",    "ManageSieve",   "HTTP",
                                         "SSH",     "TLS",     "something else" };
    return names[b];
}

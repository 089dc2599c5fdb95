#include "test_port_scene.h"
#include "certs.h"
#include <openssl/pem.h>
#include <stdio.h>

static X509 *certificate_for(const char *name)
{
    const char *const names[] = { name, "second.example.test", NULL };
    struct ca *ca = ca_new("test");
    auto_identity id = identity_new(ca, &(struct cert_spec) { .names = names });
    BIO *bio = BIO_new_mem_buf(id.chain_pem, -1);
    X509 *ret = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ca_free(ca);
    return ret;
}

void offer(struct capabilities *caps, enum port_protocol protocol, const char *mechanisms)
{
    slice rest = slice_of(mechanisms), one;
    char token[80];
    capabilities_reset(caps);
    if (protocol == PORT_SMTP && *mechanisms)
        capabilities_add(caps, S("AUTH"), slice_of(mechanisms));
    else if (protocol == PORT_POP3 && *mechanisms)
        capabilities_add(caps, S("SASL"), slice_of(mechanisms));
    while (protocol == PORT_IMAP && *mechanisms && slice_cut(&rest, ' ', &one)) {
        snprintf(token, sizeof token, "AUTH=%.*s", SLICE_ARG(one));
        capabilities_add(caps, slice_of(token), S(""));
    }
}

struct port_facts *add_row(struct scene *s, const char *host, uint16_t port,
                           enum port_protocol protocol, enum tls_mode mode)
{
    struct port_facts *f = &s->rows[s->n++];
    const struct port_standard *standard = port_standard(port);
    f->spec = (struct port_spec) { .host = host,
                                   .port = port,
                                   .protocol = protocol,
                                   .role = standard ? standard->role : ROLE_ACCESS,
                                   .mode = mode };
    f->reach = REACH_OPEN;
    f->speaks = mode == TLS_MODE_IMPLICIT ? SPEAKS_TLS : SPEAKS_CLEAR;
    f->protocol_seen = protocol;
    f->protocol_known = true;
    if (mode != TLS_MODE_NONE) {
        f->tls.up = f->tls.name_ok = true;
        f->tls.certificate = certificate_for(host);
        offer(&f->tls_caps, protocol, "PLAIN XOAUTH2");
    }
    if (mode == TLS_MODE_STARTTLS)
        f->starttls_offered = f->starttls_works = SEEN_YES;
    if (mode == TLS_MODE_NONE)
        offer(&f->clear_caps, protocol, "PLAIN XOAUTH2");
    return f;
}

void publish(struct scene *s, enum mail_protocol protocol, const char *host, uint16_t port,
             enum tls_mode mode, unsigned auth)
{
    struct profile_service row = { .protocol = protocol,
                                   .role =
                                       protocol == PROTOCOL_SMTP ? ROLE_SUBMISSION : ROLE_ACCESS,
                                   .host = host,
                                   .port = port,
                                   .tls = mode,
                                   .auth = auth,
                                   .at = { "mine.yaml", 7, 3, 10 },
                                   .source_line = "    - {host: x}" };
    s->profile.name = "mine";
    s->profile.title = "Mine";
    ck_assert(profile_add(&s->profile, &row));
}

void scene_open(struct scene *s)
{
    *s = (struct scene) { 0 };
    run_init(&s->run);
}

void scene_close(struct scene *s)
{
    for (size_t i = 0; i < s->n; i++) {
        X509_free(s->rows[i].tls.certificate);
        capabilities_release(&s->rows[i].clear_caps);
        capabilities_release(&s->rows[i].tls_caps);
    }
    profile_release(&s->profile);
    run_release(&s->run);
}

const struct result *judged(struct scene *s, const char *id)
{
    port_expect(&s->profile, s->rows, s->n, &s->run);
    run_finish(&s->run, 0);
    const struct result *r = run_find(&s->run, id);
    ck_assert_msg(r != NULL, "no result %s", id);
    return r;
}

const char *said(const struct result *r)
{
    return r->failure ? r->failure->message : r->reason ? r->reason : "";
}

/* ---- what can be wrong ---- */

void spoil_as_it_is(struct port_facts *f)
{
}

void spoil_refused(struct port_facts *f)
{
    f->reach = REACH_REFUSED;
}

void spoil_rate_limited(struct port_facts *f)
{
    f->reach = REACH_RATE_LIMITED;
}

void spoil_no_starttls(struct port_facts *f)
{
    f->starttls_offered = f->starttls_works = SEEN_NO;
}

void spoil_other_name(struct port_facts *f)
{
    f->tls.name_ok = false;
}

void spoil_only_oauth(struct port_facts *f)
{
    offer(&f->tls_caps, f->spec.protocol, "XOAUTH2");
    if (f->spec.protocol == PORT_IMAP)
        capabilities_add(&f->tls_caps, S("LOGINDISABLED"), S(""));
}

void spoil_only_plain(struct port_facts *f)
{
    offer(&f->tls_caps, f->spec.protocol, "PLAIN");
}

void spoil_only_scram(struct port_facts *f)
{
    offer(&f->tls_caps, f->spec.protocol, "SCRAM-SHA-256");
}

void spoil_caps_unknown(struct port_facts *f)
{
    f->tls_caps.known = false;
}

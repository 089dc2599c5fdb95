/* Facts made up, for the tests of expectations: a scene of good rows, each to be spoilt by a case. */
#ifndef TEST_PORT_SCENE_H
#define TEST_PORT_SCENE_H

#include "port_expect.h"
#include "testing.h"

#define HOST "mail.example.test"

enum { PW = AUTH_PASSWORD, APP = AUTH_APP_PASSWORD, OAUTH = AUTH_OAUTH2 };

struct scene {
    struct profile profile;
    struct port_facts rows[8];
    size_t n;
    struct run run;
};

void scene_open(struct scene *s);
void scene_close(struct scene *s);
/* A row where everything is as `mode` wants it, with PLAIN and XOAUTH2 for logins. */
struct port_facts *add_row(struct scene *s, const char *host, uint16_t port,
                           enum port_protocol protocol, enum tls_mode mode);
void publish(struct scene *s, enum mail_protocol protocol, const char *host, uint16_t port,
             enum tls_mode mode, unsigned auth);
/* The capabilities of a server that offers these mechanisms and nothing else. */
void offer(struct capabilities *caps, enum port_protocol protocol, const char *mechanisms);
/* Judges it all; the result of that id. */
const struct result *judged(struct scene *s, const char *id);
const char *said(const struct result *r);

void spoil_as_it_is(struct port_facts *f);
void spoil_refused(struct port_facts *f);
void spoil_rate_limited(struct port_facts *f);
void spoil_no_starttls(struct port_facts *f);
void spoil_other_name(struct port_facts *f);
void spoil_only_oauth(struct port_facts *f);
void spoil_only_plain(struct port_facts *f);
void spoil_only_scram(struct port_facts *f);
void spoil_caps_unknown(struct port_facts *f);

#endif

#include "test_port_driver.h"

static void look_clean(struct port_facts *rows, size_t n, void *arg)
{
    char text[4000];
    for (size_t i = 0; i < n; i++) {
        const struct port_facts *f = &rows[i];
        bool implicit = f->spec.mode == TLS_MODE_IMPLICIT;
        bool good = f->reach == REACH_OPEN && f->connections == PORT_QUICK_CONNECTIONS &&
                    f->speaks == (implicit ? SPEAKS_TLS : SPEAKS_CLEAR) && f->protocol_known &&
                    f->protocol_seen == f->spec.protocol && f->tls.up && f->tls.name_ok &&
                    f->tls.chain_code == X509_V_OK && f->tls.close_notify == SEEN_YES &&
                    f->starttls_taken_in_tls == SEEN_NO && f->unclear.n == 0 &&
                    f->tls.without_name == CERT_SAME && f->took <= SECONDS(1);
        if (implicit)
            good = good && f->tls.alpn_foreign == SEEN_NO;
        else
            good = good && f->starttls_works == SEEN_YES && f->tls.resumed == SEEN_YES &&
                   f->injection == INJECTION_DISCARDED && f->falls_back == SEEN_NO;
        ck_assert_msg(good, "%s", facts_text(f, text));
    }
}

START_TEST(clean)
{
    static const int ports[] = { 25, 587, 465, 110, 995, -143, 993, 24 };
    visit_ports(&(struct visiting) { 0 }, ports, COUNT(ports), look_clean, NULL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, clean);
}

int main(void)
{
    return run_tests("port_visit", add);
}

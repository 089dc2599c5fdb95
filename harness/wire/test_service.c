#include "service.h"
#include "testing.h"

START_TEST(rows_are_in_order)
{
    for (int i = 0; i < SERVICE_COUNT; i++) {
        ck_assert_int_eq(services[i].id, i);
        ck_assert_ptr_eq(service_find(slice_of(services[i].name)), &services[i]);
        ck_assert_ptr_eq(service_at_port(services[i].port), &services[i]);
    }
}
END_TEST

START_TEST(names_say_everything)
{
    const struct service *s = service_find(S("Submissions"));
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(s->port, 465);
    ck_assert(s->implicit_tls);
    ck_assert_str_eq(mail_protocol_name(s->protocol), "SMTP");
    ck_assert_str_eq(service_role_name(s->role), "submission");
    ck_assert_str_eq(mail_protocol_starttls(service_find(S("pop3"))->protocol), "STLS");
    ck_assert_str_eq(mail_protocol_starttls(service_find(S("imap"))->protocol), "STARTTLS");
    ck_assert_ptr_null(service_find(S("smtps")));
    ck_assert_ptr_null(service_at_port(80));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, rows_are_in_order);
    tcase_add_test(t, names_say_everything);
}

int main(void)
{
    return run_tests("service", add);
}

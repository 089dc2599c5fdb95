#include "address.h"
#include "fuzz_replay.h"
#include "mail_date.h"
#include <assert.h>

static void check_date(slice text)
{
    struct mail_date date, again;
    char shown[MAIL_DATE_TEXT];
    if (!mail_date_parse(text, &date))
        return;
    assert(mail_date_parse(slice_of(mail_date_format(&date, shown)), &again));
    assert(mail_date_unix(&date) == mail_date_unix(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena a = { 0 };
    struct address_list list;
    bool in_group = false;
    address_list_parse(slice_make(data, size), &a, &list);
    assert(list.n <= size + 1 && (list.n == 0) == (list.v == NULL));
    for (size_t i = 0; i < list.n; i++) {
        const struct address *address = &list.v[i];
        bool group = address->kind != ADDRESS_MAILBOX;
        assert(group == !address->host.p);
        assert((address->kind == ADDRESS_GROUP_END) == !address->mailbox.p);
        assert(address->kind != ADDRESS_GROUP_START || !in_group);
        assert(address->kind != ADDRESS_GROUP_END || in_group);
        in_group = group ? !in_group : in_group;
        assert(address->name.n + address->mailbox.n + address->host.n <= 2 * size + 1);
    }
    assert(!in_group);
    check_date(slice_make(data, size));
    return 0;
}

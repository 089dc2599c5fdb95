/* Patterns: whatever is written, it parses or says where not, and matching it ends. */
#include "imap_response.h"
#include "match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nothing(void *ctx, slice name)
{
    *(size_t *)ctx += name.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const responses[] = {
        "* 2 FETCH (UID 5 FLAGS (\\Seen) BODY[HEADER.FIELDS (A)] {3}\r\nabc)\r\n",
        "* SEARCH 1 2 3\r\n",
        "a OK [COPYUID 1 2:3 4:5] done\r\n",
        "* LIST () \"/\" a\r\n",
    };
    auto_arena arena = { 0 };
    struct pattern p;
    size_t offset = 0, names = 0;
    const char *why = NULL;
    slice text = slice_make((const char *)data, size);
    if (!pattern_parse(text, &arena, &p, &offset, &why)) {
        if (!why || offset > size)
            abort();
        return 0;
    }
    pattern_variables(&p, nothing, &names);
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct vars vars = { 0 };
        struct match m = { .vars = &vars };
        struct subject subject;
        struct imap_response *r = arena_new(&arena, struct imap_response);
        imap_response_read(slice_of(responses[i]), &arena, r);
        subject_from_imap(r, &arena, &subject);
        if (!match_subject(&m, &p, &subject) && (vars.list.n || m.offset > subject.text.n))
            abort();
        vars_release(&vars);
    }
    return 0;
}

#include "fuzz_replay.h"
#include "import.h"
#include <assert.h>
#include <stdlib.h>

static void check_profile(const struct profile *p)
{
    char text[320];
    assert(p->n_services && p->n_services <= PROFILE_SERVICES_MAX);
    for (size_t i = 0; i < p->n_services; i++) {
        const struct profile_service *s = &p->services[i];
        assert(s->host && s->host[0] && s->port && s->at.file);
        for (const char *c = s->host; *c; c++)
            assert((unsigned char)*c > ' ' && *c != ':' && *c != '/' && *c != 0x7f);
        profile_service_text(s, text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The roots are read anew for each signature that fits: that takes its time. */
    setenv("SSL_CERT_FILE", "/dev/null", 1);
    struct problems problems = { 0 };
    struct profile p = { 0 };
    struct import im = { .email = "me@example.test", .lenient = size % 2, .problems = &problems };
    auto_buf text;
    buf_init(&text, BUF_OURS);
    bool good = import_bytes(&im, slice_make(data, size), "fuzz.xml", &p);
    assert(good ? !problems.list.n : problems.list.n);
    assert(im.findings.n <= IMPORT_FINDINGS_MAX);
    if (good)
        check_profile(&p);
    else
        assert(!p.arena.chunks && !p.n_services);
    problems_render(&problems, &text);
    /* What is shown of hostile input cannot steer a terminal. */
    for (size_t i = 0; i < text.n; i++)
        assert(text.p[i] == '\n' || text.p[i] == '\t' || (unsigned char)text.p[i] >= ' ');
    profile_release(&p);
    import_release(&im);
    problems_release(&problems);
    return 0;
}

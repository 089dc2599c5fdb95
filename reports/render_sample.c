/* render_sample SAMPLE FORMAT [-v|-vv|-q|colour]: one report of a sample run on stdout, for the
   tests that give reports to other programs. */
#include "report.h"
#include "sample_run.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    auto_run run;
    struct error err;
    struct report_options options = { 0 };
    const struct report_writer *w = argc > 2 ? report_writer_find(slice_of(argv[2])) : NULL;
    if (!w || !sample_by_name(argv[1], &run)) {
        fprintf(stderr, "usage: render_sample sample|clean|dead|empty FORMAT [-v|-vv|-q|colour]\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        options.colour |= !strcmp(argv[i], "colour");
        options.verbosity = !strcmp(argv[i], "-v")    ? 1
                            : !strcmp(argv[i], "-vv") ? 2
                            : !strcmp(argv[i], "-q")  ? -1
                                                      : options.verbosity;
    }
    if (report_save(&(struct report_request) { w, "-" }, &run, &options, &err)) {
        fprintf(stderr, "render_sample: %s\n", err.text);
        return 6;
    }
    return 0;
}

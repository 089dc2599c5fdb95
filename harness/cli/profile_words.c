#include "profile_words.h"
#include "commands.h"
#include "import.h"
#include <errno.h>
#include <unistd.h>

int profile_words_open(struct profile_words *w)
{
    struct error err;
    *w = (struct profile_words) { 0 };
    const char *root = library_root(&w->problems.arena);
    if (!root) {
        error_set(&err, ERR_FILE,
                  "the scenarios were not found; set MAILASSAY_SCENARIOS to their folder");
        return say_error(&err);
    }
    return profiles_load(root, &w->bundled, &w->problems) ? 0 : say_problems(&w->problems);
}

void profile_words_release(struct profile_words *w)
{
    profiles_release(&w->bundled);
    profile_release(&w->file);
    problems_release(&w->problems);
}

int profile_words_find(struct profile_words *w, const char *word, const struct profile **ret)
{
    struct error err;
    *ret = profile_find(&w->bundled, slice_of(word));
    if (*ret)
        return 0;
    if (strchr(word, '/') && access(word, R_OK) != 0) {
        error_set(&err, ERR_FILE, "cannot open the file %s: %s", word, strerror(errno));
        return say_error(&err);
    }
    if (access(word, R_OK) != 0 || (!strchr(word, '/') && !strchr(word, '.'))) {
        const char *near = profile_nearest(&w->bundled, slice_of(word));
        error_set(&err, ERR_USAGE, "no profile is called \"%s\"; %s%s%s", word,
                  near ? "did you mean \"" : "\"mailassay profiles\" lists them", near ? near : "",
                  near ? "\"?" : "");
        return say_error(&err);
    }
    bool good = import_is_foreign_file(word) ? profile_import(word, NULL, &w->file, &w->problems)
                                             : profile_load(word, word, &w->file, &w->problems);
    *ret = &w->file;
    return good ? 0 : say_problems(&w->problems);
}

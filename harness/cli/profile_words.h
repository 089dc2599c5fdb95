/* Profiles named on a command line: by the name of a bundled one, or by a file of one's own (YAML, or
   a format that profile_import() reads). */
#ifndef PROFILE_WORDS_H
#define PROFILE_WORDS_H

#include "error.h"
#include "profile.h"

struct profile_words {
    struct profile_list bundled;
    struct profile file; /* when a file was named */
    struct problems problems;
};

/* Reads the bundled ones. 0, or an exit status (said already). */
int profile_words_open(struct profile_words *w);
void profile_words_release(struct profile_words *w);
/* 0 and *ret, or an exit status (said already): an unknown name gets a did-you-mean. */
int profile_words_find(struct profile_words *w, const char *word, const struct profile **ret);

#endif

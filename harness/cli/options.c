#include "options.h"
#include "problem.h"
#include <string.h>

static const struct option_row *by_name(const struct command_line *line, slice name)
{
    for (size_t i = 0; i < line->n; i++)
        if (slice_eq_str(name, line->options[i].name))
            return &line->options[i];
    return NULL;
}

static const struct option_row *by_letter(const struct command_line *line, char letter)
{
    for (size_t i = 0; i < line->n; i++)
        if (line->options[i].letter == letter)
            return &line->options[i];
    return NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
    return ((const struct command_line *)ctx)->options[i].name;
}

static int store(const struct option_row *row, const char *value, struct error *err)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->store = true;
        return 0;
    case OPTION_COUNT:
        ++*(int *)row->store;
        return 0;
    case OPTION_TEXT:
        *(const char **)row->store = value;
        return 0;
    case OPTION_LIST:
        *array_push((struct text_list *)row->store) = value;
        return 0;
    case OPTION_NUMBER:
        if (slice_to_u64(slice_of(value), UINT64_MAX, (uint64_t *)row->store))
            return 0;
        return error_set(err, ERR_USAGE, "--%s wants a whole number, not \"%s\"", row->name, value);
    case OPTION_DURATION:
        if (duration_parse(slice_of(value), (nsec *)row->store))
            return 0;
        return error_set(err, ERR_USAGE,
                         "--%s wants a time with its unit, such as 500ms or 10s, not \"%s\"",
                         row->name, value);
    }
    return 0;
}

struct parser {
    const struct command_line *line;
    int argc, at;
    char **argv;
    bool *given;
    struct text_list *rest;
};

static int take_value(struct parser *p, const struct option_row *row, const char *inline_value,
                      struct error *err)
{
    const char *value = inline_value;
    p->given[row - p->line->options] = true;
    if (!row->arg && value)
        return error_set(err, ERR_USAGE, "--%s takes no value", row->name);
    if (row->arg && !value) {
        if (p->at == p->argc)
            return error_set(err, ERR_USAGE, "--%s wants %s", row->name, row->arg);
        value = p->argv[p->at++];
    }
    return store(row, value, err);
}

static int parse_long(struct parser *p, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    slice name = slice_make(text, equals ? (size_t)(equals - text) : strlen(text));
    const struct option_row *row = by_name(p->line, name);
    if (row)
        return take_value(p, row, equals ? equals + 1 : NULL, err);
    const char *near = nearest_of(name, p->line->n, name_at, p->line);
    return error_set(err, ERR_USAGE, "unknown option --%.*s%s%s%s", SLICE_ARG(name),
                     near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

static int parse_letters(struct parser *p, const char *text, struct error *err)
{
    int r = 0;
    for (; *text && r == 0; text++) {
        const struct option_row *row = by_letter(p->line, *text);
        if (!row)
            return error_set(err, ERR_USAGE, "unknown option -%c", *text);
        if (row->arg)
            return take_value(p, row, text[1] ? text + 1 : NULL, err);
        r = take_value(p, row, NULL, err);
    }
    return r;
}

/* MAILASSAY_SOURCE_ADDRESS for --source-address. */
static int from_environment(struct parser *p, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < p->line->n && r == 0; i++) {
        const struct option_row *row = &p->line->options[i];
        autofree char *name = xprintf("MAILASSAY_%s", row->name);
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : ascii_upper(*c);
        const char *value = p->given[i] || strcmp(row->name, "help") == 0 ? NULL : getenv(name);
        if (value && *value)
            r = store(row, value, err);
    }
    return r;
}

int options_parse(const struct command_line *line, int argc, char **argv,
                  struct text_list *ret_rest, struct error *err)
{
    bool only_rest = false;
    int r = 0;
    struct parser p = { line, argc, 0, argv, xcalloc(line->n, sizeof(bool)), ret_rest };
    while (p.at < argc && r == 0) {
        const char *word = argv[p.at++];
        if (!only_rest && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            options_help(line, stdout);
            r = 1;
        } else if (!only_rest && strcmp(word, "--") == 0) {
            only_rest = true;
        } else if (!only_rest && strncmp(word, "--", 2) == 0) {
            r = parse_long(&p, word + 2, err);
        } else if (!only_rest && word[0] == '-' && word[1]) {
            r = parse_letters(&p, word + 1, err);
        } else {
            *array_push(ret_rest) = word;
        }
    }
    if (r == 0)
        r = from_environment(&p, err);
    free(p.given);
    return r;
}

void options_help(const struct command_line *line, FILE *out)
{
    fprintf(out, "usage: mailassay %s %s\n\n%s\n", line->command, line->usage, line->about);
    if (line->n)
        fprintf(out, "\noptions:\n");
    for (size_t i = 0; i < line->n; i++) {
        const struct option_row *o = &line->options[i];
        char left[64];
        snprintf(left, sizeof left, "%s%c%s --%s%s%s", o->letter ? "-" : " ",
                 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->arg ? " " : "",
                 o->arg ? o->arg : "");
        fprintf(out, "  %-30s %s\n", left, o->help);
    }
}

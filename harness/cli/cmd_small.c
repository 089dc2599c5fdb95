/* mailassay schema, completion, version. */
#include "commands.h"
#include <openssl/crypto.h>
#include <string.h>

/* ---- schema ---- */

static const char *const schemas[] = { "scenario", "result",  "target",
                                       "baseline", "profile", "policy" };
static const struct command_line schema_line = {
    "schema", "scenario|result|target|baseline|profile|policy",
    "Prints the JSON Schema of a file format, for editors and for those who read results.", NULL, 0
};

/* The one word of a command without options; NULL and *ret_status when there is none. */
static const char *only_word(const struct command_line *line, int argc, char **argv,
                             int *ret_status)
{
    struct error err;
    struct text_list words = { 0 };
    int r = options_parse(line, argc, argv, &words, &err);
    const char *word = r == 0 && words.n == 1 ? words.v[0] : NULL;
    *ret_status = r > 0 ? EXIT_GOOD : EXIT_USAGE;
    if (r < 0)
        say_error(&err);
    else if (r == 0 && !word)
        options_help(line, stderr);
    array_release(&words);
    return word;
}

static int copy_file(const char *path)
{
    FILE *f = fopen(path, "re");
    char part[4096];
    size_t n;
    if (!f)
        return EXIT_OURS;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        fwrite(part, 1, n, stdout);
    fclose(f);
    return EXIT_GOOD;
}

int cmd_schema(int argc, char **argv)
{
    struct arena arena = { 0 };
    int status;
    const char *word = only_word(&schema_line, argc, argv, &status);
    if (!word)
        return status;
    for (size_t i = 0; i < COUNT(schemas); i++) {
        const char *root = library_root(&arena);
        if (strcmp(word, schemas[i]) != 0 || !root)
            continue;
        /* Beside the scenarios when installed, in reports/ in the source tree. */
        status = copy_file(arena_printf(&arena, "%s/../schemas/%s.json", root, word));
        if (status != EXIT_GOOD)
            status = copy_file(arena_printf(&arena, "%s/../reports/schemas/%s.json", root, word));
        if (status != EXIT_GOOD)
            fprintf(stderr, "mailassay: the schema files were not found\n");
    }
    if (status == EXIT_USAGE)
        options_help(&schema_line, stderr);
    arena_release(&arena);
    return status;
}

/* ---- completion ---- */

static void options_of(const struct command *c)
{
    const struct command_line *line = c->line();
    printf("        %s) words=\"--help", c->name);
    for (size_t i = 0; line && i < line->n; i++)
        printf(" --%s", line->options[i].name);
    printf("\" ;;\n");
}

static const struct command_line completion_line = {
    "completion", "bash", "Prints a completion script: source <(mailassay completion bash).", NULL,
    0
};

int cmd_completion(int argc, char **argv)
{
    int status;
    const char *word = only_word(&completion_line, argc, argv, &status);
    if (word && strcmp(word, "bash") != 0)
        options_help(&completion_line, stderr);
    if (!word || strcmp(word, "bash") != 0)
        return status;
    printf("# bash completion of mailassay\n_mailassay()\n{\n    local words "
           "cur=${COMP_WORDS[COMP_CWORD]}\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"");
    for (size_t i = 0; i < n_commands; i++)
        printf("%s%s", i ? " " : "", commands[i].name);
    printf("\"\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < n_commands; i++)
        options_of(&commands[i]);
    printf("        esac\n        case $cur in\n        -*) ;;\n"
           "        *) words=\"$words $(mailassay list 2>/dev/null | sed -n 's/ .*//p' | grep /)\" "
           ";;\n"
           "        esac\n    fi\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
           "    [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n}\n"
           "complete -o filenames -F _mailassay mailassay\n");
    return EXIT_GOOD;
}

/* ---- version ---- */

int cmd_version(int argc, char **argv)
{
    printf("mailassay %s (%s)\n", MAILASSAY_VERSION, OpenSSL_version(OPENSSL_VERSION));
    return EXIT_GOOD;
}

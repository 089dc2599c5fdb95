#include "commands.h"
#include "problem.h"
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct command_line *none(void)
{
    return NULL;
}

const struct command commands[] = {
    { "run", "run scenarios against a target and report", cmd_run, run_line },
    { "ports", "the port and TLS matrix of a host, a domain or a profile", cmd_ports, ports_line },
    { "discover", "what is published about mail settings, and whether it holds", cmd_discover,
      discover_line },
    { "list", "what would run, without running it", cmd_list, list_line },
    { "explain", "what one check, clause, fault or always-on rule is about", cmd_explain, none },
    { "check", "validate scenario, target, baseline and profile files", cmd_check, none },
    { "profiles", "what mail providers offer and mail clients need", cmd_profiles, profiles_line },
    { "serve", "start the bundled reference servers", cmd_serve, serve_line },
    { "selftest", "prove every check against the reference servers and their faults", cmd_selftest,
      selftest_line },
    { "coverage", "which clauses of which RFC the checks cover", cmd_coverage, coverage_line },
    { "schema", "print the JSON Schema of a file format", cmd_schema, none },
    { "completion", "print a completion script for the shell", cmd_completion, none },
    { "version", "print the version", cmd_version, none },
};
const size_t n_commands = COUNT(commands);

static void help(FILE *out)
{
    fputs(
        "usage: mailassay COMMAND [OPTION]... [ARGUMENT]...\n\n"
        "Assays mail servers: runs scenarios for SMTP, POP3 and IMAP against any target and says,\n"
        "clause by clause of the RFCs, what holds and what fails.\n\ncommands:\n",
        out);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].about);
    fputs("\n\"mailassay COMMAND --help\" tells more. First steps:\n"
          "  mailassay selftest                        try it with nothing else installed\n"
          "  mailassay run -t imaps://me@mail.example  test a server\n"
          "  mailassay ports mail.example              look at its ports and their TLS\n"
          "\nexit status: 0 all passed, 1 a required check failed, 2 wrong command line, 3 a file "
          "is\n"
          "invalid, 4 nothing was selected or all was skipped, 5 the target could not be tested,\n"
          "6 our own fault, 130 interrupted\n",
          out);
}

static const char *command_at(const void *ctx, size_t i)
{
    return commands[i].name;
}

/* A standard descriptor that is closed would be the next one that is opened: a report would go into a
   socket, and be taken for written. Writing to this one fails. */
static void hold_standard_descriptors(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
        ;
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    hold_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_CTYPE, "C.UTF-8");
    if (word &&
        (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)) {
        help(stdout);
        return EXIT_GOOD;
    }
    if (word && strcmp(word, "--version") == 0)
        return cmd_version(0, NULL);
    for (size_t i = 0; word && i < n_commands; i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    if (word) {
        const char *near = nearest_of(slice_of(word), n_commands, command_at, NULL);
        fprintf(stderr, "mailassay: unknown command \"%s\"%s%s%s\n", word,
                near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    } else {
        help(stderr);
    }
    return EXIT_USAGE;
}

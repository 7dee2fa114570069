/* main.c: the door of the program: finds the verb, runs it, reports the exit code.
 *
 * Where it stands: above everything. It refuses unknown verbs (naming the nearest) and a standard output that could
 * not take all that was printed.
 */
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"

typedef struct verb_row {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} verb_row;

#define VERB_ROW(name, help) {#name, fm_cmd_##name, help},
static const verb_row verbs[] = {FM_VERBS(VERB_ROW)};
enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

int fm_cmd_fail(const char *verb, const fm_error *err) {
    fprintf(stderr, "fathom %s: %s\n", verb, err->message[0] ? err->message : fm_status_name(err->status));
    if (err->status == FM_ERR_ARG) return FM_EXIT_USAGE;
    return err->status == FM_ERR_INTERRUPTED ? FM_EXIT_INTERRUPTED : FM_EXIT_FAILURE;
}

/* A verb's name as it is typed: C names have no dashes. Static storage, one buffer per verb in turn. */
static const char *typed(const char *name) {
    static char buffers[VERB_COUNT][32];
    static int next;
    char *out = buffers[next++ % VERB_COUNT];
    snprintf(out, sizeof buffers[0], "%s", name);
    for (char *p = out; *p; p++)
        if (*p == '_') *p = '-';
    return out;
}

static const verb_row *find_verb(const char *name) {
    for (int i = 0; i < VERB_COUNT; i++)
        if (strcmp(typed(verbs[i].name), name) == 0) return &verbs[i];
    return NULL;
}

static void print_help(FILE *out) {
    fprintf(out, "usage: fathom VERB [flags] [arguments]\n\n"
                 "Trains, runs and serves language models of the DeepSeek architecture.\n\n");
    for (int i = 0; i < VERB_COUNT; i++) fprintf(out, "  %-16s %s\n", typed(verbs[i].name), verbs[i].help);
    fprintf(out, "\n  fathom VERB --help    the flags of a verb\n"
                 "  fathom --version      the program's version\n");
}

static int unknown(const char *word) {
    const char *names[VERB_COUNT + 2] = {"--help", "--version"};
    for (int i = 0; i < VERB_COUNT; i++) names[i + 2] = typed(verbs[i].name);
    const char *near = fm_nearest(word, names, VERB_COUNT + 2);
    fprintf(stderr, "fathom: unknown %s %s", word[0] == '-' ? "flag" : "verb", word);
    if (near) fprintf(stderr, "; did you mean %s?", near);
    fprintf(stderr, " (fathom --help lists the verbs)\n");
    return FM_EXIT_USAGE;
}

/* A full disk shows only when the last buffer is written. */
static int flush_output(const char *name, int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "fathom %s: standard output: %s\n", name, strerror(errno));
    return code == FM_EXIT_OK ? FM_EXIT_FAILURE : code;
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, ""); /* the terminal's encoding; numbers stay in the C locale */
    fm_log_set_sink(fm_log_stderr, NULL);
    if (argc < 2) {
        print_help(stderr);
        return FM_EXIT_USAGE;
    }
    const char *word = argv[1];
    bool help = strcmp(word, "help") == 0;
    if (strcmp(word, "--version") == 0) {
        printf("fathom %s\n", fm_version());
        return flush_output("--version", FM_EXIT_OK);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (help && argc == 2)) {
        print_help(stdout);
        return flush_output("--help", FM_EXIT_OK);
    }
    const verb_row *chosen = find_verb(help ? argv[2] : word);
    if (chosen == NULL) return unknown(help ? argv[2] : word);
    if (help) {
        char *arguments[] = {argv[2], (char[]){"--help"}, NULL};
        return flush_output(chosen->name, chosen->run(2, arguments));
    }
    return flush_output(chosen->name, chosen->run(argc - 1, argv + 1));
}

/* flags.h: one parser for the flags of every verb, driven by a table.
 *
 * A verb lists its flags, each with the variable it sets; what the variable holds before parsing is the default and
 * is shown by --help. Accepted forms: --name value, --name=value; switches: --name, --name=true, --name=false.
 * "--" ends the flags, "-" alone is an argument. The last of repeated flags wins.
 *
 * Every verb also has --threads N, --isa LEVEL and --help. --isa is applied while parsing, so before any kernel
 * table is made.
 *
 *     int64_t top_k = 40; bool json = false;
 *     const fm_flag flags[] = {{"json", FM_FLAG_SWITCH, &json, .help = "print one JSON object"},
 *                              {"top-k", FM_FLAG_INT, &top_k, 0, 1000, "N", "keep the K likeliest tokens"}};
 *     const fm_usage usage = {"chat", "[MODEL]", "Talks to a model.", flags, 2, 0, 1};
 *     fm_args args;
 *     int code = fm_flags_parse(&usage, argc, argv, &args);
 *     if (code != FM_FLAGS_GO_ON) return code;
 */
#ifndef FM_CMD_FLAGS_H
#define FM_CMD_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum fm_flag_type {
    FM_FLAG_SWITCH, /* bool */
    FM_FLAG_INT,    /* int64_t */
    FM_FLAG_FLOAT,  /* double, finite */
    FM_FLAG_TEXT    /* const char *, borrowed from argv; NULL: not given */
} fm_flag_type;

typedef struct fm_flag {
    const char *name; /* without the dashes */
    fm_flag_type type;
    void *value;             /* set when the flag is given; its content beforehand is the default */
    double minimum, maximum; /* numbers only, both included; 0 and 0: any */
    const char *metavar;     /* how --help names the value: "N", "FILE"; NULL: by type */
    const char *help;        /* one line */
} fm_flag;

typedef struct fm_usage {
    const char *verb;
    const char *arguments; /* how --help shows what follows the flags: "FILE [QUESTION]"; "" for none */
    const char *summary;   /* a sentence or a paragraph */
    const fm_flag *flags;
    int flag_count;
    int minimum_arguments, maximum_arguments; /* maximum -1: any number */
} fm_usage;

/* What remains when the flags are taken out. */
typedef struct fm_args {
    int count;
    char **values; /* the arguments, in order: argv rearranged, borrowed */
    int threads;   /* --threads; 0: one per core */
} fm_args;

enum { FM_FLAGS_GO_ON = -1 };

/* FM_FLAGS_GO_ON, or the exit code with which the verb returns at once: 0 after --help, 2 after one line on standard
 * error that names the flag, the value and the limit, or the nearest known name, 1 when --isa asks for what this
 * machine lacks. Not thread-safe. */
int fm_flags_parse(const fm_usage *usage, int argc, char **argv, fm_args *args);

/* The candidate within a few typing errors of `word`, or NULL. For "did you mean". */
const char *fm_nearest(const char *word, const char *const candidates[], int count);

#endif

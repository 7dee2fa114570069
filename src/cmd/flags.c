/* flags.c: the flag parser of flags.h.
 *
 * Where it stands: between main and each verb. It refuses unknown flags, missing or malformed values, numbers outside
 * their limits and a wrong number of arguments, each in one line.
 */
#include "cmd/flags.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "cmd/cmd.h"
#include "dev/dev.h"

enum { NAME_ROOM = 64, MAX_FLAGS = 64 };

/* Typing errors (insertions, deletions, replacements, swapped neighbours) that turn a into b. */
static int distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    if (m >= NAME_ROOM || n >= NAME_ROOM) return NAME_ROOM;
    int d[NAME_ROOM][NAME_ROOM];
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (int)(i + j);
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[m][n];
}

const char *fm_nearest(const char *word, const char *const candidates[], int count) {
    const char *found = NULL;
    int best = (int)strlen(word) / 3 + 2; /* strictly fewer errors than this; one in a word of two letters */
    for (int i = 0; i < count; i++) {
        int errors = distance(word, candidates[i]);
        if (errors < best && errors < (int)strlen(candidates[i])) {
            best = errors;
            found = candidates[i];
        }
    }
    return found;
}

static int complain(const fm_usage *usage, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int complain(const fm_usage *usage, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "fathom %s: ", usage->verb);
    vfprintf(stderr, format, list);
    fprintf(stderr, " (fathom %s --help shows what there is)\n", usage->verb);
    va_end(list);
    return FM_EXIT_USAGE;
}

static bool limited(const fm_flag *flag) { return flag->minimum != 0 || flag->maximum != 0; }

static int set_int(const fm_usage *usage, const fm_flag *flag, const char *text) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0') return complain(usage, "--%s %s: not a whole number", flag->name, text);
    bool outside = limited(flag) && ((double)number < flag->minimum || (double)number > flag->maximum);
    if (errno == ERANGE || outside) {
        if (!limited(flag)) return complain(usage, "--%s %s: does not fit 64 bits", flag->name, text);
        return complain(usage, "--%s %s: must be %.0f to %.0f", flag->name, text, flag->minimum,
                        flag->maximum);
    }
    *(int64_t *)flag->value = number;
    return FM_FLAGS_GO_ON;
}

static int set_float(const fm_usage *usage, const fm_flag *flag, const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return complain(usage, "--%s %s: not a number", flag->name, text);
    if (limited(flag) && (number < flag->minimum || number > flag->maximum))
        return complain(usage, "--%s %s: must be %.10g to %.10g", flag->name, text, flag->minimum,
                        flag->maximum);
    *(double *)flag->value = number;
    return FM_FLAGS_GO_ON;
}

static int set_switch(const fm_usage *usage, const fm_flag *flag, const char *text) {
    bool on = text == NULL || strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0)
        return complain(usage, "--%s=%s: a switch takes =true, =false or nothing", flag->name, text);
    *(bool *)flag->value = on;
    return FM_FLAGS_GO_ON;
}

static const char *metavar(const fm_flag *flag) {
    if (flag->metavar != NULL) return flag->metavar;
    return flag->type == FM_FLAG_SWITCH ? "" : flag->type == FM_FLAG_TEXT ? "TEXT" : "N";
}

static void print_flag(const fm_flag *flag) {
    char left[NAME_ROOM + 32];
    snprintf(left, sizeof left, "--%s%s%s", flag->name, flag->type == FM_FLAG_SWITCH ? "" : " ",
             metavar(flag));
    printf("  %-24s %s", left, flag->help);
    const char *text = flag->type == FM_FLAG_TEXT ? *(const char **)flag->value : NULL;
    if (flag->type == FM_FLAG_INT) printf(" (default %lld", (long long)*(int64_t *)flag->value);
    if (flag->type == FM_FLAG_FLOAT) printf(" (default %.10g", *(double *)flag->value);
    if (text != NULL) printf(" (default %s", text);
    bool number = flag->type == FM_FLAG_INT || flag->type == FM_FLAG_FLOAT;
    if (number && limited(flag)) printf("; %.10g to %.10g", flag->minimum, flag->maximum);
    printf("%s\n", number || text != NULL ? ")" : "");
}

static void print_help(const fm_usage *usage, const fm_flag *flags, int count) {
    printf("usage: fathom %s [flags]%s%s\n\n%s\n\n", usage->verb, usage->arguments[0] ? " " : "",
           usage->arguments, usage->summary);
    for (int i = 0; i < count; i++) print_flag(&flags[i]);
    printf("  %-24s %s\n", "--help", "print this and leave");
}

/* One "--name[=value]" at argv[*i]; moves *i past a value that stands apart. */
static int take_flag(const fm_usage *usage, const fm_flag *flags, int count, int argc, char **argv, int *i) {
    const char *text = argv[*i] + 2, *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    const fm_flag *flag = NULL;
    for (int f = 0; f < count; f++)
        if (strlen(flags[f].name) == length && memcmp(flags[f].name, text, length) == 0) flag = &flags[f];
    if (flag == NULL) {
        char name[NAME_ROOM];
        const char *names[MAX_FLAGS + 1];
        snprintf(name, sizeof name, "%.*s", (int)(length < NAME_ROOM ? length : NAME_ROOM - 1), text);
        for (int f = 0; f < count; f++) names[f] = flags[f].name;
        names[count] = "help";
        const char *near = fm_nearest(name, names, count + 1);
        return near ? complain(usage, "unknown flag --%s; did you mean --%s?", name, near)
                    : complain(usage, "unknown flag --%s", name);
    }
    const char *value = equals ? equals + 1 : NULL;
    if (flag->type == FM_FLAG_SWITCH) return set_switch(usage, flag, value);
    if (value == NULL && *i + 1 < argc) value = argv[++*i];
    if (value == NULL) return complain(usage, "--%s: its value %s is missing", flag->name, metavar(flag));
    if (flag->type == FM_FLAG_INT) return set_int(usage, flag, value);
    if (flag->type == FM_FLAG_FLOAT) return set_float(usage, flag, value);
    *(const char **)flag->value = value;
    return FM_FLAGS_GO_ON;
}

static int check_arguments(const fm_usage *usage, const fm_args *args) {
    int least = usage->minimum_arguments, most = usage->maximum_arguments;
    if (args->count < least)
        return complain(usage, "%d of at least %d arguments given: %s", args->count, least, usage->arguments);
    if (most >= 0 && args->count > most)
        return complain(usage, "unexpected argument \"%s\"", args->values[most]);
    return FM_FLAGS_GO_ON;
}

int fm_flags_parse(const fm_usage *usage, int argc, char **argv, fm_args *args) {
    int64_t threads = 0;
    const char *isa = NULL;
    fm_flag flags[MAX_FLAGS];
    int count = usage->flag_count < MAX_FLAGS - 2 ? usage->flag_count : MAX_FLAGS - 2;
    if (count > 0) memcpy(flags, usage->flags, (size_t)count * sizeof *flags);
    flags[count++] =
        (fm_flag){"threads", FM_FLAG_INT, &threads, 0, FM_DEV_MAX_THREADS, "N", "threads, 0: one per core"};
    flags[count++] = (fm_flag){"isa", FM_FLAG_TEXT, &isa, .metavar = "LEVEL",
                               .help = "use no instruction set above scalar, avx2, ... amx"};

    *args = (fm_args){.values = argv + 1};
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (!ended && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            threads = 0;
            print_help(usage, flags, count);
            return FM_EXIT_OK;
        }
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
        } else if (!ended && word[0] == '-' && word[1] == '-') {
            int code = take_flag(usage, flags, count, argc, argv, &i);
            if (code != FM_FLAGS_GO_ON) return code;
        } else if (!ended && word[0] == '-' && word[1] != '\0') {
            return complain(usage, "unknown flag %s; flags begin with two dashes", word);
        } else {
            args->values[args->count++] =
                word; /* never ahead of i: every word is read before it is overwritten */
        }
    }
    args->threads = (int)threads;
    fm_error err = {0};
    if (isa != NULL && fm_cpu_isa_limit(isa, &err) != FM_OK) return fm_cmd_fail(usage->verb, &err);
    return check_arguments(usage, args);
}

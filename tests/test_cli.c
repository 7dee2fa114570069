/* test_cli.c: the program as a user meets it: help, version, and one clear line for every wrong command.
 *
 * Runs build/fathom as a child; what a verb does with good arguments is its own test's business.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

typedef struct result {
    int code;
    char out[16384]; /* standard output, then standard error */
    int lines;       /* of standard error */
} result;

static size_t read_file(const char *path, char *out, size_t room) {
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t got = fread(out, 1, room - 1, f);
    fclose(f);
    out[got] = '\0';
    return got;
}

static const result *fathom(const char *arguments) {
    static result r;
    char command[1024], out[128], errors[128];
    snprintf(out, sizeof out, "%s/out", fm_test_temp_dir());
    snprintf(errors, sizeof errors, "%s/err", fm_test_temp_dir());
    snprintf(command, sizeof command, FM_BINARY_DIR "/fathom %s </dev/null >%s 2>%s", arguments, out, errors);
    int status = system(command);
    assert_true(WIFEXITED(status));
    r = (result){.code = WEXITSTATUS(status)};
    size_t got = read_file(out, r.out, sizeof r.out / 2);
    size_t more = read_file(errors, r.out + got, sizeof r.out - got);
    for (size_t i = 0; i < more; i++) r.lines += r.out[got + i] == '\n';
    return &r;
}

/* The command fails with this code and one line that holds the words. */
static void refused(const char *arguments, int code, const char *words) {
    const result *r = fathom(arguments);
    if (r->code != code) fail_msg("fathom %s: exit %d, expected %d: %s", arguments, r->code, code, r->out);
    if (strstr(r->out, words) == NULL) fail_msg("fathom %s: lacks \"%s\": %s", arguments, words, r->out);
    if (r->lines != 1) fail_msg("fathom %s: %d lines instead of one: %s", arguments, r->lines, r->out);
}

static void help_and_version(void **state) {
    (void)state;
    const result *r = fathom("--version");
    assert_int_equal(r->code, 0);
    assert_int_equal(strncmp(r->out, "fathom ", 7), 0);
    r = fathom("--help");
    assert_int_equal(r->code, 0);
    assert_non_null(strstr(r->out, "doctor"));
    r = fathom("doctor --help");
    assert_int_equal(r->code, 0);
    assert_non_null(strstr(r->out, "usage: fathom doctor"));
    assert_non_null(strstr(r->out, "--threads N"));
    r = fathom("help doctor");
    assert_int_equal(r->code, 0);
    assert_non_null(strstr(r->out, "--json"));
    r = fathom("");
    assert_int_equal(r->code, 2);
}

/* Each verb that --help lists explains itself, and refuses a flag that does not exist. */
static void every_verb(void **state) {
    (void)state;
    char list[16384];
    strcpy(list, fathom("--help")->out);
    int verbs = 0;
    for (char *line = strtok(list, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char verb[64], command[128];
        if (strncmp(line, "  ", 2) != 0 || sscanf(line, "%63s", verb) != 1 || strcmp(verb, "fathom") == 0)
            continue;
        snprintf(command, sizeof command, "%s --help", verb);
        const result *r = fathom(command);
        if (r->code != 0 || strstr(r->out, "usage: fathom ") == NULL)
            fail_msg("fathom %s: %s", command, r->out);
        snprintf(command, sizeof command, "%s --no-such-flag-here", verb);
        refused(command, 2, "no-such-flag-here");
        verbs++;
    }
    assert_true(verbs >= 3);
}

static void wrong_commands(void **state) {
    (void)state;
    refused("doctro", 2, "did you mean doctor?");
    refused("zzzzzz", 2, "unknown verb zzzzzz");
    refused("--verison", 2, "did you mean --version?");
    refused("help zzzzzz", 2, "unknown verb");
    refused("doctor --jsn", 2, "did you mean --json?");
    refused("doctor -j", 2, "two dashes");
    refused("doctor --threads", 2, "value N is missing");
    refused("doctor --threads 1x", 2, "not a whole number");
    refused("doctor --threads=-1", 2, "must be 0 to 256");
    refused("doctor --threads 99999999999999999999", 2, "must be 0 to 256");
    refused("doctor --json=maybe", 2, "=true, =false");
    refused("doctor surplus", 2, "surplus");
    refused("doctor -- --json", 2, "--json");
    refused("doctor --isa sse9", 2, "--isa sse9");
}

static void full_disk(void **state) {
    (void)state;
    if (system("test -c /dev/full") != 0) skip();
    int status = system(FM_BINARY_DIR "/fathom --help >/dev/full 2>/dev/null");
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void doctor(void **state) {
    (void)state;
    const result *r = fathom("doctor --quick --isa scalar --threads 1");
    assert_int_equal(r->code, 0);
    assert_non_null(strstr(r->out, "present      scalar\n"));
    r = fathom("doctor --quick --json");
    assert_int_equal(r->code, 0);
    assert_int_equal(r->out[0], '{');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version), cmocka_unit_test(every_verb), cmocka_unit_test(wrong_commands),
        cmocka_unit_test(full_disk),        cmocka_unit_test(doctor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

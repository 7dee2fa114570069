/* test_chat.c: the verb `chat` as people use it: in a pipe, as JSON, with bad flags, and in a terminal (a pty).
 *
 * The model is tiny and random: what it says is rubbish, so the test looks at where things go and not at what is said.
 */
#include "support/support.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "support/tiny.h"

#define PROGRAM FM_BINARY_DIR "/fathom"

/* Runs a shell command; standard output goes to *out, standard error to *err_out; returns the exit code. */
static int sh(fm_buf *out, fm_buf *err_out, const char *format, ...) {
    char command[2048], path[600], line[2800];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s/stderr", fm_test_temp_dir());
    snprintf(line, sizeof line, "(%s) 2>%s", command, path);
    fm_buf_clear(out);
    fm_buf_clear(err_out);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    char chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, pipe)) > 0) fm_buf_append(out, chunk, got);
    int code = pclose(pipe);
    FILE *file = fopen(path, "r");
    while (file && (got = fread(chunk, 1, sizeof chunk, file)) > 0) fm_buf_append(err_out, chunk, got);
    if (file) fclose(file);
    fm_buf_append(out, "", 0);
    fm_buf_append(err_out, "", 0);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static void pipes(void **state) {
    (void)state;
    fm_buf out = {0}, err = {0}, again = {0};
    const char *model = fm_test_tiny_model();
    assert_int_equal(
        sh(&out, &err, "printf 'hello\\n' | " PROGRAM " chat %s --max-tokens 9 --think --seed 4", model), 0);
    assert_non_null(strstr(err.data, "tokens/s")); /* figures go to standard error */
    assert_null(strstr(out.data, "tokens/s"));
    assert_int_equal(
        sh(&out, &err, PROGRAM " chat %s hello --max-tokens 9 --nothink --seed 4 --quiet", model), 0);
    assert_true(out.size > 1 && out.data[out.size - 1] == '\n');
    assert_null(strchr(out.data, 27)); /* no escape sequences outside a terminal */
    for (int threads = 1; threads <= 2; threads++) {
        fm_buf *to = threads == 1 ? &out : &again;
        assert_int_equal(sh(to, &err,
                            PROGRAM " chat %s 'What is this?' --max-tokens 30 --seed 9 --threads %d", model,
                            threads),
                         0);
    }
    assert_string_equal(out.data, again.data);
    assert_int_equal(sh(&out, &err, PROGRAM " chat %s hello --max-tokens 9 --json", model), 0);
    assert_non_null(strstr(out.data, "\"finish_reason\""));
    assert_non_null(strstr(out.data, "\"prompt_tokens\""));
    fm_buf_release(&out), fm_buf_release(&err), fm_buf_release(&again);
}

static void refusals(void **state) {
    (void)state;
    fm_buf out = {0}, err = {0};
    const char *model = fm_test_tiny_model();
    const struct {
        const char *arguments, *words;
        int code;
    } cases[] = {{"--top-p 7", "top-p", 2},
                 {"--temprature 1", "temperature", 2},
                 {"--think --nothink x", "exclude", 2},
                 {"/no/such/folder x", "/no/such/folder", 1},
                 {"a b c", "argument", 2},
                 {"--reasoning maybe x", "maybe", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int code = sh(&out, &err, PROGRAM " chat %s </dev/null", cases[i].arguments);
        if (code != cases[i].code || !strstr(err.data, cases[i].words))
            fail_msg("chat %s: code %d, said: %s", cases[i].arguments, code, err.data);
        assert_int_equal(out.size, 0);
    }
    assert_int_equal(sh(&out, &err, "printf '' | " PROGRAM " chat %s", model), 2);
    assert_non_null(strstr(err.data, "no question"));
    assert_int_equal(sh(&out, &err, "printf 'a\\377b' | " PROGRAM " chat %s", model), 1);
    assert_non_null(strstr(err.data, "UTF-8"));
    assert_int_equal(sh(&out, &err, "printf 'a\\0b' | " PROGRAM " chat %s", model), 1);
    assert_non_null(strstr(err.data, "zero byte"));
    assert_int_equal(sh(&out, &err, "head -c 2000000 /dev/zero | tr '\\0' x | " PROGRAM " chat %s", model),
                     1);
    assert_non_null(strstr(err.data, "1048576"));
    assert_int_equal(sh(&out, &err, "head -c 5000 /dev/zero | tr '\\0' x | " PROGRAM " chat %s", model), 1);
    assert_non_null(strstr(err.data, "context 128"));
    fm_buf_release(&out), fm_buf_release(&err);
}

/* A chat in a pty. */
typedef struct terminal {
    int fd;
    pid_t child;
    fm_buf seen;
} terminal;

static void start(terminal *t, const char *term, bool no_colour) {
    struct winsize size = {.ws_row = 40, .ws_col = 100};
    memset(t, 0, sizeof *t);
    const char *model = fm_test_tiny_model(); /* made here: the child must not remove it */
    t->child = forkpty(&t->fd, NULL, NULL, &size);
    assert_true(t->child >= 0);
    if (t->child == 0) {
        setenv("TERM", term, 1);
        setenv("HOME", fm_test_temp_dir(), 1);
        unsetenv("XDG_STATE_HOME");
        if (no_colour) setenv("NO_COLOR", "1", 1);
        execl(PROGRAM, PROGRAM, "chat", model, "--threads", "1", (char *)NULL);
        _exit(127);
    }
}

/* Reads until `text` appears among what came since the last call; fails after 20 seconds. */
static void expect(terminal *t, const char *text) {
    int64_t deadline = fm_clock_ns() + (int64_t)20e9;
    fm_buf_append(&t->seen, "", 0);
    while (strstr(t->seen.data, text) == NULL) {
        struct pollfd wait = {.fd = t->fd, .events = POLLIN};
        char chunk[4096];
        ssize_t got = poll(&wait, 1, 200) > 0 ? read(t->fd, chunk, sizeof chunk) : 0;
        for (ssize_t i = 0; i < got; i++)
            if (chunk[i]) fm_buf_append(&t->seen, chunk + i, 1);
        if (fm_clock_ns() > deadline || got < 0) fail_msg("waited for \"%s\"; saw: %s", text, t->seen.data);
    }
    fm_buf_clear(&t->seen);
}

static void type(terminal *t, const char *text) {
    assert_int_equal(write(t->fd, text, strlen(text)), strlen(text));
}

static int leave(terminal *t) {
    int code;
    type(t, "/bye\n");
    for (char chunk[512]; read(t->fd, chunk, sizeof chunk) > 0;)
        continue; /* until the child closes its side */
    waitpid(t->child, &code, 0);
    close(t->fd);
    fm_buf_release(&t->seen);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static void commands(void **state) {
    (void)state;
    terminal t;
    char line[700];
    start(&t, "xterm", false);
    expect(&t, "/help lists");
    type(&t, "/help\n"), expect(&t, "Ctrl+C stops the answer");
    type(&t, "/set max-tokens 6\n"), expect(&t, ">>>");
    type(&t, "/set temperature 99\n"), expect(&t, "between 0 and 10");
    type(&t, "/set nonsense 1\n"), expect(&t, "cannot be set");
    type(&t, "/nosuch\n"), expect(&t, "no such command");
    type(&t, "/nothink\n"), expect(&t, "at once");
    type(&t, "/stats\n"), expect(&t, "Nothing was asked");
    type(&t, "hello\n"), expect(&t, "tokens/s");
    type(&t, "\"\"\"two\nlines\"\"\"\n"), expect(&t, "tokens/s");
    type(&t, "joined \\\nlines\n"), expect(&t, "tokens/s");
    type(&t, "/think\n"), expect(&t, "Reasoning first");
    type(&t, "why?\n"), expect(&t, "tokens/s");
    snprintf(line, sizeof line, "/save %s/saved.json\n", fm_test_temp_dir());
    type(&t, line), expect(&t, "8 messages.");
    type(&t, "/clear\n"), expect(&t, "Cleared.");
    snprintf(line, sizeof line, "/load %s/saved.json\n", fm_test_temp_dir());
    type(&t, line), expect(&t, "8 messages.");
    type(&t, "/load /no/such.json\n"), expect(&t, "/no/such.json");
    type(&t, "/read\n"), expect(&t, "needs a file name");
    snprintf(line, sizeof line, "/read %s/saved.json\n", fm_test_temp_dir());
    type(&t, line), expect(&t, "context 128");
    assert_int_equal(leave(&t), 0);
}

/* Ctrl+C ends the answer and not the program; at the prompt it drops the line. */
static void interrupt(void **state) {
    (void)state;
    terminal t;
    start(&t, "xterm", false);
    expect(&t, "/help lists");
    type(&t, "half a line\003"), expect(&t, ">>>");
    type(&t, "/set max-tokens 6\n"), expect(&t, ">>>");
    type(&t, "still here?\n"), expect(&t, "tokens/s");
    assert_int_equal(leave(&t), 0);
}

/* Without colours, and on a terminal that cannot move its cursor, no escape sequence but the line editor's own. */
static void plain_terminals(void **state) {
    (void)state;
    for (int dumb = 0; dumb < 2; dumb++) {
        terminal t;
        start(&t, dumb ? "dumb" : "xterm", true);
        expect(&t, "/help lists");
        type(&t, "/set max-tokens 6\n"), expect(&t, ">>>");
        type(&t, "/think\n"), expect(&t, "Reasoning");
        type(&t, "hello\n");
        int64_t deadline = fm_clock_ns() + (int64_t)20e9;
        char chunk[4096];
        while (!strstr(t.seen.data ? t.seen.data : "", "tokens/s") && fm_clock_ns() < deadline) {
            ssize_t got = read(t.fd, chunk, sizeof chunk);
            if (got > 0) fm_buf_append(&t.seen, chunk, (size_t)got);
        }
        assert_non_null(strstr(t.seen.data, "tokens/s"));
        assert_null(strstr(t.seen.data, "\033[2m")); /* dim */
        if (dumb) assert_null(strstr(t.seen.data, "\033["));
        assert_int_equal(leave(&t), 0);
    }
}

int main(void) {
    fm_test_temp_dir(); /* before any fork */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes),     cmocka_unit_test(refusals),        cmocka_unit_test(commands),
        cmocka_unit_test(interrupt), cmocka_unit_test(plain_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* talk_repl.c: the interactive chat: reading lines with libedit, the /commands, asking. See talk.h.
 *
 * It refuses unknown commands by name and files over 1 MiB (/read).
 */
#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/talk.h"

enum { HISTORY_LINES = 1000, READ_LIMIT_BYTES = 1 << 20 };

typedef struct repl {
    fm_talk *talk;
    EditLine *edit;
    History *history;
    char history_path[1024]; /* "": none */
    fm_answer last;          /* figures of the last answer; texts are borrowed from the session */
    bool asked;
    bool more; /* the next line continues a message: another prompt */
} repl;

static const char *prompt(EditLine *edit) {
    repl *r = NULL;
    el_get(edit, EL_CLIENTDATA, &r);
    return r && r->more ? "... " : ">>> ";
}

static const char *const help_text =
    "/think /nothink /auto   reason first, answer at once, or let the model choose\n"
    "/why                    the reasoning behind the last answer\n"
    "/set NAME VALUE         temperature, top-k, top-p, min-p, repeat-penalty, seed, max-tokens,\n"
    "                        reasoning (show, fold, hide), stats (on, off); /set alone shows them\n"
    "/system TEXT            the text at the head of the conversation\n"
    "/read FILE              sends a file as your message\n"
    "/save FILE  /load FILE  the conversation as JSON\n"
    "/clear                  forgets the conversation\n"
    "/stats                  figures of the last answer\n"
    "/bye                    leaves (also Ctrl+D)\n"
    "A message over several lines: begin and end it with \"\"\", or end a line with \\.\n"
    "Ctrl+C stops the answer, not the program.\n";

static void show_settings(const fm_talk *t) {
    static const char *const thinking[] = {"auto", "on", "off"}, *const fold[] = {"show", "fold", "hide"};
    const fm_sample_options *s = &t->options.sample;
    printf("thinking %s; temperature %g; top-k %d; top-p %g; min-p %g; repeat-penalty %g; seed %llu; "
           "max-tokens %d; "
           "reasoning %s; stats %s\n",
           thinking[t->options.thinking], (double)s->temperature, s->top_k, (double)s->top_p,
           (double)s->min_p, (double)s->repeat_penalty, (unsigned long long)s->seed, t->options.max_tokens,
           fold[t->fold], t->stats ? "on" : "off");
}

static void ask(repl *r, const char *message) {
    fm_error err = {0};
    fm_show show = {.talk = r->talk, .answer = fm_screen_open(stdout), .aside = fm_screen_open(stdout)};
    show.markdown = show.answer.moves;
    fm_interrupt_clear();
    fm_status status =
        fm_session_ask(r->talk->session, message, &r->talk->options, fm_show_text, &show, &r->last, &err);
    r->asked = status == FM_OK;
    fm_show_end(&show, status == FM_OK ? &r->last : NULL);
    if (status != FM_OK) fm_cmd_fail("chat", &err);
    fm_interrupt_clear();
}

static void read_file(repl *r, const char *path) {
    fm_buf text = {0};
    fm_error err = {0};
    if (fm_file_read(path, READ_LIMIT_BYTES, &text, &err) != FM_OK)
        fm_cmd_fail("chat", &err);
    else if (text.size == 0)
        printf("%s is empty\n", path);
    else if (memchr(text.data, '\0', text.size))
        printf("%s holds a zero byte: not text\n", path);
    else
        ask(r, text.data);
    fm_buf_release(&text);
}

static void set(repl *r, char *rest) {
    char *value = strpbrk(rest, " \t");
    if (*rest == '\0') {
        show_settings(r->talk);
        return;
    }
    if (value) *value++ = '\0', value += strspn(value, " \t");
    fm_error err = {0};
    if (fm_talk_set(r->talk, rest, value ? value : "", &err) != FM_OK) fm_cmd_fail("chat", &err);
}

/* Runs one /command; false ends the loop. */
static bool command(repl *r, char *line) {
    char *rest = strpbrk(line, " \t");
    if (rest)
        *rest++ = '\0', rest += strspn(rest, " \t");
    else
        rest = line + strlen(line);
    fm_talk *t = r->talk;
    fm_error err = {0};
    fm_status status = FM_OK;
    if (strcmp(line, "/bye") == 0 || strcmp(line, "/exit") == 0 || strcmp(line, "/quit") == 0) return false;
    if (strcmp(line, "/help") == 0 || strcmp(line, "/?") == 0)
        fputs(help_text, stdout);
    else if (strcmp(line, "/think") == 0)
        t->options.thinking = FM_THINKING_ON, puts("Reasoning first.");
    else if (strcmp(line, "/nothink") == 0)
        t->options.thinking = FM_THINKING_OFF, puts("Answering at once.");
    else if (strcmp(line, "/auto") == 0)
        t->options.thinking = FM_THINKING_AUTO, puts("The model chooses.");
    else if (strcmp(line, "/why") == 0)
        puts(r->asked && r->last.reasoning ? r->last.reasoning : "No reasoning yet.");
    else if (strcmp(line, "/set") == 0 || strcmp(line, "/show") == 0)
        set(r, rest);
    else if (strcmp(line, "/system") == 0)
        status = fm_session_set_system(t->session, *rest ? rest : NULL, &err);
    else if (strcmp(line, "/clear") == 0)
        fm_session_clear(t->session), r->asked = false, puts("Cleared.");
    else if (strcmp(line, "/stats") == 0)
        r->asked ? fm_show_stats(stdout, t, &r->last) : (void)puts("Nothing was asked yet.");
    else if (*rest == '\0' &&
             (strcmp(line, "/read") == 0 || strcmp(line, "/save") == 0 || strcmp(line, "/load") == 0))
        printf("%s needs a file name\n", line);
    else if (strcmp(line, "/read") == 0)
        read_file(r, rest);
    else if (strcmp(line, "/save") == 0)
        status = fm_session_save(t->session, rest, &err);
    else if (strcmp(line, "/load") == 0)
        status = fm_session_load(t->session, rest, &err), r->asked = false;
    else
        printf("%s: no such command; /help lists them\n", line);
    if (status != FM_OK)
        fm_cmd_fail("chat", &err);
    else if (strcmp(line, "/save") == 0 || strcmp(line, "/load") == 0)
        printf("%d messages.\n", fm_session_messages(t->session));
    return true;
}

/* One line without its newline, or NULL at the end of input; *cancelled after Ctrl+C. Borrowed until the next call. */
static const char *read_line(repl *r, size_t *size, bool *cancelled) {
    int count = 0;
    *cancelled = false;
    fm_interrupt_clear();
    const char *line = el_gets(r->edit, &count);
    if (line == NULL || count <= 0) {
        *cancelled = fm_interrupted() || (count < 0 && errno == EINTR);
        return NULL;
    }
    *size = (size_t)count;
    if (line[*size - 1] == '\n') --*size;
    return line;
}

/* Reads one message: a line, lines joined by a final backslash, or everything between two """. False at the end. */
static bool read_message(repl *r, fm_buf *message) {
    bool quoted = false;
    fm_buf_clear(message);
    for (r->more = false;; r->more = true) {
        size_t size = 0;
        bool cancelled;
        const char *line = read_line(r, &size, &cancelled);
        if (line == NULL && !cancelled) return false;
        if (line == NULL) { /* Ctrl+C drops what was typed */
            putchar('\n');
            fm_buf_clear(message);
            return true;
        }
        if (!r->more && size >= 3 && memcmp(line, "\"\"\"", 3) == 0) quoted = true, line += 3, size -= 3;
        bool closes = quoted && size >= 3 && memcmp(line + size - 3, "\"\"\"", 3) == 0;
        bool joins = !quoted && size > 0 && line[size - 1] == '\\';
        fm_buf_append(message, line, size - (closes ? 3 : joins ? 1 : 0));
        if (quoted ? closes : !joins) return true;
        fm_buf_putc(message, '\n');
    }
}

static void remember(repl *r, const fm_buf *message) {
    HistEvent event;
    if (memchr(message->data, '\n', message->size)) return; /* the history file holds one line each */
    history(r->history, &event, H_ENTER, message->data);
    if (r->history_path[0]) history(r->history, &event, H_SAVE, r->history_path);
}

/* ~/.local/state/fathom/history (XDG_STATE_HOME): kept between chats, like a shell's. */
static void open_history(repl *r) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char folder[960];
    HistEvent event;
    r->history = history_init();
    history(r->history, &event, H_SETSIZE, HISTORY_LINES);
    history(r->history, &event, H_SETUNIQUE, 1);
    if (state && *state)
        snprintf(folder, sizeof folder, "%s/fathom", state);
    else if (home && *home)
        snprintf(folder, sizeof folder, "%s/.local/state/fathom", home);
    else
        return;
    if (fm_dir_make(folder, NULL) != FM_OK) return; /* a chat works without a history */
    snprintf(r->history_path, sizeof r->history_path, "%s/history", folder);
    history(r->history, &event, H_LOAD, r->history_path);
}

int fm_talk_loop(fm_talk *talk) {
    repl r = {.talk = talk};
    setlocale(LC_CTYPE, "");
    r.edit = el_init("fathom", stdin, stdout, stderr);
    if (r.edit == NULL) {
        fm_error err = {0};
        fm_error_set(&err, FM_ERR_IO, "the line editor could not be started");
        return fm_cmd_fail("chat", &err);
    }
    open_history(&r);
    el_set(r.edit, EL_CLIENTDATA, &r);
    el_set(r.edit, EL_PROMPT, prompt);
    el_set(r.edit, EL_EDITOR, "emacs");
    el_set(r.edit, EL_HIST, history, r.history);
    fm_interrupt_install();
    printf("Fathom %s, model %s. /help lists the commands, Ctrl+D leaves.\n", fm_version(), talk->model);
    fm_buf message = {0};
    for (bool go_on = true; go_on && read_message(&r, &message);) {
        char *text = message.data ? message.data + strspn(message.data, " \t\n") : NULL;
        if (text == NULL || *text == '\0') continue;
        remember(&r, &message);
        if (*text == '/')
            go_on = command(&r, text);
        else
            ask(&r, text);
    }
    putchar('\n');
    fm_buf_release(&message);
    history_end(r.history);
    el_end(r.edit);
    return FM_EXIT_OK;
}

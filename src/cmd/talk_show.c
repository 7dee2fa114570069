/* talk_show.c: an answer on the screen as it is generated; see talk.h.
 *
 * Reasoning is dim while it comes and folds into one line when the answer begins (where the terminal can). The answer
 * is shown raw while a Markdown block is under way and replaced by its rendering when the block is complete.
 */
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/talk.h"

static volatile sig_atomic_t interrupted; /* set by the handler: the one thing a handler may touch */

static void on_interrupt(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

void fm_interrupt_install(void) {
    struct sigaction action = {.sa_handler = on_interrupt}; /* no SA_RESTART: a waiting read returns */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool fm_interrupted(void) { return interrupted != 0; }
void fm_interrupt_clear(void) { interrupted = 0; }

static void print(fm_screen *screen, fm_style style, const char *text) {
    fm_screen_print(screen, style, text, strlen(text));
}

/* The answer begins: what was thought folds, or ends with a line of its own. */
static void end_reasoning(fm_show *show) {
    if (!show->reasoning) return;
    show->reasoning = false;
    if (show->talk->fold == FM_FOLD_HIDE) return;
    if (show->talk->fold == FM_FOLD_FOLD && fm_screen_take_back(&show->aside)) {
        char line[96];
        snprintf(line, sizeof line, "(thought for %.1f s; /why shows it)\n",
                 (double)(fm_clock_ns() - show->started_ns) * 1e-9);
        print(&show->aside, FM_STYLE_DIM, line);
        return;
    }
    print(&show->aside, FM_STYLE_PLAIN, show->aside.column > 0 ? "\n\n" : "\n");
}

/* Replaces the raw block on the screen by its rendering. */
static void render_block(fm_show *show) {
    if (show->block.size == 0) return;
    fm_buf text = {0};
    fm_screen_take_back(&show->answer);
    fm_markdown_render(&text, show->block.data, show->block.size, show->answer.colour);
    fwrite(text.data, 1, text.size, show->answer.out);
    fflush(show->answer.out);
    fm_buf_release(&text);
    fm_buf_clear(&show->block);
}

static bool is_fence(const char *line, size_t size) { return size >= 3 && memcmp(line, "```", 3) == 0; }

/* Adds one line or the beginning of one; a block ends at an empty line outside a fence, and at a closing fence. */
static void add_markdown(fm_show *show, const char *text, size_t size) {
    while (size > 0) {
        const char *newline = memchr(text, '\n', size);
        size_t take = newline ? (size_t)(newline - text) + 1 : size;
        fm_buf_append(&show->block, text, take);
        fm_screen_try(&show->answer, FM_STYLE_PLAIN, text, take);
        text += take, size -= take;
        if (newline == NULL) break;
        size_t begin = show->block.size - 1; /* of the line that just ended */
        while (begin > 0 && show->block.data[begin - 1] != '\n') begin--;
        size_t length = show->block.size - 1 - begin;
        bool fence = is_fence(show->block.data + begin, length), closes = fence && show->fence;
        if (fence) show->fence = !show->fence;
        if (closes || (length == 0 && !show->fence)) {
            bool blank = length == 0;
            render_block(show);
            if (blank) print(&show->answer, FM_STYLE_PLAIN, "\n");
        }
    }
}

int fm_show_text(void *context, fm_part part, const char *text, size_t size) {
    fm_show *show = context;
    if (part == FM_PART_REASONING) {
        if (!show->reasoning) show->started_ns = fm_clock_ns();
        show->reasoning = true;
        if (show->talk->fold != FM_FOLD_HIDE) fm_screen_try(&show->aside, FM_STYLE_DIM, text, size);
    } else {
        end_reasoning(show);
        show->shown += size;
        if (show->markdown) {
            add_markdown(show, text, size);
        } else {
            fwrite(text, 1, size, show->answer.out);
            fflush(show->answer.out);
        }
    }
    return fm_interrupted();
}

void fm_show_stats(FILE *out, const fm_talk *talk, const fm_answer *a) {
    int generated = a->reasoning_tokens + a->answer_tokens, run = a->prompt_tokens - a->cached_tokens;
    fprintf(out,
            "%d tokens, %.1f tokens/s; prompt %d (%d cached), %.0f tokens/s; context %d; memory %.0f MiB\n",
            generated, a->decode_seconds > 0 ? generated / a->decode_seconds : 0, a->prompt_tokens,
            a->cached_tokens, a->prefill_seconds > 0 ? run / a->prefill_seconds : 0,
            fm_engine_context_tokens(talk->engine), (double)fm_engine_memory_bytes(talk->engine) / 1048576);
}

void fm_show_end(fm_show *show, const fm_answer *answer) {
    end_reasoning(show);
    if (show->markdown)
        render_block(show);
    else if (show->shown)
        fputc('\n', show->answer.out), fflush(show->answer.out);
    if (answer) {
        char line[160] = "";
        if (answer->dropped_messages > 0)
            snprintf(line, sizeof line,
                     "(the oldest %d messages no longer fit and were left out of the prompt)\n",
                     answer->dropped_messages);
        print(&show->aside, FM_STYLE_DIM, line);
        if (answer->finish == FM_FINISH_LENGTH)
            print(&show->aside, FM_STYLE_DIM, "(cut: no room for more tokens)\n");
        if (answer->finish == FM_FINISH_ABORTED) print(&show->aside, FM_STYLE_DIM, "(stopped)\n");
        if (show->talk->stats) fm_show_stats(show->aside.out, show->talk, answer);
    }
    fm_buf_release(&show->block);
}

/* talk.h: what the verb `chat` is made of: its settings, showing an answer, the interactive loop.
 *
 * Where it stands: cmd_chat.c reads the flags and picks one-shot or interactive; talk_repl.c holds the loop and its
 * commands; talk_show.c puts an answer on the screen. All of it uses only include/fathom.h below.
 */
#ifndef FM_CMD_TALK_H
#define FM_CMD_TALK_H

#include "cmd/screen.h"
#include "fathom.h"

typedef enum fm_fold { FM_FOLD_SHOW, FM_FOLD_FOLD, FM_FOLD_HIDE } fm_fold;

typedef struct fm_talk {
    fm_engine *engine;
    fm_session *session;
    const char *model; /* as the user named it */
    fm_ask_options options;
    fm_fold fold; /* what happens to reasoning once the answer begins */
    bool stats;   /* a line of figures after each answer */
    bool json;    /* one-shot: print one JSON object */
} fm_talk;

/* The answer being shown. Zero it, set talk and the two screens, hand fm_show_text to fm_session_ask. */
typedef struct fm_show {
    const fm_talk *talk;
    fm_screen answer;   /* where the answer goes */
    fm_screen aside;    /* where reasoning and remarks go */
    bool markdown;      /* render the answer block by block */
    fm_buf block;       /* the Markdown block under way */
    bool fence;         /* inside a code fence */
    bool reasoning;     /* reasoning is on the screen and not yet folded */
    int64_t started_ns; /* when it began */
    size_t shown;       /* bytes of answer seen */
} fm_show;

/* An fm_text_sink; stops when Ctrl+C was pressed (fm_interrupted). */
int fm_show_text(void *show, fm_part part, const char *text, size_t size);

/* Flushes the last block; adds the newline a terminal wants; prints the remarks (dropped turns, cut answer, stats). */
void fm_show_end(fm_show *show, const fm_answer *answer);

/* One line of figures: tokens, rates, memory. */
void fm_show_stats(FILE *out, const fm_talk *talk, const fm_answer *answer);

/* Ctrl+C: installs the handler (during an answer it stops the answer only), and asks whether it was pressed since
 * the last clear. */
void fm_interrupt_install(void);
bool fm_interrupted(void);
void fm_interrupt_clear(void);

/* The interactive loop; returns the exit code. */
int fm_talk_loop(fm_talk *talk);

/* "name value" from /set and the flags: temperature, top-k, top-p, min-p, repeat-penalty, seed, max-tokens, reasoning,
 * stats. FM_ERR_ARG names what is wrong and the range. */
fm_status fm_talk_set(fm_talk *talk, const char *name, const char *value, fm_error *err);

#endif

/* screen.h: the terminal as the chat needs it: is it one, how wide, styles, and text that can be taken back.
 *
 * A screen writes to one stream. On a terminal that can move its cursor, text shown as provisional can be erased and
 * replaced (reasoning that folds, Markdown that is rendered once a block is complete); on a dumb terminal, a pipe or
 * with NO_COLOR, text passes through plain and nothing is ever taken back.
 */
#ifndef FM_CMD_SCREEN_H
#define FM_CMD_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

typedef enum fm_style { FM_STYLE_PLAIN, FM_STYLE_DIM, FM_STYLE_BOLD, FM_STYLE_ERROR } fm_style;

typedef struct fm_screen {
    FILE *out;
    bool colour; /* escape sequences for styles may be used */
    bool moves;  /* the cursor may be moved: provisional text can be taken back */
    int width;   /* columns */
    int rows;    /* rows that the provisional text has filled above the cursor's row */
    int column;  /* cursor column within it */
} fm_screen;

/* Looks at the stream, TERM and NO_COLOR. */
fm_screen fm_screen_open(FILE *out);

/* Permanent text in a style. */
void fm_screen_print(fm_screen *screen, fm_style style, const char *text, size_t size);

/* Provisional text in a style, counted so that fm_screen_take_back can erase it. */
void fm_screen_try(fm_screen *screen, fm_style style, const char *text, size_t size);

/* Erases all provisional text since the last take-back or keep; false when this screen cannot. */
bool fm_screen_take_back(fm_screen *screen);

/* What is provisional becomes permanent. */
void fm_screen_keep(fm_screen *screen);

/* Appends Markdown (whole blocks, UTF-8) as styled terminal text: headings and strong text bold, emphasis underlined,
 * code dim, lists with bullets, tables as rows; links as "text (address)". Without `colour`, the same without
 * escapes. Control characters in the text are dropped: a model cannot drive the terminal. */
void fm_markdown_render(fm_buf *out, const char *text, size_t size, bool colour);

#endif

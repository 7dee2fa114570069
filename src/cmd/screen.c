/* screen.c: see screen.h. Refuses to write control characters that a model produced: they are dropped. */
#include "cmd/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

fm_screen fm_screen_open(FILE *out) {
    const char *term = getenv("TERM");
    bool terminal = isatty(fileno(out)) && term && strcmp(term, "dumb") != 0 && *term;
    struct winsize size = {0};
    int width = terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    const char *no_colour = getenv("NO_COLOR");
    return (fm_screen){
        .out = out, .colour = terminal && !(no_colour && *no_colour), .moves = terminal, .width = width};
}

static const char *begin_of(fm_style style) {
    static const char *const codes[] = {"", "\033[2m", "\033[1m", "\033[31m"};
    return codes[style];
}

/* Writes the text without its control characters, and moves the count of rows and columns along. */
static void write_counted(fm_screen *screen, const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &point);
        if (used <= 0) used = 1, point = 0;
        if (point == '\n') {
            fputc('\n', screen->out);
            screen->rows++;
            screen->column = 0;
        } else if (point == '\t' || point >= 32) {
            bool control = point >= 0x7f && point < 0xa0; /* DEL and C1 */
            int wide = point == '\t' ? 1 : control ? 0 : utf8proc_charwidth(point);
            if (screen->column + wide > screen->width) {
                screen->rows++;
                screen->column = 0;
            }
            screen->column += wide;
            if (point == '\t')
                fputc(' ', screen->out);
            else if (!control)
                fwrite(text + at, 1, (size_t)used, screen->out);
        }
        at += (size_t)used;
    }
}

void fm_screen_try(fm_screen *screen, fm_style style, const char *text, size_t size) {
    if (screen->colour) fputs(begin_of(style), screen->out);
    write_counted(screen, text, size);
    if (screen->colour && style != FM_STYLE_PLAIN) fputs("\033[0m", screen->out);
    fflush(screen->out);
}

void fm_screen_keep(fm_screen *screen) { screen->rows = screen->column = 0; }

void fm_screen_print(fm_screen *screen, fm_style style, const char *text, size_t size) {
    fm_screen_try(screen, style, text, size);
    fm_screen_keep(screen);
}

bool fm_screen_take_back(fm_screen *screen) {
    if (!screen->moves) return false;
    fputc('\r', screen->out);
    if (screen->rows > 0) fprintf(screen->out, "\033[%dA", screen->rows);
    fputs("\033[J", screen->out);
    fm_screen_keep(screen);
    return true;
}

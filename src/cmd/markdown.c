/* markdown.c: Markdown to terminal text, on md4c's events; the contract is in screen.h.
 *
 * Where it stands: the last stop of an answer on its way to the screen. It refuses nothing: what md4c does not see as
 * markup is text.
 */
#include <md4c.h>
#include <stdint.h>
#include <string.h>

#include "cmd/screen.h"

enum { DEPTH = 16 };

typedef struct writer {
    fm_buf *out;
    bool colour;
    int lists;              /* nesting depth of lists */
    unsigned number[DEPTH]; /* next item of an ordered list, 0: bullets */
    bool code;              /* inside a code block */
    bool line_begun;        /* something stands on the current line */
} writer;

static void style(writer *w, const char *code) {
    if (w->colour) fm_buf_puts(w->out, code);
}

/* Text without control characters; inside code blocks every line is indented. */
static void put(writer *w, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') {
            fm_buf_putc(w->out, '\n');
            w->line_begun = false;
        } else if (c >= 32 && c != 127) {
            if (w->code && !w->line_begun) fm_buf_puts(w->out, "    ");
            w->line_begun = true;
            fm_buf_putc(w->out, (char)c);
        } else if (c == '\t') {
            fm_buf_puts(w->out, "    ");
        }
    }
}

static void end_line(writer *w) {
    if (w->line_begun) fm_buf_putc(w->out, '\n');
    w->line_begun = false;
}

static void begin_item(writer *w) {
    end_line(w);
    int depth = w->lists < DEPTH ? w->lists : DEPTH;
    for (int i = 1; i < depth; i++) fm_buf_puts(w->out, "  ");
    if (depth > 0 && w->number[depth - 1] > 0)
        fm_buf_printf(w->out, "%u. ", w->number[depth - 1]++);
    else
        fm_buf_puts(w->out, "\xe2\x80\xa2 ");
    w->line_begun = true;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *user) {
    writer *w = user;
    switch (type) {
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        if (w->lists < DEPTH)
            w->number[w->lists] = type == MD_BLOCK_OL ? ((MD_BLOCK_OL_DETAIL *)detail)->start : 0;
        w->lists++;
        break;
    case MD_BLOCK_LI: begin_item(w); break;
    case MD_BLOCK_H: style(w, "\033[1m"); break;
    case MD_BLOCK_CODE:
        end_line(w);
        w->code = true;
        style(w, "\033[2m");
        break;
    case MD_BLOCK_QUOTE: fm_buf_puts(w->out, "| "), w->line_begun = true; break;
    case MD_BLOCK_HR: fm_buf_puts(w->out, "----------\n"); break;
    case MD_BLOCK_TH: style(w, "\033[1m"); break;
    default: break;
    }
    return 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *user) {
    writer *w = user;
    (void)detail;
    switch (type) {
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        w->lists--;
        end_line(w);
        break;
    case MD_BLOCK_H:
    case MD_BLOCK_CODE:
        style(w, "\033[0m");
        w->code = false;
        end_line(w);
        break;
    case MD_BLOCK_TH: style(w, "\033[0m"); /* fall through */
    case MD_BLOCK_TD: fm_buf_puts(w->out, "  "); break;
    case MD_BLOCK_TR:
    case MD_BLOCK_P: end_line(w); break;
    default: break;
    }
    return 0;
}

static int enter_span(MD_SPANTYPE type, void *detail, void *user) {
    writer *w = user;
    (void)detail;
    if (type == MD_SPAN_STRONG)
        style(w, "\033[1m");
    else if (type == MD_SPAN_EM)
        style(w, "\033[4m");
    else if (type == MD_SPAN_CODE)
        style(w, "\033[2m");
    return 0;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *user) {
    writer *w = user;
    if (type == MD_SPAN_STRONG || type == MD_SPAN_EM || type == MD_SPAN_CODE) style(w, "\033[0m");
    if (type == MD_SPAN_A) {
        const MD_ATTRIBUTE *href = &((MD_SPAN_A_DETAIL *)detail)->href;
        put(w, " (", 2), put(w, href->text, href->size), put(w, ")", 1);
    }
    return 0;
}

static int text(MD_TEXTTYPE type, const MD_CHAR *chars, MD_SIZE size, void *user) {
    if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
        put(user, "\n", 1);
    else
        put(user, chars, size);
    return 0;
}

void fm_markdown_render(fm_buf *out, const char *chars, size_t size, bool colour) {
    writer w = {.out = out, .colour = colour};
    MD_PARSER parser = {.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_NOHTML |
                                 MD_FLAG_NOINDENTEDCODEBLOCKS,
                        .enter_block = enter_block,
                        .leave_block = leave_block,
                        .enter_span = enter_span,
                        .leave_span = leave_span,
                        .text = text};
    if (size > UINT32_MAX / 2 || md_parse(chars, (MD_SIZE)size, &parser, &w) != 0) put(&w, chars, size);
    end_line(&w);
}

/* judge.c: reading answers: normalisation, numbers, last lines. See make.h. */
#include <ctype.h>
#include <string.h>

#include "task/make.h"

/* Length of the UTF-8 sequence at p and its code point; a stray byte is itself. */
static int decode(const unsigned char *p, unsigned *code) {
    if (p[0] < 0x80) return *code = p[0], 1;
    int n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    *code = n == 4 ? p[0] & 7u : n == 3 ? p[0] & 15u : p[0] & 31u;
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) return *code = 0xFFFD, i;
        *code = *code << 6 | (p[i] & 63u);
    }
    if (n == 1) *code = 0xFFFD;
    return n;
}

/* The ASCII character that stands for this code point, or 0 to keep it, or -1 to drop it. */
static int plain(unsigned code) {
    if (code >= 0xFF01 && code <= 0xFF5E) return (int)(code - 0xFF01 + '!');
    switch (code) {
    case 0x3000:
    case 0xA0: return ' ';
    case 0x3002: return '.';
    case 0x3001: return ',';
    case 0x2212:
    case 0x2013:
    case 0x2014:
    case 0x8D1F: return '-'; /* dashes; the Chinese word for minus */
    case 0xD7: return '*';
    case 0xF7: return '/';
    case 0x201C:
    case 0x201D:
    case 0x300C:
    case 0x300D: return '"';
    case 0x2018:
    case 0x2019: return '\'';
    case '`':
    case '$': return -1;
    default: return 0;
    }
}

bool fm_read_answer(const char *answer, char *out, size_t room) {
    const char *end = NULL;
    for (const char *at = answer; (at = strstr(at, "</think>")) != NULL;) end = at += 8;
    if (end == NULL && strstr(answer, "<think>") != NULL) return false;
    const unsigned char *p = (const unsigned char *)(end ? end : answer);
    size_t used = 0;
    while (*p) {
        unsigned code;
        int n = decode(p, &code), mapped = plain(code);
        if (p[0] == '*' && p[1] == '*') { /* Markdown's bold */
            p += 2;
            continue;
        }
        if (used + 5 >= room) return false;
        if (mapped > 0)
            out[used++] = (char)tolower(mapped);
        else if (mapped == 0 && code < 0x80)
            out[used++] = (char)tolower((int)code);
        else if (mapped == 0)
            for (int i = 0; i < n; i++) out[used++] = (char)p[i];
        p += n;
    }
    out[used] = '\0';
    return true;
}

bool fm_read_last_line(const char *text, char *out, size_t room) {
    size_t end = strlen(text);
    while (end && isspace((unsigned char)text[end - 1])) end--;
    size_t start = end;
    while (start && text[start - 1] != '\n') start--;
    while (start < end && isspace((unsigned char)text[start])) start++;
    if (end == start || end - start >= room) return false;
    memcpy(out, text + start, end - start);
    out[end - start] = '\0';
    return true;
}

/* A number at p: digits with thousands separators and up to three decimals. Returns its end. */
static const char *number_at(const char *p, int64_t *milli) {
    int64_t whole = 0, part = 0;
    int places = 0, lead = 0;
    while (isdigit((unsigned char)*p) && whole < 100000000000000) whole = whole * 10 + (*p++ - '0'), lead++;
    while (lead <= 3 && p[0] == ',' && isdigit((unsigned char)p[1]) && isdigit((unsigned char)p[2]) &&
           isdigit((unsigned char)p[3]) && !isdigit((unsigned char)p[4]) && whole < 100000000000) {
        whole = whole * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
        p += 4;
    }
    if (p[0] == '.' && isdigit((unsigned char)p[1]))
        for (p++; isdigit((unsigned char)*p); p++)
            if (places < 3) part = part * 10 + (*p - '0'), places++;
    while (places++ < 3) part *= 10;
    *milli = whole * 1000 + part;
    while (isdigit((unsigned char)*p)) p++;
    return p;
}

int fm_read_numbers(const char *text, int64_t *milli, int room) {
    int count = 0;
    for (const char *p = text; *p;) {
        if (!isdigit((unsigned char)*p)) {
            p++;
            continue;
        }
        bool minus = p > text && p[-1] == '-';
        if (minus && p - 1 > text) { /* "3-5" and "a-5" are no negative numbers, "= -5" and "(-5" are */
            unsigned char before = (unsigned char)p[-2];
            minus = !isalnum(before) && before != ')';
        }
        int64_t value;
        p = number_at(p, &value);
        if (count == room) memmove(milli, milli + 1, (size_t)(room - 1) * sizeof *milli), count--;
        milli[count++] = minus ? -value : value;
    }
    return count;
}

enum { ANSWER_ROOM = 16384, LINE_ROOM = 4096 };

bool fm_judge_number(const fm_task_problem *p, const char *answer) {
    char text[ANSWER_ROOM];
    int64_t want[1], got[1];
    if (!fm_read_answer(answer, text, sizeof text)) return false;
    return fm_read_numbers(text, got, 1) == 1 && fm_read_numbers(p->expected, want, 1) == 1 &&
           got[0] == want[0];
}

/* Commas between the items of a list are no thousands separators, whatever stands around them. */
static void part_commas(char *text) {
    for (; *text; text++)
        if (*text == ',') *text = ';';
}

bool fm_judge_numbers(const fm_task_problem *p, const char *answer) {
    char text[ANSWER_ROOM], line[LINE_ROOM], expected[FM_TASK_ANSWER_BYTES];
    int64_t want[64], got[64];
    if (!fm_read_answer(answer, text, sizeof text) || !fm_read_last_line(text, line, sizeof line))
        return false;
    memcpy(expected, p->expected, sizeof expected);
    part_commas(expected);
    part_commas(line);
    int n = fm_read_numbers(expected, want, 64), k = fm_read_numbers(line, got, 64);
    return n > 0 && k == n && memcmp(got, want, (size_t)n * sizeof *got) == 0;
}

static bool is_word_byte(char c) { return isalnum((unsigned char)c) || c == '-'; }

int fm_read_choice(const char *const *choices, const char *answer) {
    char text[ANSWER_ROOM], line[LINE_ROOM];
    if (!fm_read_answer(answer, text, sizeof text) || !fm_read_last_line(text, line, sizeof line)) return -1;
    const char *best = NULL, *best_end = NULL;
    int named = -1;
    for (int i = 0; choices[i] != NULL; i++) {
        size_t n = strlen(choices[i]);
        bool latin = (unsigned char)choices[i][0] < 0x80;
        for (const char *at = line; (at = strstr(at, choices[i])) != NULL; at++) {
            if (latin && ((at > line && is_word_byte(at[-1])) || is_word_byte(at[n]))) continue;
            /* The later end wins; of two that end together the longer one ("no" within "yes or no"). */
            if (best == NULL || at + n > best_end || (at + n == best_end && at < best))
                best = at, best_end = at + n, named = i;
        }
    }
    return named;
}

bool fm_judge_choice(const char *expected, const char *const *choices, const char *answer) {
    int named = fm_read_choice(choices, answer);
    char want[FM_TASK_ANSWER_BYTES];
    return named >= 0 && fm_read_answer(expected, want, sizeof want) && strcmp(choices[named], want) == 0;
}

bool fm_judge_word(const fm_task_problem *p, const char *answer) {
    char text[ANSWER_ROOM], line[LINE_ROOM], want[FM_TASK_ANSWER_BYTES];
    if (!fm_read_answer(answer, text, sizeof text) || !fm_read_last_line(text, line, sizeof line))
        return false;
    if (!fm_read_answer(p->expected, want, sizeof want)) return false;
    size_t end = strlen(line), n = strlen(want);
    while (end && strchr(".!?,;:\"' )", line[end - 1])) end--;
    if (end < n || memcmp(line + end - n, want, n) != 0) return false;
    if (end == n) return true;
    char before = line[end - n - 1];
    return strchr(" \"':(=,", before) != NULL || (unsigned char)before >= 0x80;
}

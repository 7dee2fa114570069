/* test_pattern.c: the pattern compiler: each construct, what it refuses, Unicode, and time on hostile text.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/rng.h"
#include "text/pattern.h"
#include "text/unicode.h"

static fm_pattern *compile(const char *regex) {
    fm_pattern *pattern;
    fm_error err = {0};
    fm_test_ok(fm_pattern_compile(&pattern, regex, strlen(regex), &err), &err);
    return pattern;
}

/* All matches of regex in text, each followed by '|'; what lies between them in parentheses. */
static void check(const char *regex, const char *text, const char *expected) {
    fm_pattern *pattern = compile(regex);
    fm_pattern_scratch scratch = {0};
    fm_buf found = {0};
    size_t size = strlen(text), at = 0, begin, end;
    while (at < size) {
        bool any = fm_pattern_next(pattern, &scratch, (const uint8_t *)text, size, at, &begin, &end);
        if (!any) begin = end = size;
        if (begin > at) fm_buf_printf(&found, "(%.*s)", (int)(begin - at), text + at);
        if (any) fm_buf_printf(&found, "%.*s|", (int)(end - begin), text + begin);
        at = end;
    }
    if (strcmp(found.data ? found.data : "", expected) != 0)
        fail_msg("%s on \"%s\": expected \"%s\", got \"%s\"", regex, text, expected, found.data);
    fm_buf_release(&found);
    fm_pattern_scratch_release(&scratch);
    fm_pattern_free(pattern);
}

static void test_constructs(void **state) {
    (void)state;
    check("abc", "xabcabc", "(x)abc|abc|");
    check("a|ab", "ab", "a|(b)"); /* the first alternative, not the longest */
    check("ab|a", "aba", "ab|a|");
    check("a*b", "aaabab", "aaab|ab|");
    check("a+", "aaba", "aa|(b)a|");
    check("a+?", "aa", "a|a|");
    check("a??b", "ab", "ab|");
    check("a{2}", "aaaaa", "aa|aa|(a)");
    check("a{1,3}", "aaaaa", "aaa|aa|");
    check("a{2,}", "aaaaa", "aaaaa|");
    check("a{2,3}?", "aaaaa", "aa|aa|(a)");
    check("(ab|c)+d", "abcabd", "abcabd|");
    check("(?:a|b)c", "acbc", "ac|bc|");
    check("[a-cx]+", "abcxd", "abcx|(d)");
    check("[^a-c]+", "abd\ne", "(ab)d\ne|");
    check("[]a]+", "a]b", "a]|(b)");
    check("[a\\]-]+", "a]-b", "a]-|(b)");
    check(".", "a\n", "a|(\n)");
    check("[a-z&&[^b-d]]+", "abce", "a|(bc)e|");
    check("[a-z&&[a-m]&&[^c]]+", "abcdz", "ab|(c)d|(z)");
    check("\\s+(?!\\S)|\\s+", "a   b  ", "(a)  | |(b)  |");
    check("a(?=b)", "abac", "a|(bac)");
    check("a(?!b)", "abaca", "(ab)a|(c)a|");
    check("\\s+$", " a  ", "( a)  |");
    check("\\s+\\z", " a  ", "( a)  |");
    check("(?i)ab", "AbaB", "Ab|aB|");
    check("(?i:'s|'ll)x?", "'S'lLx", "'S|'lLx|");
    check("(?i:s)", "\xc5\xbf", "\xc5\xbf|"); /* U+017F folds to s */
    check("(?i:k)", "\xe2\x84\xaa", "\xe2\x84\xaa|");
    check("(?i:[a-c])+", "aBCd", "aBC|(d)");
    check("((?i)a)b", "AbAB", "Ab|(AB)"); /* the option ends with its group */
    check("\\x41\\u0042\\x{43}\\u{44}", "ABCD", "ABCD|");
    check("\\d+|\\D", "12a", "12|a|");
    check("(a?b?){3}c", "abac", "abac|");
    check("(a|b)*?c", "abc", "abc|");
    check("(?:(?:a+)?b)*x", "aabbx", "aabbx|");
}

static void test_unicode_classes(void **state) {
    (void)state;
    check("\\p{L}+", "aé中ß1", "aé中ß|(1)");
    check("\\pL+|\\p{N}+", "a1²Ⅷ", "a|1²Ⅷ|");
    check("\\p{Lu}\\p{Ll}+", "Élan", "Élan|");
    check("\\P{L}+", "a1!b", "(a)1!|(b)");
    check("\\p{^L}+", "a1!b", "(a)1!|(b)");
    check("[^\\p{L}\\s]+", "a1! b", "(a)1!|( b)");
    check("[\\p{Han}]+", "abc中文々〇x、", "(abc)中文々〇|(x、)");
    check("\\s", "\xe3\x80\x80\xc2\x85", "\xe3\x80\x80|\xc2\x85|");
    check("[一-龥]+", "a一龥b", "(a)一龥|(b)");
    check("\\p{L}+", "\xff\xe4\xb8", "(\xff\xe4\xb8)");    /* what is not UTF-8 is of no class */
    check("[^\\p{L}]", "\xff\xe4\xb8", "\xff|\xe4|\xb8|"); /* and each byte stands for itself */
}

static void refused(const char *regex, fm_status expected, const char *word) {
    fm_pattern *pattern;
    fm_error err = {0};
    fm_status status = fm_pattern_compile(&pattern, regex, strlen(regex), &err);
    if (status == FM_OK) fail_msg("%s was accepted", regex);
    fm_test_refused(status, &err, expected, "pattern", word, NULL);
    assert_null(pattern);
}

static void test_refusals(void **state) {
    (void)state;
    refused("a*", FM_ERR_UNSUPPORTED, "empty string");
    refused("", FM_ERR_UNSUPPORTED, "empty string");
    refused("(?!a)", FM_ERR_UNSUPPORTED, "empty string");
    refused("a++", FM_ERR_UNSUPPORTED, "possessive");
    refused("a**", FM_ERR_UNSUPPORTED, "quantifier of a quantifier");
    refused("(?<=a)b", FM_ERR_UNSUPPORTED, "lookbehind");
    refused("(?<n>a)", FM_ERR_UNSUPPORTED, "named group");
    refused("(?>a)", FM_ERR_UNSUPPORTED, "atomic");
    refused("(?m)a", FM_ERR_UNSUPPORTED, "group option");
    refused("a(?=bc)", FM_ERR_UNSUPPORTED, "lookahead");
    refused("\\bfoo", FM_ERR_UNSUPPORTED, "\\b at byte 1");
    refused("\\w+", FM_ERR_UNSUPPORTED, "\\w");
    refused("(a)\\1", FM_ERR_UNSUPPORTED, "\\1");
    refused("^a", FM_ERR_UNSUPPORTED, "anchor");
    refused("\\p{Greek}", FM_ERR_UNSUPPORTED, "Greek");
    refused("[[:alpha:]]", FM_ERR_UNSUPPORTED, "POSIX");
    refused("[a--b]", FM_ERR_UNSUPPORTED, "difference");
    refused("(?i)é", FM_ERR_UNSUPPORTED, "beyond ASCII");
    refused("(a", FM_ERR_FORMAT, "( without )");
    refused("a)", FM_ERR_FORMAT, ") without (");
    refused("[a", FM_ERR_FORMAT, "[ without ]");
    refused("[z-a]", FM_ERR_FORMAT, "bad range");
    refused("a{3,2}", FM_ERR_FORMAT, "empty {m,n}");
    refused("a{x}", FM_ERR_FORMAT, "bad {m,n}");
    refused("+", FM_ERR_FORMAT, "without anything to repeat");
    refused("\\", FM_ERR_FORMAT, "backslash at the end");
    refused("\\x{110000}", FM_ERR_FORMAT, "10FFFF");
    refused("\\xZZ", FM_ERR_FORMAT, "hexadecimal");
    refused("\\p{L", FM_ERR_FORMAT, "without }");
    refused("\xff", FM_ERR_FORMAT, "not UTF-8");
    refused("a{5000}", FM_ERR_LIMIT, "2000");
    refused("(a{100}){100}", FM_ERR_LIMIT, "2000");
    refused("(a|b)*a(a|b){12}", FM_ERR_LIMIT, "1000"); /* 2^13 states */
    char deep[200] = "";
    memset(deep, '(', 100);
    refused(deep, FM_ERR_FORMAT, "too deep");
    /* Nested options would take exponential time in a parser that goes back. */
    char nested[200];
    int n = 0;
    for (int i = 0; i < 30; i++) n += sprintf(nested + n, "(");
    n += sprintf(nested + n, "a");
    for (int i = 0; i < 30; i++) n += sprintf(nested + n, "b?)?");
    refused(nested, FM_ERR_UNSUPPORTED, "empty string");
}

/* ---- linear time ---- */

static double seconds(const fm_pattern *pattern, const uint8_t *text, size_t size, size_t *matches) {
    fm_pattern_scratch scratch = {0};
    size_t at = 0, begin, end;
    clock_t start = clock();
    *matches = 0;
    while (at < size && fm_pattern_next(pattern, &scratch, text, size, at, &begin, &end)) {
        at = end;
        (*matches)++;
    }
    fm_pattern_scratch_release(&scratch);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Texts on which each attempt runs to the end in vain: quadratic without memory of hopeless places. */
static void test_hostile_text(void **state) {
    (void)state;
    static const struct {
        const char *regex;
        char fill, last;
        size_t matches; /* per character of the text, 0 or 1 */
    } cases[] = {
        {"\\s+$", ' ', 'x', 0}, {"a*b|a", 'a', 'a', 1}, {"(a|aa)*c", 'a', 'x', 0}, {"a+b|a", 'a', 'c', 1}};
    size_t size = 1 << 20;
    uint8_t *text = malloc(size);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fm_pattern *pattern = compile(cases[i].regex);
        size_t matches;
        memset(text, cases[i].fill, size);
        text[size - 1] = (uint8_t)cases[i].last;
        double time = seconds(pattern, text, size, &matches);
        assert_int_equal(matches, cases[i].matches ? size - (cases[i].last != cases[i].fill) : 0);
        if (time > 5) fail_msg("%s: %.1f s for 1 MiB", cases[i].regex, time); /* quadratic: ten minutes */
        fm_pattern_free(pattern);
    }
    free(text);
}

/* What the memory of hopeless places finds must not differ from what a fresh attempt finds. */
static void test_far_runs(void **state) {
    (void)state;
    fm_pattern *pattern = compile("(a|é)*b|aa|é");
    fm_rng rng = fm_rng_init(7, "far");
    for (int round = 0; round < 60; round++) {
        fm_buf text = {0};
        size_t length = 200 + fm_rng_below(&rng, 800);
        while (text.size < length) {
            uint32_t draw = fm_rng_below(&rng, 400);
            fm_buf_puts(&text, draw == 0 ? "b" : draw < 3 ? "x" : draw < 200 ? "a" : "é");
        }
        const uint8_t *p = (const uint8_t *)text.data;
        fm_pattern_scratch shared = {0};
        size_t at = 0, begin, end, begin2, end2;
        while (at < text.size) {
            fm_pattern_scratch fresh = {0};
            bool a = fm_pattern_next(pattern, &shared, p, text.size, at, &begin, &end);
            bool b = fm_pattern_next(pattern, &fresh, p, text.size, at, &begin2, &end2);
            fm_pattern_scratch_release(&fresh);
            assert_int_equal(a, b);
            if (!a) break;
            assert_int_equal(begin, begin2);
            assert_int_equal(end, end2);
            at = end;
        }
        fm_pattern_scratch_release(&shared);
        fm_buf_release(&text);
    }
    fm_pattern_free(pattern);
}

/* ---- text/unicode ---- */

static void test_utf8(void **state) {
    (void)state;
    for (uint32_t code = 0; code < FM_UNICODE_LIMIT; code++) {
        char text[4];
        uint32_t back;
        if (code >= 0xd800 && code < 0xe000) continue;
        size_t size = fm_utf8_encode(code, text);
        const uint8_t *p = (const uint8_t *)text;
        assert_int_equal(fm_utf8_decode(p, p + size, &back), size);
        assert_int_equal(back, code);
        for (size_t cut = 1; cut < size; cut++) assert_true(fm_utf8_is_cut(p, p + cut));
        assert_false(fm_utf8_is_cut(p, p + size));
    }
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t code;
        const uint8_t *p = (const uint8_t *)bad[i], *end = p + strlen(bad[i]);
        assert_int_equal(fm_utf8_decode(p, end, &code), 1);
        assert_int_equal(code, FM_UNICODE_INVALID);
        for (const uint8_t *stop = p + 2; stop <= end; stop++) assert_false(fm_utf8_is_cut(p, stop));
    }
}

static size_t parse_codes(char *field, char *out) {
    size_t size = 0;
    for (char *word = strtok(field, " "); word; word = strtok(NULL, " "))
        size += fm_utf8_encode((uint32_t)strtoul(word, NULL, 16), out + size);
    return size;
}

/* NFC(source) = NFC(NFC) = NFC(NFD) = column 2, for every line; and again with letters around. */
static void test_normalization(void **state) {
    (void)state;
    const char *path = fm_test_shared("fuzz/NormalizationTest.txt");
    char line[2048];
    int lines = 0;
    fm_test_need(path);
    FILE *file = fopen(path, "r");
    while (fgets(line, sizeof line, file)) {
        char *fields[3], texts[3][256];
        size_t sizes[3];
        if (line[0] == '#' || line[0] == '@' || line[0] == '\n') continue;
        fields[0] = line;
        fields[1] = strchr(line, ';') + 1;
        fields[2] = strchr(fields[1], ';') + 1;
        *strchr(fields[2], ';') = '\0';
        fields[1][-1] = fields[2][-1] = '\0';
        for (int i = 0; i < 3; i++) sizes[i] = parse_codes(fields[i], texts[i]);
        for (int i = 0; i < 6; i++) {
            fm_buf in = {0}, out = {0}, expected = {0};
            fm_error err = {0};
            const char *frame = i < 3 ? "" : "\xff中"; /* an invalid byte and a letter on both sides */
            fm_buf_printf(&in, "%s%.*s%s", frame, (int)sizes[i % 3], texts[i % 3], frame);
            fm_buf_printf(&expected, "%s%.*s%s", frame, (int)sizes[1], texts[1], frame);
            fm_test_ok(fm_nfc((const uint8_t *)in.data, in.size, &out, &err), &err);
            if (out.size != expected.size || memcmp(out.data, expected.data, out.size) != 0)
                fail_msg("line %d of NormalizationTest: column %d", lines, i % 3 + 1);
            if (!fm_nfc_needed((const uint8_t *)in.data, in.size)) assert_int_equal(in.size, out.size);
            fm_buf_release(&in);
            fm_buf_release(&out);
            fm_buf_release(&expected);
        }
        lines++;
    }
    fclose(file);
    assert_true(lines > 18000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constructs),    cmocka_unit_test(test_unicode_classes),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_far_runs),      cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_normalization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_gen.c: generated prose and dialogue: the same every time, one language at a time, train and test
 * apart, never the same thing over and over. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "train/gen.h"

enum { DRAWS = 5000 };

typedef struct texts {
    char **list;
    int count, room;
} texts;

static void keep(texts *all, const char *text) {
    if (all->count == all->room) {
        all->room = all->room ? 2 * all->room : 1024;
        all->list = realloc(all->list, (size_t)all->room * sizeof *all->list);
        assert_non_null(all->list);
    }
    assert_non_null(all->list[all->count++] = strdup(text));
}

static void drop(texts *all) {
    for (int i = 0; i < all->count; i++) free(all->list[i]);
    free(all->list);
    *all = (texts){0};
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int distinct(texts *all) {
    int found = 0;
    qsort(all->list, (size_t)all->count, sizeof *all->list, by_text);
    for (int i = 0; i < all->count; i++) found += i == 0 || strcmp(all->list[i], all->list[i - 1]) != 0;
    return found;
}

static fm_chat talk(fm_lang lang, fm_task_split split, uint64_t seed, uint64_t index) {
    fm_chat chat = {0};
    fm_error err = {0};
    fm_test_ok(fm_gen_dialogue(&chat, lang, split, seed, index, &err), &err);
    return chat;
}

static bool has_han(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text >= 0xe4 && (unsigned char)*text <= 0xe9) return true;
    return false;
}

/* The first Latin word that is no name which Chinese text writes so; NULL when there is none. */
static const char *latin_word(const char *text) {
    static const char *const names[] = {"Fathom", "mini", "think", "nothink", "ChatGPT", "DeepSeek", "Gemini",
                                        "Claude", "Kimi", "GPT-4", "Siri",    "OpenAI",  "GPT",      NULL};
    while (*text) {
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
        if (n == 0) {
            text++;
            continue;
        }
        bool known = false;
        for (const char *const *name = names; *name; name++)
            known |= strlen(*name) == n && memcmp(*name, text, n) == 0;
        if (!known) return text;
        text += n;
    }
    return NULL;
}

static bool well_formed(const char *text, fm_lang lang) {
    size_t size = strlen(text);
    if (size == 0 || fm_utf8_bad(text, size) < size) return false;
    if (strchr(text, '{') || strchr(text, '}') || strchr(text, '[') || strchr(text, ']') ||
        strstr(text, "?open"))
        return false;
    if (strstr(text, "  ") || text[size - 1] == ' ' || text[0] == ' ') return false;
    /* An unknown key is printed as "?key?": a question mark before a letter. */
    for (const char *p = text; lang == FM_LANG_ZH && *p; p++)
        if (*p == '?' && p[1] >= 'a' && p[1] <= 'z') return false;
    return true;
}

static void same_arguments_same_text(void **state) {
    (void)state;
    for (int lang = 0; lang < FM_LANGS; lang++)
        for (int split = 0; split < FM_TASK_SPLITS; split++)
            for (uint64_t i = 0; i < 50; i++) {
                fm_buf a = {0}, b = {0}, c = {0}, d = {0};
                fm_error err = {0};
                fm_test_ok(fm_gen_prose(&a, (fm_lang)lang, (fm_task_split)split, 3, i, &err), &err);
                fm_test_ok(fm_gen_prose(&b, (fm_lang)lang, (fm_task_split)split, 3, i, &err), &err);
                assert_string_equal(a.data, b.data);
                fm_chat one = talk((fm_lang)lang, (fm_task_split)split, 3, i),
                        two = talk((fm_lang)lang, (fm_task_split)split, 3, i);
                fm_test_ok(fm_chat_to_json(&one, &c, &err), &err);
                fm_test_ok(fm_chat_to_json(&two, &d, &err), &err);
                assert_string_equal(c.data, d.data);
                fm_chat_release(&one);
                fm_chat_release(&two);
                fm_buf_release(&a);
                fm_buf_release(&b);
                fm_buf_release(&c);
                fm_buf_release(&d);
            }
}

static void prose_is_clean_and_varied(void **state) {
    (void)state;
    for (int lang = 0; lang < FM_LANGS; lang++) {
        texts all = {0};
        for (uint64_t i = 0; i < DRAWS; i++) {
            fm_buf text = {0};
            fm_error err = {0};
            fm_test_ok(fm_gen_prose(&text, (fm_lang)lang, i % 10 ? FM_TASK_TRAIN : FM_TASK_TEST, 1, i, &err),
                       &err);
            if (!well_formed(text.data, (fm_lang)lang)) fail_msg("not well formed: %s", text.data);
            if (lang == FM_LANG_EN && has_han(text.data)) fail_msg("Chinese in English: %s", text.data);
            if (lang == FM_LANG_ZH && latin_word(text.data)) fail_msg("Latin in Chinese: %s", text.data);
            assert_true(text.size > 100 && text.size < 3000);
            keep(&all, text.data);
            fm_buf_release(&text);
        }
        int found = distinct(&all);
        print_message("prose %s: %d of %d distinct\n", fm_lang_name((fm_lang)lang), found, DRAWS);
        assert_true(found > DRAWS * 99 / 100);
        drop(&all);
    }
}

/* Whether the user asked for the other language. */
static bool asks_translation(const char *text, fm_lang lang) {
    return lang == FM_LANG_EN ? strstr(text, "Chinese") != NULL : strstr(text, "英") != NULL;
}

static void check_chat(const fm_chat *chat, fm_lang lang) {
    int at = chat->count && chat->messages[0].role == FM_ROLE_SYSTEM;
    assert_true(chat->count - at >= 2 && (chat->count - at) % 2 == 0 && chat->count <= 20);
    const char *asked = "";
    for (int i = 0; i < chat->count; i++) {
        const fm_message *m = &chat->messages[i];
        if (i >= at) assert_int_equal(m->role, (i - at) % 2 ? FM_ROLE_ASSISTANT : FM_ROLE_USER);
        if (!well_formed(m->content, lang) || (m->reasoning && !well_formed(m->reasoning, lang)))
            fail_msg("not well formed: %s | %s", m->content, m->reasoning ? m->reasoning : "");
        if (m->role == FM_ROLE_USER) asked = m->content;
        if (m->role == FM_ROLE_USER) assert_null(m->reasoning);
        if (asks_translation(asked, lang)) continue;
        if (lang == FM_LANG_EN && has_han(m->content)) fail_msg("Chinese in English: %s", m->content);
        if (lang == FM_LANG_ZH && latin_word(m->content)) fail_msg("Latin in Chinese: %s", m->content);
    }
}

static void dialogue_is_clean_and_varied(void **state) {
    (void)state;
    for (int lang = 0; lang < FM_LANGS; lang++) {
        texts all = {0}, answers = {0};
        int reasoned = 0, systems = 0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            fm_chat chat = talk((fm_lang)lang, FM_TASK_TRAIN, 1, i);
            fm_buf line = {0};
            check_chat(&chat, (fm_lang)lang);
            fm_test_ok(fm_chat_to_json(&chat, &line, NULL), NULL);
            keep(&all, line.data);
            systems += chat.messages[0].role == FM_ROLE_SYSTEM;
            for (int k = 0; k < chat.count; k++) {
                if (chat.messages[k].role == FM_ROLE_ASSISTANT) keep(&answers, chat.messages[k].content);
                reasoned += chat.messages[k].reasoning != NULL;
            }
            fm_buf_release(&line);
            fm_chat_release(&chat);
        }
        int found = distinct(&all), said = distinct(&answers);
        print_message(
            "dialogue %s: %d of %d distinct, %d different answers of %d, %d with reasoning, %d with a system "
            "prompt\n",
            fm_lang_name((fm_lang)lang), found, DRAWS, said, answers.count, reasoned, systems);
        assert_true(found > DRAWS * 95 / 100);
        assert_true(said > 2000);
        assert_true(reasoned > DRAWS / 50 && reasoned < DRAWS / 4);
        drop(&all);
        drop(&answers);
    }
}

/* A user's words without marks and capitals, so that only the wording counts. */
static void keep_wordings(texts *all, const fm_chat *chat) {
    for (int i = 0; i < chat->count; i++) {
        if (chat->messages[i].role != FM_ROLE_USER) continue;
        char plain[2048];
        size_t n = 0;
        for (const char *p = chat->messages[i].content; *p && n + 4 < sizeof plain; p++) {
            unsigned char c = (unsigned char)*p;
            if (c >= 0x80 && c == 0xef && (unsigned char)p[1] == 0xbc) { /* full-width marks */
                p += 2;
                continue;
            }
            if (c >= 0x80 && c == 0xe3 &&
                (unsigned char)p[1] == 0x80) { /* the Chinese full stop and quotes */
                p += 2;
                continue;
            }
            if (c >= 'A' && c <= 'Z') c += 32;
            if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain[n++] = (char)c;
        }
        plain[n] = '\0';
        keep(all, plain);
    }
}

static void test_wordings_are_not_in_train(void **state) {
    (void)state;
    for (int lang = 0; lang < FM_LANGS; lang++) {
        texts train = {0}, test = {0};
        for (uint64_t i = 0; i < 3 * DRAWS; i++) {
            fm_chat a = talk((fm_lang)lang, FM_TASK_TRAIN, 1, i), b = talk((fm_lang)lang, FM_TASK_TEST, 1, i);
            keep_wordings(&train, &a);
            keep_wordings(&test, &b);
            fm_chat_release(&a);
            fm_chat_release(&b);
        }
        distinct(&train); /* sorts */
        for (int i = 0; i < test.count; i++)
            if (bsearch(&test.list[i], train.list, (size_t)train.count, sizeof *train.list, by_text))
                fail_msg("in both splits: %s", test.list[i]);
        drop(&train);
        drop(&test);
    }
}

/* Asked who it is, it says Fathom mini or at least names no other model as itself; asked whether it is
 * another, no. */
static void never_claims_to_be_another(void **state) {
    (void)state;
    static const char *const claims[] = {"I am ChatGPT", "I am DeepSeek",  "I'm ChatGPT", "I am Qwen",
                                         "I am Claude",  "made by OpenAI", "我是ChatGPT", "我是DeepSeek",
                                         "我是通义",     "我是文心",       "我是豆包",    "我是Kimi",
                                         "由OpenAI",     "由阿里",         NULL};
    int named = 0;
    for (int lang = 0; lang < FM_LANGS; lang++)
        for (uint64_t i = 0; i < DRAWS; i++) {
            fm_chat chat = talk((fm_lang)lang, i % 2 ? FM_TASK_TRAIN : FM_TASK_TEST, 5, i);
            for (int k = 0; k < chat.count; k++) {
                if (chat.messages[k].role != FM_ROLE_ASSISTANT) continue;
                named += strstr(chat.messages[k].content, "Fathom mini") != NULL;
                for (const char *const *c = claims; *c; c++)
                    if (strstr(chat.messages[k].content, *c))
                        fail_msg("claims: %s", chat.messages[k].content);
            }
            fm_chat_release(&chat);
        }
    assert_true(named > DRAWS / 10);
}

static void what_was_told_is_recalled(void **state) {
    (void)state;
    int seen = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        fm_chat chat = talk(FM_LANG_EN, FM_TASK_TRAIN, 9, i);
        const char *told = NULL;
        for (int k = 0; k < chat.count; k++) {
            const char *at = strstr(chat.messages[k].content, "My lucky number is ");
            if (at && chat.messages[k].role == FM_ROLE_USER) told = at + 19;
        }
        if (told) { /* the number comes back in some later answer */
            char number[16];
            snprintf(number, sizeof number, "%.*s", (int)strspn(told, "0123456789"), told);
            int found = 0;
            for (int k = 0; k < chat.count; k++)
                found += chat.messages[k].role == FM_ROLE_ASSISTANT &&
                         strstr(chat.messages[k].content, number) != NULL;
            if (found < 2) fail_msg("%s was not recalled", number);
            seen++;
        }
        fm_chat_release(&chat);
    }
    assert_true(seen > 20);
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    fm_chat chat = {0};
    fm_buf text = {0};
    fm_error err = {0};
    fm_test_refused(fm_gen_dialogue(&chat, (fm_lang)7, FM_TASK_TRAIN, 1, 1, &err), &err, FM_ERR_ARG,
                    "language 7", NULL);
    fm_test_refused(fm_gen_prose(&text, FM_LANG_EN, (fm_task_split)9, 1, 1, &err), &err, FM_ERR_ARG,
                    "split 9", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_arguments_same_text),     cmocka_unit_test(prose_is_clean_and_varied),
        cmocka_unit_test(dialogue_is_clean_and_varied), cmocka_unit_test(test_wordings_are_not_in_train),
        cmocka_unit_test(never_claims_to_be_another),   cmocka_unit_test(what_was_told_is_recalled),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

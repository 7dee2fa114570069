/* gen_dialogue.c: conversations put together from the tables of a language: an opening, some exchanges, an
 * end. See gen.h for the contract. */
#include "train/gen.h"

#include <stdio.h>
#include <string.h>

#include "train/gen_talk.h"

/* The conversation being written. */
typedef struct writer {
    gen_scene scene;
    const gen_language *words;
    fm_chat *chat;
    fm_error *err;
    fm_status status;
} writer;

static void say(writer *w, fm_role role, const char *text, const char *thought) {
    if (w->status == FM_OK) w->status = fm_chat_add(w->chat, role, text, thought, w->err);
}

/* People type carelessly: sometimes no final mark, sometimes no capital. */
static void careless(writer *w, fm_buf *text) {
    gen_scene *g = &w->scene;
    char *data = text->data;
    if (text->size > 3 && gen_chance(g, 12) && data[text->size - 1] == '.') data[--text->size] = '\0';
    if (text->size > 6 && gen_chance(g, 12) && memcmp(data + text->size - 3, "。", 3) == 0)
        data[text->size -= 3] = '\0';
    bool capital = data[0] >= 'A' && data[0] <= 'Z' && ((data[1] >= 'a' && data[1] <= 'z') || data[1] == ' ');
    if (capital && g->lang == FM_LANG_EN && gen_chance(g, 10) && !(data[0] == 'I' && data[1] == ' '))
        data[0] += 32;
}

static void ask(writer *w, const gen_topic *topic) {
    fm_buf text = {0};
    gen_put(&w->scene, gen_pick(&w->scene, w->scene.split == FM_TASK_TEST ? topic->ask_test : topic->ask),
            &text);
    if (text.size) careless(w, &text);
    say(w, FM_ROLE_USER, text.data ? text.data : "", NULL);
    fm_buf_release(&text);
}

/* `thought_percent`: how often a topic that has a thought shows it. */
static void answer(writer *w, const gen_topic *topic, uint32_t thought_percent) {
    fm_buf text = {0}, thought = {0};
    bool thinks = topic->thought && gen_chance(&w->scene, thought_percent);
    if (thinks) gen_put(&w->scene, gen_pick(&w->scene, topic->thought), &thought);
    gen_put(&w->scene, gen_pick(&w->scene, topic->answer), &text);
    while (text.size && text.data[text.size - 1] == ' ')
        text.data[--text.size] = '\0'; /* an empty last choice */
    say(w, FM_ROLE_ASSISTANT, text.data ? text.data : "", thinks ? thought.data : NULL);
    fm_buf_release(&text);
    fm_buf_release(&thought);
}

static void exchange(writer *w, const gen_topic *topic) {
    ask(w, topic);
    answer(w, topic, 15);
}

static void talk(writer *w) {
    gen_scene *g = &w->scene;
    int total = 0, group = 0, weights = 0;
    for (int i = 0; w->words->groups[i].weight; i++) total += w->words->groups[i].weight;
    int drawn = (int)gen_below(g, (uint32_t)total);
    while (drawn >= w->words->groups[group].weight) drawn -= w->words->groups[group++].weight;
    const gen_topic *topics = w->words->groups[group].topics, *topic = topics;
    for (const gen_topic *t = topics; t->ask; t++) weights += t->weight;
    for (drawn = (int)gen_below(g, (uint32_t)weights); drawn >= topic->weight; topic++)
        drawn -= topic->weight;
    w->words->words(g);
    exchange(w, topic);
}

/* Sets `key` to the part of `text` before '|', and `other` to the part after it (the whole when there is
 * none). */
static void set_parts(gen_scene *g, const char *key, const char *other, const char *text) {
    const char *bar = strchr(text, '|');
    char part[GEN_VALUE];
    snprintf(part, sizeof part, "%.*s", bar ? (int)(bar - text) : (int)strlen(text), text);
    gen_set(g, key, part);
    gen_set(g, other, bar ? bar + 1 : text);
}

static void fact(writer *w) {
    gen_scene *g = &w->scene;
    size_t count = 0, pairs = 0;
    for (const gen_relation *r = w->words->relations; r->ask; r++) {
        count++;
        pairs +=
            gen_list_size(r->pairs) / 2 + 12; /* larger tables come more often, small ones not too rarely */
    }
    size_t drawn = gen_below(g, (uint32_t)pairs);
    const gen_relation *relation = w->words->relations;
    for (; drawn >= gen_list_size(relation->pairs) / 2 + 12; relation++)
        drawn -= gen_list_size(relation->pairs) / 2 + 12;
    size_t pair = gen_below(g, (uint32_t)(gen_list_size(relation->pairs) / 2));
    set_parts(g, "x", "z", relation->pairs[2 * pair]);
    gen_set(g, "y", relation->pairs[2 * pair + 1]);
    exchange(w, &(gen_topic){1, relation->ask, relation->ask_test, relation->answer, NULL});
}

static void repeat(writer *w) {
    gen_set_pick(&w->scene, "word", w->words->words_said, NULL, NULL);
    exchange(w, &w->words->repeat);
}

static void translate(writer *w) {
    uint32_t pair = gen_below(&w->scene, (uint32_t)gen_list_size(w->words->meanings) / 2);
    gen_set(&w->scene, "word", w->words->meanings[2 * pair]);
    gen_set(&w->scene, "meaning", w->words->meanings[2 * pair + 1]);
    exchange(w, &w->words->translate);
}

static void sentence(writer *w) {
    gen_scene *g = &w->scene;
    w->words->words(g);
    uint32_t pair = gen_below(g, (uint32_t)gen_list_size(w->words->sentences) / 2);
    gen_set_put(g, "about", w->words->sentences[2 * pair]);
    gen_set_put(g, "said", w->words->sentences[2 * pair + 1]);
    exchange(w, &w->words->sentence);
}

/* Part number `index` of a text parted by '|'. */
static void part_of(const char *text, uint32_t index, fm_buf *out) {
    while (index--) text = strchr(text, '|') + 1;
    fm_buf_append(out, text, strcspn(text, "|"));
}

static void several(writer *w) {
    static const char *const counts[2][4] = {{"two", "three", "four", "five"}, {"两", "三", "四", "五"}};
    gen_scene *g = &w->scene;
    bool english = g->lang == FM_LANG_EN;
    uint32_t pair = gen_below(g, (uint32_t)gen_list_size(w->words->kinds) / 2), parts = 1;
    const char *members = w->words->kinds[2 * pair + 1];
    for (const char *p = members; (p = strchr(p, '|')) != NULL; p++) parts++;
    uint32_t count = gen_chance(g, 70) ? 3 : 2 + gen_below(g, 4);
    uint32_t first = gen_below(g, parts), step = 1;
    do step = 1 + gen_below(g, parts - 1);
    while (parts % step == 0 && step > 1); /* mostly coprime; repeats are caught below */
    fm_buf said = {0};
    uint32_t taken[8];
    for (uint32_t i = 0; i < count; i++) {
        taken[i] = (first + i * step) % parts;
        for (uint32_t k = 0; k < i; k++)
            if (taken[k] == taken[i]) taken[i] = (taken[i] + 1) % parts, k = (uint32_t)-1;
        if (i) fm_buf_puts(&said, i + 1 < count ? (english ? ", " : "、") : (english ? " and " : "和"));
        part_of(members, taken[i], &said);
    }
    if (said.size && english && said.data[0] >= 'a' && said.data[0] <= 'z') said.data[0] -= 32;
    fm_buf_puts(&said, english ? "." : "。");
    gen_set(g, "kind", w->words->kinds[2 * pair]);
    gen_set(g, "count", counts[!english][count - 2]);
    gen_set(g, "said", said.data ? said.data : "");
    fm_buf_release(&said);
    exchange(w, &w->words->three);
}

static void resume(writer *w) {
    gen_scene *g = &w->scene;
    w->words->words(g);
    uint32_t pair = gen_below(g, (uint32_t)gen_list_size(w->words->openings) / 2);
    gen_set_put(g, "opening", w->words->openings[2 * pair]);
    fm_buf said = {0};
    gen_put(g, w->words->openings[2 * pair + 1], &said);
    ask(w, &w->words->resume);
    say(w, FM_ROLE_ASSISTANT, said.data ? said.data : "", NULL);
    fm_buf_release(&said);
}

static void story(writer *w) {
    gen_scene inner = w->scene;
    fm_buf text = {0};
    inner.count = 0;
    inner.rng = fm_rng_child(&w->scene.rng, 7);
    (w->scene.lang == FM_LANG_EN ? gen_prose_en : gen_prose_zh)(&inner, &text);
    w->scene.failed = w->scene.failed || inner.failed;
    ask(w, &w->words->story);
    say(w, FM_ROLE_ASSISTANT, text.data ? text.data : "", NULL);
    fm_buf_release(&text);
}

/* The question that usually looks back, when there is nothing to look back to. */
static void untold(writer *w) {
    const gen_topic *recall = &w->words->recall[gen_below(&w->scene, 4)];
    exchange(w, &(gen_topic){1, recall->ask, recall->ask_test, w->words->untold, NULL});
}

/* Values that are told early and asked for later; set once, so that small talk between does not change them.
 */
static void set_memory(writer *w) {
    gen_scene *g = &w->scene;
    char number[16];
    w->words->words(g);
    gen_set(g, "me", gen_get(g, "name"));
    gen_set(g, "mine", gen_get(g, "color"));
    gen_set(g, "kind2", gen_get(g, "animal"));
    gen_set(g, "own", gen_get(g, "pet"));
    snprintf(number, sizeof number, "%u", 2 + gen_below(g, gen_chance(g, 50) ? 98 : 998));
    gen_set(g, "number", number);
}

static void one_exchange(writer *w) {
    uint32_t kind = gen_below(&w->scene, 100);
    if (kind < 50)
        talk(w);
    else if (kind < 74)
        fact(w);
    else if (kind < 78)
        repeat(w);
    else if (kind < 83)
        translate(w);
    else if (kind < 88)
        sentence(w);
    else if (kind < 93)
        several(w);
    else if (kind < 97)
        resume(w);
    else
        story(w);
}

static void converse(writer *w) {
    gen_scene *g = &w->scene;
    const gen_language *words = w->words;
    if (gen_chance(g, 15)) say(w, FM_ROLE_SYSTEM, gen_pick(g, words->systems), NULL);
    set_memory(w);
    if (gen_chance(g, 30)) exchange(w, &words->greeting);
    int memory = gen_chance(g, 22) ? (int)gen_below(g, 4) : -1;
    if (memory >= 0) exchange(w, &words->tell[memory]);
    /* Single questions are the most frequent kind of conversation, long ones get rarer. */
    if (memory < 0 && gen_chance(g, 4)) untold(w);
    int exchanges = memory >= 0 ? (int)gen_below(g, 3) : 1 + (int)(gen_chance(g, 45) ? gen_below(g, 4) : 0);
    for (int i = 0; i < exchanges; i++) one_exchange(w);
    if (memory >= 0) {
        ask(w, &words->recall[memory]);
        answer(w, &words->recall[memory], 40);
    }
    if (gen_chance(g, 15)) exchange(w, &words->thanks);
    if (gen_chance(g, 15)) exchange(w, &words->farewell);
}

fm_status fm_gen_dialogue(fm_chat *out, fm_lang lang, fm_task_split split, uint64_t seed, uint64_t index,
                          fm_error *err) {
    if ((unsigned)lang >= FM_LANGS || (unsigned)split >= FM_TASK_SPLITS)
        return fm_error_set(err, FM_ERR_ARG, "dialogue: language %d or split %d is out of range", (int)lang,
                            (int)split);
    writer w = {.words = lang == FM_LANG_EN ? &gen_english : &gen_chinese, .chat = out, .err = err};
    gen_scene_init(&w.scene, "dialogue", lang, split, seed, index);
    converse(&w);
    if (w.status == FM_OK && w.scene.failed)
        w.status = fm_error_set(err, FM_ERR_STATE, "dialogue %llu: a template outgrew its scene",
                                (unsigned long long)index);
    return w.status;
}

fm_status fm_gen_prose(fm_buf *out, fm_lang lang, fm_task_split split, uint64_t seed, uint64_t index,
                       fm_error *err) {
    if ((unsigned)lang >= FM_LANGS || (unsigned)split >= FM_TASK_SPLITS)
        return fm_error_set(err, FM_ERR_ARG, "prose: language %d or split %d is out of range", (int)lang,
                            (int)split);
    gen_scene scene;
    gen_scene_init(&scene, "prose", lang, split, seed, index);
    (lang == FM_LANG_EN ? gen_prose_en : gen_prose_zh)(&scene, out);
    if (out->failed) return fm_error_set(err, FM_ERR_MEMORY, "no memory for prose");
    return scene.failed ? fm_error_set(err, FM_ERR_STATE, "prose %llu: a template outgrew its scene",
                                       (unsigned long long)index)
                        : FM_OK;
}

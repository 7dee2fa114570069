/* gen_text.h: the little template language of the generators; private to src/train/gen_*.c.
 *
 *   {key}     the value of `key` in the scene          {^key}  the same with a capital first letter
 *   {a key}   the value with "a" or "an" before it; {^a key} too   [x|y|z] one of the alternatives, which may
 * nest [x|]      x or nothing                             \       takes the next character as it is
 *
 * Templates are our own constant text: an unknown key or an unclosed bracket is a bug, shown as "?key?" in
 * the output, which tests/test_gen.c looks for.
 */
#ifndef FM_TRAIN_GEN_TEXT_H
#define FM_TRAIN_GEN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rng.h"
#include "task/task.h"
#include "text/chat.h"

enum { GEN_KEYS = 64, GEN_VALUE = 200 };

/* What is known while one text is made: the random stream and the values of the keys. */
typedef struct gen_scene {
    fm_rng rng;
    fm_lang lang;
    fm_task_split split;
    int count;
    struct {
        const char *key; /* static text */
        char value[GEN_VALUE];
    } values[GEN_KEYS];
    bool failed; /* too many keys, or a value too long: a bug, or memory ran out */
} gen_scene;

void gen_scene_init(gen_scene *scene, const char *stream, fm_lang lang, fm_task_split split, uint64_t seed,
                    uint64_t index);

/* Sets a key; replaces an earlier value. The value is copied. */
void gen_set(gen_scene *scene, const char *key, const char *value);
const char *gen_get(const gen_scene *scene, const char *key); /* "?" when unknown */

uint32_t gen_below(gen_scene *scene, uint32_t bound);
bool gen_chance(gen_scene *scene, uint32_t percent);

/* Lists end with NULL. */
size_t gen_list_size(const char *const *list);
const char *gen_pick(gen_scene *scene, const char *const *list);
/* Picks one and sets it; one that differs from the values of up to two other keys (NULL: none). */
void gen_set_pick(gen_scene *scene, const char *key, const char *const *list, const char *other,
                  const char *other2);

/* Appends the template, expanded. */
void gen_put(gen_scene *scene, const char *pattern, fm_buf *out);
/* The same into a key, with inner values already expanded. */
void gen_set_put(gen_scene *scene, const char *key, const char *pattern);

/* File-scope lists: LIST("a", "b") is a NULL-terminated array of text. */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* One thing to talk about: templates for the user (train and test wordings), for the answer, and for a
 * thought before it (NULL: none). */
typedef struct gen_topic {
    int weight; /* how often, among the topics */
    const char *const *ask, *const *ask_test, *const *answer, *const *thought;
} gen_topic;

/* A table of facts, asked and answered with {x} and {y}. */
typedef struct gen_relation {
    const char *const *ask, *const *ask_test, *const *answer;
    const char *const *pairs; /* x0, y0, x1, y1, ..., NULL */
} gen_relation;

/* The talk of one language. Lists of topics end with a NULL `ask`, of relations with a NULL `ask`. */
typedef struct gen_language {
    struct {
        int weight;
        const gen_topic *topics;
    } groups[8]; /* identity, abilities, small talk ...; ends with weight 0 */
    const gen_relation *relations;
    gen_topic greeting, thanks, farewell; /* openings and ends */
    const char *const *systems;           /* system prompts */
    void (*words)(gen_scene *scene);      /* sets the keys that templates use: name, animal, food ... */
    gen_topic repeat, translate, sentence, three, resume, story; /* instructions */
    gen_topic tell[4], recall[4];  /* something told (name, favourite, pet, number) and asked for later */
    const char *const *untold;     /* answers to `recall` when nothing was told */
    const char *const *words_said; /* for `repeat`: word */
    const char *const *meanings;   /* for `translate`: asked, meaning */
    const char *const *sentences;  /* for `sentence`: thing, template of a sentence about it */
    const char *const *kinds;      /* for `three`: kind, members parted by '|' */
    const char *const *openings;   /* for `resume`: opening of a story, template of its end */
} gen_language;

extern const gen_language gen_english, gen_chinese;

/* A whole text of the language. */
void gen_prose_en(gen_scene *scene, fm_buf *out);
void gen_prose_zh(gen_scene *scene, fm_buf *out);
/* Chooses a skeleton that belongs to the scene's split. */
const char *gen_skeleton(gen_scene *scene, const char *const *list, size_t held_out);

#endif

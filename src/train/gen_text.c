/* gen_text.c: expanding the templates of gen_text.h. */
#include "train/gen_text.h"

#include <stdio.h>
#include <string.h>

void gen_scene_init(gen_scene *scene, const char *stream, fm_lang lang, fm_task_split split, uint64_t seed,
                    uint64_t index) {
    char name[64];
    snprintf(name, sizeof name, "%s/%s/%s", stream, fm_lang_name(lang), fm_task_split_name(split));
    fm_rng root = fm_rng_init(seed, name);
    scene->rng = fm_rng_child(&root, index);
    scene->lang = lang;
    scene->split = split;
    scene->count = 0;
    scene->failed = false;
}

static int key_index(const gen_scene *scene, const char *key, size_t size) {
    for (int i = 0; i < scene->count; i++)
        if (strlen(scene->values[i].key) == size && memcmp(scene->values[i].key, key, size) == 0) return i;
    return -1;
}

void gen_set(gen_scene *scene, const char *key, const char *value) {
    int i = key_index(scene, key, strlen(key));
    if (i < 0 && scene->count < GEN_KEYS) {
        i = scene->count++;
        scene->values[i].key = key;
    }
    if (i < 0 || strlen(value) >= GEN_VALUE) {
        scene->failed = true;
        return;
    }
    memmove(scene->values[i].value, value, strlen(value) + 1);
}

const char *gen_get(const gen_scene *scene, const char *key) {
    int i = key_index(scene, key, strlen(key));
    return i < 0 ? "?" : scene->values[i].value;
}

uint32_t gen_below(gen_scene *scene, uint32_t bound) { return fm_rng_below(&scene->rng, bound); }
bool gen_chance(gen_scene *scene, uint32_t percent) { return fm_rng_below(&scene->rng, 100) < percent; }

size_t gen_list_size(const char *const *list) {
    size_t n = 0;
    while (list[n]) n++;
    return n;
}

const char *gen_pick(gen_scene *scene, const char *const *list) {
    return list[gen_below(scene, (uint32_t)gen_list_size(list))];
}

void gen_set_pick(gen_scene *scene, const char *key, const char *const *list, const char *other,
                  const char *other2) {
    const char *a = other ? gen_get(scene, other) : "", *b = other2 ? gen_get(scene, other2) : "";
    size_t n = gen_list_size(list), first = gen_below(scene, (uint32_t)n);
    for (size_t i = 0; i < n; i++) { /* the next one that differs */
        const char *value = list[(first + i) % n];
        if (strcmp(value, a) == 0 || strcmp(value, b) == 0) continue;
        gen_set(scene, key, value);
        return;
    }
    scene->failed = true;
}

const char *gen_skeleton(gen_scene *scene, const char *const *list, size_t held_out) {
    size_t n = gen_list_size(list), kept = n - held_out;
    return scene->split == FM_TASK_TEST ? list[kept + gen_below(scene, (uint32_t)held_out)]
                                        : list[gen_below(scene, (uint32_t)kept)];
}

static void put_value(gen_scene *scene, const char *key, size_t size, fm_buf *out) {
    bool capital = size > 1 && key[0] == '^';
    const char *name = key + capital;
    bool article = size - capital > 2 && name[0] == 'a' && name[1] == ' ';
    name += article ? 2 : 0;
    int i = key_index(scene, name, size - (size_t)(name - key));
    if (i < 0) {
        fm_buf_printf(out, "?%.*s?", (int)size, key);
        return;
    }
    const char *value = scene->values[i].value;
    if (article) {
        fm_buf_puts(out, capital ? "A" : "a");
        fm_buf_puts(out, strchr("aeiou", *value) ? "n " : " ");
    } else if (capital && *value >= 'a' && *value <= 'z') {
        fm_buf_putc(out, (char)(*value++ - 32));
    }
    fm_buf_puts(out, value);
}

/* The end of the alternative that begins at p: its '|' or ']' at this depth, or the end of the text. */
static const char *alternative_end(const char *p, const char *end) {
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == '[')
            depth++;
        else if (*p == ']' && depth-- == 0)
            return p;
        else if (*p == '|' && depth == 0)
            return p;
    }
    return end;
}

static void expand(gen_scene *scene, const char *p, const char *end, fm_buf *out) {
    while (p < end) {
        if (*p == '\\' && p + 1 < end) {
            fm_buf_putc(out, p[1]);
            p += 2;
        } else if (*p == '{') {
            const char *close = memchr(p, '}', (size_t)(end - p));
            if (close == NULL) {
                fm_buf_puts(out, "?open?");
                return;
            }
            put_value(scene, p + 1, (size_t)(close - p - 1), out);
            p = close + 1;
        } else if (*p == '[') {
            const char *starts[32], *stop = p;
            uint32_t n = 0;
            do {
                starts[n++] = stop + 1;
                stop = alternative_end(stop + 1, end);
            } while (n < 32 && stop < end && *stop == '|');
            if (stop == end || *stop != ']') {
                fm_buf_puts(out, "?open?");
                return;
            }
            const char *chosen = starts[gen_below(scene, n)];
            expand(scene, chosen, alternative_end(chosen, end), out);
            p = stop + 1;
        } else {
            fm_buf_putc(out, *p++);
        }
    }
}

void gen_put(gen_scene *scene, const char *pattern, fm_buf *out) {
    expand(scene, pattern, pattern + strlen(pattern), out);
    scene->failed = scene->failed || out->failed;
}

void gen_set_put(gen_scene *scene, const char *key, const char *pattern) {
    fm_buf text = {0};
    gen_put(scene, pattern, &text);
    gen_set(scene, key, text.data ? text.data : "");
    fm_buf_release(&text);
}

/* count.c: letters in a word, words in a sentence, characters in a Chinese one. Levels: docs/TASKS.md.
 *
 * The solution spells the word out and writes the running count behind each letter: "b0 a1 n1 a2 n2 a3".
 */
#include <stdio.h>
#include <string.h>

#include "task/make.h"

enum { FORM_LETTER, FORM_LENGTH, FORM_WORDS, FORM_THIS_WORD, FORM_HANZI, FORM_HANZI_LENGTH };

static const char *const words[] = {
    "apple",      "banana",      "cat",       "dog",        "tree",       "house",      "water",
    "letter",     "summer",      "winter",    "flower",     "garden",     "school",     "teacher",
    "mother",     "father",      "sister",    "brother",    "butter",     "rabbit",     "pepper",
    "carrot",     "tomato",      "potato",    "coffee",     "cheese",     "bottle",     "little",
    "yellow",     "green",       "purple",    "orange",     "window",     "mirror",     "kitchen",
    "dinner",     "hammer",      "ladder",    "puzzle",     "giraffe",    "parrot",     "kitten",
    "puppy",      "monkey",      "zebra",     "tiger",      "elephant",   "balloon",    "cookie",
    "noodle",     "pillow",      "blanket",   "button",     "pencil",     "paper",      "book",
    "street",     "river",       "mountain",  "ocean",      "island",     "forest",     "desert",
    "planet",     "rocket",      "engine",    "doctor",     "nurse",      "farmer",     "driver",
    "singer",     "dancer",      "painter",   "soccer",     "tennis",     "hockey",     "guitar",
    "piano",      "drum",        "happy",     "sunny",      "rainy",      "windy",      "funny",
    "pretty",     "clever",      "silly",     "hungry",     "thirsty",    "seven",      "eleven",
    "hello",      "morning",     "evening",   "night",      "today",      "tomorrow",   "week",
    "year",       "spring",      "autumn",    "snow",       "cloud",      "thunder",    "rainbow",
    "bread",      "rice",        "egg",       "milk",       "honey",      "sugar",      "salt",
    "berry",      "cherry",      "lemon",     "mango",      "peach",      "melon",      "grape",
    "table",      "chair",       "sofa",      "lamp",       "door",       "floor",      "roof",
    "wall",       "room",        "hall",      "stair",      "bell",       "ball",       "doll",
    "kite",       "queen",       "king",      "prince",     "castle",     "dragon",     "magic",
    "secret",     "story",       "letters",   "number",     "seed",       "leaf",       "root",
    "grass",      "strawberry",  "blueberry", "pineapple",  "watermelon", "butterfly",  "grasshopper",
    "dragonfly",  "sunflower",   "newspaper", "bookkeeper", "committee",  "address",    "success",
    "difference", "mississippi", "chocolate", "restaurant", "hospital",   "university", "engineer",
    "scientist",  "adventure",   "beautiful", "wonderful",  "dangerous",  "delicious",  "different",
    "important",  "interesting"};
enum { WORDS = sizeof words / sizeof *words };

static const fm_wordings letter_wordings =
    {/* {0} letter {1} word */
     .train = {{"How many times does the letter {0} appear in \"{1}\"?",
                "How many {0}'s are in the word \"{1}\"?", "Count the letter {0} in {1}.",
                "How often is {0} in \"{1}\"?", "In the word {1}, how many letters are {0}?",
                "Count the {0}'s in \"{1}\".", "How many letters {0} does {1} have?",
                "Find how many times {0} is in {1}.", "The word \"{1}\" has how many {0}'s?"},
               {"单词“{1}”里有几个字母{0}？", "{1}中有多少个{0}？", "数一数{1}里的字母{0}。",
                "字母{0}在“{1}”中出现几次？", "单词{1}里{0}出现了多少次？", "“{1}”这个词有几个{0}？",
                "请数出{1}中{0}的个数。"}},
     .test = {{"Look at the word \"{1}\". What is the number of {0}'s you can see?",
               "Spell {1}. How many of its letters are {0}?"},
              {"拼写{1}的时候要写几个{0}？", "请看单词“{1}”，其中字母{0}一共有几个？"}}};

static const fm_wordings length_wordings =
    {/* {0} word */
     .train = {{"How many letters are in \"{0}\"?", "Count the letters in {0}.",
                "How long is the word \"{0}\"?", "How many letters does {0} have?",
                "What is the length of the word {0}?", "The word \"{0}\" has how many letters?"},
               {"单词“{0}”有几个字母？", "数一数{0}有多少个字母。", "{0}由几个字母组成？",
                "单词{0}的长度是多少？", "“{0}”这个词共有几个字母？"}},
     .test = {{"If you spell {0}, how many letters do you write?"}, {"拼写{0}一共要写几个字母？"}}};

static const fm_wordings words_wordings =
    {/* {0} sentence */
     .train = {{"How many words are in this sentence: {0}", "Count the words: {0}",
                "How many words does this have? {0}", "What is the number of words in: {0}",
                "Count how many words you see: {0}"},
               {"这句话有几个英文单词：{0}", "数一数单词：{0}", "下面一共有几个单词？{0}",
                "请数出单词的个数：{0}"}},
     .test = {{"Tell me how many words were written here: {0}"}, {"请看这里写了多少个英文词：{0}"}}};

static const fm_wordings this_wordings =
    {/* {0} words {1} word */
     .train = {{"How many times is the word \"{1}\" in: {0}", "Count the word \"{1}\": {0}",
                "How often do you see \"{1}\" here? {0}", "How many times does {1} appear? {0}"},
               {"单词“{1}”出现了几次：{0}", "数一数有几个“{1}”：{0}", "下面有多少个{1}？{0}",
                "{1}在这里出现几次？{0}"}},
     .test = {{"Look for \"{1}\" here and tell me how many you found: {0}"},
              {"请在这里找“{1}”，共找到几个？{0}"}}};

static const fm_wordings hanzi_wordings =
    {/* {0} character {1} text */
     .train = {{"How many times does {0} appear in {1}?", "Count the character {0} in {1}.",
                "How many {0} are there in {1}?", "In {1}, how often do you see {0}?"},
               {"“{1}”里有几个“{0}”字？", "数一数“{1}”中的“{0}”字。", "“{0}”字在“{1}”中出现几次？",
                "“{1}”里“{0}”出现了多少次？", "“{1}”，这里面有几个“{0}”？"}},
     .test = {{"Look at {1} and tell me the number of {0} in it."}, {"请看“{1}”，找一找有多少个“{0}”。"}}};

static const fm_wordings hanzi_length_wordings = {/* {0} text */
                                                  .train = {{"How many characters are in {0}?",
                                                             "Count the characters of {0}.",
                                                             "How long is the text {0}?"},
                                                            {"“{0}”有几个字？", "数一数“{0}”有多少个字。",
                                                             "“{0}”一共几个字？", "“{0}”这句话有多少个字？"}},
                                                  .test = {{"How many characters does one write for {0}?"},
                                                           {"写出“{0}”要写多少个字？"}}};

/* Syllables for words that nobody has seen whole. */
static const char *made_up(fm_maker *m, int syllables) {
    static const char *const first = "bdfgklmnprst", *const vowel = "aeiou";
    char text[24];
    int n = 0;
    for (int i = 0; i < syllables; i++) {
        text[n++] = first[fm_draw_below(m, 12)];
        text[n++] = vowel[fm_draw_below(m, 5)];
        if (fm_draw_below(m, 3) == 0) text[n++] = "lnrs"[fm_draw_below(m, 4)];
    }
    text[n] = '\0';
    return fm_text(m, "%s", text);
}

static const char *draw_word(fm_maker *m) {
    if (fm_draw_below(m, 3) == 0) return made_up(m, m->level == 1 ? 2 : m->level == 2 ? 3 : 4);
    for (;;) {
        const char *word = words[fm_draw_below(m, WORDS)];
        size_t n = strlen(word);
        if (m->level == 1 ? n <= 6 : m->level == 2 ? n >= 5 : n >= 7) return word;
    }
}

static void make_letter(fm_maker *m) {
    const char *word = draw_word(m);
    size_t n = strlen(word);
    char letter = word[fm_draw_below(m, (int)n)];
    if (fm_draw_below(m, 6) == 0)
        letter = (char)('a' + fm_draw_below(m, 26));
    else /* rather a letter that comes twice */
        for (size_t i = 0; i < n; i++)
            if (strchr(word + i + 1, word[i]) && fm_draw_flip(m)) letter = word[i];
    fm_key(m, letter);
    fm_key_text(m, word);
    fm_ask(m, &letter_wordings, fm_text(m, "%c", letter), word);
    int count = 0;
    fm_put_work(m, "%s: %c", word, letter);
    fm_put_work(m, "\n");
    for (size_t i = 0; i < n; i++)
        fm_put_work(m, "%s%c%d", i ? " " : "", word[i], count += word[i] == letter);
    m->p->chance = 0.25;
    fm_put_answer_number(m, count);
}

static void make_length(fm_maker *m) {
    const char *word = draw_word(m);
    fm_key_text(m, word);
    fm_ask(m, &length_wordings, word);
    fm_put_work(m, "%s\n", word);
    for (int i = 0; word[i]; i++) fm_put_work(m, "%s%c%d", i ? " " : "", word[i], i + 1);
    m->p->chance = 0.2;
    fm_put_answer_number(m, (int64_t)strlen(word));
}

/* Short words in a row, as a sentence of no meaning: nothing to guess from. */
static void make_words(fm_maker *m) {
    static const char *const small[] = {"the",  "a",   "cat", "dog",  "sees", "runs",  "to",
                                        "big",  "red", "my",  "ball", "and",  "house", "in",
                                        "sun",  "is",  "on",  "we",   "you",  "go",    "play",
                                        "tree", "old", "new", "fish", "bird", "with",  "it"};
    bool one = m->p->form == FORM_THIS_WORD;
    int n = m->level == 1   ? (int)fm_draw(m, 3, 7)
            : m->level == 2 ? (int)fm_draw(m, 5, 10)
                            : fm_draw_depth(m, 9, 11, 13);
    const char *list[16], *wanted = small[fm_draw_below(m, 28)];
    char text[160];
    size_t used = 0;
    int count = 0;
    for (int i = 0; i < n; i++) {
        list[i] = one && fm_draw_below(m, 3) == 0 ? wanted : small[fm_draw_below(m, 28)];
        fm_key_text(m, list[i]);
        fm_key(m, ' ');
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", list[i]);
    }
    if (one) {
        fm_key_text(m, wanted);
        fm_ask_part(m, &this_wordings, text, wanted);
        fm_put_work(m, "%s\n", wanted);
    } else
        fm_ask_part(m, &words_wordings, text);
    for (int i = 0; i < n; i++) {
        count += !one || list[i] == wanted;
        fm_put_work(m, "%s%s %d", i ? "\n" : "", list[i], count);
    }
    m->p->chance = 0.2;
    fm_put_answer_number(m, count);
}

static void make_hanzi(fm_maker *m) {
    static const char *const common[] = {"我", "你", "他", "大", "小", "天", "人", "山", "水", "火", "花",
                                         "月", "日", "好", "中", "上", "下", "来", "去", "有", "不", "是",
                                         "在", "一", "三", "白", "红", "家", "学", "书", "马", "鸟"};
    bool one = m->p->form == FORM_HANZI;
    int n = m->level == 1   ? (int)fm_draw(m, 3, 7)
            : m->level == 2 ? (int)fm_draw(m, 6, 11)
                            : fm_draw_depth(m, 10, 12, 14),
        count = 0;
    const char *list[16], *wanted = common[fm_draw_below(m, 32)];
    char text[64] = "";
    for (int i = 0; i < n; i++) {
        list[i] = one && fm_draw_below(m, 3) == 0 ? wanted : common[fm_draw_below(m, 32)];
        fm_key_text(m, list[i]);
        memcpy(text + 3 * i, list[i], 4);
    }
    if (one) {
        fm_key_text(m, wanted);
        fm_ask(m, &hanzi_wordings, wanted, text);
        fm_put_work(m, "%s\n", wanted);
    } else
        fm_ask(m, &hanzi_length_wordings, text);
    for (int i = 0; i < n; i++) {
        count += !one || list[i] == wanted;
        fm_put_work(m, "%s%d", list[i], count);
    }
    m->p->chance = 0.2;
    fm_put_answer_number(m, count);
}

static void make(fm_maker *m) {
    static const int forms[FM_LANGS][6] = {
        {FORM_LETTER, FORM_LETTER, FORM_LETTER, FORM_LENGTH, FORM_WORDS, FORM_THIS_WORD},
        {FORM_LETTER, FORM_LETTER, FORM_HANZI, FORM_HANZI, FORM_HANZI_LENGTH, FORM_WORDS}};
    m->p->form = forms[m->p->lang][fm_draw_below(m, 6)];
    fm_key(m, m->p->form);
    switch (m->p->form) {
    case FORM_LETTER: make_letter(m); break;
    case FORM_LENGTH: make_length(m); break;
    case FORM_WORDS:
    case FORM_THIS_WORD: make_words(m); break;
    default: make_hanzi(m); break;
    }
}

const fm_task_kind fm_kind_count = {
    "count", "counting letters and words", make, fm_judge_number, {0.23, 0.22, 0.22}};

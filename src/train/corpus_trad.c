/* corpus_trad.c: traditional Chinese characters of the sources and their simplified forms, pair by pair,
 * sorted. Only characters with one simplified form in everyday text; the ambiguous ones stay as they are. */
#include "train/corpus_parts.h"

#include <string.h>

static const char pairs[] = /* three bytes the traditional character, three the simplified */
    "佔占倖幸傢家僱雇儁俊別别卹恤吒咤唸念嚐尝嚕噜囀啭夠够夥伙"
    "奬奖妳你孃娘後后慚惭慾欲捲卷於于氾泛洩泄溼湿滿满濛蒙痠酸"
    "癒愈癤疖癱瘫祕秘給给羨羡菸烟裡里說说誰谁讚赞賬账鈅钥鍊炼"
    "鑑鉴閒闲霑沾風风餵喂鰲鳌麵面麼么麽么";

static uint32_t point_at(const char *p) {
    return ((uint32_t)(p[0] & 0x0f) << 12) | ((uint32_t)(p[1] & 0x3f) << 6) | (uint32_t)(p[2] & 0x3f);
}

uint32_t fm_corpus_simplified(uint32_t point) {
    if (point < 0x4e00 || point > 0x9fff) return point;
    size_t low = 0, high = (sizeof pairs - 1) / 6;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t found = point_at(pairs + 6 * middle);
        if (found == point) return point_at(pairs + 6 * middle + 3);
        if (found < point)
            low = middle + 1;
        else
            high = middle;
    }
    return point;
}

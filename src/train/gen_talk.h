/* gen_talk.h: the tables of talk, by language and kind; private to src/train/gen_*.c. Topic lists end with a
 * NULL `ask`, relation lists likewise. */
#ifndef FM_TRAIN_GEN_TALK_H
#define FM_TRAIN_GEN_TALK_H

#include "train/gen_text.h"

extern const gen_topic gen_identity_en[], gen_ability_en[], gen_unknown_en[], gen_refusal_en[],
    gen_small_en[], gen_feeling_en[], gen_advice_en[];
extern const gen_topic gen_identity_zh[], gen_ability_zh[], gen_unknown_zh[], gen_refusal_zh[],
    gen_small_zh[], gen_feeling_zh[], gen_advice_zh[];
extern const gen_relation gen_facts_en[], gen_facts_zh[];

#endif

/* schedule.h: the learning rate as a pure function of the step: nothing to save, nothing to resume.
 *
 * Shapes, after a linear warm-up from 0 over `warmup` steps (the first step already moves: lr = peak/warmup):
 *   constant   peak to the end
 *   cosine     from peak to `final` of it along half a cosine
 *   wsd        peak, then a straight line to `final` of it over the last `decay` of the stage (warm-up,
 *   stable, decay) v3         DeepSeek-V3's (technical report, section 4.2): peak to 10/14.8 of the tokens,
 *   half a cosine to
 *              peak/10 over 4.3/14.8, that for 333/14,800, then 7.3/220 of peak for the last 167/14,800
 * Thread safety: pure.
 */
#ifndef FM_TRAIN_SCHEDULE_H
#define FM_TRAIN_SCHEDULE_H

#include <stdint.h>

typedef enum fm_lr_shape { FM_LR_CONSTANT, FM_LR_COSINE, FM_LR_WSD, FM_LR_V3 } fm_lr_shape;

typedef struct fm_schedule {
    fm_lr_shape shape;
    double peak;    /* > 0 */
    double final;   /* share of peak at the end, 0 to 1 (cosine, wsd) */
    double decay;   /* share of the steps spent falling, 0 to 1 (wsd) */
    int64_t warmup; /* steps */
    int64_t steps;  /* of the whole stage, warm-up included */
} fm_schedule;

/* The rate of step 0 .. steps-1 of the stage; past the end, that of the last step. */
double fm_schedule_lr(const fm_schedule *schedule, int64_t step);

#endif

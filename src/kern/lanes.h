/* lanes.h: the written order of a sum of many terms, for the references: 16 partial sums by index mod 16,
 * then the tree l + 8, + 4, + 2, + 1. kern/v16.h does the same with registers.
 */
#ifndef FM_KERN_LANES_H
#define FM_KERN_LANES_H

static inline float fm_lanes_sum(float lane[16]) {
    for (int half = 8; half >= 1; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

static inline double fm_lanes_sum_double(double lane[16]) {
    for (int half = 8; half >= 1; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

#endif

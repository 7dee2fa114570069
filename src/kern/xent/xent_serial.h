/* xent_serial.h: the serial kernel behind xent.h, one per instruction set (kern.c chooses). */
#ifndef FM_KERN_XENT_SERIAL_H
#define FM_KERN_XENT_SERIAL_H

#include "kern/xent/xent.h"

typedef struct fm_xent_kernels {
    /* One row of logits becomes scale (softmax - onehot(target)); returns its loss. `gradient` false: the
     * row's contents are garbage afterwards. */
    float (*row)(float *logits, int vocab, int target, float scale, bool gradient);
} fm_xent_kernels;

extern const fm_xent_kernels fm_xent_ref, fm_xent_avx2, fm_xent_avx512;

#endif

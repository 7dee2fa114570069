/* router_serial.h: the serial kernels behind router.h, one set per instruction set (kern_table.c chooses).
 * Only the scores have vector forms; the choice among experts is branches and stays in router.c. */
#ifndef FM_KERN_ROUTER_SERIAL_H
#define FM_KERN_ROUTER_SERIAL_H

#include "kern/router/router.h"

typedef struct fm_router_kernels {
    void (*sigmoid)(float *scores, const float *logits, int n);
    void (*softmax)(float *scores, const float *logits, int n);
} fm_router_kernels;

extern const fm_router_kernels fm_router_ref, fm_router_avx2, fm_router_avx512;

#endif

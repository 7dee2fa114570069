/* adamw_serial.h: the serial kernels behind adamw.h, one set per instruction set (kern_table.c chooses). */
#ifndef FM_KERN_ADAMW_SERIAL_H
#define FM_KERN_ADAMW_SERIAL_H

#include "kern/adamw/adamw.h"

/* The factors of one step, worked out once in double and rounded (adamw.c). */
typedef struct fm_adamw_step {
    float grad_scale;
    float keep;             /* 1 - lr decay */
    float beta1, one_beta1; /* b1, 1 - b1 */
    float beta2, one_beta2;
    float rate;       /* lr / (1 - b1^t) */
    float root_scale; /* 1 / sqrt(1 - b2^t) */
    float eps;
} fm_adamw_step;

enum { FM_SUM_BLOCK = 4096 };

typedef struct fm_adamw_kernels {
    void (*update)(const fm_adamw_step *s, float *w, float *m, float *v, const float *g, size_t n);
    double (*sum_squares)(const float *g, size_t n); /* of one block, n <= FM_SUM_BLOCK */
} fm_adamw_kernels;

extern const fm_adamw_kernels fm_adamw_ref, fm_adamw_avx2, fm_adamw_avx512;

#endif

/* mla_decode_serial.h: the serial kernels behind mla_decode.h, one set per instruction set (kern.c chooses).
 */
#ifndef FM_KERN_MLA_DECODE_SERIAL_H
#define FM_KERN_MLA_DECODE_SERIAL_H

#include "kern/mla_decode/mla_decode.h"

enum { FM_MLA_DECODE_TILE = 64 };

typedef struct fm_mla_decode_kernels {
    /* scores of positions begin .. end - 1, all heads; one row of op->scores is `score_stride` long. */
    void (*score)(const fm_mla_decode *op, int begin, int end, size_t score_stride);
    /* one head's scores become e^(s - max) / sum. */
    void (*softmax)(float *scores, int length);
    /* columns begin .. end - 1 of out, all heads. */
    void (*mix)(const fm_mla_decode *op, int begin, int end, size_t score_stride);
} fm_mla_decode_kernels;

extern const fm_mla_decode_kernels fm_mla_decode_ref, fm_mla_decode_avx2, fm_mla_decode_avx512;

#endif

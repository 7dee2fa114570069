/* attention_serial.h: the serial kernels behind attention.h, one set per instruction set (kern.c chooses).
 *
 * A block is up to FM_ATTENTION_TILE consecutive query rows with the same first[]. A segment is a run of rows
 * that no later row looks back across: the rows of one sample.
 */
#ifndef FM_KERN_ATTENTION_SERIAL_H
#define FM_KERN_ATTENTION_SERIAL_H

#include "kern/attention/attention.h"

enum { FM_ATTENTION_TILE = 64 };

typedef struct fm_attention_kernels {
    /* o and lse of query rows row .. row_end - 1 (one block) of one head. */
    void (*forward)(const fm_attention *op, int head, int row, int row_end, void *scratch);
    /* dq, dk, dv of rows row .. row_end - 1 (one segment) and of all query heads of one key head; delta is
     * filled. */
    void (*backward)(const fm_attention_grad *op, int kv_head, int row, int row_end, void *scratch);
} fm_attention_kernels;

extern const fm_attention_kernels fm_attention_ref, fm_attention_avx2, fm_attention_avx512;

#endif

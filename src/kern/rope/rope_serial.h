/* rope_serial.h: the serial kernel behind rope.h, one per instruction set (kern_table.c chooses). */
#ifndef FM_KERN_ROPE_SERIAL_H
#define FM_KERN_ROPE_SERIAL_H

#include "kern/rope/rope.h"

typedef struct fm_rope_kernels {
    void (*apply)(const fm_rope *op, int row, int row_end);
} fm_rope_kernels;

extern const fm_rope_kernels fm_rope_ref, fm_rope_avx2, fm_rope_avx512;

#endif

/* embed_serial.h: the serial kernels behind embed.h, one set per instruction set (kern_table.c chooses). */
#ifndef FM_KERN_EMBED_SERIAL_H
#define FM_KERN_EMBED_SERIAL_H

#include "kern/embed/embed.h"

typedef struct fm_embed_kernels {
    void (*backward)(float *d_table, const float *d_out, const int32_t *ids, int rows, int column,
                     int column_end, int size);
    void (*add_to)(float *y, const float *x, size_t n);
} fm_embed_kernels;

extern const fm_embed_kernels fm_embed_ref, fm_embed_avx2, fm_embed_avx512;

#endif

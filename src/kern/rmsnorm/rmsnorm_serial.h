/* rmsnorm_serial.h: the serial kernels behind rmsnorm.h, one set per instruction set (kern_table.c chooses).
 */
#ifndef FM_KERN_RMSNORM_SERIAL_H
#define FM_KERN_RMSNORM_SERIAL_H

#include "kern/rmsnorm/rmsnorm.h"

typedef struct fm_rmsnorm_kernels {
    void (*forward)(const fm_rmsnorm *op, int row, int row_end);
    void (*backward_x)(const fm_rmsnorm_grad *op, int row, int row_end);
    void (*backward_w)(const fm_rmsnorm_grad *op, int column, int column_end);
} fm_rmsnorm_kernels;

extern const fm_rmsnorm_kernels fm_rmsnorm_ref, fm_rmsnorm_avx2, fm_rmsnorm_avx512;

#endif

/* kern_table.h: the inside of struct fm_kern: one pointer per operation to the kernels of the level taken.
 *
 * Only kern/ and its checks include this. To add an operation: declare `struct fm_<op>_kernels` (its serial
 * functions) and one const instance per level in kern/<op>/<op>_serial.h; then one line here, one include and one
 * row in kern.c.
 */
#ifndef FM_KERN_KERN_TABLE_H
#define FM_KERN_KERN_TABLE_H

#include "kern/kern.h"

struct fm_kern {
    const struct fm_gemm_kernels *gemm; /* FM_PRECISION_F32 */
    const struct fm_gemm_kernels
        *gemm_bf16; /* FM_PRECISION_BF16; the F32 kernels where there is no instruction */
    const struct fm_linear_kernels *linear;
    const struct fm_rmsnorm_kernels *rmsnorm;
    const struct fm_rope_kernels *rope;
    const struct fm_attention_kernels *attention;
    const struct fm_mla_decode_kernels *mla_decode;
    const struct fm_swiglu_kernels *swiglu;
    const struct fm_router_kernels *router;
    const struct fm_permute_kernels *permute;
    const struct fm_xent_kernels *xent;
    const struct fm_adamw_kernels *adamw;
    const struct fm_embed_kernels *embed;
};

/* The kernels of one operation at one level, NULL where that level has no file of its own; for the checks, which
 * walk every level that the machine has. The operation's name as in fm_kern_rows. */
const void *fm_kern_level(const char *operation, fm_isa level);

/* Puts another set of kernels into a copy of a table, for the checks. The name must be a row's. */
void fm_kern_override(fm_kern *table, const char *operation, const void *kernels);

#endif

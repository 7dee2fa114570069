/* kern.c: the table of kernels: a row per operation, a column per level; see kern.h.
 *
 * Every set of levels that --isa can leave has its table, all filled once: the reference first, then the highest
 * level of the set that has a file. Refuses nothing: the scalar column is always complete.
 */
#include "kern/kern_table.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "kern/adamw/adamw_serial.h"
#include "kern/attention/attention_serial.h"
#include "kern/embed/embed_serial.h"
#include "kern/gemm/gemm_serial.h"
#include "kern/linear/linear_serial.h"
#include "kern/mla_decode/mla_decode_serial.h"
#include "kern/permute/permute_serial.h"
#include "kern/rmsnorm/rmsnorm_serial.h"
#include "kern/rope/rope_serial.h"
#include "kern/router/router_serial.h"
#include "kern/swiglu/swiglu_serial.h"
#include "kern/xent/xent_serial.h"

#if defined(FM_X86)
#define ON_X86(...) __VA_ARGS__
#else
#define ON_X86(...)
#endif

typedef struct row {
    const char *operation;
    size_t member;                   /* offset in struct fm_kern */
    const void *level[FM_ISA_COUNT]; /* NULL: no file for this level */
} row;

static const row rows[] = {
    {"gemm",
     offsetof(fm_kern, gemm),
     {[FM_ISA_SCALAR] = &fm_gemm_scalar,
      ON_X86([FM_ISA_AVX2] = &fm_gemm_avx2, [FM_ISA_AVX512] = &fm_gemm_avx512)}},
    {"gemm_bf16",
     offsetof(fm_kern, gemm_bf16),
     {[FM_ISA_SCALAR] = &fm_gemm_scalar,
      ON_X86([FM_ISA_AVX2] = &fm_gemm_avx2, [FM_ISA_AVX512] = &fm_gemm_avx512,
             [FM_ISA_AVX512BF16] = &fm_gemm_avx512bf16, [FM_ISA_AMX] = &fm_gemm_amx)}},
    {"linear",
     offsetof(fm_kern, linear),
     {[FM_ISA_SCALAR] = &fm_linear_ref,
      ON_X86([FM_ISA_AVX2] = &fm_linear_avx2, [FM_ISA_AVX512] = &fm_linear_avx512)}},
    {"rmsnorm",
     offsetof(fm_kern, rmsnorm),
     {[FM_ISA_SCALAR] = &fm_rmsnorm_ref, ON_X86([FM_ISA_AVX2] = &fm_rmsnorm_avx2)}},
    {"rope",
     offsetof(fm_kern, rope),
     {[FM_ISA_SCALAR] = &fm_rope_ref, ON_X86([FM_ISA_AVX2] = &fm_rope_avx2)}},
    {"attention",
     offsetof(fm_kern, attention),
     {[FM_ISA_SCALAR] = &fm_attention_ref,
      ON_X86([FM_ISA_AVX2] = &fm_attention_avx2, [FM_ISA_AVX512] = &fm_attention_avx512)}},
    {"mla_decode",
     offsetof(fm_kern, mla_decode),
     {[FM_ISA_SCALAR] = &fm_mla_decode_ref,
      ON_X86([FM_ISA_AVX2] = &fm_mla_decode_avx2, [FM_ISA_AVX512] = &fm_mla_decode_avx512)}},
    {"swiglu",
     offsetof(fm_kern, swiglu),
     {[FM_ISA_SCALAR] = &fm_swiglu_ref,
      ON_X86([FM_ISA_AVX2] = &fm_swiglu_avx2, [FM_ISA_AVX512] = &fm_swiglu_avx512)}},
    {"router",
     offsetof(fm_kern, router),
     {[FM_ISA_SCALAR] = &fm_router_ref, ON_X86([FM_ISA_AVX2] = &fm_router_avx2)}},
    {"permute",
     offsetof(fm_kern, permute),
     {[FM_ISA_SCALAR] = &fm_permute_ref, ON_X86([FM_ISA_AVX2] = &fm_permute_avx2)}},
    {"xent",
     offsetof(fm_kern, xent),
     {[FM_ISA_SCALAR] = &fm_xent_ref,
      ON_X86([FM_ISA_AVX2] = &fm_xent_avx2, [FM_ISA_AVX512] = &fm_xent_avx512)}},
    {"adamw",
     offsetof(fm_kern, adamw),
     {[FM_ISA_SCALAR] = &fm_adamw_ref, ON_X86([FM_ISA_AVX2] = &fm_adamw_avx2)}},
    {"embed",
     offsetof(fm_kern, embed),
     {[FM_ISA_SCALAR] = &fm_embed_ref, ON_X86([FM_ISA_AVX2] = &fm_embed_avx2)}},
};

enum { ROWS = sizeof rows / sizeof rows[0], TABLES = 1 << FM_ISA_COUNT };

static fm_kern tables[TABLES]; /* by isa mask; constant once built */
static pthread_once_t built = PTHREAD_ONCE_INIT;

static fm_isa best_level(const row *r, uint32_t mask) {
    for (int level = FM_ISA_COUNT - 1; level > FM_ISA_SCALAR; level--)
        if (mask & 1u << level && r->level[level] != NULL) return (fm_isa)level;
    return FM_ISA_SCALAR;
}

static void build(void) {
    for (uint32_t mask = 0; mask < TABLES; mask++)
        for (int i = 0; i < ROWS; i++)
            memcpy((char *)&tables[mask] + rows[i].member, &rows[i].level[best_level(&rows[i], mask)],
                   sizeof(void *));
}

void fm_kern_attach(fm_dev *dev) {
    pthread_once(&built, build);
    dev->kern = &tables[dev->isa_mask % TABLES];
}

int fm_kern_rows(const fm_dev *dev, fm_kern_row *out, int room) {
    for (int i = 0; i < ROWS && i < room; i++)
        out[i] = (fm_kern_row){rows[i].operation, best_level(&rows[i], dev->isa_mask)};
    return ROWS;
}

const void *fm_kern_level(const char *operation, fm_isa level) {
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].operation, operation) == 0) return rows[i].level[level];
    return NULL;
}

void fm_kern_override(fm_kern *table, const char *operation, const void *kernels) {
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].operation, operation) == 0)
            memcpy((char *)table + rows[i].member, &kernels, sizeof kernels);
}

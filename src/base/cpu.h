/* cpu.h: what this processor can do, as one ladder of levels and a set of features.
 *
 * A level names the instruction sets that kernel files of that suffix may use. Levels do not nest perfectly
 * (avxvnni machines may lack avx512), so each is a bit and a kernel table takes the best one present.
 */
#ifndef FM_BASE_CPU_H
#define FM_BASE_CPU_H

#include <stdint.h>

#include "base/status.h"

typedef enum fm_isa {
    FM_ISA_SCALAR = 0, /* portable C, always present */
    FM_ISA_AVX2 = 1,   /* AVX2, FMA, F16C, BMI2 */
    FM_ISA_AVXVNNI,    /* AVX2 and AVX-VNNI */
    FM_ISA_AVX512,     /* AVX-512 F, BW, VL, DQ */
    FM_ISA_AVX512VNNI, /* and VNNI */
    FM_ISA_AVX512BF16, /* and BF16 */
    FM_ISA_AMX,        /* AMX-TILE, AMX-INT8, AMX-BF16, with the kernel's permission */
    FM_ISA_COUNT
} fm_isa;

/* Bit mask of the levels that processor, operating system and --isa allow; bit FM_ISA_SCALAR is always set.
 * Detected once; also asks whether the OS saves the registers (XGETBV) and, for AMX, requests the permission
 * (arch_prctl). */
uint32_t fm_cpu_isa_mask(void);

/* Lowers the mask to levels up to and including the named one ("scalar", "avx2", ... "amx", or "native" to undo).
 * FM_ERR_ARG lists the valid names; FM_ERR_UNSUPPORTED says that this machine lacks the level. Call before any
 * kernel table is made. */
fm_status fm_cpu_isa_limit(const char *name, fm_error *err);

const char *fm_cpu_isa_name(fm_isa isa);

/* The processor's name as it reports itself, e.g. "AMD EPYC 7R13"; static storage. */
const char *fm_cpu_name(void);

#endif

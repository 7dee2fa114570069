/* cpu.c: CPU feature detection behind cpu.h. On other processors than x86-64 only the scalar level exists.
 * Refuses levels that the operating system has not enabled. */
#include "base/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static const char *const isa_names[FM_ISA_COUNT] = {"scalar",     "avx2",       "avxvnni", "avx512",
                                                    "avx512vnni", "avx512bf16", "amx"};
static uint32_t allowed_mask; /* 0 until first asked */

const char *fm_cpu_isa_name(fm_isa isa) { return (unsigned)isa < FM_ISA_COUNT ? isa_names[isa] : "unknown"; }

#if defined(__x86_64__)
static uint64_t enabled_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static uint32_t detect(void) {
    uint32_t mask = 1u << FM_ISA_SCALAR, a, b, c, d, a1, b1, c1, d1;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return mask;
    uint64_t state = enabled_state();
    int fma = (c & bit_FMA) && (c & bit_F16C);
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return mask;
    if (!__get_cpuid_count(7, 1, &a1, &b1, &c1, &d1)) a1 = 0;
    if ((state & 0x6) != 0x6 || !fma || !(b & bit_AVX2) || !(b & bit_BMI2)) return mask;
    mask |= 1u << FM_ISA_AVX2;
    if (a1 & 1u << 4) mask |= 1u << FM_ISA_AVXVNNI;
    uint32_t need = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    if ((state & 0xe6) != 0xe6 || (b & need) != need) return mask;
    mask |= 1u << FM_ISA_AVX512;
    if (!(c & bit_AVX512VNNI)) return mask;
    mask |= 1u << FM_ISA_AVX512VNNI;
    if (!(a1 & 1u << 5)) return mask;
    mask |= 1u << FM_ISA_AVX512BF16;
    uint32_t amx = 1u << 22 | 1u << 24 | 1u << 25; /* bf16, tile, int8 */
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
    if ((d & amx) == amx && (state & 0x60000) == 0x60000 &&
        syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0)
        mask |= 1u << FM_ISA_AMX;
    return mask;
}

const char *fm_cpu_name(void) {
    static char name[64];
    if (name[0] == '\0') {
        uint32_t r[12];
        for (uint32_t i = 0; i < 3; i++)
            if (!__get_cpuid(0x80000002u + i, r + 4 * i, r + 4 * i + 1, r + 4 * i + 2, r + 4 * i + 3))
                return "x86-64";
        memcpy(name, r, 48);
        for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--) name[n - 1] = '\0';
        size_t lead = strspn(name, " ");
        memmove(name, name + lead, strlen(name + lead) + 1);
    }
    return name;
}
#else
static uint32_t detect(void) { return 1u << FM_ISA_SCALAR; }
const char *fm_cpu_name(void) { return "unknown processor"; }
#endif

uint32_t fm_cpu_isa_mask(void) {
    if (allowed_mask == 0) allowed_mask = detect();
    return allowed_mask;
}

fm_status fm_cpu_isa_limit(const char *name, fm_error *err) {
    uint32_t all = detect();
    if (strcmp(name, "native") == 0) {
        allowed_mask = all;
        return FM_OK;
    }
    for (int i = 0; i < FM_ISA_COUNT; i++) {
        if (strcmp(name, isa_names[i]) != 0) continue;
        if (!(all & 1u << i))
            return fm_error_set(err, FM_ERR_UNSUPPORTED, "--isa %s: this processor (%s) does not have it",
                                name, fm_cpu_name());
        uint32_t up_to = all & ((2u << i) - 1);
        if (i == FM_ISA_AVX512) up_to &= ~(1u << FM_ISA_AVXVNNI);
        allowed_mask = up_to;
        return FM_OK;
    }
    return fm_error_set(
        err, FM_ERR_ARG,
        "--isa %s: not a level; use scalar, avx2, avxvnni, avx512, avx512vnni, avx512bf16, amx "
        "or native",
        name);
}

/* roof.c: the table of loops, the clock around them, and reading memory; see roof.h. */
#define _GNU_SOURCE
#include "dev/roof.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/clock.h"

static const fm_roof_kind kinds[] = {
    {"f32 multiply-add, scalar", FM_ISA_SCALAR, fm_roof_f32_scalar},
#if defined(FM_X86)
    {"f32 fma, avx2", FM_ISA_AVX2, fm_roof_f32_avx2},
    {"int8 vpdpbusd, avxvnni", FM_ISA_AVXVNNI, fm_roof_int8_avxvnni},
    {"f32 fma, avx512", FM_ISA_AVX512, fm_roof_f32_avx512},
    {"int8 vpdpbusd, avx512vnni", FM_ISA_AVX512VNNI, fm_roof_int8_avx512vnni},
    {"bf16 vdpbf16ps, avx512bf16", FM_ISA_AVX512BF16, fm_roof_bf16_avx512bf16},
    {"bf16 tdpbf16ps, amx", FM_ISA_AMX, fm_roof_bf16_amx},
    {"int8 tdpbssd, amx", FM_ISA_AMX, fm_roof_int8_amx},
#endif
};

const fm_roof_kind *fm_roof_kinds(int *count) {
    *count = (int)(sizeof kinds / sizeof kinds[0]);
    return kinds;
}

/* Four independent chains hide the latency of a scalar multiply and add; the barriers keep the steps apart. */
double fm_roof_f32_scalar(int steps) {
    float a = 0.1f, b = 0.2f, c = 0.3f, d = 0.4f, e = 0.5f, f = 0.6f, g = 0.7f, h = 0.8f, x = 0.99f,
          y = 1e-3f;
    __asm__ volatile("" : "+m"(x), "+m"(y));
    for (int i = 0; i < steps; i++) {
        a = a * x + y, b = b * x + y, c = c * x + y, d = d * x + y;
        e = e * x + y, f = f * x + y, g = g * x + y, h = h * x + y;
    }
    float sum = a + b + c + d + e + f + g + h;
    __asm__ volatile("" : : "m"(sum));
    return 2.0 * 8 * steps;
}

double fm_roof_measure(const fm_roof_kind *kind, int threads, double seconds) {
    enum { STEPS = 1 << 16 };
    double best = 0;
    int64_t stop = fm_clock_ns() + (int64_t)(seconds * 1e9);
    do {
        double operations = 0;
        int64_t start = fm_clock_ns();
#pragma omp parallel num_threads(threads) reduction(+ : operations)
        for (int i = 0; i < 4; i++) operations += kind->loop(STEPS);
        double rate = operations / ((double)(fm_clock_ns() - start) * 1e-9);
        if (rate > best) best = rate;
    } while (fm_clock_ns() < stop);
    return best;
}

/* A sum is the cheapest use of every byte; eight of them, so that latency does not count. */
static uint64_t read_words(const uint64_t *data, int64_t words) {
    uint64_t s[8] = {0};
    for (int64_t i = 0; i + 8 <= words; i += 8)
        for (int j = 0; j < 8; j++) s[j] += data[i + j];
    return s[0] ^ s[1] ^ s[2] ^ s[3] ^ s[4] ^ s[5] ^ s[6] ^ s[7];
}

fm_status fm_roof_read(double *out, const int *threads, int count, int64_t bytes, double seconds,
                       fm_error *err) {
    enum { CHUNK_BYTES = 1 << 20 };
    int64_t chunks = bytes / CHUNK_BYTES;
    uint64_t *data = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return fm_error_set(err, FM_ERR_MEMORY, "no %" PRId64 " bytes for measuring the memory's speed",
                            bytes);
    madvise(data, (size_t)bytes, MADV_HUGEPAGE);
    int most = 1;
    for (int i = 0; i < count; i++) most = threads[i] > most ? threads[i] : most;
        /* Written by the threads that read it later, so that every page exists, and lies near its reader. */
#pragma omp parallel for num_threads(most) schedule(static)
    for (int64_t c = 0; c < chunks; c++)
        for (int64_t i = 0; i < CHUNK_BYTES / 8; i += 64) data[c * (CHUNK_BYTES / 8) + i] = (uint64_t)i;
    for (int k = 0; k < count; k++) {
        out[k] = 0;
        int64_t stop = fm_clock_ns() + (int64_t)(seconds * 1e9);
        do {
            uint64_t sum = 0;
            int64_t start = fm_clock_ns();
#pragma omp parallel for num_threads(threads[k]) schedule(static) reduction(^ : sum)
            for (int64_t c = 0; c < chunks; c++)
                sum ^= read_words(data + c * (CHUNK_BYTES / 8), CHUNK_BYTES / 8);
            __asm__ volatile("" : : "r"(sum));
            double rate = (double)(chunks * CHUNK_BYTES) / ((double)(fm_clock_ns() - start) * 1e-9);
            if (rate > out[k]) out[k] = rate;
        } while (fm_clock_ns() < stop);
    }
    munmap(data, (size_t)bytes);
    return FM_OK;
}

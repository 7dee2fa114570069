/* gemm_amx.c: 32 x 32 of C in four AMX tiles; two tiles of A and two of B feed four tdpbf16ps, 32 k at a time.
 *
 * Order per element of C, from the instruction's definition (Intel SDM, TDPBF16PS): over each 32 k, two chains of fma
 * from 0, one over the even and one over the odd k, then c += even + odd, subnormals taken and given as zero; k is
 * filled up with zeros to a multiple of 32. The check holds the kernel against exactly this.
 */
#include <immintrin.h>
#include <string.h>

#include "kern/gemm/gemm_bf16.h"
#include "kern/gemm/gemm_serial.h"

enum { MR = 32, NR = 32, K_STEP = 32, TILE_ROWS = 16, ROW_BYTES = 64 };

/* A panel: [k/32][32 rows][32 k]; each k-block is two tiles. */
static void pack_a(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    uint32_t *out = to;
    const __m512i row_starts =
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                           _mm512_set1_epi32(K_STEP / 2));
    for (int p = 0; p < k; p += K_STEP, out += MR * K_STEP / 2) {
        int have = k - p < K_STEP ? k - p : K_STEP;
        if (k_stride == 1)
            for (int i = 0; i < MR; i++) {
                const float *row = from + i * stride + p;
                int n = i < count ? have : 0;
                __m512i low = round_bf16(_mm512_maskz_loadu_ps(first_lanes(n), row));
                __m512i high = round_bf16(_mm512_maskz_loadu_ps(first_lanes(n - 16), row + 16));
                _mm256_storeu_si256((__m256i *)(out + i * 16), _mm512_cvtepi32_epi16(low));
                _mm256_storeu_si256((__m256i *)(out + i * 16 + 8), _mm512_cvtepi32_epi16(high));
            }
        else
            for (int q = 0; q < K_STEP / 2; q++)
                for (int i = 0; i < MR; i += 16) {
                    const float *at = from + (p + 2 * q) * k_stride + i;
                    __mmask16 rows = first_lanes(count - i);
                    __m512 first = _mm512_maskz_loadu_ps(2 * q < have ? rows : 0, at);
                    __m512 second = _mm512_maskz_loadu_ps(2 * q + 1 < have ? rows : 0, at + k_stride);
                    _mm512_i32scatter_epi32(out + i * K_STEP / 2 + q, row_starts, pair_bf16(first, second),
                                            4);
                }
    }
}

/* B panel: [k/2][32 columns][2]; 16 pairs of k are two tiles side by side, 128 bytes from row to row. */
static void pack_b(void *to, const float *from, ptrdiff_t stride, ptrdiff_t k_stride, int count, int k) {
    pack_pairs(NR, K_STEP, to, from, stride, k_stride, count, k);
}

static void full_tile(int k, const char *a, const char *b, float *c, ptrdiff_t ldc, bool load) {
    size_t c_stride = (size_t)ldc * sizeof(float);
    float *c_below = c + TILE_ROWS * ldc;
    if (load) {
        _tile_loadd(0, c, c_stride);
        _tile_loadd(1, c + 16, c_stride);
        _tile_loadd(2, c_below, c_stride);
        _tile_loadd(3, c_below + 16, c_stride);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (int p = 0; p < k; p += K_STEP, a += MR * ROW_BYTES, b += TILE_ROWS * 2 * ROW_BYTES) {
        _tile_loadd(6, b, 2 * ROW_BYTES);
        _tile_loadd(4, a, ROW_BYTES);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + ROW_BYTES, 2 * ROW_BYTES);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a + TILE_ROWS * ROW_BYTES, ROW_BYTES);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, c_stride);
    _tile_stored(1, c + 16, c_stride);
    _tile_stored(2, c_below, c_stride);
    _tile_stored(3, c_below + 16, c_stride);
}

/* Tiles have 16 rows whatever C has; the last rows of C go through a buffer. */
static void tile(int rows, int k, const void *a, const void *b, float *c, ptrdiff_t ldc, bool load) {
    if (rows == MR) {
        full_tile(k, a, b, c, ldc, load);
        return;
    }
    _Alignas(64) float buffer[MR * NR] = {0};
    for (int i = 0; load && i < rows; i++) memcpy(buffer + i * NR, c + i * ldc, NR * sizeof(float));
    full_tile(k, a, b, buffer, NR, load);
    for (int i = 0; i < rows; i++) memcpy(c + i * ldc, buffer + i * NR, NR * sizeof(float));
}

static void begin(void) {
    /* Palette 1: start_row at byte 1, bytes per row from 16 on (16 bits each), rows from 48 on. */
    _Alignas(64) unsigned char config[64] = {1};
    for (int t = 0; t < 8; t++) {
        config[16 + 2 * t] = ROW_BYTES;
        config[48 + t] = TILE_ROWS;
    }
    _tile_loadconfig(config);
}

static void end(void) { _tile_release(); }

const fm_gemm_kernels fm_gemm_amx = {.mr = MR,
                                     .nr = NR,
                                     .k_step = K_STEP,
                                     .packed_bytes = sizeof(uint16_t),
                                     .pack_a = pack_a,
                                     .pack_b = pack_b,
                                     .tile = tile,
                                     .begin = begin,
                                     .end = end};

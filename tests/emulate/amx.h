/* amx.h: the AMX instructions that Fathom's kernels use, in plain C, after the definitions in Intel's SDM; put in
 * front of a kernel file as avx512.h is. A tile is 16 rows of 64 bytes, of which the configuration names a part;
 * using a tile without one, as a real processor faults, fails here by an assertion.
 */
#ifndef FM_TESTS_EMULATE_AMX_H
#define FM_TESTS_EMULATE_AMX_H

#undef NDEBUG
#include <assert.h>

#include "emulate/avx512.h"

typedef struct emulated_tiles {
    unsigned char config[64];
    unsigned char data[8][16][64];
} emulated_tiles;

static _Thread_local emulated_tiles tiles;

static inline int tile_row_bytes(int t) { return tiles.config[16 + 2 * t] | tiles.config[17 + 2 * t] << 8; }
static inline int tile_row_count(int t) { return tiles.config[48 + t]; }

static inline void emulate_loadconfig(const void *config) {
    memcpy(tiles.config, config, 64);
    assert(tiles.config[0] == 1 && tiles.config[1] == 0);
    memset(tiles.data, 0, sizeof tiles.data);
}

static inline void emulate_release(void) { memset(&tiles, 0, sizeof tiles); }

static inline void emulate_zero(int t) {
    assert(tiles.config[0] == 1);
    memset(tiles.data[t], 0, sizeof tiles.data[t]);
}

static inline void emulate_loadd(int t, const void *base, size_t stride) {
    assert(tiles.config[0] == 1);
    for (int r = 0; r < tile_row_count(t); r++)
        memcpy(tiles.data[t][r], (const char *)base + (size_t)r * stride, (size_t)tile_row_bytes(t));
}

static inline void emulate_stored(int t, void *base, size_t stride) {
    assert(tiles.config[0] == 1);
    for (int r = 0; r < tile_row_count(t); r++)
        memcpy((char *)base + (size_t)r * stride, tiles.data[t][r], (size_t)tile_row_bytes(t));
}

static inline void emulate_dpbf16ps(int c, int a, int b) {
    assert(tile_row_count(c) == tile_row_count(a) && tile_row_bytes(a) == 4 * tile_row_count(b));
    for (int m = 0; m < tile_row_count(c); m++) {
        const uint16_t *x = (const uint16_t *)(const void *)tiles.data[a][m];
        float *out = (float *)(void *)tiles.data[c][m];
        for (int n = 0; n < tile_row_bytes(c) / 4; n++) {
            float even = 0, odd = 0;
            for (int k = 0; k < tile_row_bytes(a) / 4; k++) {
                const uint16_t *y = (const uint16_t *)(const void *)tiles.data[b][k];
                even = emulated_fma_flushed(x[2 * k], y[2 * n], even);
                odd = emulated_fma_flushed(x[2 * k + 1], y[2 * n + 1], odd);
            }
            out[n] = emulated_flush(emulated_flush(out[n]) + emulated_flush(even + odd));
        }
    }
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(config)      emulate_loadconfig(config)
#define _tile_release()               emulate_release()
#define _tile_zero(t)                 emulate_zero(t)
#define _tile_loadd(t, base, stride)  emulate_loadd(t, base, stride)
#define _tile_stored(t, base, stride) emulate_stored(t, base, stride)
#define _tile_dpbf16ps(c, a, b)       emulate_dpbf16ps(c, a, b)

#endif

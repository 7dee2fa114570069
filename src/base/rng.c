/* rng.c: Philox 4x32-10 behind rng.h. The block for counter c holds numbers 4c .. 4c+3. */
#include "base/rng.h"

#include "base/fmath.h"

/* FNV-1a, 64 bits: spreads a stream's name over its id. */
static uint64_t name_hash(const char *name) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return h;
}

static void philox(const uint32_t key_in[2], uint32_t c[4]) {
    uint32_t k0 = key_in[0], k1 = key_in[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c[0];
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c[2];
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
        c[1] = (uint32_t)p1;
        c[3] = (uint32_t)p0;
        c[0] = n0;
        c[2] = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

fm_rng fm_rng_init(uint64_t seed, const char *name) {
    uint64_t id = name_hash(name);
    return (fm_rng){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                    .stream = {(uint32_t)id, (uint32_t)(id >> 32)}};
}

fm_rng fm_rng_child(const fm_rng *rng, uint64_t index) {
    uint32_t c[4] = {(uint32_t)index, (uint32_t)(index >> 32), rng->stream[0], rng->stream[1]};
    uint32_t key[2] = {0x66617468u, 0x6f6d2e31u}; /* apart from every seed's own blocks */
    philox(key, c);
    return (fm_rng){.key = {rng->key[0], rng->key[1]}, .stream = {c[0], c[1]}};
}

uint32_t fm_rng_u32(fm_rng *rng) {
    uint64_t block = rng->counter / 4;
    uint32_t c[4] = {(uint32_t)block, (uint32_t)(block >> 32), rng->stream[0], rng->stream[1]};
    philox(rng->key, c);
    return c[rng->counter++ % 4];
}

uint64_t fm_rng_u64(fm_rng *rng) {
    uint64_t high = fm_rng_u32(rng);
    return high << 32 | fm_rng_u32(rng);
}

uint32_t fm_rng_below(fm_rng *rng, uint32_t bound) {
    if (bound == 0) return 0;
    uint32_t reject = (uint32_t)-bound % bound; /* values below this would favour small results */
    for (;;) {
        uint64_t product = (uint64_t)fm_rng_u32(rng) * bound;
        if ((uint32_t)product >= reject) return (uint32_t)(product >> 32);
    }
}

int64_t fm_rng_range(fm_rng *rng, int64_t low, int64_t high) {
    uint64_t span = (uint64_t)high - (uint64_t)low;
    if (span < UINT32_MAX) return low + (int64_t)fm_rng_below(rng, (uint32_t)span + 1);
    if (span == UINT64_MAX) return (int64_t)fm_rng_u64(rng);
    uint64_t bound = span + 1, reject = -bound % bound, value;
    do value = fm_rng_u64(rng);
    while (value < reject);
    return (int64_t)((uint64_t)low + value % bound);
}

float fm_rng_f32(fm_rng *rng) { return (float)(fm_rng_u32(rng) >> 8) * 0x1p-24f; }

double fm_rng_f64(fm_rng *rng) { return (double)(fm_rng_u64(rng) >> 11) * 0x1p-53; }

float fm_rng_normal(fm_rng *rng) {
    double u = (double)(fm_rng_u32(rng) + 1.0) * 0x1p-32; /* (0, 1]: the logarithm is finite */
    double v = (double)fm_rng_u32(rng) * 0x1p-32;
    double s, c;
    fm_sincos(6.283185307179586 * v, &s, &c);
    return (float)(fm_sqrt(-2.0 * fm_log(u)) * c);
}

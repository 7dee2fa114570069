/* sha256.c: SHA-256 in portable C, after FIPS 180-4 section 6.2. See sha256.h. */
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void absorb(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

void fm_sha256_init(fm_sha256 *hash) {
    *hash = (fm_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                  0x1f83d9ab, 0x5be0cd19}};
}

void fm_sha256_update(fm_sha256 *hash, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    while (size > 0) {
        size_t used = hash->size % 64;
        if (used == 0 && size >= 64) {
            absorb(hash->state, from);
            hash->size += 64, from += 64, size -= 64;
            continue;
        }
        size_t take = 64 - used < size ? 64 - used : size;
        memcpy(hash->block + used, from, take);
        hash->size += take, from += take, size -= take;
        if (used + take == 64) absorb(hash->state, hash->block);
    }
}

void fm_sha256_final(fm_sha256 *hash, uint8_t digest[FM_SHA256_BYTES]) {
    uint64_t bits = hash->size * 8;
    uint8_t pad[72] = {0x80}, length[8];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    fm_sha256_update(hash, pad, 1 + (119 - hash->size % 64) % 64);
    fm_sha256_update(hash, length, sizeof length);
    for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void fm_sha256_hex(const uint8_t digest[FM_SHA256_BYTES], char hex[FM_SHA256_HEX]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < FM_SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

void fm_sha256_bytes(const void *bytes, size_t size, char hex[FM_SHA256_HEX]) {
    fm_sha256 hash;
    uint8_t digest[FM_SHA256_BYTES];
    fm_sha256_init(&hash);
    fm_sha256_update(&hash, bytes, size);
    fm_sha256_final(&hash, digest);
    fm_sha256_hex(digest, hex);
}

fm_status fm_sha256_file(const char *path, char hex[FM_SHA256_HEX], fm_error *err) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return fm_error_errno(err, "%s: cannot open", path);
    fm_sha256 hash;
    uint8_t digest[FM_SHA256_BYTES], chunk[65536];
    size_t got;
    fm_sha256_init(&hash);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) fm_sha256_update(&hash, chunk, got);
    int bad = ferror(file);
    fclose(file);
    if (bad) return fm_error_errno(err, "%s: cannot read", path);
    fm_sha256_final(&hash, digest);
    fm_sha256_hex(digest, hex);
    return FM_OK;
}

/* sha256.h: SHA-256 (FIPS 180-4), for the ledger's chain, data hashes and downloads. */
#ifndef FM_BASE_SHA256_H
#define FM_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { FM_SHA256_BYTES = 32, FM_SHA256_HEX = 65 }; /* 65: 64 digits and the final NUL */

typedef struct fm_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes absorbed */
    uint8_t block[64];
} fm_sha256;

void fm_sha256_init(fm_sha256 *hash);
void fm_sha256_update(fm_sha256 *hash, const void *bytes, size_t size);
void fm_sha256_final(fm_sha256 *hash, uint8_t digest[FM_SHA256_BYTES]);

/* Lower-case hexadecimal of a digest. */
void fm_sha256_hex(const uint8_t digest[FM_SHA256_BYTES], char hex[FM_SHA256_HEX]);

/* Hash of a byte string, and of a whole file (streamed; FM_ERR_IO names the path), as hexadecimal. */
void fm_sha256_bytes(const void *bytes, size_t size, char hex[FM_SHA256_HEX]);
fm_status fm_sha256_file(const char *path, char hex[FM_SHA256_HEX], fm_error *err);

#endif

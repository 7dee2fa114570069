/* gguf.h: reading GGUF files (versions 2 and 3, little-endian): the header and its keys and values.
 *
 * Format (numbers little-endian, nothing is padded before the tensor data):
 *   magic "GGUF" | u32 version | u64 tensor count | u64 pair count | pairs | tensor records | padding |
 * tensor data string: u64 bytes, then the bytes (UTF-8, no NUL) pair:   string key | u32 type | value types:
 * 0 u8, 1 i8, 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 bool (one byte, 0 or 1), 8 string, 9 array, 10 u64, 11
 * i64, 12 f64 array:  u32 element type | u64 count | elements tensor record: string name | u32 dimensions |
 * u64 size of each, the fastest first | u32 type | u64 offset in the data, which begins at the next multiple
 * of general.alignment (32 unless said)
 *
 * The bytes are borrowed (a mapped file) and must outlive the fm_gguf; everything handed out points into
 * them. All sizes are checked against the file's on opening, so that later calls cannot run over.
 *
 * It refuses: other versions, big-endian files, counts that the file is too short for, unknown types, arrays
 * of arrays, keys that are empty, repeated, longer than FM_GGUF_MAX_KEY or not UTF-8 text.
 */
#ifndef FM_FILE_GGUF_H
#define FM_FILE_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { FM_GGUF_MAX_KEY = 255, FM_GGUF_MAX_PAIRS = 1 << 16 };

typedef enum fm_gguf_type {
    FM_GGUF_U8,
    FM_GGUF_I8,
    FM_GGUF_U16,
    FM_GGUF_I16,
    FM_GGUF_U32,
    FM_GGUF_I32,
    FM_GGUF_F32,
    FM_GGUF_BOOL,
    FM_GGUF_STRING,
    FM_GGUF_ARRAY,
    FM_GGUF_U64,
    FM_GGUF_I64,
    FM_GGUF_F64,
    FM_GGUF_TYPES
} fm_gguf_type;

/* A string inside the file; not NUL-terminated. */
typedef struct fm_gguf_string {
    const char *data;
    size_t size;
} fm_gguf_string;

typedef struct fm_gguf_pair {
    fm_gguf_string key;
    fm_gguf_type type;
    fm_gguf_type element; /* of an array */
    uint64_t count;       /* elements of an array, otherwise 1 */
    const uint8_t *data;  /* the value, or the array's first element */
} fm_gguf_pair;

typedef struct fm_gguf fm_gguf;

/* Reads the header and all pairs of bytes[0..size). `name` heads messages. *out is the caller's to close. */
fm_status fm_gguf_open(fm_gguf **out, const void *bytes, size_t size, const char *name, fm_error *err);
void fm_gguf_close(fm_gguf *gguf);

uint64_t fm_gguf_tensor_count(const fm_gguf *gguf);

/* Where the tensor records begin, in bytes from the file's start. */
size_t fm_gguf_tensor_offset(const fm_gguf *gguf);

int fm_gguf_pair_count(const fm_gguf *gguf);
const fm_gguf_pair *fm_gguf_pair_at(const fm_gguf *gguf, int i);        /* in key order */
const fm_gguf_pair *fm_gguf_find(const fm_gguf *gguf, const char *key); /* NULL: no such key */

/* The value of a key that must be there with that type. FM_ERR_FORMAT names key, type wanted and type found.
 * Integers of any width and sign are accepted where they fit. */
fm_status fm_gguf_get_string(const fm_gguf *gguf, const char *key, fm_gguf_string *out, fm_error *err);
fm_status fm_gguf_get_int(const fm_gguf *gguf, const char *key, int64_t *out, fm_error *err);
fm_status fm_gguf_get_float(const fm_gguf *gguf, const char *key, double *out,
                            fm_error *err); /* f32 or f64 */
fm_status fm_gguf_get_bool(const fm_gguf *gguf, const char *key, bool *out, fm_error *err);
fm_status fm_gguf_get_array(const fm_gguf *gguf, const char *key, fm_gguf_type element,
                            const fm_gguf_pair **out, fm_error *err);

/* Walks an array of strings: *cursor begins as pair->data; call at most pair->count times. */
fm_gguf_string fm_gguf_next_string(const uint8_t **cursor);

/* Element i of an array of i32. */
int32_t fm_gguf_i32_at(const fm_gguf_pair *pair, uint64_t i);

/* "u8", "string" ...; "unknown" beyond the list. */
const char *fm_gguf_type_name(fm_gguf_type type);

#endif

/* safetensors.h: reading and writing safetensors, single or sharded (model.safetensors.index.json).
 *
 * Format: 8 bytes little-endian header size N; N bytes of JSON, an object name -> {"dtype", "shape",
 * "data_offsets": [begin, end)} relative to the end of the header, and optionally "__metadata__" (strings);
 * then the bytes. Offsets must not overlap, must lie in the file and must match dtype x shape.
 *
 * Files are mapped, tensors borrow from the mapping: they live as long as the fm_safetensors.
 * It refuses: headers over 100 MB, unknown dtypes, more than FM_MAX_DIMS dimensions, duplicate names, sizes that
 * overflow, offsets outside the file, overlapping or unaligned data, an index that names absent shards.
 */
#ifndef FM_FILE_SAFETENSORS_H
#define FM_FILE_SAFETENSORS_H

#include "base/status.h"
#include "tensor/tensor.h"

typedef struct fm_safetensors fm_safetensors;

/* Opens a file, or a folder holding model.safetensors or model.safetensors.index.json. *out is the caller's to
 * close. Messages name file, tensor and field. */
fm_status fm_safetensors_open(fm_safetensors **out, const char *path, fm_error *err);
void fm_safetensors_close(fm_safetensors *file);

/* Number of tensors, and the i-th in name order; the name is borrowed. */
int fm_safetensors_count(const fm_safetensors *file);
const char *fm_safetensors_name(const fm_safetensors *file, int i);

/* The view of a tensor by name (borrowed data), or NULL when there is none. */
const fm_tensor *fm_safetensors_find(const fm_safetensors *file, const char *name);
const fm_tensor *fm_safetensors_at(const fm_safetensors *file, int i);

/* One tensor to be written; data is borrowed until fm_safetensors_write returns. */
typedef struct fm_safetensors_item {
    const char *name;
    fm_tensor tensor;
} fm_safetensors_item;

/* Writes path atomically (base/fs.h): temporary file, fsync, rename. Tensors are laid out by falling element size (so
 * that each is aligned without holes, which other readers refuse), otherwise in the given order.
 * `metadata` is count pairs of key, value (may be 0 pairs). */
fm_status fm_safetensors_write(const char *path, const fm_safetensors_item *items, int count,
                               const char *const metadata[][2], int metadata_count, fm_error *err);

#endif

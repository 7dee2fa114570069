/* checkpoint_state.h: state.json of a checkpoint. Private to checkpoint*.c. */
#ifndef FM_TRAIN_CHECKPOINT_STATE_H
#define FM_TRAIN_CHECKPOINT_STATE_H

#include "train/checkpoint.h"

/* Appends state.json for the folder: hashes its other files. */
fm_status fm_state_write(const fm_run_state *state, const char *folder, fm_buf *out, fm_error *err);

/* Reads FOLDER/state.json and verifies the files it lists. */
fm_status fm_state_read(fm_run_state *state, const char *folder, fm_error *err);

#endif

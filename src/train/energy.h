/* energy.h: joules used by the processor packages, where Linux lets us read them (RAPL through powercap).
 *
 * Where it stands: read around each step, for the ledger. Root owns the counters on most machines: then
 * `readable` is false and the ledger says nothing, rather than an estimate.
 */
#ifndef FM_TRAIN_ENERGY_H
#define FM_TRAIN_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

enum { FM_ENERGY_PACKAGES = 8 };

typedef struct fm_energy {
    bool readable;
    int packages;
    uint64_t last[FM_ENERGY_PACKAGES], wrap[FM_ENERGY_PACKAGES]; /* microjoules */
    double joules;                                               /* since fm_energy_open */
} fm_energy;

void fm_energy_open(fm_energy *energy);
void fm_energy_update(
    fm_energy *energy); /* adds what was used since; call at least once a minute (counters wrap) */

#endif

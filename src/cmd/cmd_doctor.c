/* cmd_doctor.c: `fathom doctor`: what this machine can do and what this program was built with.
 *
 * Where it stands: beside the paths; the first thing to ask for when an answer is slow. It refuses nothing.
 */
#include <stdio.h>

#include "base/cpu.h"
#include "cmd/cmd.h"
#include "cmd/flags.h"
#include "dev/dev.h"

int fm_cmd_doctor(int argc, char **argv) {
    const fm_usage usage = {.verb = "doctor", .arguments = "", .summary = "Shows what this machine can do."};
    fm_args args;
    int code = fm_flags_parse(&usage, argc, argv, &args);
    if (code != FM_FLAGS_GO_ON) return code;
    fm_dev dev;
    fm_error err = {0};
    if (fm_dev_open(&dev, args.threads, 0, &err) != FM_OK) return fm_cmd_fail("doctor", &err);
    printf("processor   %s\nthreads     %d\nlevels     ", fm_cpu_name(), dev.threads);
    for (int i = 0; i < FM_ISA_COUNT; i++)
        if (dev.isa_mask & 1u << i) printf(" %s", fm_cpu_isa_name((fm_isa)i));
    printf("\n");
    fm_dev_close(&dev);
    return FM_EXIT_OK;
}

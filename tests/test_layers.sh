#!/bin/sh
# test_layers.sh: tools/check_layers.sh passes this tree, and fails on each rule broken in a planted one.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

fresh() { # a small tree that keeps the rules
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/tools" "$tree/src/base" "$tree/src/kern/add" "$tree/src/dev" "$tree/src/model" "$tree/tests"
    cp "$here/tools/layers.txt" "$tree/tools/"
    printf '#include "fathom.h"\n' >"$tree/src/base/status.h"
    printf '#include <cuda_runtime.h>\n#include "base/status.h"\n' >"$tree/src/dev/dev_cuda.c"
    printf '#include <cuda_runtime.h>\n' >"$tree/src/kern/add/add_sm90.cu"
    printf '#include "kern/add/add.h"\n#include "support/support.h"\n' >"$tree/src/kern/add/add_check.c"
    printf '#include "dev/dev.h"\n' >"$tree/src/kern/add/add.h"
    printf '#include "kern/add/add.h"\n' >"$tree/src/model/mla.c"
    printf '#include "model/mla.h"\n' >"$tree/tests/test_mla.c"
}

expect() { # words that the message must hold; nothing: the check must pass
    if message=$("$here/tools/check_layers.sh" "$tree" 2>&1); then result=passed; else result=failed; fi
    if [ $# -eq 0 ] && [ $result = failed ]; then
        echo "a clean tree was refused: $message"
        failed=1
    elif [ $# -gt 0 ] && { [ $result = passed ] || ! echo "$message" | grep -qF -- "$1"; }; then
        echo "not caught: $1 (the check $result, and said: $message)"
        failed=1
    fi
}

plant() { # file, line, words expected
    fresh
    mkdir -p "$(dirname "$tree/$1")"
    printf '%s\n' "$2" >>"$tree/$1"
    expect "$3"
}

fresh && expect
plant src/base/log.c '#include "kern/add/add.h"' 'src/base/log.c: base may not include "kern/add/add.h"'
plant src/serve/http.c '#include "model/mla.h"' 'serve may not include'
plant src/eval/score.c ' #  include   "kern/add/add.h" // x' 'eval may not include'
plant src/model/moe.c '#include "moe.h"' 'write the path from src/'
plant src/model/moe.c '#include <mpi.h>' 'mpi.h belongs in comm/'
plant src/model/moe.c '#include <cuda_runtime.h>' 'cuda_runtime.h belongs'
plant src/kern/add/add_ref.c '#include "cuda_runtime.h"' 'cuda_runtime.h belongs'
plant src/model/moe.c '#include "support/support.h"' 'model may not include "support/support.h"'
plant src/attic/old.c '' 'does not know the room attic'
plant src/model/add.h '' 'has the name of'
plant tests/test_moe.c '#include "../src/model/moe.c"' 'never included'
plant src/model/long.c "$(awk 'BEGIN { for (i = 0; i < 1001; i++) print ";" }')" '1001 lines'
fresh && rm "$tree/tools/layers.txt" && expect 'layers.txt'
if ! "$here/tools/check_layers.sh" "$here"; then failed=1; fi
exit $failed

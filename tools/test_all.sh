#!/bin/bash
# test_all.sh: `./run test --all`: every check there is, each stage with its time, and a closing line
# "N passed, N failed, N skipped" counted over all stages. A failed stage does not stop the later ones.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. tools/run_packages.sh

fuzz_seconds=60
while [ $# -gt 0 ]; do
    case $1 in
    --fuzz-seconds) fuzz_seconds=${2:?--fuzz-seconds: its value is missing} && shift 2 ;;
    --fuzz-seconds=*) fuzz_seconds=${1#*=} && shift ;;
    *) echo "run: test --all: unknown argument $1 (--fuzz-seconds N)" >&2 && exit 2 ;;
    esac
done
case $fuzz_seconds in '' | *[!0-9]*) echo "run: --fuzz-seconds $fuzz_seconds: not a whole number" >&2 && exit 2 ;; esac

jobs=$(nproc)
passed=0 failed=0 skipped=0
summary=()

# stage NAME COMMAND...: runs it, counts it as one check unless it counts for itself (see tests), keeps its time.
stage() {
    local name=$1 start=$SECONDS result=ok
    shift
    echo "== $name"
    if ! "$@"; then result=FAILED; fi
    if [ "$1" != tests ]; then
        if [ $result = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    fi
    summary+=("$(printf '%-40s %-7s %5d s' "$name" $result $((SECONDS - start)))")
}

build() { # preset
    local log code=0
    log=$(cmake --preset "$1" 2>&1 && nice cmake --build --preset "$1" -j "$jobs" 2>&1) || code=1
    [ $code -eq 0 ] || tail -60 <<<"$log"
    return $code
}

# Runs ctest in a build folder and adds its cases up. The count comes from the log, where a cmocka program shows each
# case; other programs count as one.
tests() { # folder, ctest arguments ...
    local folder=$1 code=0 counts
    shift
    if [ ! -e "$folder/CTestTestfile.cmake" ]; then
        failed=$((failed + 1))
        return 1
    fi
    rm -f "$folder/Testing/Temporary/LastTest.log"
    nice ctest --test-dir "$folder" --output-on-failure -j "$jobs" "$@" || code=1
    counts=$(awk -f tools/count_tests.awk "$folder/Testing/Temporary/LastTest.log") || code=1
    read -r p f s <<<"${counts:-0 1 0}"
    if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    echo "-- $folder: $p passed, $f failed, $s skipped"
    return $code
}

format() {
    local log code=0
    log=$(tools/format.sh --check 2>&1) || code=1
    grep -E 'error:|format.sh:' <<<"$log" | sed 's/:[0-9]*:[0-9]*: error:.*//' | sort | uniq -c | sort -rn | head -20
    return $code
}

# Each target for fuzz_seconds, as many side by side as there are cores. New inputs stay in the build folder.
# shellcheck disable=SC2016 # the inner shell expands
fuzz() {
    local code=0 target name
    for target in build-fuzz/fuzz_*; do
        [ -x "$target" ] || continue
        name=$(basename "$target")
        mkdir -p "build-fuzz/corpus/$name" "fuzz/corpus/${name#fuzz_}"
        echo "$name"
    done | xargs -P "$jobs" -I{} sh -c '
        name={}
        if nice "build-fuzz/$name" -max_total_time='"$fuzz_seconds"' -timeout=20 -rss_limit_mb=3072 -max_len=65536 \
            -artifact_prefix="build-fuzz/$name-" "build-fuzz/corpus/$name" "fuzz/corpus/${name#fuzz_}" \
            >"build-fuzz/$name.log" 2>&1
        then
            echo "$name: $(grep -E "^Done " "build-fuzz/$name.log")"
        else
            tail -40 "build-fuzz/$name.log"
            echo "$name: FAILED, the input lies beside build-fuzz/$name"
            exit 1
        fi' || code=1
    return $code
}

if ! need_packages "${ALL_PACKAGES[@]}"; then
    echo "0 passed, 1 failed"
    exit 1
fi
stage "build, gcc, warnings are errors" build ci
stage "tests" tests build-ci
stage "build, clang, warnings are errors" build ci-clang
stage "format (clang-format 14)" format
stage "layers" tools/check_layers.sh
stage "build, ASan and UBSan" build asan
stage "tests, ASan and UBSan" tests build-asan
stage "build, TSan" build tsan
stage "threaded tests, TSan" tests build-tsan -L threads
stage "build, fuzz targets" build fuzz
stage "fuzz, $fuzz_seconds s each" fuzz
echo "== the house"
tools/house_table.sh
echo "== stages"
printf '%s\n' "${summary[@]}"
echo "all stages: $SECONDS s on $jobs cores"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]

#!/bin/sh
# Times a training step of Fathom and of PyTorch on the same shape, by turns in one run, and prints the ratio: on a
# shared machine only such ratios mean anything. Needs oracle/requirements.txt installed.
#   tools/compare_train.sh [RECIPE] [ROUNDS] [PRECISION] [THREADS]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
recipe=${1:-$root/recipes/bench-peer.yaml}
rounds=${2:-3}
precision=${3:-bf16}
threads=${4:-2}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# the recipe in the asked precision and without MTP, which transformers does not train; beside the original, so that
# its relative paths hold
copy=$(dirname "$recipe")/.compare-$$.yaml
trap 'rm -rf "$work" "$copy"' EXIT
sed -e "s/^precision:.*/precision: $precision/" -e 's/mtp_lambda: .*/mtp_lambda: 0/' \
    -e 's/num_nextn_predict_layers: .*/num_nextn_predict_layers: 0/' "$recipe" >"$copy"
value() { awk -v key="$1" '$1 == key {print $2}' "$2"; }
: >"$work/ratios"
for round in $(seq "$rounds"); do
    "$root/build/fathom" train --bench "$copy" --threads "$threads" >"$work/ours"
    "$python" "$root/oracle/bench_torch.py" "$copy" --precision "$precision" --threads "$threads" >"$work/torch"
    ours=$(value tokens_per_second "$work/ours")
    theirs=$(value tokens_per_second "$work/torch")
    ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN {printf "%.2f", a / b}')
    echo "$ratio" >>"$work/ratios"
    echo "round $round: fathom $ours tokens/s ($(value share_of_peak "$work/ours") of its peak" \
        "$(value peak_gflops "$work/ours") GFLOP/s), torch $theirs tokens/s (its peak" \
        "$(value peak_gflops "$work/torch") GFLOP/s): ratio $ratio"
done
echo "median ratio $(sort -n "$work/ratios" | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}')"

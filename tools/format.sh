#!/bin/bash
# format.sh [--check]: brings every C file into the form of .clang-format (version 14), or says which are not.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v clang-format-14 >/dev/null; then
    echo "format.sh: needs clang-format-14: other versions break lines elsewhere" >&2
    exit 1
fi
mode=(-i)
if [ "${1:-}" = --check ]; then mode=(--dry-run -Werror); fi
# unicode_table.c is generated.
git ls-files -z 'src/*.[ch]' 'tests/*.[ch]' 'include/*.h' 'fuzz/*.[ch]' 'bench/*.[ch]' \
    ':!src/text/unicode_table.c' |
    xargs -0 -P "$(nproc)" -n 16 clang-format-14 "${mode[@]}"

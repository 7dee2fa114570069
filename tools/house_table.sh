#!/bin/sh
# house_table.sh: the size of the house in one line each: files, lines, median and longest file, share of files over
# 1,000 lines, comments, test lines per line of code. Goals: median <= 200, longest <= 1,000, comments >= 20 %,
# tests >= 0.5. It counts what git tracks, so new files must be added first.
set -eu
cd "$(dirname "$0")/.."
list() {
    git ls-files '*.c' '*.h' '*.cc' '*.cpp' '*.hpp' '*.cu' '*.cuh' '*.S' '*.asm' |
        grep -vE '(^|/)(vendor|third_party)/'
}
list | xargs -d '\n' wc -l | sed '/ total$/d' | sort -n |
    awk -v T='(^|/)(tests?|testsuite|blastest|fuzz)/|(^|/)test[-_0-9][^/]*$|kern/.*_check[.]c$' '
    { size[NR] = $1; all += $1; big += $1 > 1000; name = $2 }
    $2 ~ T { tests += $1 }
    END {
        printf "files %d, lines %d, median %d, longest %d (%s), over 1,000 %.0f %%, test/code %.2f\n",
               NR, all, size[int((NR + 1) / 2)], size[NR], name, 100 * big / NR, tests / (all - tests)
    }'
list | xargs -d '\n' cat | awk '
    /^[ \t]*\/\*/ { inside = 1 }
    inside || /^[ \t]*(\/\/|;)/ { comments++ }
    /\*\// { inside = 0 }
    END { printf "comments %.0f %%", 100 * comments / NR }'
printf ', top folders %s\n' "$(git ls-tree -d --name-only HEAD | grep -vc '^\.')"

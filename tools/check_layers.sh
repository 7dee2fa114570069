#!/bin/sh
# check_layers.sh [ROOT]: the rules of the house that a compiler does not know; part of every build.
#
# In src/: an include goes only where tools/layers.txt allows; cuda_runtime.h is named only in dev/, comm/ and the .cu
# files of kern/, mpi.h only in comm/; two files never share a name. In src, include, tests, fuzz and bench: nobody
# includes a .c file, and no file is longer than 1,000 lines. Prints every violation, exits 1 if there was one.
set -eu
root=${1:-$(dirname "$0")/..}
cd "$root"
dirs=
for dir in src include tests fuzz bench; do
    if [ -d "$dir" ]; then dirs="$dirs $dir"; fi
done
# shellcheck disable=SC2086 # the folder names are ours and hold no spaces
find $dirs -type f \( -name '*.c' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \) | sort | awk '
function wrong(what) { print what; bad = 1 }

# "kern" of src/kern/gemm/gemm.c; "" outside src.
function room_of(path,    part) {
    split(path, part, "/")
    return part[1] == "src" ? part[2] : ""
}

function check_include(path, room, line, name,    target) {
    if (line ~ /^[ \t]*#[ \t]*include[ \t]*["<]cuda_runtime(_api)?\.h/ && room != "dev" && room != "comm" &&
        !(room == "kern" && path ~ /\.cuh?$/))
        wrong(path ": cuda_runtime.h belongs in dev/, comm/ and kern/**/*.cu")
    if (line ~ /^[ \t]*#[ \t]*include[ \t]*["<]mpi\.h/ && room != "comm") wrong(path ": mpi.h belongs in comm/")
    if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/) return
    name = line
    sub(/^[^"]*"/, "", name)
    sub(/".*/, "", name)
    if (name ~ /\.cu?$/) wrong(path ": includes \"" name "\": source files are compiled, never included")
    if (room == "" || name == "fathom.h") return
    if (name !~ /\//) {
        wrong(path ": includes \"" name "\": write the path from src/, \"room/name.h\"")
        return
    }
    target = name
    sub(/\/.*/, "", target)
    if (target == "support" && path ~ /_check\.c$/) return # a kernel check is a test that lives beside its kernel
    if (!(room in known)) return
    if (target != room && !((room, target) in allowed))
        wrong(path ": " room " may not include \"" name "\" (tools/layers.txt)")
}

BEGIN {
    while ((got = (getline line < "tools/layers.txt")) > 0) {
        sub(/#.*/, "", line)
        n = split(line, word, /[: \t]+/)
        if (n == 0 || word[1] == "") continue
        known[word[1]] = 1
        for (i = 2; i <= n; i++) if (word[i] != "") allowed[word[1], word[i]] = 1
    }
    if (got < 0) wrong("tools/layers.txt: cannot be read")
}

{
    path = $0
    room = room_of(path)
    name = path
    sub(/.*\//, "", name)
    if (room != "") {
        if (!(room in known)) wrong(path ": tools/layers.txt does not know the room " room)
        if (name in seen) wrong(path ": has the name of " seen[name])
        seen[name] = path
    }
    lines = 0
    while ((got = (getline line < path)) > 0) {
        lines++
        if (line ~ /#[ \t]*include/) check_include(path, room, line)
    }
    close(path)
    if (got < 0) wrong(path ": cannot be read")
    if (lines > 1000) wrong(path ": " lines " lines; at 1,000 a file is two rooms")
    files++
}

END {
    if (files == 0) wrong("no source files found")
    exit bad
}' >&2

#!/bin/sh
# make_man.sh PROGRAM TEMPLATE OUT: the man page: the template with @VERBS@ replaced by what each verb's --help says.
set -eu
program=$1 template=$2 out=$3
verbs=$("$program" --help | awk '/^  [a-z]/ && $1 != "fathom" { print $1 }')
text() { sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\\([.']\\)/\\\\\\&\\1/"; }
{
    sed -n '1,/^@VERBS@$/p' "$template" | sed -e '/^@VERBS@$/d' -e "s/@VERSION@/$("$program" --version | cut -d ' ' -f 2)/"
    for verb in $verbs; do
        "$program" "$verb" --help | awk '
            NR == 1 { sub(/^usage: /, ""); print ".SS " $0; next }
            /^  --/ {
                name = $0
                sub(/^  /, "", name)
                cut = match(name, /   *[^ ]/)
                if (cut == 0) cut = match(name, / [^ A-Z]/)
                print ".TP"
                print ".B " substr(name, 1, cut - 1)
                rest = substr(name, cut)
                sub(/^ */, "", rest)
                print rest
                next
            }
            /^$/ { if (NR > 2) print ".PP"; next }
            { print }' | text | sed -e 's/^\\&\(\.[STBP]\)/\1/'
    done
    sed '1,/^@VERBS@$/d' "$template"
} >"$out.tmp"
mv "$out.tmp" "$out"

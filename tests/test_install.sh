#!/bin/sh
# test_install.sh BUILD: what `cmake --install` leaves is complete: the program runs, and a program of somebody else's
# compiles against the header and links through pkg-config alone.
set -eu
build=$1
if grep -q '^CMAKE_C_FLAGS:STRING=.*-fsanitize' "$build/CMakeCache.txt"; then
    echo "skipped: a sanitizer's library is not for installing"
    exit 77
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cmake --install "$build" --prefix "$place" >"$place/log"
for file in bin/fathom include/fathom.h share/man/man1/fathom.1 share/bash-completion/completions/fathom \
    share/zsh/site-functions/_fathom share/fish/vendor_completions.d/fathom.fish; do
    if [ ! -s "$place/$file" ]; then
        echo "not installed: $file"
        exit 1
    fi
done
"$place/bin/fathom" --version
grep -q 'fathom doctor' "$place/share/man/man1/fathom.1"
cat >"$place/use.c" <<'C'
#include <fathom.h>
#include <stdio.h>
int main(void) { return printf("%s\n", fm_version()) < 0; }
C
pc=$(find "$place" -name fathom.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
# The prefix inside fathom.pc is the configured one; --define-variable moves it here.
# shellcheck disable=SC2046 # flags are words
"$compiler" "$place/use.c" -o "$place/use" \
    $(pkg-config --define-variable=prefix="$place" --cflags --libs fathom)
"$place/use"

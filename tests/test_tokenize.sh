#!/bin/sh
# test_tokenize.sh BUILD: fathom tokenizer-train and fathom tokenize as a user runs them: exact bytes in and out, JSON,
# special tokens, and one clear line for what is wrong.
set -eu
fathom=$1/fathom
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

fail() {
    echo "failed: $*"
    exit 1
}

# refused WORD COMMAND...: it fails, prints nothing, and says WORD in one line.
refused() {
    word=$1
    shift
    if "$@" >"$place/out" 2>"$place/err" </dev/null; then fail "accepted: $*"; fi
    [ ! -s "$place/out" ] || fail "printed in spite of an error: $*"
    [ "$(wc -l <"$place/err")" -eq 1 ] || fail "not one line: $(cat "$place/err")"
    grep -qF -- "$word" "$place/err" || fail "no \"$word\" in: $(cat "$place/err")"
}

for i in 1 2 3 4 5 6 7 8; do
    echo "The quick brown fox no. $i jumps over the lazy dog, and the dog sleeps. 敏捷的狐狸跳过了懒狗。"
done >"$place/a.txt"
printf '{"text":"the quick one"}\n{"messages":[{"role":"user","content":"the dog?"}]}\n' >"$place/b.jsonl"
vocabulary=$place/tokenizer.json
"$fathom" tokenizer-train --vocab 400 --out "$vocabulary" "$place/a.txt" "$place/b.jsonl" >"$place/log" 2>&1
"$fathom" tokenizer-train --vocab 400 --threads 2 --out "$place/again.json" "$place/a.txt" "$place/b.jsonl" >>"$place/log" 2>&1
cmp "$vocabulary" "$place/again.json" || fail "not the same vocabulary twice"

# Any bytes come back, through the folder as well as through the file.
head -c 5000 /dev/urandom >"$place/bytes"
printf 'a\r\n\000\377 \344\270' >>"$place/bytes"
"$fathom" tokenize "$place" <"$place/bytes" >"$place/ids"
"$fathom" tokenize --decode "$vocabulary" <"$place/ids" | cmp - "$place/bytes" || fail "bytes differ"
"$fathom" tokenize --json "$vocabulary" <"$place/bytes" >"$place/ids.json"
"$fathom" tokenize --decode "$vocabulary" <"$place/ids.json" | cmp - "$place/bytes" || fail "bytes differ by JSON"

[ "$(printf '' | "$fathom" tokenize "$vocabulary")" = "" ] || fail "ids of nothing"
[ "$(printf '' | "$fathom" tokenize --json "$vocabulary")" = '{"ids":[]}' ] || fail "JSON of nothing"
[ "$(printf '<think>' | "$fathom" tokenize "$vocabulary")" = 5 ] || fail "a special token is not recognised"
[ "$(printf '<think>' | "$fathom" tokenize --no-specials "$vocabulary" | wc -w)" -gt 2 ] || fail "--no-specials"
[ "$(printf '42' | "$fathom" tokenize "$vocabulary" | wc -w)" -eq 2 ] || fail "digits are not single"

refused "/nowhere" "$fathom" tokenize /nowhere
mkdir "$place/none"
refused "tokenizer.json" "$fathom" tokenize "$place/none"
refused "possessive" "$fathom" tokenize --pattern 'a++' "$vocabulary"
head -c 200 "$vocabulary" >"$place/cut.json"
refused "cut.json: line" "$fathom" tokenize "$place/cut.json"
echo "YQ== 0" >"$place/x.tiktoken"
refused "x.tiktoken: no token for byte" "$fathom" tokenize "$place/x.tiktoken"
refused "--out" "$fathom" tokenizer-train "$place/a.txt"
refused "256" "$fathom" tokenizer-train --vocab 100 --out "$place/o" "$place/a.txt"
refused "nothing.txt" "$fathom" tokenizer-train --out "$place/o" "$place/nothing.txt"
: >"$place/empty.txt"
refused "empty.txt" "$fathom" tokenizer-train --out "$place/o" "$place/empty.txt"
for bad in '1 x' '99999' '-1' '1 2 99999999999' '{"ids":["a"]}' '{"id":[1]}' '{'; do
    if echo "$bad" | "$fathom" tokenize --decode "$vocabulary" >"$place/out" 2>"$place/err"; then fail "decoded: $bad"; fi
    [ "$(wc -l <"$place/err")" -eq 1 ] || fail "not one line for $bad: $(cat "$place/err")"
done

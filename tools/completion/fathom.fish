# Fish completion for fathom. Verbs and flags are asked of the program itself, so they are always its own.
function __fathom_verbs
    fathom --help 2>/dev/null | awk '/^  [a-z]/ && $1 != "fathom" { name = $1; $1 = ""; print name "\t" substr($0, 2) }'
end
function __fathom_flags
    set -l words (commandline -opc)
    fathom $words[2] --help 2>/dev/null | awk '/^  --/ { name = $1; $1 = ""; print name "\t" substr($0, 2) }'
end
complete -c fathom -n 'test (count (commandline -opc)) -eq 1' -f -a '(__fathom_verbs)'
complete -c fathom -n 'test (count (commandline -opc)) -gt 1; and string match -q -- "-*" (commandline -ct)' -f -a '(__fathom_flags)'

# Bash completion for fathom. Verbs and flags are asked of the program itself, so they are always its own.
_fathom() {
    local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} verb=${COMP_WORDS[1]}
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2>/dev/null |
            awk '/^  [a-z]/ && $1 != "fathom" { print $1 }') help --help --version" -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" "$verb" --help 2>/dev/null |
            awk '/^  --/ { print $1 }')" -- "$word")
    else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _fathom fathom

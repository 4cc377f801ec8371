#!/bin/sh
# Puts aip into a folder of yours, without root. Run again it changes nothing, and with a later
# version it replaces what it has put there. uninstall.sh takes it out again.
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [--prefix DIR] [--replace]

  --prefix DIR  where to: DIR/bin, DIR/share, DIR/libexec (default ~/.local)
  --replace     replace files there that install.sh has not written, too
TEXT
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

sums() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# hash FILE: nothing where there is none.
hash() {
    [ ! -f "$1" ] || sums <"$1" | cut -d ' ' -f 1
}

# written PATH: whether what is there now is what an install.sh has put there.
written() {
    [ -f "$manifest" ] && [ ! -L "$prefix/$1" ] &&
        grep -qxF "$(hash "$prefix/$1")  $1" "$manifest"
}

# folder PATH: makes it, and notes each that was not there before.
folder() {
    [ -d "$prefix/$1" ] && return
    case $1 in */*) folder "${1%/*}" ;; esac
    mkdir "$prefix/$1" || fail "the folder \`$prefix/$1\` can't be made"
    folders="$folders
folder  $1"
}

# put_in_place FILE PATH MODE: whole at every moment.
put_in_place() {
    new=$prefix/${2%/*}/.aip-new.$$
    cp "$1" "$new" && chmod "$3" "$new" && mv -f "$new" "$prefix/$2" ||
        fail "\`$prefix/$2\` can't be written; run it again, or uninstall.sh"
}

# Nothing is written where anything is in the way.
look() {
    (cd "$here" && sums -c SHA256SUMS >/dev/null 2>&1) ||
        fail "a file of the archive is missing or damaged; unpack it anew. Nothing was changed"
    "$here/bin/aipctl" --version >/dev/null 2>&1 ||
        fail "\`$here/bin/aipctl\` can't be run: the archive is for another kind of machine, or \
nothing may be run from this folder. Nothing was changed"
    in_the_way=
    while read -r sum path; do
        if [ -d "$prefix/$path" ]; then
            fail "\`$prefix/$path\` is a folder; move it away. Nothing was changed"
        elif [ -e "$prefix/$path" ] || [ -L "$prefix/$path" ]; then
            if [ "$replace" = no ] && ! written "$path" &&
                { [ -L "$prefix/$path" ] || [ "$(hash "$prefix/$path")" != "$sum" ]; }; then
                in_the_way="$in_the_way
  $prefix/$path"
            fi
        fi
    done <"$here/SHA256SUMS"
    [ -z "$in_the_way" ] || fail "these are there, and install.sh did not write them, or they were \
changed since; move them away, or say --replace. Nothing was changed:$in_the_way"
}

# What is there after a stop at any moment is in the manifest.
note() {
    { cat "$manifest" 2>/dev/null || :; cat "$here/SHA256SUMS"; printf '%s\n' "$folders"; } |
        grep . | LC_ALL=C sort -u >"$scratch/manifest"
    put_in_place "$scratch/manifest" libexec/aip/manifest 644
}

copy() {
    while read -r sum path; do
        if [ ! -L "$prefix/$path" ] && [ "$(hash "$prefix/$path")" = "$sum" ]; then
            same=$((same + 1))
            continue
        fi
        case $path in bin/* | libexec/*) mode=755 ;; *) mode=644 ;; esac
        put_in_place "$here/$path" "$path" "$mode"
        wrote=$((wrote + 1))
        case $path in bin/aipd) new_daemon=yes ;; esac
    done <"$here/SHA256SUMS"
}

# What only an earlier version had.
tidy() {
    while read -r sum path; do
        case $sum in folder) continue ;; esac
        if ! cut -c 67- "$here/SHA256SUMS" | grep -qxF "$path" && [ -e "$prefix/$path" ] && written "$path"; then
            rm -f "$prefix/$path"
            removed=$((removed + 1))
        fi
    done <"$manifest"
    { grep '^folder  ' "$manifest" || :; cat "$here/SHA256SUMS"; } >"$scratch/manifest"
    put_in_place "$scratch/manifest" libexec/aip/manifest 644
}

tell() {
    printf '%s is in %s: programs in bin; manual pages, completions and policies in share.\n' \
        "$("$prefix/bin/aipctl" --version | sed 's/^aipctl/aip/')" "$prefix"
    printf 'files written: %s; there already: %s; of an earlier version, removed: %s\n' \
        "$wrote" "$same" "$removed"
    if [ "$new_daemon" = yes ] && [ "$upgrade" = yes ]; then
        printf 'An aipd that runs is of the version before until: aipctl service stop\n'
    fi
    aipctl=aipctl
    case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *)
        printf '%s is not in your PATH; add it in your shell'\''s profile.\n' "$prefix/bin"
        aipctl=$prefix/bin/aipctl
        ;;
    esac
    printf 'Next: %s install --dry-run\nTo take it out again: %s/libexec/aip/uninstall.sh\n' \
        "$aipctl" "$prefix"
}

main() {
    here=$(cd "$(dirname "$0")" && pwd -P)
    prefix=${HOME:+$HOME/.local} replace=no
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix)
            [ $# -gt 1 ] || fail "\`--prefix\` needs a folder; see --help"
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --replace) replace=yes ;;
        -h | --help) usage && exit ;;
        *) fail "unknown word \`$1\`; see --help" ;;
        esac
        shift
    done
    [ -n "$prefix" ] || fail "HOME is not set; say where to with --prefix"
    case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
    prefix=${prefix%/}
    manifest=$prefix/libexec/aip/manifest
    folders='' wrote=0 same=0 removed=0 new_daemon=no upgrade=no
    [ ! -f "$manifest" ] || upgrade=yes
    scratch=$(mktemp -d) new=
    trap 'rm -rf "$scratch"; [ -z "$new" ] || rm -f "$new"' EXIT
    trap 'exit 1' HUP INT TERM
    umask 022
    look
    [ -d "$prefix" ] || folders='folder  .'
    mkdir -p "$prefix" || fail "the folder \`$prefix\` can't be made"
    folder libexec/aip
    note
    while read -r _ path; do folder "${path%/*}"; done <"$here/SHA256SUMS"
    note
    copy
    tidy
    tell
}

main "$@"

#!/bin/sh
# Takes out what install.sh has put there, and nothing else. Policies and the audit stay.
set -eu

usage() {
    cat <<'TEXT'
usage: uninstall.sh [--prefix DIR] [--anyway]

  --prefix DIR  where it was put (default: where this script is installed, else ~/.local)
  --anyway      also while clients still start servers through aip, which then fail
TEXT
}

fail() {
    printf 'uninstall.sh: %s\n' "$*" >&2
    exit 1
}

sums() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# Whether anything would still start it, which is said; doubt is a yes.
is_needed() {
    aipctl=$prefix/bin/aipctl
    if [ ! -x "$aipctl" ]; then
        printf '`%s` is not there, so it can'\''t be told what still starts aip.\n' "$aipctl"
        return 0
    fi
    needed=1
    "$aipctl" uninstall --check || needed=0
    # A folder of the machine's is everybody's.
    case $prefix/ in
    "${HOME:-/nowhere}"/*) ;;
    *) if [ "$(id -u)" = 0 ]; then "$prefix/libexec/aip/check-users" || needed=0; fi ;;
    esac
    return "$needed"
}

take_out() {
    # The programs last: until then it can be run again.
    LC_ALL=C sort -r -k 2 "$manifest" >"$scratch/manifest"
    while read -r sum path; do
        case $path in /* | ../* | */../* | */..) fail "\`$manifest\` is damaged: $path" ;; esac
        [ "$sum" != folder ] || continue
        target=$prefix/$path
        if [ -f "$target" ] && [ ! -L "$target" ] &&
            grep -qxF "$(sums <"$target" | cut -d ' ' -f 1)  $path" "$scratch/manifest"; then
            rm -f "$target" || fail "\`$target\` can't be removed"
            removed=$((removed + 1))
        elif [ -e "$target" ] || [ -L "$target" ]; then
            printf '%s was changed since, and stays.\n' "$target"
        fi
    done <"$scratch/manifest"
    rm -f "$manifest"
    # Folders that install.sh made, the inner ones first, where nothing else is in them.
    sed -n 's/^folder  //p' "$scratch/manifest" | while read -r path; do
        case $path in .) rmdir "$prefix" ;; *) rmdir "$prefix/$path" ;; esac 2>/dev/null || :
    done
}

main() {
    here=$(cd "$(dirname "$0")" && pwd -P)
    prefix=${HOME:+$HOME/.local} anyway=no removed=0
    [ ! -f "$here/manifest" ] || prefix=$(cd "$here/../.." && pwd)
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix)
            [ $# -gt 1 ] || fail "\`--prefix\` needs a folder; see --help"
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --anyway) anyway=yes ;;
        -h | --help) usage && exit ;;
        *) fail "unknown word \`$1\`; see --help" ;;
        esac
        shift
    done
    [ -n "$prefix" ] || fail "HOME is not set; say where it is with --prefix"
    case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
    prefix=${prefix%/}
    manifest=$prefix/libexec/aip/manifest
    [ -f "$manifest" ] || fail "install.sh has put nothing into \`$prefix\`; \`--prefix\` says where else"
    if is_needed && [ "$anyway" = no ]; then
        fail "nothing was removed: do what is said above first, or say --anyway"
    fi
    "$prefix/bin/aipctl" service stop >/dev/null 2>&1 || :
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    take_out
    printf 'aip is out of %s: files removed: %s.\n' "$prefix" "$removed"
}

main "$@"

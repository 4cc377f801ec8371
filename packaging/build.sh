#!/usr/bin/env bash
# Makes the packages of this version, in target/dist: build.sh [deb|tarball|source|all] [OPTIONS]
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: packaging/build.sh [deb|tarball|source|all] [OPTIONS]

  deb      aip_VERSION_ARCH.deb
  tarball  aip-VERSION-TARGET.tar.gz, with install.sh and uninstall.sh
  source   aip-VERSION.tar.gz of the last commit, and a Homebrew formula for it
  all      all of them (the default)

  --profile release|dev  how the programs are built (default release)
  --programs DIR         take the programs from there, and build none
  --output DIR           where the packages go (default target/dist)
  --url URL              the address the formula fetches the source from (default: the file)

SOURCE_DATE_EPOCH is the date of everything in them (default: the last commit's). DEBFULLNAME and
DEBEMAIL name who answers for the .deb (default: the last commit's author).
TEXT
}

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

usage_error() {
    echo "build.sh: $*; see --help" >&2
    exit 2
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
caller=$PWD
cd "$root"

what=all profile=release programs_given= programs='' output='' url=''
while (($#)); do
    case $1 in
    deb | tarball | source | all) what=$1 ;;
    --profile | --programs | --output | --url)
        (($# > 1)) || usage_error "\`$1\` needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    -h | --help)
        usage
        exit
        ;;
    *) usage_error "unknown word \`$1\`" ;;
    esac
    shift
done
[[ $profile == release || $profile == dev ]] || usage_error "no profile is called \`$profile\`"
absolute() { [[ -z $1 || $1 == /* ]] && echo "$1" || echo "$caller/$1"; }
programs=$(absolute "$programs")
programs_given=$programs
output=$(absolute "$output")

for tool in git tar gzip strip sha256sum; do
    command -v "$tool" >/dev/null || fail "\`$tool\` is not installed, and it is needed"
done

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} ||
    fail "this is no git checkout; set SOURCE_DATE_EPOCH to the date of the sources"
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

metadata=$(cargo metadata --format-version 1 --no-deps --locked)
target_dir=$(sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' <<<"$metadata")
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
triple=$(rustc -vV | sed -n 's/^host: //p')
output=${output:-$target_dir/dist}
mkdir -p "$output"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The programs, unless they were given. No path of the machine that built them is in a release.
build() {
    [[ -z $programs ]] || return 0
    local folder=debug flags
    if [[ $profile == release ]]; then
        folder=release
        # Each flag ends where the next begins by U+001F, so that a path may hold spaces.
        flags=$(printf '%s\x1f' ${RUSTFLAGS:-} "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
            "--remap-path-prefix=$root=/aip")
        export CARGO_ENCODED_RUSTFLAGS=${flags%$'\x1f'}
    fi
    cargo build --locked --profile "$profile" -p aip -p aipd -p aipctl --bins
    programs=$target_dir/$folder
}

# What every package holds, as it is under its prefix.
stage() {
    local to=$scratch/stage program
    install -d "$to/bin" "$to/libexec/aip" "$to/share/doc/aip/policies" "$to/share/zsh/site-functions" \
        "$to/share/bash-completion/completions" "$to/share/fish/vendor_completions.d"
    for program in aip aipd aipctl; do
        [[ $("$programs/$program" --version) == "$program $version" ]] ||
            fail "\`$programs/$program\` is not there, or not of version $version; build it anew"
        strip --strip-unneeded -R .comment -R .note -o "$to/bin/$program" "$programs/$program"
        "$programs/aipctl" completions bash $program >"$to/share/bash-completion/completions/$program"
        "$programs/aipctl" completions zsh $program >"$to/share/zsh/site-functions/_$program"
        "$programs/aipctl" completions fish $program >"$to/share/fish/vendor_completions.d/$program.fish"
    done
    "$programs/aipctl" man "$to/share/man/man1" >/dev/null
    install -m 755 packaging/check-users "$to/libexec/aip/check-users"
    install -m 644 policies/*.yaml docs/policy.schema.json "$to/share/doc/aip/policies/"
    install -d "$to/share/doc/aip/policies/catalog"
    install -m 644 policies/catalog/*.yaml "$to/share/doc/aip/policies/catalog/"
    install -m 644 packaging/dev.aip.aipd.policy packaging/logrotate.conf "$to/share/doc/aip/"
    packaging/third-party "$triple" >"$to/share/doc/aip/THIRD-PARTY"
}

# Everything has one date, and its mode from what it is.
level() {
    find "$1" -type d -exec chmod 755 {} +
    find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

source packaging/deb/build.sh
source packaging/tarball/build.sh
source packaging/homebrew/build.sh

sums() {
    (cd "$output" && find . -maxdepth 1 -type f \( -name '*.deb' -o -name '*.tar.gz' \) \
        -printf '%f\0' | sort -z | xargs -0 sha256sum >SHA256SUMS)
}

if [[ $what != source ]]; then
    build
    stage
fi
if [[ $what == deb || $what == all ]]; then
    deb
fi
if [[ $what == tarball || $what == all ]]; then
    tarball
fi
if [[ $what == source || $what == all ]]; then
    source_and_formula
fi
sums
echo "$output/SHA256SUMS"

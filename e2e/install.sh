#!/usr/bin/env bash
# Installs the real MCP servers and clients the end-to-end tests run against into
# e2e/.deps, at the pinned versions of e2e/counterparts; as root on Debian also the few system
# tools they use. Says what could not be had and ends well all the same: a test that misses its
# counterpart says so itself, and fails under CI=true.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pins=$here/counterparts
deps=$here/.deps
mkdir -p "$deps"

missing() { echo "counterparts: not available: $1: $2"; }

# fresh NAME FILE...: whether NAME stands in .deps as these files ask.
fresh() {
    local name=$1
    shift
    [[ -f $deps/$name/.stamp && $(cat "$deps/$name/.stamp") == "$(cat "$@" | sha256sum)" ]]
}

stamp() {
    local name=$1
    shift
    cat "$@" | sha256sum >"$deps/$name/.stamp"
    echo "counterparts: $name installed"
}

# install_node NAME WHAT: the packages of counterparts/NAME.
install_node() {
    local name=$1 what=$2 files=("$pins/$1/package.json" "$pins/$1/package-lock.json")
    fresh "$name" "${files[@]}" && return
    command -v node >/dev/null && command -v npm >/dev/null || {
        missing "$what" "node and npm are not installed"
        return
    }
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    ((major >= 20)) || {
        missing "$what" "node $major is older than 20"
        return
    }
    rm -rf "${deps:?}/$name"
    mkdir -p "$deps/$name"
    cp "${files[@]}" "$pins/.npmrc" "$deps/$name/"
    if (cd "$deps/$name" && npm ci --ignore-scripts --loglevel=error >npm.log 2>&1); then
        stamp "$name" "${files[@]}"
    else
        missing "$what" "npm ci failed: $(tail -n 1 "$deps/$name/npm.log")"
    fi
}

python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python3.10; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# install_python NAME WHAT: a virtual environment of its own from requirements-NAME.txt.
install_python() {
    local name=$1 what=$2 file=$pins/requirements-$1.txt interpreter
    fresh "$name" "$file" && return
    interpreter=$(python) || {
        missing "$what" "no python3 of at least 3.10 with venv is installed"
        return
    }
    rm -rf "${deps:?}/$name"
    if "$interpreter" -m venv "$deps/$name" >"$deps/$name.log" 2>&1 &&
        "$deps/$name/bin/pip" install --quiet --disable-pip-version-check \
            --requirement "$file" >>"$deps/$name.log" 2>&1; then
        stamp "$name" "$file"
    else
        missing "$what" "installing failed: $(tail -n 1 "$deps/$name.log")"
    fi
}

# A tool, and the Debian package that has it.
tools=(jq:jq git:git logrotate:logrotate systemd-analyze:systemd systemd-socket-activate:systemd
    mandoc:mandoc zsh:zsh fish:fish valgrind:valgrind Xvfb:xvfb xdotool:xdotool zenity:zenity tmux:tmux
    kdialog:kdialog dbus-daemon:dbus dbus-send:dbus dunst:dunst
    dbus-monitor:dbus curl:curl pkttyagent:polkitd script:bsdutils setpriv:util-linux
    chromium:chromium dpkg-deb:dpkg strip:binutils getent:libc-bin lintian:lintian ruby:ruby)

# Only what is missing, and only where nobody has to be asked for a password.
install_tools() {
    local pair packages=()
    for pair in "${tools[@]}"; do
        PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
    done
    ((${#packages[@]})) || return 0
    if ! command -v apt-get >/dev/null || ((EUID != 0)); then
        missing "system tools" "install them yourself: ${packages[*]}"
    elif apt-get update -qq >"$deps/apt.log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            "${packages[@]}" >>"$deps/apt.log" 2>&1; then
        echo "counterparts: ${packages[*]} installed"
    else
        missing "${packages[*]}" "installing failed: $(tail -n 1 "$deps/apt.log")"
    fi
}

# The client on the Rust SDK: a package of its own, outside the workspace, with its own lock.
install_rmcp() {
    local source=$pins/rmcp
    local files=("$source/Cargo.toml" "$source/Cargo.lock" "$source"/src/*.rs)
    fresh rmcp "${files[@]}" && return
    # From its folder, so that the repository's toolchain builds it.
    if (cd "$source" && cargo build --quiet --locked --target-dir "$deps/rmcp") \
        >"$deps/rmcp.log" 2>&1; then
        stamp rmcp "${files[@]}"
    else
        missing "the Rust SDK" "building failed: $(tail -n 1 "$deps/rmcp.log")"
    fi
}

install_tools

# All at once: most of it is waiting for the registries.
install_node node "the npm servers and the TypeScript SDKs" &
install_node inspector "the MCP Inspector 0.15" &
install_node inspector2 "the MCP Inspector 2.12" &
install_node conformance "the MCP conformance suite" &
install_node browser "playwright-core, axe-core and the dashboard's libraries" &
install_python mcp1 "the Python SDK 1.x and mcp-server-sqlite" &
install_python mcp2 "the Python SDK 2.x, mcp-server-git, mcp-server-time and mcp-server-fetch" &
install_python fastmcp "fastmcp" &
install_python schemathesis "Schemathesis, which tries the HTTP API" &
install_rmcp &
wait

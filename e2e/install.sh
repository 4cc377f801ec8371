#!/usr/bin/env bash
# Installs the real MCP servers and SDK clients the end-to-end tests run against into
# e2e/.deps, at the pinned versions of e2e/counterparts, and, run as root on Debian or Ubuntu,
# valgrind for the instruction counts. Says what could not be had and ends
# well all the same: a test that misses its counterpart says so itself, and fails under CI=true.
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

install_node() {
    local files=("$pins/package.json" "$pins/package-lock.json")
    fresh node "${files[@]}" && return
    command -v node >/dev/null && command -v npm >/dev/null || {
        missing "the npm servers and the TypeScript SDK" "node and npm are not installed"
        return
    }
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    ((major >= 20)) || {
        missing "the npm servers and the TypeScript SDK" "node $major is older than 20"
        return
    }
    rm -rf "$deps/node"
    mkdir -p "$deps/node"
    cp "${files[@]}" "$pins/.npmrc" "$deps/node/"
    if (cd "$deps/node" && npm ci --ignore-scripts --loglevel=error >npm.log 2>&1); then
        stamp node "${files[@]}"
    else
        missing "the npm servers and the TypeScript SDK" "npm ci failed: $(tail -n 1 "$deps/node/npm.log")"
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

install_valgrind() {
    command -v valgrind >/dev/null && return
    if ((EUID == 0)) && command -v apt-get >/dev/null && {
        apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends valgrind
    } >"$deps/apt.log" 2>&1; then
        echo "counterparts: valgrind installed"
    else
        missing "valgrind" "it is not installed; \`apt-get install valgrind\` as root gets it"
    fi
}

install_valgrind
install_node
install_python mcp1 "the Python SDK 1.x"
install_python mcp2 "the Python SDK 2.x, mcp-server-git and mcp-server-time"

# Sourced by the scripts beside it. Nothing here runs by itself.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/artifacts
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        fail "'$*' needs root; run this as root or install sudo"
    fi
}

# need COMMAND=PACKAGE... installs, in one go, the packages whose command (or file, by its absolute path) is missing.
need() {
    local pair packages=()
    for pair in "$@"; do
        [ -e "${pair%%=*}" ] || PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" > /dev/null || packages+=("${pair#*=}")
    done
    [ ${#packages[@]} -gt 0 ] || return 0

    command -v apt-get > /dev/null || fail "missing: ${packages[*]}; only Debian's apt-get is known here, so install them yourself"
    say "installing ${packages[*]}"
    # A fresh machine has no package lists yet, and old lists name packages that are gone.
    apt_get install "${packages[@]}" 2> /dev/null || { apt_get update && apt_get install "${packages[@]}"; } \
        || fail "apt-get could not install ${packages[*]}"
}

# Another apt-get may be at work: wait for it. What apt-get says is shown only when it fails.
apt_get() {
    local log
    log=$(mktemp)
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=500 -qq -y --no-install-recommends "$@" > "$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
}

# unpack DIRECTORY PACKAGE... makes a directory of the files of packages, which are not installed. As on the system itself, programs are beneath /usr.
unpack() {
    local directory=$1 archives deb part
    shift
    rm -rf "$directory"
    mkdir -p "$directory/usr"
    archives=$(mktemp -d)
    say "unpacking $*"
    (cd "$archives" && { apt-get -qq download "$@" || { apt_get update && apt-get -qq download "$@"; }; }) > /dev/null 2>&1 || fail "apt-get could not download $*"
    for deb in "$archives"/*.deb; do dpkg-deb -x "$deb" "$directory"; done
    for part in bin sbin lib; do
        [ ! -d "$directory/$part" ] || { cp -a "$directory/$part" "$directory/usr/" && rm -rf "${directory:?}/$part"; }
    done
    rm -rf "$archives"
}

# One line that changes when anything changes that the binary is made of.
source_fingerprint() {
    cd "$root" && find src Directory.*.props global.json -type d \( -name bin -o -name obj \) -prune -o -type f -print0 \
        | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

# Makes artifacts/kleene/ hold the native binary of the sources as they are now.
publish() {
    local output=$artifacts/kleene fingerprint
    fingerprint=$(source_fingerprint)
    if [ "$(cat "$output/.fingerprint" 2> /dev/null)" = "$fingerprint" ]; then
        say "kleene is already published in artifacts/kleene"
        return
    fi

    command -v dotnet > /dev/null || fail "dotnet is missing; install the .NET SDK of global.json first"
    [ "$(uname -sm)" = "Linux x86_64" ] \
        || fail "a native binary is made on Linux x86_64 only; elsewhere use: dotnet publish src/Cli -c Release -f net10.0"
    need gcc=gcc /usr/include/stdio.h=libc6-dev

    say "publishing kleene (Native AOT; about a minute)"
    rm -rf "$output"
    # The runtime identifier is the project's own business: given as -r it would reach the libraries, whose lock files do not know it.
    (cd "$root" && dotnet publish src/Cli -c Release -f "$(aot_framework)" -p:RestoreLockedMode=true -o "$output" -v quiet --nologo) >&2 \
        || fail "dotnet publish failed"
    echo "$fingerprint" > "$output/.fingerprint"
}

aot_framework() {
    sed -n 's:.*<AotFramework>\(.*\)</AotFramework>.*:\1:p' "$root/Directory.Build.props"
}

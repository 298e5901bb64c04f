# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Shared by the project's scripts: progress lines, and the Debian packages that a script needs.
# Source it:  . "$(dirname "$0")/lib/deps.sh"

# What configuring and building the project takes, tests and benchmarks included.
# shellcheck disable=SC2034
BUILD_PACKAGES=(build-essential cmake libbenchmark-dev libbsd-dev libcjson-dev libcmocka-dev ninja-build
    pkg-config python3 scdoc valgrind zlib1g-dev)

# What booting test kernels takes (ctest -L system): the machines, their firmware, and the tools for all of them.
# shellcheck disable=SC2034
SYSTEM_PACKAGES=(clang lld qemu-system-arm qemu-system-data qemu-system-misc qemu-system-x86)

# A progress line. On stderr, so that a script's own output can be piped.
say()
{
    printf '== %s\n' "$*" >&2
}

die()
{
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# True where the Debian package $1 is installed.
package_installed()
{
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# As root: directly where we are root already, through sudo otherwise.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Waits for another package manager instead of failing, never asks a question, and is silent unless it
# fails.
apt_get()
{
    local log code=0
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 ||
        code=$?
    [ "$code" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$code"
}

# Installs those of the Debian packages PKG... that are missing; does nothing where all are there.
need_packages()
{
    local package missing=()
    command -v dpkg-query >/dev/null ||
        die "this needs a Debian or Ubuntu system; elsewhere, install the likes of: $*"
    for package in "$@"; do
        package_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "packages are missing and there is no sudo; as root run: apt-get install ${missing[*]}"
    say "installing ${missing[*]} (a minute or two)"
    # A stale list is worth a try: the mirror may be out of reach and the packages cached.
    apt_get update || say "apt-get update failed; trying with the package lists that are there"
    apt_get install --no-install-recommends "${missing[@]}" ||
        die "cannot install the missing packages; as root run: apt-get install ${missing[*]}"
}

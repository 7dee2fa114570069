# shellcheck shell=bash disable=SC2034
# run_packages.sh: which packages building and testing need, and getting them. Sourced by run and tools/test_all.sh.

BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config git libjansson-dev libcyaml-dev libzstd-dev libedit-dev
    libmd4c-dev libutf8proc-dev libcmocka-dev)
# libsimde-dev: kernels of instruction sets that this machine lacks are checked on an emulation.
TEST_PACKAGES=("${BUILD_PACKAGES[@]}" libsimde-dev)
ALL_PACKAGES=("${TEST_PACKAGES[@]}" clang llvm libomp-dev clang-format-14)

installed() { [ "$(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null | cut -d ' ' -f 1)" = installed ]; }

# Installs those of its arguments that are missing, or says what to install and fails.
need_packages() {
    local missing=() package as_root=()
    if ! command -v dpkg >/dev/null || ! command -v apt-get >/dev/null; then
        if command -v cmake >/dev/null && command -v ninja >/dev/null && command -v pkg-config >/dev/null; then
            return 0 # another system that looks ready: cmake names whatever library is missing
        fi
        echo "run: this is neither Debian nor Ubuntu. Install these, by the names that they have there:" >&2
        echo "  $*" >&2
        return 1
    fi
    for package in "$@"; do installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "run: installing ${missing[*]}" >&2
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "run: that needs root and there is no sudo. As root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
        if [ "${CI:-}" = true ]; then as_root=(sudo -n); fi
        echo "run: using sudo for apt-get" >&2
    fi
    "${as_root[@]}" apt-get update -qq </dev/null >&2 || true # an old list may still do; install decides
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" </dev/null >&2; then
        echo "run: apt-get could not install: ${missing[*]}" >&2
        return 1
    fi
}

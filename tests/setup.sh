# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# What tests/try, tests/check and the benchmarks need before they can begin: Debian packages, a
# build, and the tree that an installation would put in place. Sourced; sets $top and $build.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(realpath -m "${BUILD_DIR:-$top/build}")

packages_build=(meson ninja-build gcc libc6-dev pkgconf libsystemd-dev libcap-dev libseccomp-dev
    libjansson-dev libmnl-dev libglib2.0-dev)
packages_host=(systemd dbus polkitd libglib2.0-bin busybox-static util-linux mount procps iproute2 jq)
packages_test=(mmdebstrap clang-format shellcheck universal-ctags attr btrfs-progs e2fsprogs)
packages_bench=(lxc rsync btrfs-progs e2fsprogs mmdebstrap)
packages_vm=(qemu-system-x86 mmdebstrap e2fsprogs)
# In the virtual machine: all of a host, what the programs are linked with, and what only a machine of
# its own can use.
packages_guest=("${packages_host[@]}" systemd-sysv udev kmod libcap2 libseccomp2 libjansson4 libmnl0
    lvm2 thin-provisioning-tools btrfs-progs e2fsprogs nftables apparmor)

packages_missing() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$name"
    done
}

# packages_install NAME...: only what is missing, and never at the price of what is there.
packages_install() {
    local -a missing apt=(apt-get --quiet --yes --no-install-recommends)
    local plan
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "Cannot install ${missing[*]} without root" >&2
        return 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "installing ${missing[*]}"
    "${apt[@]}" update || return 1
    plan=$("${apt[@]}" --simulate install "${missing[@]}") || {
        printf '%s\n' "$plan" >&2
        return 1
    }
    if grep '^Remv' <<<"$plan" >&2; then
        echo "Installing ${missing[*]} would remove the packages above: not done" >&2
        return 1
    fi
    "${apt[@]}" install "${missing[@]}"
}

# project_build DIR [MESON OPTION]...
project_build() {
    local dir=$1
    shift
    [ -e "$dir/build.ninja" ] || meson setup "$@" "$dir" "$top" || return 1
    meson compile -C "$dir"
}

# project_tree DIR: what the build in DIR installs, in DIR/host-tree; nothing goes onto the machine.
project_tree() {
    rm -rf "$1/host-tree"
    DESTDIR=$1/host-tree meson install -C "$1" --no-rebuild --quiet
}

# Is the tree as new as the programs?
project_is_installed() {
    [ -d "$1/host-tree" ] && [ -z "$(find "$1" -path "$1/host-tree" -prune -o -type f -perm -100 \
        -newer "$1/host-tree" -print -quit)" ]
}

# The tree of $build in NAGAYA_TREE, made unless it is there: several ask at once.
project_tree_once() {
    local lock
    [ -z "${NAGAYA_TREE-}" ] || return 0
    exec {lock}>"$build/host-tree.lock"
    flock "$lock"
    NAGAYA_TREE=$build/host-tree
    project_is_installed "$build" || project_tree "$build"
    exec {lock}>&-
}

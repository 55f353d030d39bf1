# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# What a suite needs before its virtual machine can boot. Sourced, with $build set.

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup.sh
BUILD_DIR=$build . "$vm_dir/../setup.sh"
# shellcheck source=tests/frame.sh
. "$vm_dir/../frame.sh"

# vm_prepare SCRIPT: in $vm_options what `vm boot` is to be called with; ends with a skip where there
# can be no machine. SCRIPT says in its head what it needs: "# needs: debian" (a root file system),
# "# needs: disk 1G".
vm_prepare() {
    local program what argument debian
    [ "$(id -u)" = 0 ] || skip_all "the image of a virtual machine needs root"
    for program in qemu-system-x86_64 mmdebstrap mke2fs; do
        command -v "$program" >/dev/null ||
            skip_all "$program is not installed here (tests/check installs what is missing)"
    done
    [ "$(dpkg --print-architecture)" = amd64 ] || skip_all "the virtual machine is one of amd64"
    argument=$("$vm_dir/image") || skip_all "an image cannot be made here: ${argument##*$'\n'}"
    project_tree_once
    vm_options=(--tree "$NAGAYA_TREE" --bind "$build/tests/host:/opt/nagaya-test-tools"
        --bind "$top/interfaces:/opt/nagaya-interfaces")
    while read -r what argument; do
        case $what in
        debian)
            debian=$("$vm_dir/../host/debian-root") ||
                skip_all "a Debian root file system cannot be made here: ${debian##*$'\n'}"
            vm_options+=(--bind "$debian:/opt/nagaya-test-debian")
            ;;
        disk) vm_options+=(--disk "$argument") ;;
        esac
    done < <(sed -n 's/^# needs: //p' "$1")
}

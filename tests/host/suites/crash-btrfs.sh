#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# As suites/crash.sh, on btrfs: root file systems are subvolumes, clones and snapshots theirs.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/sweep.sh
. "$(dirname "$0")/../sweep.sh"
# shellcheck source=tests/host/sweep-jobs.sh
. "$(dirname "$0")/../sweep-jobs.sh"

command -v mkfs.btrfs >/dev/null || {
    echo "1..0 # SKIP mkfs.btrfs is not installed here (tests/check installs what is missing)"
    exit 0
}
truncate -s 512M "$work/btrfs"
mkfs.btrfs -q "$work/btrfs" >/dev/null 2>&1
systemctl stop nagaya.service nagaya-work.service
mount -o loop "$work/btrfs" $lxc || {
    echo "1..0 # SKIP this kernel does not mount btrfs"
    exit 0
}
chmod 0711 $lxc
systemctl start nagaya.service

create_options=(-B btrfs)
shares_files=false

# The same, in a subvolume.
eval "$(declare -f an_origin | sed '1s/an_origin/a_directory_origin/')"
an_origin() {
    a_directory_origin "$1"
    mv "$(rootfs "$1")" "$lxc/$1/directory"
    btrfs subvolume create "$(rootfs "$1")" >/dev/null
    cp -a --reflink=always "$lxc/$1/directory/." "$(rootfs "$1")"
    rm -r "$lxc/$1/directory"
    sed -i 's/= dir:/= btrfs:/' "$lxc/$1/config"
}

# A subvolume belongs to a container, or to a snapshot of one, that is there.
expect_only_ours() {
    local path
    while read -r path; do
        [ -e "$lxc/${path%/rootfs}/config" ] || flunk "a subvolume is left over: $path"
    done < <(btrfs subvolume list -o $lxc | sed 's/.* path //')
}

sweep_check=expect_only_ours

all="worker runner"
sweep_cases create "$all" "leaves no half-made container in a subvolume"
sweep_cases clone "$all" "leaves a source as it was and no half-made copy of its subvolume"
sweep_cases share "$all" "leaves a source as it was and no half-made snapshot of its subvolume"
sweep_cases keep "$all" "leaves a snapshot's subvolume that is whole or none"
sweep_cases restore "$all" "leaves one subvolume of what is restored"
sweep_cases forget "$all" "leaves a snapshot with its subvolume, or nothing"
sweep_cases rename "$all" "leaves a subvolume in a container of one name"
sweep_cases destroy "$all" "leaves no subvolume of what was destroyed"
test_end

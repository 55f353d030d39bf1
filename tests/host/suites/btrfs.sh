#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The container path on btrfs: root file systems in subvolumes.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

command -v mkfs.btrfs >/dev/null || {
    echo "1..0 # SKIP mkfs.btrfs is not installed here (tests/check installs what is missing)"
    exit 0
}
truncate -s 512M "$work/btrfs"
mkfs.btrfs -q "$work/btrfs" >/dev/null 2>&1
mount -o loop "$work/btrfs" /var/lib/lxc || {
    echo "1..0 # SKIP this kernel does not mount btrfs"
    exit 0
}
chmod 0700 /var/lib/lxc

subvolumes() {
    btrfs subvolume list -o /var/lib/lxc | sed 's/.* path //' | sort | paste -s -d ' '
}

subvolumes_are() {
    [ "$(subvolumes)" = "$1" ]
}

expect_subvolumes() {
    wait_until 20 subvolumes_are "$1"
    expect_eq "$(subvolumes)" "$1" "subvolumes"
}

inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

created_and_destroyed() {
    uses ct01
    expect_ok nagaya create ct01 -t busybox -B btrfs
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'lxc.rootfs.path = btrfs:/var/lib/lxc/ct01/rootfs'
    expect_subvolumes ct01/rootfs
    expect_eq "$(stat -c '%i %a %U' "$(rootfs ct01)")" '256 755 root'
    expect_ok nagaya start ct01
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    expect_eq "$(cat "$(rootfs ct01)/root/file")" written
    expect_ok nagaya stop --kill ct01
    # Some that the container has made, one in the other, one that may only be read.
    btrfs subvolume create "$(rootfs ct01)/srv/one" >/dev/null
    btrfs subvolume create "$(rootfs ct01)/srv/one/two" >/dev/null
    touch "$(rootfs ct01)/srv/one/two/file"
    btrfs subvolume snapshot -r "$(rootfs ct01)/srv/one/two" "$(rootfs ct01)/srv/three" >/dev/null
    expect_ok nagaya destroy ct01
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the container is still there"
    expect_subvolumes ''
    wait_until 10 test ! -e /var/lib/lxc/.#trash
    expect_eq "$(ls -A /var/lib/lxc)" '' "the container path"
}

best_is_btrfs() {
    uses ct01
    expect_ok nagaya create ct01 -B best
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'lxc.rootfs.path = btrfs:'
}

in_a_user_namespace() {
    printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
    uses ct01
    expect_ok nagaya create ct01 -t busybox -B btrfs --set lxc.idmap='u 0 100000 65536' \
        --set lxc.idmap='g 0 100000 65536'
    expect_ok nagaya start ct01
    expect_ok inside ct01 touch /root/new
    expect_eq "$(inside ct01 stat -c %u /root/new) $(stat -c %u "$(rootfs ct01)/root/new")" '0 0'
    expect_ok nagaya stop --kill ct01
}

failed_template_leaves_no_subvolume() {
    uses ct01
    printf '#!/bin/sh\nexit 3\n' >/usr/share/nagaya/templates/lxc-failing
    chmod 0755 /usr/share/nagaya/templates/lxc-failing
    expect_fails_with 1 "failed with exit status 3" nagaya create ct01 -t failing -B btrfs
    expect_subvolumes ''
}

# A directory of LXC 1.x, whose path has no type.
bare_path() {
    a_busybox ct01
    rm -rf "$(rootfs ct01)"
    btrfs subvolume create "$(rootfs ct01)" >/dev/null
    [ -d "$work/busybox" ] || make_busybox_root "$work/busybox"
    cp -a "$work/busybox/." "$(rootfs ct01)"
    sed -i 's|^lxc.rootfs.path = dir:|lxc.rootfs = |' /var/lib/lxc/ct01/config
    started ct01
    expect_ok nagaya stop ct01
    expect_ok nagaya destroy ct01
    expect_subvolumes ''
}

# However much is in it: the answer comes when it is out of the way.
destroy_is_quick() {
    uses ct01
    expect_ok nagaya create ct01 -t busybox -B btrfs
    local i begin
    for i in $(seq 20); do
        mkdir "$(rootfs ct01)/$i"
        (cd "$(rootfs ct01)/$i" && seq 500 | xargs touch)
    done
    begin=${EPOCHREALTIME/[.,]/}
    expect_ok nagaya destroy ct01
    printf '# destroy of 10,000 files: %d ms\n' $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) >&2
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the container is still there"
    expect_subvolumes ''
}

an_image_shares_its_blocks() {
    uses image01 twin01 image02 twin02
    modprobe loop 2>/dev/null || true
    expect_ok nagaya create image01 -t busybox -B loop --fssize 48M
    expect_eq "$(expect_ok nagaya clone image01 twin01 --json | jq -r .method)" snapshot
    sync -f /var/lib/lxc
    expect_eq "$(stat -c %s /var/lib/lxc/twin01/rootdev)" "$(stat -c %s /var/lib/lxc/image01/rootdev)"
    expect_match "$(filefrag -v /var/lib/lxc/twin01/rootdev)" 'shared'
    expect_ok nagaya start twin01
    expect_ok nagaya stop --kill twin01
    # A copy file by file is of the type of its source, which one of btrfs cannot share with.
    expect_ok nagaya create image02 -t busybox -B loop --fssize 128M --fstype btrfs
    expect_match "$(expect_ok nagaya clone image02 twin02 --json | jq -r .method)" '^(copy|reflink)$'
    expect_eq "$(blkid -p -o value -s TYPE /var/lib/lxc/twin02/rootdev)" btrfs
    expect_ok nagaya start twin02
    expect_ok nagaya stop --kill twin02
}

cloned_snapshotted_renamed() {
    uses ct01 copy01 share01 plain01 moved01
    expect_ok nagaya create ct01 -t busybox -B btrfs
    echo ct01 >"$(rootfs ct01)/etc/hostname"
    expect_eq "$(expect_ok nagaya clone ct01 copy01 --json | jq -r .method)" snapshot
    expect_eq "$(expect_ok nagaya clone ct01 share01 --snapshot --json | jq -r .method)" snapshot
    expect_eq "$(expect_ok nagaya clone ct01 plain01 -B dir --json | jq -r .method)" reflink
    expect_subvolumes 'copy01/rootfs ct01/rootfs share01/rootfs'
    expect_match "$(cat /var/lib/lxc/copy01/config)" 'lxc.rootfs.path = btrfs:/var/lib/lxc/copy01/rootfs'
    expect_eq "$(cat "$(rootfs copy01)/etc/hostname") $(cat "$(rootfs ct01)/etc/hostname")" 'copy01 ct01'
    expect_eq "$(cd "$(rootfs plain01)" && find . -printf '%p %m %l\n' | sort | sha256sum)" \
        "$(cd "$(rootfs ct01)" && find . -printf '%p %m %l\n' | sort | sha256sum)"
    # Nobody needs it.
    expect_ok nagaya destroy ct01
    expect_ok nagaya start copy01
    expect_ok nagaya stop --kill copy01
    expect_eq "$(expect_ok nagaya snapshot create copy01)" snap0
    touch "$(rootfs copy01)/etc/new"
    expect_ok nagaya snapshot restore copy01 snap0
    [ ! -e "$(rootfs copy01)/etc/new" ] || flunk "it was not restored"
    expect_subvolumes 'copy01/rootfs copy01/snaps/snap0/rootfs share01/rootfs'
    expect_ok nagaya rename copy01 moved01
    expect_subvolumes 'moved01/rootfs moved01/snaps/snap0/rootfs share01/rootfs'
    expect_ok nagaya start moved01
    expect_ok nagaya stop --kill moved01
    expect_match "$(cat /var/lib/lxc/moved01/config)" 'btrfs:/var/lib/lxc/moved01/rootfs'
    expect_match "$(cat /var/lib/lxc/moved01/snaps/snap0/config)" 'btrfs:/var/lib/lxc/moved01/snaps/snap0/rootfs'
    expect_ok nagaya destroy --snapshots moved01 share01
    expect_subvolumes ''
}

# However much is in it.
clone_is_quick() {
    uses ct01 copy01
    expect_ok nagaya create ct01 -t busybox -B btrfs
    head -c 100M /dev/urandom >"$(rootfs ct01)/large"
    sync -f "$(rootfs ct01)"
    local begin number took best=1000000
    for number in 1 2 3 4 5; do
        begin=${EPOCHREALTIME/[.,]/}
        expect_ok nagaya clone ct01 copy01
        took=$((${EPOCHREALTIME/[.,]/} - begin))
        [ $took -ge $best ] || best=$took
        expect_ok nagaya destroy copy01
    done
    [ $best -le 60000 ] || flunk "a clone of 100 MiB took $best us at best"
    expect_ok nagaya destroy ct01
    expect_subvolumes ''
}

test_case "A container is made in a subvolume, which goes with it, and with those in it" created_and_destroyed
test_case "The best backend there is btrfs" best_is_btrfs
test_case "A subvolume in a user namespace" in_a_user_namespace
test_case "A template that fails leaves no subvolume" failed_template_leaves_no_subvolume
test_case "A subvolume whose path has no type is a container's as well" bare_path
test_case "Destroy answers whatever the size" destroy_is_quick
test_case "A copy of an image shares its blocks" an_image_shares_its_blocks
test_case "Subvolumes are cloned, snapshotted and renamed" cloned_snapshotted_renamed
test_case "A clone takes no time, whatever the size" clone_is_quick
test_end

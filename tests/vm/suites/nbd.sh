#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems in disk images that qemu-nbd attaches.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../../host/lib.sh"

command -v qemu-nbd >/dev/null && modprobe -n nbd || {
    echo "1..0 # SKIP there is no qemu-nbd, or the kernel has no nbd"
    exit 0
}

# attached: the devices that are.
attached() {
    compgen -G '/sys/block/nbd*/pid'
}

nothing_is_attached() {
    ! attached >/dev/null
}

expect_nothing_attached() {
    wait_until 30 nothing_is_attached
    expect_eq "$(attached)" '' "what is attached"
}

# a_file_system FILE
a_file_system() {
    [ -d "$work/busybox" ] || make_busybox_root "$work/busybox"
    truncate -s 48M "$1"
    mkfs.ext4 -q -F -d "$work/busybox" "$1"
}

# a_container ID SOURCE
a_container() {
    a_busybox "$1"
    rm -rf "$(rootfs "$1")"
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = $2|" "/var/lib/lxc/$1/config"
}

inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

is_up() {
    inside "$1" test -e /ready 2>/dev/null
}

up() {
    expect_ok nagaya start "$1"
    wait_until 60 is_up "$1"
}

compressed_image() {
    local dir=/var/lib/lxc/ct01
    a_container ct01 nbd:$dir/disk.qcow2
    a_file_system "$work/raw"
    qemu-img convert -O qcow2 "$work/raw" $dir/disk.qcow2
    up ct01
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" '^/dev/nbd[0-9]+ / ext4 rw'
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    expect_match "$(cat "/sys/fs/cgroup$(systemctl show --value -p ControlGroup nagaya@ct01.service)/cgroup.procs" 2>&1)" '^$'
    expect_ok nagaya stop --timeout 60 ct01
    expect_nothing_attached
    expect_nothing_remains ct01
    up ct01
    expect_eq "$(inside ct01 cat /root/file)" written
    # The clean-up of the unit detaches what the supervisor cannot any more.
    kill -KILL "$(supervisor_pid ct01)"
    wait_for_state ct01 stopped
    expect_nothing_attached
    expect_nothing_remains ct01
}

partition() {
    local image=/var/lib/lxc/ct01/disk
    a_container ct01 nbd:$image:2
    a_file_system "$work/raw"
    truncate -s 80M $image
    printf ',8M\n,\n' | sfdisk -q $image
    dd if="$work/raw" of=$image bs=1M seek=9 conv=notrunc status=none
    up ct01
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" '^/dev/nbd[0-9]+p2 / ext4 rw'
    expect_ok nagaya stop --timeout 60 ct01
    expect_nothing_attached
    sed -i 's|:2$|:3|' /var/lib/lxc/ct01/config
    expect_fails_with 1 "There is no such partition as '$image:3'" nagaya start ct01
    expect_nothing_attached
}

# Its first bytes say that another file is a part of it.
raw_image_that_lies() {
    local image=/var/lib/lxc/ct01/disk
    a_container ct01 nbd:$image
    a_file_system "$work/secret"
    qemu-img create -q -f qcow2 -b "$work/secret" -F raw $image
    expect_fails_with 1 "There is no file system on '$image'" nagaya start ct01
    expect_nothing_attached
    rm $image
    ln -s "$work/secret" $image
    expect_fails_with 1 "The image '$image' is not a regular file" nagaya start ct01
}

test_case "A container runs from a compressed image, which is detached at its end, however that comes" compressed_image
test_case "A container runs from a partition of an image" partition
test_case "A raw image that passes for another kind is none" raw_image_that_lies
test_end

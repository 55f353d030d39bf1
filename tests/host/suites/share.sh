#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The configurations to include, where LXC's package is not there: every name that configurations of
# LXC have written leads to one of ours.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

# The machine may have LXC's.
[ ! -e /usr/share/lxc ] || mv /usr/share/lxc /usr/share/lxc.away

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
ranges=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536'
    lxc.rootfs.options=idmap=container)

distributions=(alpine altlinux archlinux centos debian devuan fedora gentoo kali openmandriva
    opensuse openwrt oracle plamo sabayon slackware sparclinux ubuntu ubuntu-cloud voidlinux)

include() {
    printf 'lxc.include=/usr/share/lxc/config/%s' "$1"
}

plan() {
    /usr/libexec/nagaya/nagaya-run --plan "$1"
}

every_name_is_there() {
    local name
    a_busybox ct01
    cp /var/lib/lxc/ct01/config "$case_dir/config"
    for name in common.conf userns.conf nesting.conf oci.common.conf gentoo.moresecure.conf \
        ubuntu.lucid.conf ubuntu-cloud.lucid.conf "${distributions[@]/%/.common.conf}" \
        "${distributions[@]/%/.userns.conf}"; do
        { echo "lxc.include = /usr/share/lxc/config/$name" && cat "$case_dir/config"; } \
            >/var/lib/lxc/ct01/config
        expect_ok plan ct01 >"$case_dir/plan"
        expect_eq "$(cat "$case_dir/stderr")" '' "warnings of $name"
    done
}

what_the_common_part_does() {
    a_busybox ct01 "$(include common.conf)"
    started ct01
    local status="/proc/$(property ct01 InitPID)/status" bounding
    bounding=$(awk '$1 == "CapBnd:" { print $2 }' "$status")
    # sys_module 16, sys_rawio 17, sys_time 25, mac_override 32, mac_admin 33
    expect_eq "$((0x$bounding & (1 << 16 | 1 << 17 | 1 << 25 | 1 << 32 | 1 << 33)))" 0
    expect_match "$(cat "$status")" 'Seccomp:.2'
    expect_eq "$(nagaya exec ct01 -- readlink /dev/console)" lxc/console
    expect_match "$(nagaya exec ct01 -- awk '$2 == "/sys" { print $4 }' /proc/mounts)" '^ro,'
    expect_ok nagaya exec ct01 -- test -e /sys/fs/cgroup/cgroup.procs
    # Devices: any node may be made, not any opened.
    expect_ok nagaya exec ct01 -- mknod /tmp/loop b 7 0
    expect_fails_with 1 'not permitted' nagaya exec ct01 -- dd if=/tmp/loop of=/dev/null count=1
    expect_ok nagaya exec ct01 -- sh -c 'echo x >/dev/null; head -c 1 /dev/urandom >/dev/null'
    # An unmount by force, which the profile refuses.
    expect_fails_with 1 '(Permission denied|not permitted)' nagaya exec ct01 -- umount -f /proc
}

a_container_of_each_kind_starts() {
    local name
    for name in debian alpine plamo voidlinux openwrt; do
        a_busybox ct01 "$(include "$name.common.conf")" lxc.signal.halt=SIGUSR1
        started ct01
        expect_ok nagaya stop ct01
        a_busybox ct02 "$(include "$name.common.conf")" "$(include "$name.userns.conf")" \
            "${ranges[@]}" lxc.signal.halt=SIGUSR1
        started ct02
        expect_ok nagaya exec ct02 -- sh -c 'echo x >/dev/null'
        expect_ok nagaya stop ct02
        rm -rf /var/lib/lxc/ct0[12]
    done
}

an_oci_container_has_few_rights() {
    a_busybox ct01 "$(include oci.common.conf)" lxc.signal.halt=SIGUSR1
    started ct01
    local bounding
    bounding=$(awk '$1 == "CapBnd:" { print $2 }' "/proc/$(property ct01 InitPID)/status")
    # The number of them, and sys_admin 21 is none.
    expect_eq "$((0x$bounding & 1 << 21))" 0
    expect_eq "$(python3 -c "print(bin(0x$bounding).count('1'))")" 14
    expect_match "$(nagaya exec ct01 -- cat /proc/mounts)" ' /dev/shm tmpfs '
}

nesting_shows_what_the_kernel_wants_to_see() {
    a_busybox ct01 "$(include common.conf)" "$(include nesting.conf)"
    started ct01
    expect_match "$(nagaya exec ct01 -- cat /proc/mounts)" ' /dev/.lxc/proc proc '
}

lxc_s_own_come_first() {
    mkdir -p /usr/share/lxc/config
    echo 'lxc.uts.name = of-lxc' >/usr/share/lxc/config/debian.common.conf
    a_busybox ct01
    echo 'lxc.include = /usr/share/lxc/config/debian.common.conf' >>/var/lib/lxc/ct01/config
    started ct01
    expect_eq "$(nagaya exec ct01 -- hostname)" of-lxc
    rm -r /usr/share/lxc
}

test_case "Every name is there" every_name_is_there
test_case "What the common part does" what_the_common_part_does
test_case "A container of each kind starts" a_container_of_each_kind_starts
test_case "An OCI container has few rights" an_oci_container_has_few_rights
test_case "Nesting shows what the kernel wants to see" nesting_shows_what_the_kernel_wants_to_see
test_case "LXC's own come first" lxc_s_own_come_first
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# needs: disk 1G
# Root file systems on logical volumes, of their full size and thin.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../../host/lib.sh"

vgcreate -qq vg0 /dev/vdc || {
    echo "1..0 # SKIP a volume group cannot be made here"
    exit 0
}
mkdir -p /etc/nagaya
printf 'lxc.bdev.lvm.vg = vg0\nlxc.bdev.lvm.thin_pool = pool\n' >/etc/nagaya/nagaya.conf
systemctl try-restart nagaya.service
printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid

volumes() {
    lvs --noheadings -o lv_name vg0 | xargs
}

volumes_are() {
    [ "$(volumes)" = "$1" ]
}

# field VOLUME FIELD
field() {
    lvs --noheadings -o "$2" "vg0/$1" | xargs
}

inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

host_mounts() {
    awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo
}

# What a case that failed has left must not fail the next one.
remove_volumes() {
    lvs --noheadings -o lv_full_name -S 'pool_lv!="" || segtype=~"^(linear|snapshot)$"' vg0 |
        xargs -r lvremove -qq --yes --force
}

clean_case() {
    remove_volumes >/dev/null 2>&1
    test_case "$@"
}

# a_volume ID [OPTION...]: a container with a small file system.
a_volume() {
    uses "$1"
    expect_ok nagaya create "$1" -t busybox -B lvm --fssize 64M "${@:2}"
}

runs() {
    expect_ok nagaya start "$1"
    wait_until 30 inside "$1" test -e /proc/mounts
}

stops() {
    expect_ok nagaya stop --kill "$1"
    expect_nothing_remains "$1"
}

with_pool() {
    [ -e /dev/vg0/pool ] || [[ " $(volumes) " = *" pool "* ]] ||
        lvcreate -qq --yes --type thin-pool -L 400M -n pool vg0
}

thick() {
    local mounts
    mounts=$(host_mounts)
    a_volume ct01
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'lxc.rootfs.path = lvm:/dev/vg0/ct01'
    expect_eq "$(field ct01 lv_size)" 64.00m
    expect_match "$(field ct01 lv_attr)" '^-wi-a'
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    runs ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" '^/dev/(mapper/vg0-ct01|vg0/ct01|dm-[0-9]+) / ext4 rw'
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    stops ct01
    # As a machine that has booted without activating it.
    lvchange -qq -an vg0/ct01
    runs ct01
    expect_eq "$(inside ct01 cat /root/file)" written
    kill -KILL "$(supervisor_pid ct01)"
    wait_for_state ct01 stopped
    expect_nothing_remains ct01
    expect_ok nagaya destroy ct01
    expect_eq "$(volumes)" '' volumes
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the container is still there"
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
}

thick_snapshot() {
    a_volume ct01
    uses ct02
    expect_ok nagaya clone -s --size 16M ct01 ct02
    expect_match "$(cat /var/lib/lxc/ct02/config)" 'lxc.rootfs.path = lvm:/dev/vg0/ct02'
    expect_eq "$(field ct02 origin) $(field ct02 lv_size)" 'ct01 16.00m'
    runs ct01
    runs ct02
    expect_ok inside ct02 sh -c 'echo new >/root/new; rm -r /srv'
    expect_fails_with 1 '' inside ct01 test -e /root/new
    stops ct01
    stops ct02
    expect_fails_with 1 "has 1 clone that needs its files: ct02" nagaya destroy ct01
    expect_eq "$(volumes)" 'ct01 ct02' volumes
    expect_ok nagaya destroy ct02
    expect_ok nagaya destroy ct01
    expect_eq "$(volumes)" '' volumes
}

thin() {
    with_pool
    a_volume ct01 --fstype ext4
    uses ct02
    expect_eq "$(field ct01 pool_lv)" pool
    runs ct01
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    stops ct01
    expect_ok nagaya clone -s ct01 ct02
    expect_eq "$(field ct02 origin) $(field ct02 pool_lv)" 'ct01 pool'
    expect_no_match "$(field ct02 lv_attr)" 'k$'
    # A thin one does not need its source.
    expect_ok nagaya destroy ct01
    runs ct02
    expect_eq "$(inside ct02 cat /root/file)" written
    stops ct02
    expect_ok nagaya destroy ct02
    expect_eq "$(volumes)" pool volumes
}

snapshots() {
    with_pool
    a_volume ct01
    runs ct01
    expect_ok inside ct01 sh -c 'echo first >/root/file'
    stops ct01
    expect_ok nagaya snapshot create ct01
    runs ct01
    expect_ok inside ct01 sh -c 'echo second >/root/file'
    stops ct01
    expect_ok nagaya snapshot restore ct01 snap0
    runs ct01
    expect_eq "$(inside ct01 cat /root/file)" first
    stops ct01
    expect_ok nagaya destroy --snapshots ct01
    expect_eq "$(volumes)" pool volumes
}

in_a_user_namespace() {
    a_volume ct01 --set lxc.idmap='u 0 100000 65536' --set lxc.idmap='g 0 100000 65536'
    runs ct01
    expect_eq "$(inside ct01 sh -c 'id -u; stat -c %u /bin/sh; touch /root/new; stat -c %u /root/new' | xargs)" \
        '0 0 0'
    stops ct01
}

rename_follows() {
    a_volume ct01 --thinpool none
    uses ct02
    expect_ok nagaya rename ct01 ct02
    expect_match "$(cat /var/lib/lxc/ct02/config)" 'lxc.rootfs.path = lvm:/dev/vg0/ct02'
    expect_match " $(volumes) " ' ct02 '
    expect_no_match " $(volumes) " ' ct01 '
    runs ct02
    stops ct02
}

nothing_is_left_of_a_failure() {
    local before
    before=$(volumes)
    uses ct01
    printf '#!/bin/sh\nexit 3\n' >/usr/share/nagaya/templates/lxc-failing
    printf '#!/bin/sh\necho ready; sleep 1000\n' >/usr/share/nagaya/templates/lxc-slow
    chmod 0755 /usr/share/nagaya/templates/lxc-{failing,slow}
    expect_fails_with 1 "failed with exit status 3" nagaya create ct01 -t failing -B lvm --fssize 32M
    expect_eq "$(volumes)" "$before" volumes
    nagaya create ct01 -t slow -B lvm --fssize 32M >"$case_dir/slow" 2>&1 &
    wait_for_line "$case_dir/slow" ready 60
    expect_match " $(volumes) " ' ct01 '
    systemctl kill --signal=KILL nagaya-work.service
    wait_until 30 process_is_gone $!
    # The next runner removes what the killed one has left, in nobody's way.
    expect_ok nagaya create ct01
    expect_ok nagaya destroy ct01
    wait_until 30 volumes_are "$before"
    expect_eq "$(volumes)" "$before" volumes
    # One that belongs to somebody else is not touched.
    lvcreate -qq --yes -L 4M -n ct01 vg0
    expect_fails_with 1 "There is already a logical volume 'vg0/ct01'" nagaya create ct01 -B lvm
    expect_match " $(volumes) " ' ct01 '
    lvremove -qq --yes vg0/ct01
    expect_fails_with 1 "'lvcreate' failed with exit status" nagaya create ct01 -B lvm --fssize 1T \
        --thinpool none
    expect_fails_with 1 "'lvcreate' failed .*[Vv]olume group \"none\"" nagaya create ct01 -B lvm --vgname none
    [ ! -e /var/lib/lxc/ct01 ] || flunk "ct01 was made"
}

best_and_unmanaged() {
    uses ct01
    expect_ok nagaya create ct01 -B best --fssize 16M
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'lxc.rootfs.path = lvm:/dev/vg0/ct01'
    echo 'lxc.rootfs.managed = 0' >>/var/lib/lxc/ct01/config
    expect_ok nagaya destroy ct01
    expect_match " $(volumes) " ' ct01 '
    lvremove -qq --yes vg0/ct01
    # Somebody has removed the volume: the container can be destroyed all the same.
    expect_ok nagaya create ct01 -B lvm --fssize 16M
    lvremove -qq --yes vg0/ct01
    expect_fails_with 1 "Cannot activate '/dev/vg0/ct01'" nagaya start ct01
    expect_ok nagaya destroy ct01
    [ ! -e /var/lib/lxc/ct01 ] || flunk "ct01 is still there"
}

clean_case "A volume of its full size is made, started from, activated, destroyed" thick
clean_case "A snapshot of such a volume keeps its source from being destroyed" thick_snapshot
clean_case "A thin volume and a snapshot of it that outlives it" thin
clean_case "Snapshots of a container on a volume are restored and go with it" snapshots
clean_case "A volume in a user namespace" in_a_user_namespace
clean_case "A volume is renamed with its container" rename_follows
clean_case "A create that fails or is killed leaves no volume and spares those of others" nothing_is_left_of_a_failure
clean_case "The best backend is lvm; a volume that is unmanaged stays, one that is gone is no obstacle" best_and_unmanaged
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container has of its own, what it keeps of the host's and what it shares with another,
# seen from inside and from outside.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
idmapped=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536'
    lxc.rootfs.options=idmap=container)

# inside ID COMMAND...
inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

init_pid() {
    property "$1" InitPID
}

# namespace PROCESS TYPE: what names it.
namespace() {
    readlink "/proc/$1/ns/$2"
}

# group_of PROCESS: of version 2.
group_of() {
    sed -n 's/^0:://p' "/proc/$1/cgroup"
}

cgroup_mount() {
    findmnt -n -o TARGET -t cgroup2 | head -n 1
}

start_is_refused() {
    expect_fails_with 1 "$2" nagaya start "$1"
    expect_eq "$(state "$1")" stopped
    expect_nothing_remains "$1"
}

# ---- the cgroup namespace

# What an article of 2016 shows of it: the container's group is the root inside, with the numbers
# that processes have there; outside it lies where the host put it.
its_control_group_is_the_root_inside() {
    a_busybox ct01 "$@"
    started ct01
    local pid group top
    pid=$(init_pid ct01)
    top=$(cgroup_mount)
    [ "$(namespace "$pid" cgroup)" != "$(namespace self cgroup)" ] ||
        flunk "it is in the host's cgroup namespace"
    expect_eq "$(inside ct01 sed -n 's/^0:://p' /proc/1/cgroup)" / 'the group of init, inside'
    expect_eq "$(inside ct01 sed -n 's/^0:://p' /proc/self/cgroup)" / 'the group of exec, inside'
    group=$(group_of "$pid")
    expect_match "$group" '/nagaya@ct01\.service/payload$'
    # The mounted tree is the container's own: the same group, by either name.
    expect_eq "$(inside ct01 head -n 1 /sys/fs/cgroup/cgroup.procs)" 1 'init inside'
    expect_eq "$(head -n 1 "$top$group/cgroup.procs")" "$pid" 'init outside'
    expect_eq "$(inside ct01 stat -c %i /sys/fs/cgroup)" "$(stat -c %i "$top$group")" 'the inode'
    expect_ok inside ct01 mkdir /sys/fs/cgroup/below
    [ -d "$top$group/below" ] || flunk "a group made inside is not below the container's"
    # An attached process is in it: outside as well.
    nagaya exec ct01 -- sleep 1000 &
    wait_until 10 pgrep -x sleep
    expect_eq "$(inside ct01 sh -c 'for p in /proc/[0-9]*; do cat $p/cgroup; done 2>/dev/null |
        sed -n "s/^0:://p" | sort -u')" / 'groups of all its processes, inside'
    # The supervisor's group is not to be seen, however one walks.
    expect_no_match "$(inside ct01 find /sys/fs/cgroup -type d)" supervisor
    expect_no_match "$(inside ct01 ls /sys/fs/cgroup/..)" supervisor
    expect_match "$(group_of "$(supervisor_pid ct01)")" '/nagaya@ct01\.service/supervisor$'
}

the_same_with_an_idmap() {
    its_control_group_is_the_root_inside "${idmapped[@]}"
}

# kept MODE [KEY=VALUE]...: a container without a cgroup namespace; sets `own` to its group.
kept() {
    local mode=$1
    shift
    a_busybox ct01 lxc.namespace.keep=cgroup lxc.mount.auto= \
        "lxc.mount.auto=proc:mixed sys:mixed $mode" "$@"
    started ct01
    expect_eq "$(namespace "$(init_pid ct01)" cgroup)" "$(namespace self cgroup)"
    own=$(group_of "$(init_pid ct01)")
    expect_match "$own" '/nagaya@ct01\.service/payload$'
    expect_eq "$(inside ct01 sed -n 's/^0:://p' /proc/self/cgroup)" "$own" 'the group of exec'
    expect_eq "$(inside ct01 stat -c %i "/sys/fs/cgroup$own")" \
        "$(stat -c %i "$(cgroup_mount)$own")" 'its group, at the path that the host says'
}

a_kept_one_shows_its_own_group_only() {
    local own
    kept cgroup:mixed
    expect_eq "$(inside ct01 ls "/sys/fs/cgroup${own%/*}")" payload 'beside its group'
    expect_eq "$(inside ct01 find /sys/fs/cgroup -name cgroup.procs)" \
        "/sys/fs/cgroup$own/cgroup.procs"
    expect_ok inside ct01 mkdir "/sys/fs/cgroup$own/below"
    expect_fails_with 1 'Read-only' inside ct01 mkdir "/sys/fs/cgroup${own%/*}/beside"
}

a_kept_one_is_read_only() {
    local own
    kept cgroup:ro
    expect_fails_with 1 'Read-only' inside ct01 mkdir "/sys/fs/cgroup$own/below"
    expect_fails_with 1 'Read-only' inside ct01 mkdir "/sys/fs/cgroup${own%/*}/beside"
}

a_kept_one_is_writable() {
    local own
    kept cgroup:rw
    expect_ok inside ct01 mkdir "/sys/fs/cgroup$own/below"
    # Of the directories on the way nothing is the host's.
    expect_ok inside ct01 mkdir "/sys/fs/cgroup${own%/*}/beside"
    [ ! -e "$(cgroup_mount)${own%/*}/beside" ] || flunk "it was made on the host"
}

without_a_word_capabilities_decide() {
    local own
    kept cgroup
    expect_ok inside ct01 mkdir "/sys/fs/cgroup${own%/*}/beside"
    expect_ok nagaya stop ct01
    echo 'lxc.cap.drop = sys_admin' >>/var/lib/lxc/ct01/config
    started ct01
    expect_fails_with 1 'Read-only' inside ct01 mkdir "/sys/fs/cgroup${own%/*}/beside2"
}

the_whole_hierarchy() {
    local own
    kept cgroup-full:mixed
    expect_ok inside ct01 test -d "/sys/fs/cgroup${own%/*}/supervisor"
    expect_ok inside ct01 mkdir "/sys/fs/cgroup$own/below"
    expect_fails_with 1 'Read-only' inside ct01 mkdir "/sys/fs/cgroup${own%/*}/beside"
    expect_ok nagaya stop ct01
    sed -i 's/cgroup-full:mixed/cgroup-full:ro/' /var/lib/lxc/ct01/config
    started ct01
    expect_fails_with 1 'Read-only' inside ct01 mkdir "/sys/fs/cgroup$own/below"
}

a_kept_one_with_an_idmap() {
    local own
    kept cgroup:mixed "${idmapped[@]}"
    expect_eq "$(inside ct01 find /sys/fs/cgroup -name cgroup.procs)" \
        "/sys/fs/cgroup$own/cgroup.procs"
    expect_ok inside ct01 mkdir "/sys/fs/cgroup$own/below"
    expect_eq "$(stat -c %u "$(cgroup_mount)$own/below")" 100000
    expect_ok nagaya freeze ct01
    expect_ok nagaya thaw ct01
    expect_ok nagaya stop --kill ct01
    expect_nothing_remains ct01
}

# ---- kept and shared

namespaces_are_kept() {
    a_busybox ct01 lxc.namespace.keep='net ipc uts'
    started ct01
    local type pid
    pid=$(init_pid ct01)
    for type in net ipc uts; do
        expect_eq "$(namespace "$pid" "$type")" "$(namespace self "$type")" "$type"
    done
    for type in mnt pid cgroup; do
        [ "$(namespace "$pid" "$type")" != "$(namespace self "$type")" ] || flunk "$type is the host's"
    done
    expect_eq "$(inside ct01 hostname)" "$(hostname)"
}

only_those_that_are_named() {
    a_busybox ct01 lxc.namespace.clone='mnt pid net'
    started ct01
    local type pid
    pid=$(init_pid ct01)
    for type in ipc uts cgroup; do
        expect_eq "$(namespace "$pid" "$type")" "$(namespace self "$type")" "$type"
    done
    [ "$(namespace "$pid" net)" != "$(namespace self net)" ] || flunk "net is the host's"
}

mounts_and_processes_are_never_the_host_s() {
    a_busybox ct01 lxc.namespace.keep=mnt
    start_is_refused ct01 'mnt namespace'
    a_busybox ct02 lxc.namespace.keep=pid
    start_is_refused ct02 'pid namespace'
    a_busybox ct03 lxc.namespace.share.pid=1
    start_is_refused ct03 "the host's"
}

# shares_with FROM: ct02 shares most of ct01, named in the way of FROM.
shares_with() {
    local type
    a_busybox ct02 "${@:2}"
    for type in net ipc uts cgroup pid; do
        printf 'lxc.namespace.share.%s = %s\n' "$type" "${1//TYPE/$type}"
    done >>/var/lib/lxc/ct02/config
    started ct02
    for type in net ipc uts cgroup pid; do
        expect_eq "$(namespace "$(init_pid ct02)" "$type")" \
            "$(namespace "$(init_pid ct01)" "$type")" "$type"
        expect_eq "$(inside ct02 readlink "/proc/self/ns/$type")" \
            "$(namespace "$(init_pid ct01)" "$type")" "$type of exec"
    done
    [ "$(namespace "$(init_pid ct02)" mnt)" != "$(namespace "$(init_pid ct01)" mnt)" ] ||
        flunk "mnt is shared as well"
    expect_eq "$(inside ct02 hostname)" ct01
    # The supervisor has come back from all of them.
    for type in net ipc uts cgroup pid; do
        expect_eq "$(namespace "$(supervisor_pid ct02)" "$type")" "$(namespace self "$type")"
    done
    expect_ok nagaya stop --kill ct02
    expect_nothing_remains ct02
    expect_eq "$(state ct01)" running
}

shared_by_name() {
    a_busybox ct01
    started ct01
    shares_with ct01
}

shared_by_pid() {
    a_busybox ct01
    started ct01
    shares_with "$(init_pid ct01)"
}

shared_by_path() {
    a_busybox ct01
    started ct01
    shares_with "/proc/$(init_pid ct01)/ns/TYPE"
}

shared_with_one_that_does_not_run() {
    a_busybox ct01
    a_busybox ct02 lxc.namespace.share.net=ct01
    start_is_refused ct02 "'ct01' is not running"
    sed -i 's/= ct01$/= ct99/' /var/lib/lxc/ct02/config
    start_is_refused ct02 "'ct99' is not running"
    started ct01
    sed -i 's/^\(lxc.namespace.share.net\).*/\1 = ct01/' /var/lib/lxc/ct02/config
    started ct02
    # A killed one's journal still names its init; the number is not believed.
    expect_ok nagaya stop ct02
    systemctl kill --signal=KILL nagaya@ct01.service
    wait_until 10 unit_is ct01 failed
    start_is_refused ct02 "'ct01' is not running"
}

clocks_of_its_own() {
    a_busybox ct01 'lxc.time.offset.boot=10h' 'lxc.time.offset.monotonic=-1 s'
    started ct01
    local inside_up outside_up
    inside_up=$(inside ct01 cut -d. -f1 /proc/uptime)
    outside_up=$(cut -d. -f1 /proc/uptime)
    [ $((inside_up - outside_up)) -ge 35999 ] && [ $((inside_up - outside_up)) -le 36060 ] ||
        flunk "the container is up $inside_up s, the host $outside_up s"
    [ "$(namespace "$(init_pid ct01)" time)" != "$(namespace self time)" ] ||
        flunk "it is in the host's time namespace"
    a_busybox ct02 lxc.namespace.share.time=ct01
    started ct02
    [ $(($(inside ct02 cut -d. -f1 /proc/uptime) - $(cut -d. -f1 /proc/uptime))) -ge 35999 ] ||
        flunk "the clock was not shared"
}

# ---- mounts that arrive later

mounts_made_later_arrive() {
    local shared=/run/nagaya-test-shared
    a_busybox ct01 "lxc.mount.auto=shmounts:$shared"
    a_busybox ct02 "lxc.mount.auto=shmounts:$shared:/srv/late" "${idmapped[@]}"
    started ct01
    started ct02
    expect_match "$(findmnt -n -o FSTYPE,PROPAGATION "$shared")" 'tmpfs +shared'
    mkdir "$shared/one"
    mount -t tmpfs -o size=64k late "$shared/one"
    echo content >"$shared/one/file"
    expect_eq "$(inside ct01 cat /dev/.lxc-mounts/one/file)" content
    expect_eq "$(inside ct02 cat /srv/late/one/file)" content
    # Nothing goes the other way.
    expect_ok inside ct01 mount -t tmpfs inner /dev/.lxc-mounts/one
    expect_eq "$(cat "$shared/one/file")" content
    umount "$shared/one"
    expect_ok nagaya stop ct02
    expect_ok nagaya stop ct01
    ! findmnt -n "$shared" || flunk "'$shared' is still mounted"
    # Also when nobody is left to do it in order.
    started ct01
    systemctl kill --signal=KILL nagaya@ct01.service
    wait_until 10 unit_is ct01 failed
    ! findmnt -n "$shared" || flunk "'$shared' is still mounted after a kill"
    expect_nothing_remains ct01
    rmdir "$shared"
}

# ---- keeping to the root

a_target_through_a_link_is_named() {
    local root target
    a_busybox ct01 'lxc.mount.entry=tmpfs srv/a/deep tmpfs size=64k,create=dir 0 0'
    root=$(rootfs ct01)
    mkdir -p /srv/outside
    for target in /srv/outside ../../../../../../srv/outside /proc/1/root/srv/outside; do
        rm -rf "$root/srv/a"
        ln -s "$target" "$root/srv/a"
        start_is_refused ct01 'srv/a/deep.*symbolic link'
    done
    sed -i 's/,create=dir//; s/deep//' /var/lib/lxc/ct01/config
    start_is_refused ct01 'srv/a.*symbolic link'
    expect_eq "$(ls -A /srv/outside)" ''
    rmdir /srv/outside
}

a_read_only_root() {
    a_busybox ct01 lxc.rootfs.options=ro 'lxc.mount.entry=tmpfs tmp tmpfs size=64k 0 0' \
        'lxc.init.cmd=/bin/sleep 1000'
    expect_ok nagaya start ct01
    expect_fails_with 1 'Read-only' inside ct01 touch /root/x
    expect_ok inside ct01 touch /tmp/x
    touch "$(rootfs ct01)/root/x"
    expect_ok inside ct01 test -e /root/x
}

# The source of a bind says what its copy may at least not do.
a_bind_keeps_what_its_source_forbids() {
    mkdir -p /srv/locked
    mount -t tmpfs -o nosuid,nodev,noexec,size=64k locked /srv/locked
    a_busybox ct01 'lxc.mount.entry=/srv/locked mnt none bind,ro 0 0' \
        'lxc.mount.entry=/srv/locked srv none rbind,rslave 0 0' \
        'lxc.mount.entry=/usr/bin var none bind,relative 0 0'
    started ct01
    local options
    options=$(inside ct01 awk '$2 == "/mnt" { print $4 }' /proc/mounts)
    expect_match "$options" '^ro,nosuid,nodev,noexec'
    expect_eq "$(inside ct01 stat -c %i /var)" "$(stat -c %i "$(rootfs ct01)/usr/bin")" 'relative'
    mkdir /srv/locked/later
    mount -t tmpfs -o size=64k later /srv/locked/later
    touch /srv/locked/later/x
    expect_ok inside ct01 test -e /srv/later/x
    umount /srv/locked/later /srv/locked
    rmdir /srv/locked
}

test_case "Its control group is the root inside" its_control_group_is_the_root_inside
test_case "Its control group is the root inside, with an idmap" the_same_with_an_idmap
test_case "Without a cgroup namespace: cgroup:mixed" a_kept_one_shows_its_own_group_only
test_case "Without a cgroup namespace: cgroup:ro" a_kept_one_is_read_only
test_case "Without a cgroup namespace: cgroup:rw" a_kept_one_is_writable
test_case "Without a cgroup namespace: cgroup" without_a_word_capabilities_decide
test_case "Without a cgroup namespace: cgroup-full" the_whole_hierarchy
test_case "Without a cgroup namespace, with an idmap" a_kept_one_with_an_idmap
test_case "Namespaces are kept" namespaces_are_kept
test_case "Only those that are named are made" only_those_that_are_named
test_case "Mounts and processes are never the host's" mounts_and_processes_are_never_the_host_s
test_case "Shared by a container's name" shared_by_name
test_case "Shared by pid" shared_by_pid
test_case "Shared by path" shared_by_path
test_case "Nothing is shared with one that does not run" shared_with_one_that_does_not_run
test_case "Clocks of its own, and shared" clocks_of_its_own
test_case "Mounts made later arrive (shmounts)" mounts_made_later_arrive
test_case "A mount target through a link is named" a_target_through_a_link_is_named
test_case "A read-only root" a_read_only_root
test_case "A bind keeps what its source forbids" a_bind_keeps_what_its_source_forbids
test_end

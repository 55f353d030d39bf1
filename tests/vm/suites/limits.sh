#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# needs: disk 64M
# Limits of control groups and of processes, as they bind: seen from inside and from outside.
# shellcheck source=tests/host/lib.sh disable=SC2016,SC2031,SC2034
. "$(dirname "$0")/../../host/lib.sh"

# group ID: the directory of the payload's control group.
group() {
    printf '/sys/fs/cgroup%s/payload\n' "$(systemctl show --value -p ControlGroup "nagaya@$1.service")"
}

# limit ID FILE: what the kernel has it at.
limit() {
    cat "$(group "$1")/$2"
}

# counter ID FILE NAME: a number out of a flat keyed file.
counter() {
    awk -v name="$3" '$1 == name { print $2 }' "$(group "$1")/$2"
}

# inside ID TEXT: by a shell of the container.
inside() {
    nagaya exec "$1" -- sh -c "$2"
}

# allocates ID MIB: a program inside that uses so much memory at once.
allocates() {
    nagaya exec "$1" -- dd if=/dev/zero of=/dev/null bs="$2M" count=1 2>/dev/null
}

# expect_killed ID MIB: it is, by the kernel, and nothing else happens.
expect_killed() {
    local before status=0
    before=$(counter "$1" memory.events oom_kill)
    allocates "$1" "$2" || status=$?
    expect_eq "$status" 137 "exit status of a program that uses $2 MiB"
    expect_eq "$(counter "$1" memory.events oom_kill)" $((before + 1)) "kills by the kernel"
    expect_eq "$(state "$1")" running
}

# ---- memory, processes

# The unit's own group must be empty before a limit can be set below it.
a_hook_is_not_in_their_way() {
    a_busybox ct01 lxc.cgroup2.memory.max=32M lxc.hook.pre-start=/srv/leaves-one
    printf '#!/bin/sh\nsleep 1001 &\n' >/srv/leaves-one
    chmod 0755 /srv/leaves-one
    started ct01
    expect_eq "$(pgrep -c -x -f 'sleep 1001')" 1
    expect_eq "$(limit ct01 memory.max)" 33554432
    expect_killed ct01 64
}

memory() {
    a_busybox ct01 lxc.cgroup2.memory.max=32M
    started ct01
    expect_eq "$(limit ct01 memory.max)" 33554432
    expect_ok allocates ct01 8
    expect_killed ct01 64
    expect_ok nagaya exec ct01 -- true
}

memory_while_it_runs() {
    a_busybox ct01
    started ct01
    expect_ok allocates ct01 64
    expect_eq "$(expect_ok nagaya config ct01 set lxc.cgroup2.memory.max 32M)" now
    expect_killed ct01 64
    expect_eq "$(varlink Container.SetConfig \
        '{"container":"ct01","key":"lxc.cgroup2.memory.max","value":"max"}' | jq -r .effect)" now
    expect_ok allocates ct01 64
    # SetCgroup: for this run only, and under the old name too.
    expect_ok container ct01 SetCgroup 'ssa{sv}' memory.limit_in_bytes 32M 0
    expect_killed ct01 64
    expect_match "$(cat /var/lib/lxc/ct01/config)" 'memory\.max = max'
}

# What systemd's own users know: the limit of the unit binds the container.
memory_of_the_unit() {
    a_busybox ct01
    started ct01
    expect_ok systemctl set-property --runtime nagaya@ct01.service MemoryMax=40M
    expect_eq "$(limit ct01 memory.max)" max
    expect_killed ct01 64
    expect_ok systemctl set-property --runtime nagaya@ct01.service MemoryMax=infinity TasksMax=12
    expect_ok allocates ct01 64
    expect_fails_with 2 'fork' inside ct01 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done'
}

old_names() {
    a_busybox ct01 lxc.cgroup.memory.limit_in_bytes=32M lxc.cgroup.cpu.shares=512 \
        lxc.cgroup.cpuset.cpus=1 lxc.cgroup.pids.max=100
    started ct01
    expect_eq "$(limit ct01 cpu.weight)" 20
    expect_eq "$(limit ct01 pids.max)" 100
    expect_eq "$(expect_ok nagaya exec ct01 -- nproc)" 1
    expect_killed ct01 64
}

fork_bomb() {
    a_busybox ct01 lxc.cgroup2.pids.max=30
    started ct01
    inside ct01 'bomb() { bomb & bomb; }; bomb' >/dev/null 2>&1 &
    wait_until 20 test "$(counter ct01 pids.events max)" -gt 0
    wait_until 20 refused_processes ct01
    refused_processes ct01 || flunk "no process was refused"
    [ "$(limit ct01 pids.current)" -le 30 ] || flunk "$(limit ct01 pids.current) processes"
    expect_ok nagaya stop --kill ct01
    expect_nothing_remains ct01
}

refused_processes() {
    [ "$(counter "$1" pids.events max)" -gt 0 ]
}

# An init that is killed for it: the unit and the journal say why.
init_out_of_memory() {
    a_busybox ct01 lxc.cgroup2.memory.max=32M
    cat >"$(rootfs ct01)/sbin/quick-init" <<-'INIT'
		#!/bin/sh
		: >/ready
		while [ ! -e /go ]; do sleep 1; done
		exec dd if=/dev/zero of=/dev/null bs=64M count=1
	INIT
    started ct01
    events_begin
    : >"$(rootfs ct01)/go"
    wait_for_state ct01 stopped
    wait_until 10 unit_is ct01 failed
    expect_match "$(systemctl show --value -p StatusText nagaya@ct01.service)" \
        'ended by signal 9 for want of memory'
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" \
        "init of 'ct01' was killed; for want of memory"
    wait_for_line "$case_dir/bus.json" '"member":"Exited".*"data":\[0,9\]' 10
    expect_nothing_remains ct01
    # By somebody else: no word of memory.
    printf '#!/bin/sh\n: >/ready\nexec sleep 1000\n' >"$(rootfs ct01)/sbin/quick-init"
    started ct01
    kill -KILL "$(property ct01 InitPID)"
    wait_for_state ct01 stopped
    wait_until 10 unit_is ct01 failed
    expect_match "$(systemctl show --value -p StatusText nagaya@ct01.service)" 'ended by signal 9$'
}

# ---- processors

# usage ID: of processor time so far, in ms.
usage() {
    echo $(($(counter "$1" cpu.stat usage_usec) / 1000))
}

# share ID SECONDS: of one processor, in percent, that the container uses in the next seconds.
share() {
    local before begin=${EPOCHREALTIME/[.,]/}
    before=$(usage "$1")
    sleep "$2"
    echo $((($(usage "$1") - before) * 100000 / (${EPOCHREALTIME/[.,]/} - begin)))
}

processor_time() {
    a_busybox ct01 'lxc.cgroup2.cpu.max=20000 100000'
    started ct01
    nagaya exec ct01 -- sh -c 'while :; do :; done' &
    local got
    got=$(share ct01 4)
    [ "$got" -le 30 ] || flunk "it uses $got % of a processor instead of 20"
    [ "$(counter ct01 cpu.stat nr_throttled)" -gt 0 ] || flunk "it was never throttled"
    expect_eq "$(expect_ok nagaya config ct01 set lxc.cgroup2.cpu.max max)" now
    got=$(share ct01 4)
    [ "$got" -gt 40 ] || flunk "without a limit it uses $got % of a processor"
}

# Two that want the same processor share it as their weights say.
weights() {
    local id
    for id in ct01 ct02; do
        a_busybox "$id" lxc.cgroup2.cpuset.cpus=1
        started "$id"
        expect_eq "$(expect_ok nagaya exec "$id" -- nproc)" 1
        expect_match "$(expect_ok nagaya exec "$id" -- grep Cpus_allowed_list /proc/self/status)" '[^0-9]1$'
        nagaya exec "$id" -- sh -c 'while :; do :; done' &
    done
    # Between siblings: the units, not what is in them.
    expect_ok systemctl set-property --runtime nagaya@ct01.service CPUWeight=1000
    expect_ok systemctl set-property --runtime nagaya@ct02.service CPUWeight=100
    local first second
    first=$(usage ct01) second=$(usage ct02)
    sleep 6
    first=$(($(usage ct01) - first)) second=$(($(usage ct02) - second))
    [ "$first" -gt $((second * 3)) ] || flunk "weights 1000 and 100: $first ms and $second ms"
}

processors() {
    a_busybox ct01 lxc.cgroup2.cpuset.cpus=0
    started ct01
    expect_eq "$(limit ct01 cpuset.cpus.effective)" 0
    expect_eq "$(nproc)" 2 "processors of this machine"
    expect_eq "$(expect_ok nagaya exec ct01 -- nproc)" 1
    expect_eq "$(expect_ok nagaya config ct01 set lxc.cgroup2.cpuset.cpus 0-1)" now
    expect_eq "$(expect_ok nagaya exec ct01 -- nproc)" 2
    # One that is not there is refused, and nothing changes.
    expect_fails_with 2 'cpuset\.cpus' nagaya config ct01 set lxc.cgroup2.cpuset.cpus one
    expect_eq "$(limit ct01 cpuset.cpus.effective)" 0-1
}

# ---- devices, large pages

disk_bandwidth() {
    local device begin took
    device=$(stat -c '%Hr:%Lr' /dev/vdc)
    a_busybox ct01 "lxc.cgroup2.io.max=$device wbps=1048576" \
        'lxc.mount.entry=/dev/vdc dev/disk none bind,create=file 0 0' 'lxc.cgroup2.devices.allow=b *:* rw'
    started ct01
    expect_match "$(limit ct01 io.max)" "$device rbps=max wbps=1048576"
    begin=$SECONDS
    expect_ok inside ct01 'dd if=/dev/zero of=/dev/disk bs=256k count=16 oflag=direct 2>/dev/null'
    took=$((SECONDS - begin))
    [ "$took" -ge 3 ] || flunk "4 MiB at 1 MiB/s took $took s"
    expect_match "$(limit ct01 io.stat)" "$device .*wbytes=[4-9][0-9]{6}"
    expect_eq "$(expect_ok nagaya config ct01 set lxc.cgroup2.io.max "$device wbps=max")" now
    expect_ok inside ct01 'dd if=/dev/zero of=/dev/disk bs=256k count=16 oflag=direct 2>/dev/null'
}

# systemd gives the units five controllers and never this one: said, not passed over.
large_pages() {
    a_busybox ct01 lxc.cgroup2.hugetlb.2MB.max=4M
    grep -qw hugetlb /sys/fs/cgroup/cgroup.controllers || skip "this kernel does not limit large pages"
    expect_fails_with 1 "hugetlb.*not available to the unit" nagaya start ct01
}

# ---- whose limits they are

# Here, as on a machine and unlike in a disposable host, cgroup2 is mounted with nsdelegate.
root_of_the_container() {
    expect_match "$(findmnt -no OPTIONS /sys/fs/cgroup)" nsdelegate
    a_busybox ct01 lxc.cgroup2.memory.max=32M lxc.cgroup2.pids.max=50 lxc.mount.auto=cgroup:rw:force
    started ct01
    local file
    for file in memory.max pids.max cpuset.cpus cgroup.max.depth; do
        expect_fails_with 1 'not permitted|denied' inside ct01 "echo 100 >/sys/fs/cgroup/$file"
    done
    expect_eq "$(limit ct01 memory.max)" 33554432
    expect_eq "$(limit ct01 pids.max)" 50
    # Below, it is the master: in groups of its own.
    expect_ok inside ct01 'cd /sys/fs/cgroup && mkdir init all && for pid in $(cat cgroup.procs); do
        echo $pid >init/cgroup.procs; done; echo "+pids +memory" >cgroup.subtree_control &&
        echo 5 >all/pids.max && grep -qx 5 all/pids.max'
    # Attach still finds a place.
    expect_ok nagaya exec ct01 -- true
    expect_killed ct01 64
}

how_cgroup_is_mounted() {
    local word
    for word in ro rw mixed; do
        a_busybox "ct-$word" "lxc.mount.auto=cgroup:$word proc:mixed sys:ro"
        started "ct-$word"
        expect_eq "$(expect_ok inside "ct-$word" 'cat /proc/self/cgroup')" 0::/
        expect_match "$(expect_ok inside "ct-$word" 'cat /sys/fs/cgroup/cgroup.controllers')" \
            'cpuset cpu io memory pids'
    done
    expect_fails_with 1 'Read-only' inside ct-ro 'mkdir /sys/fs/cgroup/below'
    for word in rw mixed; do
        expect_ok inside "ct-$word" 'mkdir /sys/fs/cgroup/below && rmdir /sys/fs/cgroup/below'
    done
}

# ---- limits of processes

hard_limits_are_raised() {
    local most
    most=$(ulimit -Hn)
    a_busybox ct01 "lxc.prlimit.nofile=$((most + 1000)):$((most + 2000))" lxc.prlimit.memlock=unlimited \
        lxc.prlimit.rtprio=10 lxc.prlimit.nice=40
    started ct01
    expect_eq "$(expect_ok inside ct01 'ulimit -n')" $((most + 1000))
    expect_eq "$(expect_ok inside ct01 'ulimit -Hn')" $((most + 2000))
    expect_match "$(cat "/proc/$(property ct01 InitPID)/limits")" 'Max locked memory +unlimited +unlimited'
    expect_match "$(cat "/proc/$(property ct01 InitPID)/limits")" 'Max nice priority +40 +40'
}

importance_for_the_kernel() {
    a_busybox ct01 lxc.proc.oom_score_adj=-500
    started ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- cat /proc/1/oom_score_adj)" -500
}

test_case "A program that uses more memory than memory.max is killed, and it alone" memory
test_case "Limits bind when a hook has left a program running, too" a_hook_is_not_in_their_way
test_case "SetConfig and SetCgroup bind a running container at once" memory_while_it_runs
test_case "systemctl set-property binds a running container" memory_of_the_unit
test_case "Limits in the names of version 1 bind as well" old_names
test_case "A fork bomb ends at pids.max, and stop ends it" fork_bomb
test_case "An init that is killed for want of memory is reported as such" init_out_of_memory
test_case "cpu.max holds a container to its share of a processor" processor_time
test_case "Two containers share a processor by their weights" weights
test_case "cpuset.cpus is what a container sees" processors
test_case "io.max holds a container to a bandwidth" disk_bandwidth
test_case "A controller that systemd does not hand on is named" large_pages
test_case "A container's root cannot change its own limits" root_of_the_container
test_case "cgroup:ro, rw and mixed" how_cgroup_is_mounted
test_case "prlimit raises hard limits" hard_limits_are_raised
test_case "oom_score_adj is lowered" importance_for_the_kernel
test_end

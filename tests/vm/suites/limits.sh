#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits of control groups and of processes, as they bind: seen from inside and from outside.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../../host/lib.sh"

# group ID: the directory of the payload's control group.
group() {
    printf '/sys/fs/cgroup%s/payload\n' "$(systemctl show --value -p ControlGroup "nagaya@$1.service")"
}

# counter ID FILE NAME: a number out of a flat keyed file.
counter() {
    awk -v name="$3" '$1 == name { print $2 }' "$(group "$1")/$2"
}

# allocates ID MIB: a program inside that uses so much memory at once.
allocates() {
    nagaya exec "$1" -- dd if=/dev/zero of=/dev/null bs="$2M" count=1 2>/dev/null
}

# dies_of_memory ID MIB
dies_of_memory() {
    local status=0
    allocates "$1" "$2" || status=$?
    expect_eq "$status" 137 "exit status of a program that uses $2 MiB"
}

memory() {
    a_busybox ct01 lxc.cgroup2.memory.max=32M
    started ct01
    expect_eq "$(cat "$(group ct01)/memory.max")" 33554432
    expect_ok allocates ct01 8
    expect_eq "$(counter ct01 memory.events oom_kill)" 0 "kills so far"
    dies_of_memory ct01 64
    expect_eq "$(counter ct01 memory.events oom_kill)" 1 kills
    # Who asked for too much is gone, and nobody else.
    expect_eq "$(state ct01)" running
    expect_ok nagaya exec ct01 -- true
}

memory_by_its_old_name() {
    a_busybox ct01 lxc.cgroup.memory.limit_in_bytes=32M lxc.cgroup.cpu.shares=512 \
        lxc.cgroup.cpuset.cpus=1
    started ct01
    expect_eq "$(cat "$(group ct01)/memory.max")" 33554432
    expect_eq "$(cat "$(group ct01)/cpuset.cpus.effective")" 1
    dies_of_memory ct01 64
    expect_eq "$(counter ct01 memory.events oom_kill)" 1 kills
}

# The unit's own group must be empty before a limit can be set below it.
a_hook_is_not_in_their_way() {
    a_busybox ct01 lxc.cgroup2.memory.max=32M lxc.hook.pre-start=/srv/leaves-one
    printf '#!/bin/sh\nsleep 1001 &\n' >/srv/leaves-one
    chmod 0755 /srv/leaves-one
    started ct01
    expect_eq "$(pgrep -c -x -f 'sleep 1001')" 1
    expect_eq "$(cat "$(group ct01)/memory.max")" 33554432
    dies_of_memory ct01 64
}

test_case "A program that uses more memory than memory.max is killed, and it alone" memory
test_case "They bind when a hook has left a program running, too" a_hook_is_not_in_their_way
test_case "Limits in the names of version 1 bind as well" memory_by_its_old_name
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The virtual machine itself: however it ends, the machine that runs it keeps nothing.

set -u -o pipefail

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/vm
NAGAYA_VMS=$(mktemp -d)/vms
export NAGAYA_VMS
name=v$$
number=0
failures=0

if [ "$(id -u)" != 0 ] || ! command -v qemu-system-x86_64 mmdebstrap mke2fs >/dev/null; then
    echo "1..0 # SKIP a virtual machine needs root and the packages qemu-system-x86, mmdebstrap and e2fsprogs"
    exit 0
fi
trap 'rmdir "${NAGAYA_VMS%/vms}" 2>/dev/null' EXIT

check() {
    local sentence=$1 output
    number=$((number + 1))
    if output=$("$2" 2>&1); then
        echo "ok $number - $sentence"
    else
        echo "not ok $number - $sentence"
        printf '%s\n' "$output" | sed 's/^/# /'
        failures=$((failures + 1))
    fi
}

within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

nothing_is_left() {
    [ ! -e "$NAGAYA_VMS" ] && ! pgrep -f "qemu.*$NAGAYA_VMS" >/dev/null
}

# Its own words on a reboot, a disk that keeps what is written to it, one that does not.
disk=$(mktemp)
runs_a_command() {
    local text status=0
    truncate -s 16M "$disk"
    # shellcheck disable=SC2016
    text=$("$vm" run --name "$name" --disk "$disk" --disk 1G -- sh -c '
        test -e /first && { printf second; cat /first; exit 7; }
        systemctl is-system-running
        echo kept >/dev/vdc
        cat /proc/sys/kernel/random/boot_id >/first
        test "$(blockdev --getsize64 /dev/vdd)" = 1073741824 && sync && exit 100') || status=$?
    echo "status $status, output $text, disk $(head -c 4 "$disk")"
    [ $status = 7 ] && [[ $text =~ ^running[[:space:]]+second[0-9a-f-]{36}$ ]] &&
        [ "$(head -c 4 "$disk")" = kept ] && within 5 nothing_is_left
}

ends_with_its_caller() {
    local pid
    "$vm" run --name "$name" -- sh -c 'echo is up && exec sleep 1000' >"$disk" &
    pid=$!
    within 300 grep -q 'is up' "$disk" || return 1
    [ "$("$vm" list | cut -f 1)" = "$name" ] || return 1
    kill -KILL $pid
    within 20 nothing_is_left
}

ends_at_its_deadline() {
    local text
    text=$(NAGAYA_VM_DEADLINE=2 "$vm" run --name "$name" -- true 2>&1) && return 1
    echo "$text"
    within 10 nothing_is_left
}

check "A command's output and status pass through, over a reboot; a disk keeps its data" runs_a_command
check "kill -9 of the caller ends the machine and leaves nothing" ends_with_its_caller
check "At its deadline a machine ends and leaves nothing" ends_at_its_deadline
rm -f "$disk"
echo "1..$number"
[ "$failures" = 0 ]

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The virtual machine itself: however it ends, the machine that runs it keeps nothing.

set -u -o pipefail
# shellcheck source=tests/frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/../frame.sh"

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/vm
NAGAYA_VMS=$(mktemp -d)/vms
export NAGAYA_VMS
name=v$$

if [ "$(id -u)" != 0 ] || ! command -v qemu-system-x86_64 mmdebstrap mke2fs >/dev/null; then
    skip_all "a virtual machine needs root and the packages qemu-system-x86, mmdebstrap and e2fsprogs"
fi
trap 'rmdir "${NAGAYA_VMS%/vms}" 2>/dev/null' EXIT

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

# What was on the disk and what was not, yet.
survives_a_crash() {
    local text
    "$vm" boot "$name" >/dev/null || return 1
    "$vm" enter "$name" -- sh -c 'echo kept >/root/kept && sync && echo lost >/root/lost'
    "$vm" crash "$name"
    text=$("$vm" enter "$name" -- sh -c 'cat /root/kept; cat /root/lost 2>/dev/null')
    "$vm" stop "$name"
    echo "output $text"
    [ "$text" = kept ] && within 5 nothing_is_left
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
check "After a power cut there is what was written to the disk, and no more" survives_a_crash
check "kill -9 of the caller ends the machine and leaves nothing" ends_with_its_caller
check "At its deadline a machine ends and leaves nothing" ends_at_its_deadline
rm -f "$disk"
tap_end

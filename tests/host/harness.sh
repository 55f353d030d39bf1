#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The disposable host itself: it boots, several live side by side, and however it ends the machine
# keeps nothing of it. Runs on the machine, not in a host.

set -u -o pipefail
# shellcheck source=tests/frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/../frame.sh"

host=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/host
NAGAYA_HOSTS=$(mktemp -d)/hosts
export NAGAYA_HOSTS
prefix=h$$

if [ "$(id -u)" != 0 ] || [ ! -x /lib/systemd/systemd ]; then
    skip_all "a disposable host needs root and the package systemd"
fi
trap 'rmdir "${NAGAYA_HOSTS%/hosts}" 2>/dev/null' EXIT

nothing_is_left() {
    local cgroup
    cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
    [ ! -e "$NAGAYA_HOSTS" ] && ! compgen -G "$cgroup/nagaya-hosts/$prefix*" >/dev/null &&
        ! grep -q "$NAGAYA_HOSTS" /proc/self/mounts &&
        ! pgrep -f "[/]host-init $NAGAYA_HOSTS" >/dev/null
}

boots_to_running() {
    [ "$("$host" run --name "$prefix-a" -- systemctl is-system-running)" = running ] &&
        within 5 nothing_is_left
}

passes_status_and_input_on() {
    local status=0 text
    text=$(echo hello | "$host" run --name "$prefix-a" -- sh -c 'cat; exit 7') || status=$?
    echo "status $status, output $text"
    [ "$status" = 7 ] && [ "$text" = hello ]
}

has_users_and_no_route() {
    # shellcheck disable=SC2016
    "$host" run --name "$prefix-a" -- sh -c '
        set -e
        test "$(id -u nagaya-alice)" = 2001
        test "$(id -u nagaya-bob)" = 2002
        test -z "$(cat /proc/net/route | tail -n +2)"
        test "$(stat -f -c %T /var/lib/lxc)" = tmpfs
        busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetId
        systemctl start polkit.service'
}

lives_side_by_side() {
    local name ok=0
    for name in a b c; do
        "$host" boot "$prefix-$name" >/dev/null &
    done
    wait
    for name in a b c; do
        [ "$("$host" enter "$prefix-$name" -- hostname)" = "$prefix-$name" ] || ok=1
        "$host" stop "$prefix-$name" || ok=1
    done
    [ $ok = 0 ] && within 5 nothing_is_left
}

halts_by_itself() {
    "$host" boot "$prefix-a" >/dev/null && "$host" halt "$prefix-a" && within 5 nothing_is_left
}

is_refused_twice() {
    local text status=0
    "$host" boot "$prefix-a" >/dev/null
    text=$("$host" boot "$prefix-a" 2>&1) || status=$?
    "$host" stop "$prefix-a"
    [ $status = 1 ] && [ "$text" = "host: There is a host '$prefix-a' already" ]
}

is_up() {
    "$host" list | grep -q "^$prefix-a.*running"
}

ends_with() {
    "$host" run --name "$prefix-a" -- sleep 1000 &
    local pid=$!
    within 20 is_up || return 1
    kill "-$1" "$pid"
    wait "$pid"
    within 20 nothing_is_left
}

ends_with_a_kill() {
    ends_with KILL
}

ends_with_a_signal() {
    ends_with TERM
}

sweeps_after_a_killed_keeper() {
    "$host" boot "$prefix-a" >/dev/null
    kill -KILL "$(<"$NAGAYA_HOSTS/$prefix-a/keeper")"
    "$host" run --name "$prefix-b" -- true
    within 5 nothing_is_left
}

check "A host boots to running and leaves nothing" boots_to_running
check "Exit status and input pass through" passes_status_and_input_on
check "It has users, a bus and polkit, and no way out" has_users_and_no_route
check "Three hosts live side by side" lives_side_by_side
check "A host that halts by itself leaves nothing" halts_by_itself
check "A name in use is refused" is_refused_twice
check "kill -9 of the caller ends the host and leaves nothing" ends_with_a_kill
check "SIGTERM to the caller ends the host and leaves nothing" ends_with_a_signal
check "After kill -9 of the keeper the next host cleans up" sweeps_after_a_killed_keeper
tap_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# After all was done, the host is as it was before.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

# Everything that a container could leave on its host.
picture() (
    # A part without a line is no failure.
    set +e
    echo '# mounts'
    cut -d' ' -f5 /proc/self/mountinfo | sort
    echo '# control groups'
    find /sys/fs/cgroup -type d | grep -v -E '/(entered|polkit.service|nagaya-work.service)(/|$)' | sort
    echo '# processes'
    ps -e -o ppid=,comm= | awk '$1 == 1 { print $2 }' | grep -v -E '^(polkitd|nagaya-work)$' | sort
    echo '# files of the service'
    find /run/nagaya /var/lib/lxc -printf '%P %y %m %u\n' | sort
    echo '# sockets'
    awk '{ print $8 }' /proc/net/unix | grep -F nagaya | sort -u
    awk '{ print $8 }' /proc/net/unix | grep -F /var/lib/lxc | sort -u
    echo '# links'
    ls /sys/class/net
    echo '# units'
    systemctl list-units --all --no-legend --plain 'nagaya@*' | awk '{ print $1, $3, $4 }'
    echo '# descriptors of the daemon'
    find "/proc/$(systemctl show --value -p MainPID nagaya.service)/fd" -mindepth 1 | wc -l
)

is_as_before() {
    picture >"$case_dir/after"
    cmp -s "$case_dir/before" "$case_dir/after"
}

# Nothing moved between two looks.
is_steady() {
    picture >"$case_dir/after"
    cmp -s "$case_dir/before" "$case_dir/after" && return 0
    mv "$case_dir/after" "$case_dir/before"
    sleep 0.1
    return 1
}

# leaves_nothing COMMAND...: after a first round, which may open what stays open.
leaves_nothing() {
    "$@"
    : >"$case_dir/before"
    wait_until 10 is_steady
    local round
    for round in 1 2 3 4 5; do
        "$@"
    done
    wait_until 15 is_as_before
    is_as_before || flunk "the host is not as before:" "$(diff "$case_dir/before" "$case_dir/after")"
}

whole_life() {
    uses gone
    expect_ok nagaya create gone -t busybox
    expect_ok nagaya start gone
    expect_ok nagaya exec gone -- true
    expect_ok nagaya freeze gone
    expect_ok nagaya thaw gone
    expect_ok nagaya stop --kill gone
    expect_ok nagaya destroy gone
}

failed_start() {
    a_busybox gone 'lxc.mount.entry=/srv/absent srv none bind 0 0'
    expect_fails_with 1 . nagaya start gone
    systemctl reset-failed nagaya@gone.service
    expect_ok nagaya destroy gone
}

killed_supervisor() {
    a_busybox gone
    started gone
    kill -KILL "$(supervisor_pid gone)"
    wait_until 10 state_is gone stopped
    wait_until 10 unit_is gone failed
    systemctl reset-failed nagaya@gone.service
    expect_ok nagaya destroy gone
}

refused_calls() {
    expect_fails_with 1 . nagaya start absent
    expect_fails_with 1 . nagaya create gone -t absent
    expect_fails_with 1 . as-user nagaya-alice nagaya --no-ask-password create gone -t busybox
}

monitors_that_end() {
    events_begin
    events_end
}

failing_template() {
    mkdir -p /root/template
    printf '#!/bin/sh\nexit 4\n' >/root/template/fails
    chmod 0755 /root/template/fails
    expect_fails_with 1 . nagaya create gone -t /root/template/fails
    [ ! -e /var/lib/lxc/gone ] || flunk "it is half there"
}

life() { leaves_nothing whole_life; }
failed() { leaves_nothing failed_start; }
killed() { leaves_nothing killed_supervisor; }
refused() { leaves_nothing refused_calls; }
monitored() { leaves_nothing monitors_that_end; }
template() { leaves_nothing failing_template; }
test_case "A whole life leaves nothing behind" life
test_case "A failed start leaves nothing behind" failed
test_case "A killed supervisor leaves nothing behind" killed
test_case "Refused calls leave nothing behind" refused
test_case "Monitors that end leave nothing behind" monitored
test_case "A failing template leaves nothing behind" template
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers that are gone when they end (lxc.ephemeral).
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

is_removed() {
    [ ! -e "/var/lib/lxc/$1" ]
}

trash_is_empty() {
    [ -z "$(ls -A /var/lib/lxc/.#trash 2>/dev/null)" ]
}

is_unknown() {
    ! container_is_known "$1"
}

# expect_removed ID: with its files, its unit, and in everybody's list.
expect_removed() {
    wait_until 10 is_removed "$1"
    is_removed "$1" || flunk "its directory is still there"
    wait_until 10 trash_is_empty
    expect_eq "$(ls -A /var/lib/lxc/.#trash 2>/dev/null)" '' 'the trash'
    wait_until 10 is_unknown "$1"
    expect_bus_error NoSuchContainer "$1" /org/nagaya1 org.nagaya1.Manager.GetContainer "$1"
    expect_no_match "$(nagaya list)" "\b$1\b"
    expect_nothing_remains "$1"
}

stopped_it_is_removed() {
    a_busybox ct01 lxc.ephemeral=1
    started ct01
    events_begin
    expect_ok nagaya stop ct01
    expect_removed ct01
    expect_trace ct01 'stopping stopped'
    wait_until 10 grep -q '"member":"ContainerRemoved"' "$case_dir/bus.json"
    expect_match "$(jq -r 'select(.member == "ContainerRemoved") | .payload.data[0]' \
        "$case_dir/bus.json")" ct01
    events_end
}

ended_from_inside_it_is_removed() {
    a_busybox ct01 lxc.ephemeral=1
    started ct01
    nagaya exec ct01 -- kill -USR1 1 || true
    expect_removed ct01
}

killed_it_is_removed() {
    a_busybox ct01 lxc.ephemeral=1
    started ct01
    expect_ok nagaya stop --kill ct01
    expect_removed ct01
}

a_reboot_is_no_end() {
    a_busybox ct01 lxc.ephemeral=1
    started ct01
    local before
    before=$(property ct01 InitPID)
    rm "$(rootfs ct01)/ready"
    nagaya exec ct01 -- kill -TERM 1 || true
    ready ct01
    [ "$(property ct01 InitPID)" != "$before" ] || flunk "it was not rebooted"
    expect_eq "$(wc -l <"$(rootfs ct01)/boots")" 2
    expect_ok nagaya stop ct01
    expect_removed ct01
}

with_a_killed_supervisor() {
    a_busybox ct01 lxc.ephemeral=1
    started ct01
    kill -KILL "$(supervisor_pid ct01)"
    expect_removed ct01
}

without_the_service() {
    a_busybox ct01 lxc.ephemeral=1
    a_busybox ct02 lxc.ephemeral=1
    systemctl stop nagaya.socket nagaya.service
    systemctl start nagaya@ct01 nagaya@ct02
    ready ct01
    systemctl stop nagaya@ct01
    is_removed ct01 || flunk "the directory of ct01 is still there"
    kill -KILL "$(supervisor_pid ct02)"
    wait_until 10 is_removed ct02
    is_removed ct02 || flunk "the directory of ct02 is still there"
    systemctl start nagaya.socket
    expect_removed ct01
    expect_removed ct02
}

for_one_run_only() {
    a_busybox ct01
    expect_ok container ct01 Start 'a{sv}' 1 config 'a(ss)' 1 lxc.ephemeral 1
    ready ct01
    expect_ok nagaya stop ct01
    expect_removed ct01
}

a_start_that_fails_removes_nothing() {
    a_busybox ct01 lxc.ephemeral=1 lxc.init.cmd=/sbin/absent
    expect_fails_with 1 /sbin/absent nagaya start ct01
    expect_eq "$(state ct01)" stopped
    systemctl stop nagaya@ct01
    [ -e /var/lib/lxc/ct01/config ] || flunk "it was removed"
}

what_is_not_its_own_stays() {
    a_busybox ct01 lxc.ephemeral=1 lxc.hook.destroy=/var/lib/lxc/ct01/hook
    mv "$(rootfs ct01)" /srv/elsewhere
    sed -i 's,^lxc.rootfs.path.*,lxc.rootfs.path = /srv/elsewhere,' /var/lib/lxc/ct01/config
    printf '#!/bin/sh\necho "$1 $3" >/srv/destroyed\n' >/var/lib/lxc/ct01/hook
    chmod 0755 /var/lib/lxc/ct01/hook
    expect_ok nagaya start ct01
    wait_until 10 test -e /srv/elsewhere/ready
    expect_ok nagaya stop ct01
    expect_removed ct01
    expect_eq "$(</srv/destroyed)" 'ct01 destroy' 'the destroy hook'
    [ -e /srv/elsewhere/sbin/quick-init ] || flunk "the root file system elsewhere was removed"
    rm -r /srv/elsewhere /srv/destroyed
}

a_hook_that_refuses_keeps_it() {
    a_busybox ct01 lxc.ephemeral=1 lxc.hook.destroy=/bin/false
    started ct01
    expect_ok nagaya stop ct01
    wait_until 10 unit_is ct01 failed
    [ -e /var/lib/lxc/ct01/config ] || flunk "it was removed"
    journalctl --sync
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" '/bin/false'
}

test_case "Stopped, it is removed" stopped_it_is_removed
test_case "Ended from inside, it is removed" ended_from_inside_it_is_removed
test_case "Killed, it is removed" killed_it_is_removed
test_case "A reboot is no end" a_reboot_is_no_end
test_case "Its supervisor killed, it is removed" with_a_killed_supervisor
test_case "Without the service, it is removed" without_the_service
test_case "Ephemeral for one run only" for_one_run_only
test_case "A start that fails removes nothing" a_start_that_fails_removes_nothing
test_case "What is not its own stays" what_is_not_its_own_stays
test_case "A destroy hook that refuses keeps it" a_hook_that_refuses_keeps_it
test_end

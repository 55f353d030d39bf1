#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A container is a unit: what systemd does to it, and what its failures say to the caller.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container

# fails_to_start PATTERN: StartFailed with the sentence, at the caller on both doors.
fails_to_start() {
    expect_bus_error StartFailed "$1" "$(object_path ct01)" $container_name.Start '{}'
    expect_varlink_error StartFailed "$1" Container.Start '{"container":"ct01"}'
    expect_fails_with 1 "$1" nagaya start ct01
    expect_eq "$(state ct01)" stopped
}

# drop_in TEXT
drop_in() {
    mkdir -p /run/systemd/system/nagaya@ct01.service.d
    printf '%s\n' "$1" >/run/systemd/system/nagaya@ct01.service.d/test.conf
    systemctl daemon-reload
}

no_drop_in() {
    rm -rf /run/systemd/system/nagaya@ct01.service.d
    systemctl daemon-reload
}

a_masked_unit() {
    a_busybox ct01
    systemctl mask --runtime nagaya@ct01.service
    expect_bus_error StartFailed 'masked' "$(object_path ct01)" $container_name.Start '{}'
    expect_fails_with 1 'masked' nagaya start ct01
    expect_eq "$(state ct01)" stopped
    systemctl unmask --runtime nagaya@ct01.service
    expect_ok nagaya start ct01
}

a_missing_supervisor() {
    a_busybox ct01
    drop_in $'[Service]\nExecStart=\nExecStart=/absent/nagaya-run %i'
    fails_to_start '203/EXEC|/absent/nagaya-run|status=203'
    no_drop_in
    expect_ok nagaya start ct01
}

a_missing_dependency() {
    a_busybox ct01
    drop_in $'[Unit]\nRequires=absent.service\nAfter=absent.service'
    expect_bus_error StartFailed 'absent\.service|[Dd]ependency|not found' "$(object_path ct01)" \
        $container_name.Start '{}'
    no_drop_in
}

a_failing_hook() {
    a_busybox ct01 lxc.hook.pre-start=/var/lib/lxc/ct01/hook
    printf '#!/bin/sh\necho the reason >&2\nexit 3\n' >/var/lib/lxc/ct01/hook
    chmod 0755 /var/lib/lxc/ct01/hook
    events_begin
    expect_bus_error HookFailed '/var/lib/lxc/ct01/hook.*3' "$(object_path ct01)" \
        $container_name.Start '{}'
    expect_trace ct01 'starting aborting stopping stopped'
    expect_varlink_error HookFailed '/var/lib/lxc/ct01/hook.*3' Container.Start '{"container":"ct01"}'
    expect_fails_with 1 '/var/lib/lxc/ct01/hook' nagaya start ct01
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" 'the reason'
    expect_nothing_remains ct01
}

a_supervisor_that_dies_in_the_start() {
    a_busybox ct01 lxc.hook.pre-start=/var/lib/lxc/ct01/hook
    printf '#!/bin/sh\necho $$ >/var/lib/lxc/ct01/in-hook\nexec sleep 1000\n' >/var/lib/lxc/ct01/hook
    chmod 0755 /var/lib/lxc/ct01/hook
    nagaya start ct01 >"$case_dir/start" 2>&1 &
    local start=$! status=0
    wait_until 10 test -s /var/lib/lxc/ct01/in-hook
    expect_eq "$(state ct01)" starting
    kill -KILL "$(supervisor_pid ct01)"
    wait "$start" || status=$?
    expect_eq "$status" 1 "exit status of start"
    expect_match "$(cat "$case_dir/start")" .
    wait_until 10 state_is ct01 stopped
    expect_eq "$(state ct01)" stopped
    wait_until 5 process_is_gone "$(cat /var/lib/lxc/ct01/in-hook)"
    process_is_gone "$(cat /var/lib/lxc/ct01/in-hook)" || flunk "the hook lives on"
    expect_nothing_remains ct01
}

seven_starts_in_five_seconds() {
    a_busybox ct01
    expect_ok systemctl enable nagaya@ct01.service
    local begin=${EPOCHREALTIME/[.,]/} round took
    for round in 1 2 3 4 5 6 7; do
        expect_ok nagaya start ct01
        expect_ok nagaya stop --kill ct01
    done
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    [ "$took" -le 5000 ] || flunk "it took $took ms"
    for round in 1 2 3 4 5 6 7; do
        expect_ok systemctl start nagaya@ct01.service
        expect_ok systemctl stop nagaya@ct01.service
    done
    expect_ok systemctl disable nagaya@ct01.service
    expect_nothing_remains ct01
}

restart_always_minds_a_wanted_end() {
    a_busybox ct01
    drop_in $'[Service]\nRestart=always\nRestartSec=100ms'
    started ct01
    # A wish from inside and a stop of ours are ends that were wanted ...
    nagaya exec ct01 -- kill -USR1 1 || true
    wait_for_state ct01 stopped
    wait_until 10 unit_is ct01 inactive
    expect_eq "$(unit_state ct01)" inactive
    started ct01
    expect_ok nagaya stop ct01
    expect_eq "$(unit_state ct01)" inactive
    # ... a killed supervisor is not.
    started ct01
    rm "$(rootfs ct01)/ready"
    kill -KILL "$(supervisor_pid ct01)"
    ready ct01
    wait_until 10 state_is ct01 running
    expect_eq "$(state ct01)" running
    expect_ok nagaya stop ct01
    no_drop_in
}

is_not_enabled() {
    [ ! -L "/etc/systemd/system/multi-user.target.wants/nagaya@$1.service" ]
}

destroy_removes_the_enablement() {
    a_busybox ct01
    expect_ok systemctl enable nagaya@ct01.service
    expect_ok nagaya destroy ct01
    # systemd removes it, after the answer.
    wait_until 5 is_not_enabled ct01
    is_not_enabled ct01 || flunk "the unit is still enabled"
}

a_reload_does_not_disturb() {
    a_busybox ct01
    started ct01
    local pid
    pid=$(property ct01 InitPID)
    expect_ok systemctl daemon-reload
    expect_ok systemctl daemon-reexec
    wait_until 10 bash -c 'systemctl is-system-running >/dev/null || systemctl is-system-running | grep -q degraded'
    expect_eq "$(state ct01)" running
    expect_eq "$(property ct01 InitPID)" "$pid"
    expect_ok nagaya stop ct01
    expect_eq "$(unit_state ct01)" inactive
}

# PID 1 is there for moments only.
reexec_all_the_time() {
    a_busybox ct01
    a_busybox ct02
    local id
    : >"$case_dir/go"
    while [ -e "$case_dir/go" ]; do systemctl daemon-reexec; done &
    for id in ct01 ct02 ct01 ct02; do
        started "$id"
        expect_ok nagaya stop --kill "$id"
        expect_eq "$(state "$id")" stopped
        expect_eq "$(wc -l <"$(rootfs "$id")/boots")" 1 "boots of $id"
        rm "$(rootfs "$id")/boots"
    done
    rm "$case_dir/go"
    wait
    expect_eq "$(unit_state ct01) $(unit_state ct02)" 'inactive inactive'
    expect_nothing_remains ct01
}

a_kill_of_the_whole_unit() {
    a_busybox ct01
    started ct01
    systemctl kill --signal=KILL nagaya@ct01.service
    wait_for_state ct01 stopped
    expect_nothing_remains ct01
}

no_job_of_systemd_is_left() {
    a_busybox ct01
    started ct01
    expect_ok nagaya stop ct01
    expect_eq "$(systemctl list-jobs --no-legend | wc -l)" 0 jobs
}

the_container_is_charged_to_its_unit() {
    a_busybox ct01
    started ct01
    local group
    group=$(systemctl show --value -p ControlGroup nagaya@ct01.service)
    expect_match "$(cat "/sys/fs/cgroup$group/payload/cgroup.procs")" "(^|.*[^0-9])$(
        property ct01 InitPID)(\$|[^0-9])"
    expect_match "$(cat "/sys/fs/cgroup$group/supervisor/cgroup.procs")" "$(supervisor_pid ct01)"
    expect_eq "$(cat "/sys/fs/cgroup$group/cgroup.procs")" "" "processes beside payload and supervisor"
}

test_case "A masked unit" a_masked_unit
test_case "A missing supervisor binary" a_missing_supervisor
test_case "A missing dependency" a_missing_dependency
test_case "A hook that fails" a_failing_hook
test_case "A supervisor that dies while it starts" a_supervisor_that_dies_in_the_start
test_case "Seven starts and stops of an enabled container within five seconds" \
    seven_starts_in_five_seconds
test_case "Restart=always minds a wanted end" restart_always_minds_a_wanted_end
test_case "Destroy removes the enablement" destroy_removes_the_enablement
test_case "daemon-reload and daemon-reexec do not disturb" a_reload_does_not_disturb
test_case "daemon-reexec all the time neither loses nor doubles a start or a stop" reexec_all_the_time
test_case "systemctl kill of the whole unit" a_kill_of_the_whole_unit
test_case "No job is left in systemd" no_job_of_systemd_is_left
test_case "Payload and supervisor have their control groups" the_container_is_charged_to_its_unit
test_end

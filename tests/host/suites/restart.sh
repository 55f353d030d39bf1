#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The parts die one by one, and nobody loses anything.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

daemon_pid() {
    systemctl show --value -p MainPID nagaya.service
}

# A fingerprint of a container's processes: pid and start time.
processes_of() {
    local pid
    for pid in $(cat "/sys/fs/cgroup$(systemctl show --value -p ControlGroup "nagaya@$1.service")"/{payload,supervisor}/cgroup.procs); do
        printf '%s %s\n' "$pid" "$(cut -d' ' -f22 "/proc/$pid/stat")"
    done | sort
}

# within_a_second COMMAND...: the deadline of the issue, with the time it took on failure.
is_listed() {
    [ "$(nagaya list --json 2>/dev/null | jq -r --arg id "$1" \
        '.containers[] | select(.container == $id) | "\(.state) \(.initPid)"')" = "$2" ]
}

daemon_is_not() {
    local pid
    pid=$(daemon_pid)
    [ "$pid" != "$1" ] && [ "$pid" != 0 ]
}

survives() {
    a_busybox ct01
    a_busybox ct02
    a_busybox ct03
    started ct01
    started ct02
    expect_ok nagaya freeze ct02
    local before1 before2 pid1 pid2 begin
    before1=$(processes_of ct01)
    before2=$(processes_of ct02)
    pid1=$(property ct01 InitPID)
    pid2=$(property ct02 InitPID)
    begin=${EPOCHREALTIME/[.,]/}
    "$@"
    wait_until 10 is_listed ct01 "running $pid1"
    wait_until 10 is_listed ct02 "frozen $pid2"
    local took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    is_listed ct01 "running $pid1" || flunk "ct01: $(nagaya list 2>&1)"
    is_listed ct02 "frozen $pid2" || flunk "ct02: $(nagaya list 2>&1)"
    is_listed ct03 'stopped 0' || flunk "ct03: $(nagaya list 2>&1)"
    [ "$took" -le 1000 ] || flunk "it took $took ms"
    expect_eq "$(processes_of ct01)" "$before1" "processes of ct01"
    expect_eq "$(processes_of ct02)" "$before2" "processes of ct02"
    expect_ok nagaya thaw ct02
    expect_ok nagaya stop ct01
    expect_eq "$(state ct01)" stopped
}

restart_the_daemon() {
    systemctl restart nagaya.service
}

kill_the_daemon() {
    local pid
    pid=$(daemon_pid)
    kill -KILL "$pid"
    wait_until 5 daemon_is_not "$pid"
}

a_restart_loses_nothing() {
    survives restart_the_daemon
}

a_kill_loses_nothing() {
    survives kill_the_daemon
}

monitor_reconnects() {
    a_busybox ct01
    nagaya monitor >"$case_dir/monitor" 2>&1 &
    local monitor=$!
    following "$monitor"
    kill_the_daemon
    following "$monitor"
    started ct01
    wait_for_line "$case_dir/monitor" 'ct01.*RUNNING' 10
    kill "$monitor"
}

a_wait_outlives_the_daemon() {
    a_busybox ct01
    started ct01
    timeout 40 nagaya wait ct01 stopped &
    local waiter=$!
    kill_the_daemon
    wait_until 5 state_is ct01 running
    expect_ok nagaya stop ct01
    wait "$waiter" || flunk "nagaya wait: exit status $?"
}

an_exec_outlives_the_daemon() {
    a_busybox ct01
    started ct01
    mkfifo "$case_dir/in"
    nagaya exec ct01 -- sh -c 'echo begun; read line; echo "$line"; exit 5' \
        <"$case_dir/in" >"$case_dir/out" 2>&1 &
    local session=$!
    exec {input}>"$case_dir/in"
    wait_for_line "$case_dir/out" begun 10
    kill_the_daemon
    echo still-here >&"$input"
    exec {input}>&-
    local status=0
    wait "$session" || status=$?
    expect_eq "$status" 5 "exit status of exec"
    expect_match "$(cat "$case_dir/out")" still-here
}

changes_while_the_daemon_is_away_are_seen() {
    a_busybox ct01
    a_busybox ct02
    started ct01
    systemctl stop nagaya.service nagaya.socket
    systemctl stop nagaya@ct01.service
    install -d -m 0770 /var/lib/lxc/ct05
    uses ct05
    sed 's/ct02/ct05/' /var/lib/lxc/ct02/config >/var/lib/lxc/ct05/config
    systemctl start nagaya.socket nagaya.service
    wait_until 5 is_listed ct01 'stopped 0'
    expect_eq "$(state ct01)" stopped
    expect_eq "$(state ct05)" stopped
}

systemctl_works_without_the_daemon() {
    a_busybox ct01
    systemctl mask --runtime nagaya.service
    systemctl stop nagaya.service nagaya.socket
    expect_ok systemctl start nagaya@ct01.service
    ready ct01
    expect_eq "$(unit_state ct01)" active
    [ ! -S "$socket" ] || ! "$tools/varlink" --deadline 1 "$socket" org.varlink.service.GetInfo \
        >/dev/null 2>&1 || flunk "the daemon runs"
    expect_ok systemctl stop nagaya@ct01.service
    expect_eq "$(unit_state ct01)" inactive
    expect_nothing_remains ct01
    systemctl unmask --runtime nagaya.service
    systemctl start nagaya.socket nagaya.service
    expect_eq "$(state ct01)" stopped
}

a_killed_supervisor_leaves_nothing() {
    a_busybox ct01
    started ct01
    local init
    init=$(property ct01 InitPID)
    events_begin
    kill -KILL "$(supervisor_pid ct01)"
    expect_trace ct01 'stopping stopped'
    wait_until 5 process_is_gone "$init"
    process_is_gone "$init" || flunk "the init $init lives on"
    expect_nothing_remains ct01
    expect_eq "$(property ct01 InitPID)" 0
    expect_ok nagaya start ct01
    expect_eq "$(state ct01)" running
}

a_killed_supervisor_runs_the_last_hooks() {
    a_busybox ct01 "lxc.hook.post-stop=/var/lib/lxc/ct01/post-stop"
    printf '#!/bin/sh\necho "$LXC_NAME $3" >>/var/lib/lxc/ct01/post-stop.ran\n' \
        >/var/lib/lxc/ct01/post-stop
    chmod 0755 /var/lib/lxc/ct01/post-stop
    started ct01
    kill -KILL "$(supervisor_pid ct01)"
    wait_until 10 state_is ct01 stopped
    wait_until 10 test -e /var/lib/lxc/ct01/post-stop.ran
    expect_eq "$(cat /var/lib/lxc/ct01/post-stop.ran)" 'ct01 post-stop'
}

both_killed_leave_nothing() {
    a_busybox ct01
    started ct01
    local init daemon
    init=$(property ct01 InitPID)
    daemon=$(daemon_pid)
    kill -KILL "$daemon" "$(supervisor_pid ct01)"
    wait_until 5 daemon_is_not "$daemon"
    wait_until 10 state_is ct01 stopped
    expect_eq "$(state ct01)" stopped
    process_is_gone "$init" || flunk "the init $init lives on"
    expect_nothing_remains ct01
}

a_job_outlives_the_daemon() {
    uses ct06
    local job
    job=$(manager CreateContainer 'sa{sv}' ct06 1 template s busybox | sed -n 's/^o "\(.*\)"$/\1/p')
    [ -n "$job" ] || flunk "no job"
    kill_the_daemon
    wait_until 20 state_is ct06 stopped
    expect_eq "$(state ct06)" stopped
    expect_ok nagaya start ct06
}

the_daemon_comes_by_activation() {
    systemctl stop nagaya.service nagaya.socket
    expect_match "$(manager ListContainers 'a{sv}' 0)" '^aa\{sv\}'
    systemctl start nagaya.socket
    systemctl stop nagaya.service
    systemctl start nagaya.socket
    expect_eq "$(varlink org.varlink.service.GetInfo | jq -r .product)" nagaya
    systemctl start nagaya.service
}

the_bus_may_restart() {
    a_busybox ct01
    started ct01
    local pid daemon
    pid=$(property ct01 InitPID)
    daemon=$(daemon_pid)
    systemctl restart dbus.service
    wait_until 10 state_is ct01 running
    expect_eq "$(property ct01 InitPID)" "$pid"
    expect_eq "$(daemon_pid)" "$daemon" "the daemon"
    expect_ok nagaya stop ct01
}

test_case "systemctl restart nagaya loses nothing" a_restart_loses_nothing
test_case "kill -9 of the daemon loses nothing" a_kill_loses_nothing
test_case "A client of Monitor reconnects" monitor_reconnects
test_case "A wait outlives the daemon" a_wait_outlives_the_daemon
test_case "An exec outlives the daemon" an_exec_outlives_the_daemon
test_case "What changed while the daemon was away is seen" changes_while_the_daemon_is_away_are_seen
test_case "systemctl starts and stops without the daemon, the clean-up is complete" \
    systemctl_works_without_the_daemon
test_case "kill -9 of the supervisor leaves nothing, and it starts again" \
    a_killed_supervisor_leaves_nothing
test_case "kill -9 of the supervisor: the last hooks run" a_killed_supervisor_runs_the_last_hooks
test_case "kill -9 of both at once leaves nothing" both_killed_leave_nothing
test_case "A job outlives the daemon" a_job_outlives_the_daemon
test_case "The daemon comes by bus and by socket activation" the_daemon_comes_by_activation
test_case "The bus may restart" the_bus_may_restart
test_end

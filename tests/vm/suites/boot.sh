#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The service as it was installed before the machine booted, and a PID 1, a bus and process numbers
# that are treated badly.
# shellcheck source=tests/host/lib.sh disable=SC2016,SC2031,SC2034
. "$(dirname "$0")/../../host/lib.sh"

# ---- as it was installed

the_bus_activates_it() {
    expect_eq "$(systemctl show --value -p ActiveState nagaya.service)" inactive "before the first call"
    expect_ok busctl call org.nagaya1 /org/nagaya1 org.nagaya1.Manager ListContainers 'a{sv}' 0
    expect_eq "$(systemctl show --value -p ActiveState nagaya.service)" active
    expect_eq "$(systemctl show --value -p NeedDaemonReload nagaya.service nagaya.socket nagaya@ct01.service |
        sort -u | xargs)" no
    expect_eq "$(stat -c '%a %U' /run/nagaya/org.nagaya1)" '666 root'
}

the_socket_activates_it() {
    expect_ok systemctl stop nagaya.service
    expect_ok nagaya list
    expect_eq "$(systemctl show --value -p ActiveState nagaya.service)" active
}

# ---- bad treatment

daemon_reexec() {
    a_busybox ct01
    a_busybox ct02
    local round id
    : >"$case_dir/go"
    (while [ -e "$case_dir/go" ]; do systemctl daemon-reexec; done) &
    for round in 1 2; do
        for id in ct01 ct02; do
            expect_ok nagaya start "$id"
            expect_eq "$(expect_ok nagaya exec "$id" -- echo alive)" alive
        done
        for id in ct01 ct02; do
            expect_ok nagaya stop --kill "$id"
            # While it executes itself, PID 1 may leave a question without an answer.
            wait_until 10 unit_is "$id" inactive
        done
    done
    rm "$case_dir/go"
    wait
    expect_eq "$(unit_state ct01) $(unit_state ct02)" 'inactive inactive'
    expect_nothing_remains ct01
}

bus_answers() {
    timeout 10 busctl --quiet call org.nagaya1 /org/nagaya1 org.nagaya1.Manager GetContainer s ct01 \
        2>/dev/null
}

killed_bus() {
    a_busybox ct01
    a_busybox ct02
    started ct01
    local daemon supervisor round
    daemon=$(systemctl show --value -p MainPID nagaya.service)
    supervisor=$(supervisor_pid ct01)
    for round in 1 2; do
        expect_ok nagaya start ct02 &
        systemctl kill --signal=KILL dbus.service
        # The other door stays open meanwhile, and what runs, runs.
        expect_ok nagaya list >/dev/null
        expect_eq "$(expect_ok nagaya exec ct01 -- echo alive)" alive
        wait $! || flunk "a start failed while the bus was killed (round $round)"
        wait_until 30 bus_answers
        bus_answers || flunk "the service did not come back to the bus (round $round)"
        expect_eq "$(state ct02)" running
        expect_ok container ct02 Stop 'a{sv}' 1 kill b true
    done
    expect_eq "$(systemctl show --value -p MainPID nagaya.service)" "$daemon" "the daemon"
    expect_eq "$(supervisor_pid ct01)" "$supervisor" "the supervisor"
}

# Every number is soon another process's.
few_process_numbers() {
    local before round pid
    before=$(cat /proc/sys/kernel/pid_max)
    a_busybox ct01
    a_busybox ct02
    started ct02
    pid=$(property ct02 InitPID)
    # shellcheck disable=SC2064
    trap "echo $before >/proc/sys/kernel/pid_max" EXIT
    echo 400 >/proc/sys/kernel/pid_max
    for round in 1 2 3 4; do
        started ct01
        expect_eq "$(expect_ok nagaya exec ct01 -- echo alive)" alive
        nagaya exec ct01 -- sh -c 'i=0; while [ $i -lt 60 ]; do /bin/true; i=$((i + 1)); done'
        if [ $((round % 2)) = 0 ]; then
            expect_ok nagaya stop --kill ct01
        else
            kill -KILL "$(supervisor_pid ct01)"
            wait_for_state ct01 stopped
        fi
        expect_nothing_remains ct01
    done
    expect_eq "$(state ct02) $(property ct02 InitPID)" "running $pid"
}

test_case "The bus starts the service as it was installed" the_bus_activates_it
test_case "So does the socket" the_socket_activates_it
test_case "daemon-reexec all the time while containers start and stop" daemon_reexec
test_case "kill -9 of the bus: the service comes back to it, nothing else happened" killed_bus
test_case "Process numbers are used again and again" few_process_numbers
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The service as it was installed before the machine booted; a PID 1, a bus and process numbers that are
# treated badly; what a reboot does to containers and jobs.
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

# One after the other; how it does without a pause is seen in a host, where it takes less long.
daemon_reexec() {
    a_busybox ct01
    local verb
    for verb in 'start ct01' 'stop --kill ct01'; do
        expect_ok systemctl daemon-reexec
        # shellcheck disable=SC2086
        expect_ok nagaya $verb
    done
    expect_eq "$(unit_state ct01)" inactive
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

# ---- a reboot

# What becomes of these three is looked at after it.
before_a_reboot() {
    local id
    for id in ct11 ct12; do
        a_busybox "$id"
        sed -i "s|poweroff -f|echo end >>/ends; poweroff -f|" "$(rootfs "$id")/sbin/quick-init"
        started "$id"
    done
    expect_ok nagaya enable ct11
    printf '#!/bin/sh\necho ready; sleep 1000\n' >/usr/share/nagaya/templates/lxc-slow
    chmod 0755 /usr/share/nagaya/templates/lxc-slow
    nagaya create ct13 -t slow >"$case_dir/slow" 2>&1 &
    wait_for_line "$case_dir/slow" ready 60
    # This case does not end them.
    rm "$work/containers"
}

lines() {
    wc -l <"$(rootfs "$1")/$2"
}

an_enabled_one_started() {
    wait_for_state ct11 running
    expect_eq "$(lines ct11 boots)" 2
    expect_eq "$(expect_ok nagaya exec ct11 -- echo alive)" alive
}

another_one_did_not() {
    expect_eq "$(state ct12) $(unit_state ct12)" 'stopped inactive'
    expect_eq "$(lines ct12 boots)" 1
    expect_nothing_remains ct12
}

both_were_told_to_stop() {
    local id text
    for id in ct11 ct12; do
        expect_eq "$(lines "$id" ends)" 1 "ends of $id"
        text=$(journalctl --boot=-1 --no-pager -o cat -u "nagaya@$id.service")
        expect_match "$text" "Container '$id' is stopped"
        expect_match "$text" 'Deactivated successfully'
        expect_no_match "$text" 'SIGKILL|Failed with|timed out'
    done
}

half_made() {
    find /var/lib/lxc -maxdepth 2 -name '.#*'
}

nothing_is_half_made() {
    [ -z "$(half_made)" ]
}

a_job_left_nothing() {
    uses ct11 ct12 ct13
    expect_fails_with 1 'no container' nagaya show ct13
    expect_eq "$(nagaya jobs --json | jq -c '.jobs // []')" '[]'
    # The service has brought a runner, which removes what the last one left.
    wait_until 30 nothing_is_half_made
    expect_eq "$(half_made)" ''
    expect_ok nagaya create ct13
}

if [ "$part" = 1 ]; then
    test_case "The bus starts the service as it was installed" the_bus_activates_it
    test_case "So does the socket" the_socket_activates_it
    test_case "PID 1 is executed anew while a container starts and stops" daemon_reexec
    test_case "kill -9 of the bus: the service comes back to it, nothing else happened" killed_bus
    test_case "Process numbers are used again and again" few_process_numbers
    test_case "The machine reboots while containers and a job run" before_a_reboot
    test_reboot
fi
test_case "A container that is enabled starts at boot" an_enabled_one_started
test_case "One that is not does not" another_one_did_not
test_case "Both were told to stop before the machine went down, and did" both_were_told_to_stop
test_case "A job that ended with the machine left nothing" a_job_left_nothing
test_end

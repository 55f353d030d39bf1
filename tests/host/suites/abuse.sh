#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What should not be there: clients that do not pause or do not read, processes that do not answer,
# files and names of all kinds. The service stays up, small, and answers the others.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

lxc_path=/var/lib/lxc
flood=$tools/varlink-flood

daemon_pid() {
    systemctl show --value -p MainPID nagaya.service
}

# In KiB, now.
daemon_memory() {
    awk '$1 == "VmRSS:" { print $2 }' "/proc/$(daemon_pid)/status"
}

# In ticks of 10 ms, so far.
daemon_time() {
    awk '{ print $14 + $15 }' "/proc/$(daemon_pid)/stat"
}

# within SECONDS COMMAND...
within() {
    local limit=$1 before=${EPOCHREALTIME/[.,]/}
    shift
    expect_ok "$@" >/dev/null
    [ $((${EPOCHREALTIME/[.,]/} - before)) -le $((limit * 1000000)) ] ||
        flunk "took more than $limit s: $*"
}

names() {
    varlink Manager.ListContainers '{"fields":["container"]}' | jq -r '.containers[].container'
}

# What an earlier case that failed has left.
nothing_is_listed() {
    rm -rf "${lxc_path:?}"/* /run/nagaya/control/*
    wait_until 5 test -z "$(names)"
    expect_eq "$(names)" ''
}

is_listed() {
    names | grep -q -x -F -- "$1"
}

is_not_listed() {
    ! is_listed "$1"
}

broken() {
    varlink Manager.ListContainers |
        jq -r --arg name "$1" '.containers[] | select(.container == $name) | .broken'
}

clients_without_a_pause() {
    local pids='' round
    varlink Manager.ListContainers >/dev/null
    for round in 1 2 3; do
        "$flood" oneway "$socket" 6 >/dev/null &
        pids+=" $!"
    done
    for round in 1 2 3 4 5; do
        within 2 nagaya list
        within 2 busctl call org.nagaya1 /org/nagaya1 org.nagaya1.Manager ListContainers 'a{sv}' 0
    done
    # shellcheck disable=SC2086
    kill $pids
}

a_supervisor_that_does_not_answer() {
    local supervisor before client
    a_busybox ct01
    a_busybox ct02
    started ct01
    supervisor=$(supervisor_pid ct01)
    kill -STOP "$supervisor"
    "$tools/varlink" --deadline 60 "$socket" org.nagaya1.Container.Freeze '{"container":"ct01"}' \
        >"$case_dir/reply" &
    client=$!
    # One that closed its writing end still waits, and costs nothing.
    "$tools/varlink" --close-input --deadline 60 "$socket" org.nagaya1.Container.Attach \
        '{"container":"ct01","command":["true"]}' >/dev/null &
    within 2 nagaya list
    started ct02
    expect_ok nagaya stop --kill ct02
    before=$(daemon_time)
    sleep 2
    [ $(($(daemon_time) - before)) -le 20 ] || flunk "the daemon is busy while it waits"
    wait "$client" || true
    expect_eq "$(jq -r .error "$case_dir/reply")" org.nagaya1.Container.TimedOut
    kill -CONT "$supervisor"
    expect_ok nagaya freeze ct01
    expect_ok nagaya thaw ct01
    expect_ok nagaya stop --kill ct01
}

a_stop_wakes_a_stopped_supervisor() {
    a_busybox ct01
    started ct01
    kill -STOP "$(supervisor_pid ct01)"
    within 20 nagaya stop --kill ct01
    expect_nothing_remains ct01
}

connections_of_a_user_are_bounded() {
    local text
    text=$(expect_ok as-user nagaya-alice "$flood" connect "$socket" 400)
    expect_match "$text" '^[0-9]+ answered, [0-9]+ closed$'
    [ "${text%% *}" -gt 0 ] && [ "${text%% *}" -le 128 ] || flunk "$text"
    within 2 nagaya list
    text=$(expect_ok "$flood" connect "$socket" 1500)
    expect_match "$text" '^[0-9]+ answered, [0-9]+ closed$'
    within 2 nagaya list
}

events_that_nobody_reads() {
    local before after number deaf
    varlink Manager.ListContainers >/dev/null
    before=$(daemon_memory)
    mkfifo "$case_dir/hold"
    exec {hold}<>"$case_dir/hold"
    as-user nagaya-alice "$flood" deaf "$socket" 100 <"$case_dir/hold" >"$case_dir/deaf" &
    deaf=$!
    wait_for_line "$case_dir/deaf" ready 10
    events_begin
    for number in $(seq 1500); do
        mkdir "$lxc_path/storm" && echo >"$lxc_path/storm/config"
        rm -r "$lxc_path/storm"
    done
    a_busybox ct01
    started ct01
    expect_ok nagaya stop --kill ct01
    expect_trace ct01 'starting running stopping stopped'
    after=$(daemon_memory)
    [ $((after - before)) -le 131072 ] || flunk "its memory grew from $before to $after KiB"
    kill "$deaf"
    events_end
    within 2 nagaya list
}

names_of_all_kinds() {
    local name
    nothing_is_listed
    a_busybox ct01
    for name in $'not\xff\xfeutf8' $'new\nline' 'two words' 'é' '.hidden' "$(printf 'x%.0s' {1..200})"; do
        mkdir "$lxc_path/$name"
        echo 'lxc.uts.name = x' >"$lxc_path/$name/config"
        printf '%s\0' "$name" >>"$case_dir/names"
    done
    wait_until 5 is_listed 'not??utf8'
    expect_eq "$(broken ct01)" ''
    for name in 'not??utf8' $'new\nline' 'two words' 'é'; do
        expect_match "$(broken "$name")" 'is not a container name'
    done
    expect_match "$(manager ListContainers 'a{sv}' 0)" 'not\?\?utf8'
    expect_ok busctl call org.nagaya1 /org/nagaya1 org.freedesktop.DBus.ObjectManager \
        GetManagedObjects >/dev/null
    expect_ok nagaya list >/dev/null
    # They can be done away with, or be given a name.
    expect_ok nagaya rename 'two words' two-words
    expect_eq "$(broken two-words)" ''
    expect_match "$(cat "$lxc_path/two-words/config")" 'lxc.uts.name = x'
    expect_fails_with 1 'is not a container name' nagaya rename é 'three more words'
    expect_fails_with 1 'is not a container name' nagaya start é
    expect_ok nagaya destroy é two-words
    expect_match "$(broken $'new\nline')" 'rename or remove its directory by hand'
    expect_fails_with 1 'cannot be asked for: remove or rename its directory by hand' nagaya destroy $'new\nline'
    expect_fails_with 1 'is not a container name' nagaya destroy 'not??utf8'
    expect_fails_with 1 'is not a container name' nagaya destroy ../../etc
    expect_fails_with 1 'is not a container name' nagaya destroy .hidden
    [ ! -e "$lxc_path/é" ] && [ ! -e "$lxc_path/two-words" ] || flunk "they are still there"
    [ -d "$lxc_path/.hidden" ] || flunk "a hidden directory was removed"
    while IFS= read -r -d '' name; do
        rm -rf "$lxc_path/${name:?}"
    done <"$case_dir/names"
    wait_until 5 is_not_listed 'not??utf8'
    expect_eq "$(names)" ct01
}

configs_of_all_kinds() {
    local name
    nothing_is_listed
    for name in fifo huge link directory binary endless; do
        mkdir "$lxc_path/$name"
    done
    mkfifo "$lxc_path/fifo/config"
    head -c 2000000 /dev/zero | tr '\0' '#' >"$lxc_path/huge/config"
    ln -s /etc/shadow "$lxc_path/link/config"
    mkdir "$lxc_path/directory/config"
    head -c 100000 /dev/urandom >"$lxc_path/binary/config"
    echo "lxc.include = $lxc_path/endless/config" >"$lxc_path/endless/config"
    mkdir "$lxc_path/linked"
    ln "$lxc_path/endless/config" "$lxc_path/linked/config"
    for name in fifo huge link directory binary endless linked; do
        wait_until 5 is_listed "$name"
        [ -n "$(broken "$name")" ] || flunk "'$name' can be used?"
        expect_no_match "$(broken "$name")" 'root:'
        rm -r "$lxc_path/${name:?}"
    done
    within 2 nagaya list
}

places_that_are_none() {
    nothing_is_listed
    a_busybox ct01
    ln -s "$lxc_path/ct01" "$lxc_path/alias"
    mkfifo "$lxc_path/fifo"
    echo x >"$lxc_path/file"
    wait_until 5 is_listed alias
    expect_match "$(broken alias)" 'symbolic link'
    expect_fails_with 1 'symbolic link' nagaya start alias
    # The same is told of it by a service that finds it there.
    expect_ok systemctl restart nagaya.service
    expect_match "$(broken alias)" 'symbolic link'
    expect_eq "$(names | paste -s -d ' ')" 'alias ct01'
    rm "$lxc_path/alias" "$lxc_path/fifo" "$lxc_path/file"
    wait_until 5 is_not_listed alias
    expect_eq "$(names)" ct01
}

what_lies_in_the_control_directory() {
    nothing_is_listed
    a_busybox ct01
    touch /run/nagaya/control/ghost /run/nagaya/control/ct01
    mkfifo /run/nagaya/control/pipe
    ln -s /run/dbus/system_bus_socket /run/nagaya/control/bus
    within 2 nagaya list
    wait_until 5 is_not_listed ghost
    expect_eq "$(state ct01)" stopped
    rm -f /run/nagaya/control/{ct01,pipe,bus}
    expect_ok systemctl restart nagaya.service
    within 2 nagaya list
    wait_until 5 is_not_listed ghost
    expect_eq "$(names)" ct01
    rm -f /run/nagaya/control/ghost
    started ct01
    expect_ok nagaya stop --kill ct01
}

a_container_removed_while_it_runs() {
    nothing_is_listed
    a_busybox ct01
    started ct01
    rm -rf "${lxc_path:?}/ct01"
    wait_until 5 test -n "$(broken ct01)"
    expect_eq "$(state ct01)" running
    expect_ok nagaya stop --kill ct01
    wait_until 5 is_not_listed ct01
    expect_eq "$(names)" ''
}

# One client of several: what comes to its mind, for that many seconds. Every call is answered.
a_client() {
    local until=$((SECONDS + $1)) status verb
    while [ "$SECONDS" -lt "$until" ]; do
        verb=$(shuf -n 1 -e start start 'stop --kill' 'stop --timeout 1' freeze thaw restart)
        status=0
        # shellcheck disable=SC2086
        timeout 45 nagaya $verb ct01 >/dev/null 2>&1 || status=$?
        [ "$status" -le 1 ] || echo "status $status of nagaya $verb"
    done
}

everything_at_once() {
    local number pids='' pid
    a_busybox ct01
    for number in 1 2 3 4 5 6; do
        a_client 12 >"$case_dir/client$number" &
        pids+=" $!"
    done
    for number in 1 2 3; do
        sleep 3
        kill -KILL "$(daemon_pid)"
        pid=$(supervisor_pid ct01)
        [ "$pid" = 0 ] || kill -KILL "$pid" 2>/dev/null || true
    done
    for pid in $pids; do
        wait "$pid"
    done
    # A call that the killed service had is closed on, which is a failure; none was left waiting.
    expect_eq "$(cat "$case_dir"/client?)" ''
    nagaya stop --kill ct01 >/dev/null 2>&1 || true
    started ct01
    expect_eq "$(state ct01)" running
    expect_ok nagaya stop --kill ct01
    expect_nothing_remains ct01
}

test_case "Clients that do not pause hold up nobody" clients_without_a_pause
test_case "A supervisor that does not answer is given up" a_supervisor_that_does_not_answer
test_case "A stop wakes a stopped supervisor" a_stop_wakes_a_stopped_supervisor
test_case "A user's connections are bounded" connections_of_a_user_are_bounded
test_case "Events that nobody reads cost little" events_that_nobody_reads
test_case "Names of all kinds are listed" names_of_all_kinds
test_case "Configs of all kinds are read or refused" configs_of_all_kinds
test_case "A symlink is no container, and says so" places_that_are_none
test_case "Stale files in the control directory are no containers" what_lies_in_the_control_directory
test_case "A container removed while it runs is forgotten when it stops" a_container_removed_while_it_runs
test_case "Six clients, a killed service and a killed supervisor" everything_at_once
test_end

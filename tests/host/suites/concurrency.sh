#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many at once, and clients without manners: the service stays up, and small.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container

daemon_pid() {
    systemctl show --value -p MainPID nagaya.service
}

# In KiB, the most it ever had.
daemon_memory() {
    awk '$1 == "VmHWM:" { print $2 }' "/proc/$(daemon_pid)/status"
}

# stays_up COMMAND...: the same daemon answers afterwards, and has not grown by more than 64 MiB.
stays_up() {
    local daemon before after
    varlink Manager.ListContainers >/dev/null
    daemon=$(daemon_pid)
    before=$(daemon_memory)
    "$@"
    varlink Manager.ListContainers >/dev/null
    expect_match "$(manager ListContainers 'a{sv}' 0)" '^aa\{sv\}'
    expect_eq "$(daemon_pid)" "$daemon" "pid of the daemon"
    after=$(daemon_memory)
    [ $((after - before)) -le 65536 ] || flunk "its memory grew from $before to $after KiB"
}

# both COMMAND OTHER: at the same moment; leaves their outputs and exit statuses.
both() {
    local first second
    bash -c "$1" >"$case_dir/first" 2>&1 &
    first=$!
    bash -c "$2" >"$case_dir/second" 2>&1 &
    second=$!
    status_first=0 status_second=0
    wait "$first" || status_first=$?
    wait "$second" || status_second=$?
}

two_starts_are_one() {
    a_busybox ct01
    local path call round
    path=$(object_path ct01)
    call="gdbus call --system --timeout 60 --dest org.nagaya1 --object-path $path"
    call+=" --method $container_name.Start {}"
    events_begin
    for round in 1 2 3 4 5; do
        both "$call" "$call"
        [ "$status_first" = 0 ] || [ "$status_second" = 0 ] ||
            flunk "both failed: $(cat "$case_dir/first" "$case_dir/second")"
        for name in first second; do
            grep -q '^()$' "$case_dir/$name" ||
                expect_match "$(cat "$case_dir/$name")" 'org.nagaya1.Error.ContainerRunning'
        done
        expect_eq "$(state ct01)" running
        expect_ok nagaya stop --kill ct01
    done
    expect_eq "$(trace_varlink ct01 | tr ' ' '\n' | grep -c starting)" 5 starts
}

start_and_destroy_exclude_each_other() {
    local round
    for round in 1 2 3 4 5; do
        a_busybox ct01
        both 'nagaya start ct01' 'nagaya destroy ct01'
        if [ "$status_first" = 0 ]; then
            [ "$status_second" != 0 ] || flunk "both succeeded"
            expect_eq "$(state ct01)" running
            expect_ok nagaya destroy --force ct01
        else
            expect_eq "$status_second" 0 "destroy after a refused start: $(
                cat "$case_dir/first" "$case_dir/second")"
            [ ! -e /var/lib/lxc/ct01 ] || flunk "it is still there"
        fi
        expect_nothing_remains ct01
    done
}

two_creations_are_one() {
    uses ct01
    local round
    for round in 1 2 3; do
        both 'nagaya create ct01 -t busybox' 'nagaya create ct01 -t busybox'
        expect_eq "$((status_first == 0)) $((status_second == 0))" \
            "$((status_second != 0)) $((status_first != 0))" "who won"
        expect_match "$(cat "$case_dir/first" "$case_dir/second")" .
        expect_ok nagaya start ct01
        expect_ok nagaya destroy --force ct01
    done
}

# Its init would not follow the signal, and the stop would last as long as its patience.
a_freeze_during_a_stop() {
    a_busybox ct01 lxc.signal.halt=SIGUSR2
    started ct01
    nagaya stop --timeout 3 ct01 &
    wait_until 5 stopping_by_systemd ct01
    expect_bus_error Busy 'is being stopped' "$(object_path ct01)" org.nagaya1.Container.Freeze '{}'
    wait $!
    expect_eq "$(state ct01)" stopped
    expect_nothing_remains ct01
}

stopping_by_systemd() {
    [ "$(systemctl show --value -p ActiveState "nagaya@$1.service")" = deactivating ]
}

a_stop_during_a_start() {
    a_busybox ct01
    local round
    for round in 1 2 3; do
        both 'nagaya start ct01' 'nagaya stop --kill ct01'
        wait_until 10 settled ct01
        case $(state ct01) in
        running) expect_ok nagaya stop --kill ct01 ;;
        stopped) ;;
        *) flunk "it is $(state ct01)" ;;
        esac
    done
    expect_nothing_remains ct01
}

settled() {
    case $(state "$1") in
    running | stopped) return 0 ;;
    *) return 1 ;;
    esac
}

ten_start_side_by_side() {
    local number pids='' pid
    for number in 0 1 2 3 4 5 6 7 8 9; do
        a_busybox "many$number"
    done
    events_begin
    for number in 0 1 2 3 4 5 6 7 8 9; do
        nagaya start "many$number" &
        pids+=" $!"
    done
    for pid in $pids; do
        wait "$pid" || flunk "a start failed"
    done
    expect_eq "$(nagaya list --json | jq '[.containers[] | select(.state == "running")] | length')" 10
    for number in 0 1 2 3 4 5 6 7 8 9; do
        expect_ok nagaya stop --kill "many$number"
    done
    for number in 0 9; do
        expect_trace "many$number" 'starting running stopping stopped'
    done
}

ten_thousand_calls_on_the_bus() {
    local text
    text=$(expect_ok "$tools/bus-flood" calls 10000)
    expect_match "$text" '^[0-9]+ answered, [0-9]+ refused$'
    [ "${text%% *}" -gt 0 ] || flunk "none was answered: $text"
    expect_ok "$tools/bus-flood" silent 10000
}

ten_thousand_calls_on_the_socket() {
    local text status=0
    text=$("$tools/varlink" --repeat 10000 --deadline 60 "$socket" \
        org.nagaya1.Manager.ListContainers) || status=$?
    # Every one is answered, or the connection is closed with an error before: nothing hangs.
    [ "$status" != 4 ] || flunk "the deadline passed: $(tail -n 1 <<<"$text")"
    expect_match "$(tail -n 1 <<<"$text")" '^[0-9]+ replies$'
    [ "$(tail -n 1 <<<"$text" | cut -d' ' -f1)" -gt 0 ] || flunk "no reply"
}

an_unread_stream() {
    # A client of Monitor that never reads holds up nobody.
    a_busybox ct01
    mkfifo "$case_dir/full"
    exec {full}<>"$case_dir/full"
    "$tools/varlink" --more --deadline 0 "$socket" org.nagaya1.Manager.Monitor >&"$full" &
    local reader=$! round
    wait_until 5 test -e "/proc/$reader"
    kill -STOP "$reader"
    for round in 1 2 3; do
        expect_ok nagaya start ct01
        expect_ok nagaya stop --kill ct01
    done
    kill -KILL "$reader"
}

half_a_message() {
    expect_ok bash -c "printf '{\"method\":\"org.nagaya1.Man' | '$tools/varlink' --vanish '$socket'"
    local status=0
    printf '{"method":"org.nagaya1.Man' | "$tools/varlink" --deadline 2 "$socket" || status=$?
    # Open and waiting, or closed: both are right.
    expect_match "$status" '^[34]$'
}

# garbage STATUS-PATTERN: what is on standard input gets an error reply or a closed connection.
garbage() {
    local status=0 reply
    reply=$("$tools/varlink" --close-input --deadline 20 "$socket") || status=$?
    expect_eq "$status" 3 "exit status ($reply)"
    [ -z "$reply" ] || expect_match "$reply" '"error":"'
}

nesting() {
    {
        printf '{"method":"org.nagaya1.Manager.ListContainers","parameters":{"x":'
        head -c 524288 /dev/zero | tr '\0' '['
        head -c 524288 /dev/zero | tr '\0' ']'
        printf '}}\0'
    } | garbage
    head -c 1048576 /dev/zero | tr '\0' '{' | garbage
}

what_is_no_call() {
    printf '\0' | garbage
    printf 'hello\0' | garbage
    printf '[1,2,3]\0' | garbage
    printf '{"method":17}\0' | garbage
    printf '{}\0' | garbage
    printf '{"method":"x"}\0' | garbage
    printf '{"method":"org.nagaya1.Manager.GetContainer","parameters":[]}\0' | garbage
    printf '{"method":"org.nagaya1.Manager.GetContainer","parameters":{"name":"\\u0000"}}\0' | garbage
    printf '{"method":"org.nagaya1.Manager.GetContainer","parameters":{"name":"\xff\xfe"}}\0' | garbage
    printf '{"method":"org.nagaya1.Manager.ListContainers","unknown":1}\0' | garbage
    head -c 65536 /dev/urandom | garbage
}

an_endless_message() {
    local status=0
    head -c 100000000 /dev/zero | tr '\0' 'a' |
        timeout 60 "$tools/varlink" --deadline 50 "$socket" >"$case_dir/reply" || status=$?
    expect_eq "$status" 3 "the connection is closed"
}

many_connections() {
    local pids='' number
    for number in $(seq 300); do
        "$tools/varlink" --more --deadline 0 "$socket" org.nagaya1.Manager.Monitor \
            >/dev/null 2>&1 &
        pids+=" $!"
    done
    # While they are open others are still served, or told that there are too many.
    nagaya list >/dev/null 2>&1 || true
    # shellcheck disable=SC2086
    kill $pids
    wait_until 10 bash -c 'nagaya list >/dev/null 2>&1'
    expect_ok nagaya list
}

vanishing_clients() {
    a_busybox ct01
    expect_ok "$tools/bus-flood" vanish 50 ct01
    expect_ok "$tools/varlink" --vanish "$socket" org.nagaya1.Container.Start '{"container":"ct01"}'
    wait_until 10 settled ct01
    expect_ok nagaya list
    [ "$(state ct01)" = stopped ] || expect_ok nagaya stop --kill ct01
}

test_case "Two starts at once are one start" two_starts_are_one
test_case "Start and destroy exclude each other" start_and_destroy_exclude_each_other
test_case "Two creations at once are one" two_creations_are_one
test_case "A stop during a start" a_stop_during_a_start
test_case "A freeze during a stop is refused" a_freeze_during_a_stop
test_case "Ten containers start side by side" ten_start_side_by_side
flooded() { stays_up ten_thousand_calls_on_the_bus; }
test_case "Ten thousand calls in flight on the bus" flooded
piped() { stays_up ten_thousand_calls_on_the_socket; }
test_case "Ten thousand calls in flight on the socket" piped
unread() { stays_up an_unread_stream; }
test_case "A stream that nobody reads" unread
halved() { stays_up half_a_message; }
test_case "Half a message" halved
nested() { stays_up nesting; }
test_case "One MiB of nesting" nested
no_call() { stays_up what_is_no_call; }
test_case "What is no call" no_call
endless() { stays_up an_endless_message; }
test_case "A message without end" endless
crowded() { stays_up many_connections; }
test_case "Three hundred connections" crowded
vanished() { stays_up vanishing_clients; }
test_case "Clients that vanish in mid-call" vanished
test_end

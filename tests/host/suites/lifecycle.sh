#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The main job, through every door, and the states that everybody is told of.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

up='starting running'
down='stopping stopped'

# ---- the command

command_does_the_main_job() {
    uses ct01
    expect_ok nagaya create ct01 -t busybox
    [ -f /var/lib/lxc/ct01/config ] || flunk "no config was written"
    expect_eq "$(state ct01)" stopped
    expect_ok nagaya start ct01
    expect_eq "$(state ct01)" running
    expect_match "$(expect_ok nagaya list)" 'ct01 +running'
    expect_match "$(expect_ok nagaya show ct01)" running
    expect_eq "$(expect_ok nagaya exec ct01 -- echo hello)" hello
    expect_fails_with 7 '' nagaya exec ct01 -- sh -c 'exit 7'
    expect_ok nagaya freeze ct01
    expect_eq "$(state ct01)" frozen
    expect_ok nagaya thaw ct01
    expect_eq "$(state ct01)" running
    expect_ok nagaya stop ct01
    expect_eq "$(state ct01)" stopped
    expect_ok nagaya destroy ct01
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the directory is still there"
    expect_fails_with 1 "ct01" nagaya show ct01
    expect_nothing_remains ct01
}

list_is_told_as_json() {
    a_busybox ct01
    a_busybox ct02
    started ct01
    local list
    list=$(expect_ok nagaya list --json)
    expect_eq "$(jq -r '.containers[] | select(.container == "ct01") | .state' <<<"$list")" running
    expect_eq "$(jq -r '.containers[] | select(.container == "ct02") | .state' <<<"$list")" stopped
    expect_eq "$(jq -r '.containers[] | select(.container == "ct01") | .unit' <<<"$list")" \
        nagaya@ct01.service
    expect_eq "$(jq -r '.containers[] | select(.container == "ct01") | .initPid' <<<"$list")" \
        "$(property ct01 InitPID)"
}

kill_does_not_wait_for_an_init_that_ignores_the_signal() {
    a_busybox ct01 lxc.signal.halt=SIGUSR2
    started ct01
    local begin=$SECONDS
    expect_ok nagaya stop --kill ct01
    [ $((SECONDS - begin)) -le 5 ] || flunk "stop --kill took $((SECONDS - begin)) s"
    expect_eq "$(state ct01)" stopped
    expect_nothing_remains ct01
}

stop_kills_after_its_timeout() {
    a_busybox ct01 lxc.signal.halt=SIGUSR2
    started ct01
    local begin=$SECONDS
    expect_ok nagaya stop --timeout 2 ct01
    [ $((SECONDS - begin)) -ge 1 ] || flunk "it was killed at once"
    [ $((SECONDS - begin)) -le 8 ] || flunk "it took $((SECONDS - begin)) s"
    expect_eq "$(state ct01)" stopped
}

a_later_stop_may_shorten_the_first() {
    a_busybox ct01 lxc.signal.halt=SIGUSR2
    started ct01
    local begin=$SECONDS
    expect_ok nagaya stop --no-wait --timeout 300 ct01
    # A longer one does not put off the end.
    expect_ok nagaya stop --no-wait --timeout 600 ct01
    expect_ok nagaya stop --timeout 1 ct01
    [ $((SECONDS - begin)) -le 20 ] || flunk "it took $((SECONDS - begin)) s"
    expect_eq "$(state ct01)" stopped
}

stop_without_kill_times_out() {
    a_busybox ct01 lxc.signal.halt=SIGUSR2
    started ct01
    expect_bus_error TimedOut 'did not stop' "$(object_path ct01)" org.nagaya1.Container.Stop \
        "{'no_kill': <true>, 'timeout_usec': <int64 1000000>}"
    expect_eq "$(state ct01)" running
}

restart_gives_another_init() {
    a_busybox ct01
    started ct01
    local before
    before=$(property ct01 InitPID)
    expect_ok nagaya restart ct01
    expect_eq "$(state ct01)" running
    [ "$(property ct01 InitPID)" != "$before" ] || flunk "the init is still $before"
}

monitor_and_wait_follow() {
    a_busybox ct01
    nagaya monitor >"$case_dir/monitor" 2>&1 &
    local monitor=$!
    following "$monitor"
    timeout 30 nagaya wait ct01 running &
    local waiter=$!
    started ct01
    wait "$waiter" || flunk "nagaya wait ct01 running: exit status $?"
    timeout 30 nagaya wait ct01 stopped &
    waiter=$!
    expect_ok nagaya stop ct01
    wait "$waiter" || flunk "nagaya wait ct01 stopped: exit status $?"
    wait_for_line "$case_dir/monitor" 'ct01.*RUNNING' 5
    wait_for_line "$case_dir/monitor" 'ct01.*STOPPED' 5
    kill "$monitor"
    expect_eq "$(paste -s -d ' ' "$case_dir/monitor")" "'ct01' changed state to [STARTING] 'ct01' \
changed state to [RUNNING] 'ct01' changed state to [STOPPING] 'ct01' changed state to [STOPPED]"
}

console_log_is_read() {
    a_busybox ct01
    started ct01
    wait_until 10 bash -c 'nagaya console --log ct01 | grep -q "container is up"'
    expect_match "$(expect_ok nagaya console --log ct01)" 'container is up'
}

# The job has ended before its owner comes to hear of it.
late_waiters_are_told_what_was_said() {
    a_busybox ct01
    mv "$(rootfs ct01)" "$work/elsewhere"
    echo "lxc.rootfs.path = dir:$work/elsewhere" >>/var/lib/lxc/ct01/config
    local job
    job=$(container ct01 Destroy 'a{sv}' 0 | sed -n 's,^o ".*/\([0-9]*\)"$,\1,p')
    wait_until 10 job_is_done "$job"
    "$tools/varlink" --more --deadline 20 "$socket" org.nagaya1.Job.Wait "{\"job\":$job}" >"$case_dir/replies"
    expect_match "$(cat "$case_dir/replies")" '"event":"message".*elsewhere.*"event":"end"'
}

job_is_done() {
    varlink Job.Describe "{\"job\":$1}" | jq -e '.state == "done"' >/dev/null
}

# ---- the bus

busctl_does_the_main_job() {
    a_busybox ct01
    local path job
    path=$(object_path ct01)
    expect_eq "$(manager GetContainer s ct01)" "o \"$path\""
    expect_ok container ct01 Start 'a{sv}' 0
    expect_eq "$(state ct01)" running
    expect_eq "$(manager GetContainerByPID u "$(property ct01 InitPID)")" "o \"$path\""
    expect_match "$(manager ListContainers 'a{sv}' 0)" 'ct01'
    expect_eq "$(property ct01 Name)" ct01
    expect_eq "$(property ct01 Unit)" nagaya@ct01.service
    expect_eq "$(property ct01 Owner)" 0
    expect_eq "$(property ct01 Broken)" ""
    expect_ok container ct01 Freeze 'a{sv}' 0
    expect_eq "$(state ct01)" frozen
    expect_ok container ct01 Thaw 'a{sv}' 0
    ready ct01
    expect_ok container ct01 Stop 'a{sv}' 0
    expect_eq "$(state ct01)" stopped
    expect_eq "$(property ct01 InitPID)" 0
    job=$(container ct01 Destroy 'a{sv}' 0 | sed -n 's/^o "\(.*\)"$/\1/p')
    expect_ok busctl --timeout=30 call org.nagaya1 "$job" org.nagaya1.Job Wait 'a{sv}' 0
    expect_bus_error NoSuchContainer ct01 /org/nagaya1 org.nagaya1.Manager.GetContainer ct01
}

busctl_creates_by_a_job() {
    uses ct03
    local job
    job=$(manager CreateContainer 'sa{sv}' ct03 1 template s busybox |
        sed -n 's/^o "\(.*\)"$/\1/p')
    [ -n "$job" ] || flunk "no job"
    expect_ok busctl --timeout=60 call org.nagaya1 "$job" org.nagaya1.Job Wait 'a{sv}' 0
    expect_eq "$(state ct03)" stopped
    expect_ok container ct03 Start 'a{sv}' 0
    expect_eq "$(state ct03)" running
}

gdbus_does_the_main_job() {
    a_busybox ct01
    local path member
    path=$(object_path ct01)
    for member in Start Freeze Thaw; do
        expect_ok gdbus call --system --timeout 60 --dest org.nagaya1 --object-path "$path" \
            --method "org.nagaya1.Container.$member" '{}'
    done
    expect_eq "$(state ct01)" running
    expect_ok gdbus call --system --timeout 60 --dest org.nagaya1 --object-path "$path" \
        --method org.nagaya1.Container.Stop "{'kill': <true>}"
    expect_eq "$(state ct01)" stopped
}

managed_objects_hold_every_container() {
    a_busybox ct01
    a_busybox web.example-1
    local objects
    objects=$(busctl --json=short call org.nagaya1 /org/nagaya1 org.freedesktop.DBus.ObjectManager \
        GetManagedObjects)
    for id in ct01 web.example-1; do
        expect_eq "$(jq -r --arg path "$(object_path "$id")" \
            '.data[0][$path]["org.nagaya1.Container"].Name.data' <<<"$objects")" "$id"
    done
}

# ---- systemd

systemctl_starts_and_stops() {
    a_busybox ct01
    expect_ok systemctl start nagaya@ct01.service
    ready ct01
    expect_eq "$(state ct01)" running
    expect_eq "$(unit_state ct01)" active
    expect_match "$(systemctl status --no-pager nagaya@ct01.service)" 'active \(running\)'
    expect_match "$(systemctl show --value -p ControlGroup nagaya@ct01.service)" '^/machine.slice/'
    expect_ok systemctl stop nagaya@ct01.service
    wait_for_state ct01 stopped
    expect_eq "$(unit_state ct01)" inactive
    expect_nothing_remains ct01
}

both_see_the_same_container() {
    a_busybox ct01
    started ct01
    expect_eq "$(unit_state ct01)" active
    expect_match "$(systemctl show --value -p StatusText nagaya@ct01.service)" .
    expect_ok nagaya stop ct01
    expect_eq "$(unit_state ct01)" inactive
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" .
}

a_halt_from_inside_is_a_wanted_end() {
    a_busybox ct01
    started ct01
    # The program is killed with its container, maybe before it has ended.
    nagaya exec ct01 -- kill -USR1 1 || true
    wait_for_state ct01 stopped
    wait_until 10 unit_is ct01 inactive
    expect_eq "$(unit_state ct01)" inactive
    expect_nothing_remains ct01
}

# ---- varlink

varlink_does_the_main_job() {
    a_busybox ct01
    expect_eq "$(varlink Manager.GetContainer '{"name":"ct01"}' | jq -r .container)" ct01
    varlink Container.Start '{"container":"ct01"}' >/dev/null
    ready ct01
    expect_eq "$(varlink Container.Describe '{"container":"ct01","fields":[]}' | jq -r .description.state)" running
    varlink Container.Freeze '{"container":"ct01"}' >/dev/null
    expect_eq "$(varlink Manager.ListContainers '{"names":["ct01"]}' | jq -r '.containers[].state')" \
        frozen
    varlink Container.Thaw '{"container":"ct01"}' >/dev/null
    varlink Container.Stop '{"container":"ct01"}' >/dev/null
    expect_eq "$(varlink Manager.ListContainers '{"names":["ct01"]}' | jq -r '.containers[].state')" \
        stopped
    local job
    job=$(varlink Container.Destroy '{"container":"ct01"}' | jq .job)
    varlink Job.Wait "{\"job\":$job}" >/dev/null
    expect_varlink_error NoSuchContainer ct01 Manager.GetContainer '{"name":"ct01"}'
}

varlink_creates_by_a_job() {
    uses ct03
    local job
    job=$(varlink Manager.CreateContainer '{"name":"ct03","template":"busybox"}' | jq .job)
    expect_eq "$(varlink Job.Wait "{\"job\":$job}" | jq -r .event)" end
    expect_eq "$(varlink Manager.GetContainer '{"name":"ct03"}' | jq -r .container)" ct03
}

pipelined_calls_are_answered_in_order() {
    a_busybox ct01
    local replies
    replies=$(printf '%s\0%s\0' \
        '{"method":"org.nagaya1.Manager.GetContainer","parameters":{"name":"ct01"}}' \
        '{"method":"org.nagaya1.Manager.GetContainer","parameters":{"name":"absent"}}' |
        "$tools/varlink" --close-input --deadline 10 "$socket" || true)
    expect_eq "$(wc -l <<<"$replies")" 2 "replies: $replies"
    expect_match "$(sed -n 1p <<<"$replies")" '"container":"ct01"'
    expect_match "$(sed -n 2p <<<"$replies")" 'NoSuchContainer'
}

# ---- what everybody is told

a_start_and_a_stop_are_told_once_in_order() {
    a_busybox ct01
    events_begin
    started ct01
    expect_ok nagaya stop ct01
    expect_trace ct01 "$up $down"
}

a_freeze_and_a_thaw_are_told_once_in_order() {
    a_busybox ct01
    started ct01
    events_begin
    expect_ok container ct01 Freeze 'a{sv}' 0
    expect_ok container ct01 Thaw 'a{sv}' 0
    expect_trace ct01 'freezing frozen thawed running'
}

a_stop_of_a_frozen_container_is_told() {
    a_busybox ct01
    started ct01
    expect_ok nagaya freeze ct01
    events_begin
    expect_ok nagaya stop --kill ct01
    expect_eq "$(state ct01)" stopped
    wait_for_line "$case_dir/varlink.json" '"state":"stopped"' 10
    expect_match "$(trace_varlink ct01)" "$down\$"
}

a_start_by_systemctl_is_told_the_same() {
    a_busybox ct01
    events_begin
    expect_ok systemctl start nagaya@ct01.service
    ready ct01
    expect_ok systemctl stop nagaya@ct01.service
    expect_trace ct01 "$up $down"
}

a_failed_start_passes_aborting() {
    a_busybox ct01 'lxc.mount.entry=/srv/absent srv none bind 0 0'
    events_begin
    expect_fails_with 1 '/srv/absent' nagaya start ct01
    expect_trace ct01 'starting aborting stopping stopped'
    expect_nothing_remains ct01
}

a_reboot_from_inside_is_told() {
    a_busybox ct01
    started ct01
    events_begin
    rm "$(rootfs ct01)/ready"
    nagaya exec ct01 -- kill -TERM 1 || true
    ready ct01
    expect_trace ct01 "$down $up"
    expect_eq "$(wc -l <"$(rootfs ct01)/boots")" 2 boots
}

added_and_removed_are_told() {
    uses ct04
    events_begin
    a_busybox ct04
    wait_for_line "$case_dir/bus.json" '"ContainerAdded".*"ct04"' 10
    wait_for_line "$case_dir/varlink.json" '"event":"added"' 10
    expect_ok nagaya destroy ct04
    wait_for_line "$case_dir/bus.json" '"ContainerRemoved".*"ct04"' 10
    wait_for_line "$case_dir/bus.json" 'InterfacesRemoved.*ct04' 10
    wait_for_line "$case_dir/varlink.json" '"event":"removed"' 10
}

signals_precede_the_reply() {
    a_busybox ct01
    busctl --json=short --match="path_namespace='/org/nagaya1'" --match="type='method_return'" monitor \
        >"$case_dir/bus.json" 2>"$case_dir/bus.stderr" &
    events_pids=$!
    wait_for_line "$case_dir/bus.stderr" Monitoring 10
    expect_ok container ct01 Start 'a{sv}' 0
    wait_for_line "$case_dir/bus.json" '"member":"Start"' 10
    local order
    wait_until 10 bash -c "jq -s -e 'map(select(.member == \"Start\") .cookie) | length > 0' \
        '$case_dir/bus.json' >/dev/null"
    order=$(jq -r -s '(map(select(.member == "Start"))[0]) as $call |
        [.[] | if .member == "StateChanged" and .interface == "org.nagaya1.Manager" then
                "signal:" + .payload.data[3]
            elif .reply_cookie == $call.cookie and .destination == $call.sender then "reply"
            else empty end] | join(" ")' "$case_dir/bus.json")
    expect_eq "$order" 'signal:starting signal:running reply'
}

# ---- inside

a_container_has_namespaces_of_its_own() {
    a_busybox ct01
    started ct01
    local pid name
    pid=$(property ct01 InitPID)
    for name in mnt pid uts ipc net cgroup; do
        [ "$(readlink "/proc/$pid/ns/$name")" != "$(readlink "/proc/1/ns/$name")" ] ||
            flunk "it shares the $name namespace of the host"
    done
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" ct01
    expect_match "$(cat "/proc/$pid/cgroup")" '^0::/machine.slice/nagaya@ct01.service/payload|/payload$'
    expect_eq "$(expect_ok nagaya exec ct01 -- sh -c 'cut -d: -f3 /proc/1/cgroup | tail -n 1')" /
    expect_match "$(expect_ok nagaya exec ct01 -- sh -c 'ls /dev')" console
}

no_mount_of_a_container_shows_on_the_host() {
    a_busybox ct01
    local before
    before=$(cut -d' ' -f5 /proc/self/mountinfo | sort)
    started ct01
    expect_eq "$(cut -d' ' -f5 /proc/self/mountinfo | sort)" "$before" mounts
}

environment_of_the_service_does_not_leak() {
    a_busybox ct01
    started ct01
    local environment
    environment=$(tr '\0' '\n' <"/proc/$(property ct01 InitPID)/environ")
    expect_no_match "$environment" 'NOTIFY_SOCKET|INVOCATION_ID|LISTEN_|JOURNAL_STREAM|SYSTEMD_'
    expect_match "$environment" 'container=lxc'
}

no_descriptor_leaks_into_init() {
    a_busybox ct01
    started ct01
    local pid
    pid=$(property ct01 InitPID)
    # 0 to 2, and what the shell opened for its script.
    expect_eq "$(find "/proc/$pid/fd" -type l -printf '%f %l\n' | grep -v -E \
        '^[012] |quick-init$' || true)" "" "descriptors of init"
}

test_case "The command creates, starts, enters, freezes, stops and destroys" command_does_the_main_job
test_case "A list is told as JSON" list_is_told_as_json
test_case "stop --kill does not wait" kill_does_not_wait_for_an_init_that_ignores_the_signal
test_case "stop kills after its timeout" stop_kills_after_its_timeout
test_case "A later stop may shorten the first" a_later_stop_may_shorten_the_first
test_case "stop without kill times out and leaves it running" stop_without_kill_times_out
test_case "restart gives another init" restart_gives_another_init
test_case "monitor and wait follow" monitor_and_wait_follow
test_case "The console's log is read" console_log_is_read
test_case "Who waits for a job later is told what it had to say" late_waiters_are_told_what_was_said
test_case "busctl does the main job" busctl_does_the_main_job
test_case "busctl creates by a job" busctl_creates_by_a_job
test_case "gdbus does the main job" gdbus_does_the_main_job
test_case "GetManagedObjects holds every container" managed_objects_hold_every_container
test_case "systemctl starts and stops" systemctl_starts_and_stops
test_case "systemd and the service see the same container" both_see_the_same_container
test_case "A halt from inside is a wanted end" a_halt_from_inside_is_a_wanted_end
test_case "The varlink socket does the main job" varlink_does_the_main_job
test_case "The varlink socket creates by a job" varlink_creates_by_a_job
test_case "Pipelined calls are answered in order" pipelined_calls_are_answered_in_order
test_case "A start and a stop are told once, in order, on all channels" \
    a_start_and_a_stop_are_told_once_in_order
test_case "A freeze and a thaw are told once, in order" a_freeze_and_a_thaw_are_told_once_in_order
test_case "The stop of a frozen container is told" a_stop_of_a_frozen_container_is_told
test_case "A start by systemctl is told the same" a_start_by_systemctl_is_told_the_same
test_case "A failed start passes starting, aborting, stopping, stopped" a_failed_start_passes_aborting
test_case "A reboot from inside is told" a_reboot_from_inside_is_told
test_case "Added and removed containers are told" added_and_removed_are_told
test_case "The signals of a change precede the reply of its call" signals_precede_the_reply
test_case "A container has namespaces of its own" a_container_has_namespaces_of_its_own
test_case "No mount of a container shows on the host" no_mount_of_a_container_shows_on_the_host
test_case "Nothing of the service's environment leaks into init" environment_of_the_service_does_not_leak
test_case "No descriptor leaks into init" no_descriptor_leaks_into_init
test_end

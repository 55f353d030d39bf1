#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The written contract, as the running service tells it.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

interfaces=/opt/nagaya-interfaces
public='org.nagaya1.Container org.nagaya1.Job org.nagaya1.Manager org.varlink.service'

both_doors_tell_the_written_text() {
    local name
    for name in $public; do
        varlink org.varlink.service.GetInterfaceDescription "{\"interface\":\"$name\"}" |
            jq -j .description >"$case_dir/socket"
        busctl --json=short call org.nagaya1 /org/nagaya1 org.varlink.service \
            GetInterfaceDescription s "$name" | jq -j '.data[0]' >"$case_dir/bus"
        cmp "$interfaces/$name.varlink" "$case_dir/socket" || flunk "$name differs on the socket"
        cmp "$interfaces/$name.varlink" "$case_dir/bus" || flunk "$name differs on the bus"
    done
}

both_doors_tell_who_they_are() {
    local info
    info=$(varlink org.varlink.service.GetInfo)
    expect_eq "$(jq -r .product <<<"$info")" nagaya
    expect_eq "$(jq -r '.interfaces | sort | join(" ")' <<<"$info")" "$public"
    expect_match "$(jq -r .version <<<"$info")" '^[0-9]+\.[0-9]+'
    expect_eq "$(busctl --json=short call org.nagaya1 /org/nagaya1 org.varlink.service GetInfo |
        jq -r '.data[4] | sort | join(" ")')" "$public"
    expect_eq "$(busctl --json=short get-property org.nagaya1 /org/nagaya1 org.nagaya1.Manager \
        Version | jq -r .data)" "$(jq -r .version <<<"$info")"
    expect_match "$(expect_ok nagaya --version)" "$(jq -r .version <<<"$info")"
}

the_inner_interfaces_are_not_told() {
    expect_varlink_error org.varlink.service.InterfaceNotFound . \
        org.varlink.service.GetInterfaceDescription '{"interface":"org.nagaya1.Supervisor"}'
    expect_varlink_error org.varlink.service.InterfaceNotFound . org.nagaya1.Worker.List
}

the_command_prints_it() {
    expect_ok nagaya introspect org.nagaya1.Manager >"$case_dir/printed"
    diff "$interfaces/org.nagaya1.Manager.varlink" "$case_dir/printed" >"$case_dir/diff" ||
        flunk "it prints something else" "$(head -n 20 "$case_dir/diff")"
    local name
    for name in $public; do
        expect_match "$(expect_ok nagaya introspect)" "$name"
    done
}

every_verb_is_answered_on_the_socket() {
    a_busybox ct01
    local name member error status
    for name in Container Job Manager; do
        for member in $(sed -n 's/^method \([A-Za-z]*\).*/\1/p' "$interfaces/org.nagaya1.$name.varlink"); do
            status=0
            error=$("$tools/varlink" --deadline 20 "$socket" "org.nagaya1.$name.$member" '{}') || status=$?
            [ "$status" = 0 ] || [ "$status" = 1 ] || flunk "$name.$member: status $status"
            error=$(head -n 1 <<<"$error" | jq -r '.error // ""')
            case $error in
            org.varlink.service.MethodNotFound | org.varlink.service.MethodNotImplemented | \
                org.varlink.service.InterfaceNotFound) flunk "$name.$member: $error" ;;
            esac
        done
    done
}

every_verb_is_on_the_bus() {
    a_busybox ct01
    local name member path xml bus_member
    for name in Container Manager; do
        path=/org/nagaya1
        [ "$name" = Manager ] || path=$(object_path ct01)
        xml=$(busctl introspect --xml-interface org.nagaya1 "$path")
        for member in $(sed -n 's/^method \([A-Za-z]*\).*/\1/p' "$interfaces/org.nagaya1.$name.varlink"); do
            # Monitor is what signals are on the bus.
            [ "$member" != Monitor ] || continue
            bus_member=${member/ByPid/ByPID}
            grep -q "<method name=\"$bus_member\"" <<<"$xml" || flunk "$name.$bus_member is not on the bus"
        done
    done
}

monitor_streams() {
    a_busybox ct01
    events_begin
    expect_eq "$(jq -r 'select(.parameters.event == "present") | .parameters.container' \
        "$case_dir/varlink.json")" ct01
    expect_eq "$(jq -r '.continues' "$case_dir/varlink.json" | sort -u)" true
    started ct01
    wait_for_line "$case_dir/varlink.json" '"state":"running"' 10
}

the_files_are_where_they_belong() {
    local path
    for path in /usr/bin/nagaya /usr/libexec/nagaya/nagayad /usr/libexec/nagaya/nagaya-run \
        /usr/libexec/nagaya/nagaya-work /usr/share/dbus-1/system.d/org.nagaya1.conf \
        /usr/share/dbus-1/system-services/org.nagaya1.service \
        /usr/share/polkit-1/actions/org.nagaya1.policy /lib/systemd/system/nagaya@.service \
        /lib/systemd/system/nagaya.service /lib/systemd/system/nagaya.socket \
        /lib/systemd/system/nagaya-work.service /lib/systemd/system/nagaya-work.socket \
        /lib/systemd/system/sockets.target.wants/nagaya.socket \
        /usr/share/dbus-1/interfaces/org.nagaya1.Manager.xml \
        /usr/share/dbus-1/interfaces/org.nagaya1.Container.xml \
        /usr/share/dbus-1/interfaces/org.nagaya1.Job.xml; do
        [ -e "$path" ] || flunk "$path is not installed"
    done
    [ -S "$socket" ] || flunk "$socket is no socket"
    expect_ok systemd-analyze verify nagaya.service nagaya.socket nagaya-work.service \
        nagaya-work.socket nagaya@ct01.service
}

polkit_knows_the_actions() {
    local actions name
    systemctl start polkit.service
    actions=$(pkaction)
    for name in inspect control attach configure create storage host; do
        expect_match "$actions" "org\.nagaya1\.$name"
    done
}

test_case "Both doors tell the written text" both_doors_tell_the_written_text
test_case "Both doors tell who they are" both_doors_tell_who_they_are
test_case "The inner interfaces are not told" the_inner_interfaces_are_not_told
test_case "The command prints it" the_command_prints_it
test_case "Every verb is answered on the socket" every_verb_is_answered_on_the_socket
test_case "Every verb is on the bus" every_verb_is_on_the_bus
test_case "Monitor streams" monitor_streams
test_case "The files are where they belong" the_files_are_where_they_belong
test_case "polkit knows the actions" polkit_knows_the_actions
test_end

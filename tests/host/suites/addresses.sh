#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The addresses of containers. They have them here of an interface that they make themselves.
# shellcheck source=tests/host/lib.sh disable=SC2031,SC2034,SC2086
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container

# addressed ID ADDRESS...: running, with an interface "own" that has these.
addressed() {
    local id=$1 address
    shift
    a_busybox "$id"
    started "$id"
    in_network_of "$id" ip link add own type bridge
    in_network_of "$id" ip link set own up
    for address in "$@"; do
        in_network_of "$id" ip address add "$address" dev own nodad
    done
}

in_network_of() {
    nsenter --net="/proc/$(property "$1" InitPID)/ns/net" -- "${@:2}"
}

# listed ID: what ListContainers tells of its addresses.
listed() {
    varlink Manager.ListContainers '{"fields":["addresses"]}' |
        jq -c --arg id "$1" '.containers[] | select(.container == $id) | .addresses'
}

both_families_through_both_doors() {
    addressed ct01 10.9.0.1/24 fd09::1/64 10.9.0.2/24
    expect_eq "$(varlink Container.GetAddresses '{"container":"ct01"}')" \
        '{"addresses":[{"interface":"own","family":2,"address":"10.9.0.1"},{"interface":"own","family":2,"address":"10.9.0.2"},{"interface":"own","family":10,"address":"fd09::1"}]}'
    expect_eq "$(container ct01 GetAddresses)" \
        'aa{sv} 3 3 "interface" s "own" "family" i 2 "address" ay 4 10 9 0 1 3 "interface" s "own" "family" i 2 "address" ay 4 10 9 0 2 3 "interface" s "own" "family" i 10 "address" ay 16 253 9 0 0 0 0 0 0 0 0 0 0 0 0 0 1'
    # Those of loopback and of the link are there, but of no use to anybody.
    expect_match "$(in_network_of ct01 ip address)" 'inet6 fe80:'
    expect_match "$(in_network_of ct01 ip address)" 'inet 127\.0\.0\.1'
}

without_a_network_there_are_none() {
    a_busybox ct01
    expect_bus_error ContainerNotRunning 'not running' "$(object_path ct01)" $container_name.GetAddresses
    expect_varlink_error ContainerNotRunning 'not running' Container.GetAddresses '{"container":"ct01"}'
    expect_eq "$(listed ct01)" '[]'
    sed -i 's/^lxc.net.0.type.*/lxc.net.0.type = none/' /var/lib/lxc/ct01/config
    ip link add own type bridge && ip address add 10.8.0.1/24 dev own
    started ct01
    expect_eq "$(varlink Container.GetAddresses '{"container":"ct01"}')" '{"addresses":[]}' "the host's network"
    ip link delete own
}

a_list_has_them_when_it_is_asked() {
    addressed ct01 10.9.0.1/24 fd09::1/64
    addressed ct02 10.9.0.3/24
    a_busybox ct03
    expect_eq "$(listed ct01)" '["10.9.0.1","fd09::1"]'
    expect_eq "$(listed ct02)" '["10.9.0.3"]'
    expect_eq "$(listed ct03)" '[]'
    expect_eq "$(varlink Manager.ListContainers | jq -c '[.containers[] | has("addresses")] | unique')" '[false]'
    expect_match "$(manager ListContainers 'a{sv}' 2 fields as 1 addresses names as 1 ct01)" \
        '"addresses" as 2 "10\.9\.0\.1" "fd09::1"'
    expect_eq "$(varlink Container.Describe '{"container":"ct02","fields":["addresses"]}' |
        jq -c .description.addresses)" '["10.9.0.3"]'
    expect_match "$(expect_ok nagaya list)" 'NAME .*ADDRESSES.*ct01 .* 10\.9\.0\.1,fd09::1.*ct02 .* 10\.9\.0\.3'
    expect_match "$(expect_ok nagaya show ct01)" 'Addresses: +10\.9\.0\.1,fd09::1'
    expect_eq "$(nagaya show --json ct02 | jq -c .addresses)" '["10.9.0.3"]'
}

they_are_not_for_everybody() {
    addressed ct01 10.9.0.1/24
    as_user=(as-user nagaya-alice)
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired '' Container.GetAddresses '{"container":"ct01"}'
    expect_no_match "$(as-user nagaya-alice nagaya list)" '10\.9\.0\.1'
    expect_match "$(as-user nagaya-alice nagaya list)" 'ct01'
    rule 'if (action.id == "org.nagaya1.inspect" && subject.user == "nagaya-alice") return polkit.Result.YES;'
    expect_match "$(as-user nagaya-alice nagaya list)" '10\.9\.0\.1'
}

# Its supervisor is stopped: nobody else waits for it, and the list not for long.
a_silent_supervisor_is_left_out() {
    addressed ct01 10.9.0.1/24
    addressed ct02 10.9.0.2/24
    local pid begin list
    pid=$(supervisor_pid ct01)
    kill -STOP "$pid"
    begin=${EPOCHREALTIME/[.,]/}
    nagaya list >"$case_dir/list" &
    list=$!
    expect_eq "$(varlink Manager.GetContainer '{"name":"ct01"}')" '{"container":"ct01"}'
    [ $((${EPOCHREALTIME/[.,]/} - begin)) -lt 1500000 ] || flunk "the service waited, too"
    wait "$list" || flunk "nagaya list: exit status $?"
    kill -CONT "$pid"
    [ $((${EPOCHREALTIME/[.,]/} - begin)) -lt 5000000 ] || flunk "the list waited too long"
    expect_match "$(cat "$case_dir/list")" 'ct02 .*10\.9\.0\.2'
    expect_no_match "$(cat "$case_dir/list")" '10\.9\.0\.1'
}

# What a container can make up costs its supervisor little, and others nothing.
a_thousand_addresses_are_cut() {
    addressed ct01
    local i
    for ((i = 0; i < 1000; i++)); do
        echo "address add 10.7.$((i / 250)).$((i % 250 + 1))/32 dev own"
    done >"$case_dir/batch"
    in_network_of ct01 ip -batch "$case_dir/batch"
    expect_eq "$(varlink Container.GetAddresses '{"container":"ct01"}' | jq '.addresses | length')" 128
    expect_ok nagaya list >/dev/null
}

in_a_user_namespace_they_are_seen() {
    printf 'root:100000:65536\n' | tee /etc/subuid >/etc/subgid
    a_busybox ct01 lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536' lxc.rootfs.options=idmap=container
    started ct01
    expect_ok nagaya exec ct01 -- ip link add own type bridge
    expect_ok nagaya exec ct01 -- ip address add 10.9.0.9/24 dev own
    expect_eq "$(listed ct01)" '["10.9.0.9"]'
}

test_case "Addresses of both families, through both doors" both_families_through_both_doors
test_case "Without a network of its own a container has none" without_a_network_there_are_none
test_case "A list has them when it is asked for them" a_list_has_them_when_it_is_asked
test_case "They are not told to everybody" they_are_not_for_everybody
test_case "A supervisor that does not answer is left out" a_silent_supervisor_is_left_out
test_case "A thousand addresses are cut" a_thousand_addresses_are_cut
test_case "Those in a user namespace are seen" in_a_user_namespace_they_are_seen
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The types of nic that a disposable host's kernel may not have: vlan, ipvlan.
# shellcheck source=tests/host/lib.sh disable=SC2016,SC2034
. "$(dirname "$0")/../../host/lib.sh"

# A cable: "parent" on the host, whose other end lies in a network of its own, "far".
cable() {
    ip link show parent >/dev/null 2>&1 && return 0
    ip netns add far
    ip link add parent type veth peer name peer netns far
    ip link set parent up
    ip -n far link set peer up
}

# link ID NAME FILTER: what ip(8) says of an interface in the container.
link() {
    nsenter --net="/proc/$(property "$1" InitPID)/ns/net" ip -d -j link show dev "$2" | jq -r ".[0]|$3"
}

inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

links_of_the_host() {
    ip -o link | awk '{ print $2 }' | sort
}

# Nothing of the container is on the host, while it runs and after.
expect_links_as_before() {
    wait_until 10 links_are_as_before
    expect_eq "$(links_of_the_host)" "$before" 'interfaces of the host'
}

links_are_as_before() {
    [ "$(links_of_the_host)" = "$before" ]
}

vlan() {
    cable
    before=$(links_of_the_host)
    ip -n far link add link peer name tagged type vlan id 7
    ip -n far address add 10.81.0.1/24 dev tagged
    ip -n far link set tagged up
    a_busybox ct01 lxc.net.0.type=vlan lxc.net.0.link=parent lxc.net.0.vlan.id=7 lxc.net.0.flags=up \
        lxc.net.0.name=office lxc.net.0.hwaddr=00:16:3e:00:00:31 lxc.net.0.ipv4.address=10.81.0.5/24
    started ct01
    expect_eq "$(link ct01 office '.linkinfo.info_kind,.linkinfo.info_data.id,.address' | xargs)" \
        'vlan 7 00:16:3e:00:00:31'
    expect_match "$(inside ct01 ip address show office)" 'inet 10.81.0.5/24'
    # It speaks to who has the tag.
    expect_ok inside ct01 ping -c 1 -W 20 10.81.0.1
    ip -n far link set tagged down
    expect_fails_with 1 '' inside ct01 ping -c 1 -W 2 10.81.0.1
    expect_links_as_before
    # The tag is taken: the second one is told so.
    a_busybox ct02 lxc.net.0.type=vlan lxc.net.0.link=parent lxc.net.0.vlan.id=7
    expect_fails_with 1 "eth0|parent|nic" nagaya start ct02
    expect_ok nagaya stop --kill ct01
    expect_links_as_before
    ip -n far link delete tagged
}

ipvlan_modes() {
    cable
    before=$(links_of_the_host)
    local mode isolation
    ip -n far address replace 10.82.0.1/24 dev peer
    for mode in l2 l3 l3s; do
        isolation=private
        [ "$mode" != l2 ] || isolation=bridge
        a_busybox "ip-$mode" lxc.net.0.type=ipvlan lxc.net.0.link=parent "lxc.net.0.ipvlan.mode=$mode" \
            "lxc.net.0.ipvlan.isolation=$isolation" lxc.net.0.flags=up lxc.net.0.mtu=1400 \
            lxc.net.0.ipv4.address=10.82.0.5/24
        started "ip-$mode"
        expect_eq "$(link "ip-$mode" eth0 \
            '.linkinfo.info_kind,.linkinfo.info_data.mode,.mtu' | xargs)" "ipvlan $mode 1400"
        # All of them have the address of the link they lie on.
        expect_eq "$(link "ip-$mode" eth0 .address)" "$(cat /sys/class/net/parent/address)"
        expect_match "$(inside "ip-$mode" ip address show eth0)" 'inet 10.82.0.5/24'
        [ "$mode" != l2 ] || expect_ok inside ip-l2 ping -c 1 -W 20 10.82.0.1
        expect_links_as_before
        expect_ok nagaya stop --kill "ip-$mode"
        expect_links_as_before
    done
}

# Two containers on the same link reach each other.
ipvlan_neighbours() {
    cable
    local id
    for id in 1 2; do
        a_busybox "ct0$id" lxc.net.0.type=ipvlan lxc.net.0.link=parent lxc.net.0.ipvlan.mode=l2 \
            lxc.net.0.ipvlan.isolation=bridge lxc.net.0.flags=up "lxc.net.0.ipv4.address=10.83.0.$id/24"
        started "ct0$id"
    done
    expect_ok inside ct01 ping -c 1 -W 20 10.83.0.2
}

after_a_killed_supervisor() {
    cable
    before=$(links_of_the_host)
    a_busybox ct01 lxc.net.0.type=vlan lxc.net.0.link=parent lxc.net.0.vlan.id=9 \
        lxc.net.1.type=ipvlan lxc.net.1.link=parent
    started ct01
    kill -KILL "$(supervisor_pid ct01)"
    wait_for_state ct01 stopped
    expect_links_as_before
    expect_nothing_remains ct01
    started ct01
    expect_eq "$(link ct01 eth0 .linkinfo.info_kind)" vlan
    expect_eq "$(link ct01 eth1 .linkinfo.info_kind)" ipvlan
}

test_case "vlan: it speaks to those with its tag, and to them only" vlan
test_case "ipvlan in its three modes" ipvlan_modes
test_case "ipvlan: neighbours on a link" ipvlan_neighbours
test_case "After a killed supervisor nothing of them is left" after_a_killed_supervisor
test_end

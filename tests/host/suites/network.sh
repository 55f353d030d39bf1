#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Networks: what each type of nic is inside and on the host, its scripts, and that nothing of it is
# left, however a run ends. NAGAYA_CYCLES=1000 with NAGAYA_CASE_DEADLINE=900 makes a soak of the last case.
# shellcheck source=tests/host/lib.sh disable=SC2016,SC2034,SC2086
. "$(dirname "$0")/../lib.sh"

told=/srv/told
bridged=(lxc.net.0.type=veth lxc.net.0.link=br0 lxc.net.0.flags=up)

# A bridge of the host, with an address and no way out.
bridge() {
    ip link show br0 >/dev/null 2>&1 && return 0
    ip link add br0 address 02:00:00:00:00:01 type bridge
    ip link set br0 mtu 1450
    ip address add 10.77.0.1/24 dev br0
    ip address add fd77::1/64 dev br0 nodad
    ip link set br0 up
}

# Devices to be given away: spare0, spare1 and spare2, whose other ends stay.
spares() {
    local i
    for i in 0 1 2; do
        ip link show "spare$i" >/dev/null 2>&1 && continue
        ip link add "spare$i" address "02:00:00:00:01:0$i" mtu 1400 type veth \
            peer name "other$i" address "02:00:00:00:02:0$i"
    done
}

init_pid() {
    property "$1" InitPID
}

# outside_in ID COMMAND...: a program of the host in the container's network only.
outside_in() {
    local pid
    pid=$(init_pid "$1")
    shift
    nsenter --net="/proc/$pid/ns/net" "$@"
}

inside() {
    local id=$1
    shift
    timeout 20 nagaya exec "$id" -- "$@"
}

# link ID NAME FILTER: what ip(8) says of an interface in the container.
link() {
    outside_in "$1" ip -d -j link show dev "$2" | jq -r ".[0]|$3"
}

# host_link NAME FILTER
host_link() {
    ip -d -j link show dev "$1" | jq -r ".[0]|$2"
}

# The interfaces of the host, one a line.
interfaces() {
    ip -j link | jq -r '.[].ifname' | sort
}

remember_interfaces() {
    interfaces >"$case_dir/before"
}

expect_interfaces_as_before() {
    expect_eq "$(interfaces)" "$(<"$case_dir/before")" "interfaces of the host ($*)"
}

# script TEXT [FILE]
script() {
    local file=${2-/srv/net-script}
    printf '#!/bin/sh\n%s\n' "$1" >"$file"
    chmod 0755 "$file"
}

telling_script() {
    rm -f "$told"
    script 'echo "$#: $*" >>/srv/told
env | grep -E "^LXC_(HOOK|NET)_" | sort >>/srv/told'
}

veth_is_as_configured() {
    bridge
    a_busybox ct01 "${bridged[@]}" lxc.net.0.name=lan lxc.net.0.hwaddr=00:16:3e:11:22:33 \
        lxc.net.0.mtu=1300 lxc.net.0.ipv4.address=10.77.0.5/24 \
        'lxc.net.0.ipv4.address=10.78.0.5/25 10.78.0.126' lxc.net.0.ipv6.address=fd77::5/64 \
        lxc.net.0.ipv4.gateway=auto lxc.net.0.ipv6.gateway=auto lxc.net.0.veth.pair=ct01-pair \
        lxc.net.0.veth.n_rxqueues=3 lxc.net.0.veth.n_txqueues=4
    started ct01
    expect_eq "$(link ct01 lan '.address,.mtu,.linkinfo.info_kind,.num_rx_queues,.num_tx_queues' |
        xargs)" '00:16:3e:11:22:33 1300 veth 3 4'
    expect_match "$(link ct01 lan '.flags|join(" ")')" '\bUP\b'
    expect_match "$(link ct01 lo '.flags|join(" ")')" '\bUP\b'
    expect_eq "$(outside_in ct01 ip -j -4 address show dev lan |
        jq -r '.[0].addr_info[]|"\(.local)/\(.prefixlen) \(.broadcast)"' | xargs)" \
        '10.77.0.5/24 10.77.0.255 10.78.0.5/25 10.78.0.126'
    # Usable at once: nothing is tentative.
    expect_eq "$(outside_in ct01 ip -j -6 address show dev lan scope global |
        jq -r '.[].addr_info[]|select(.local)|"\(.local)/\(.prefixlen) \(.tentative)"')" 'fd77::5/64 null'
    expect_match "$(inside ct01 ip route)" 'default via 10.77.0.1 dev lan'
    expect_match "$(inside ct01 ip -6 route)" 'default via fd77::1 dev lan'
    expect_eq "$(host_link ct01-pair '.master,.mtu,.address[0:2],.num_rx_queues' | xargs)" 'br0 1300 fe 3'
    expect_match "$(host_link ct01-pair '.flags|join(" ")')" '\bUP\b'
    expect_eq "$(ip -j link show dev nagaya-ct01-lan | jq -r '.[0].ifname')" ct01-pair
    expect_ok inside ct01 ping -c 1 -W 5 10.77.0.1
    expect_ok inside ct01 ping -c 1 -W 5 fd77::1
}

veth_defaults() {
    bridge
    a_busybox ct01 lxc.net.0.type=veth lxc.net.0.link=br0
    started ct01
    # The bridge's MTU, a name by number, down, no address.
    expect_eq "$(link ct01 eth0 '.mtu')" 1450
    expect_no_match "$(link ct01 eth0 '.flags|join(" ")')" '\bUP\b'
    expect_eq "$(outside_in ct01 ip -j address show dev eth0 | jq -r '.[0].addr_info|length')" 0
    expect_match "$(interfaces | xargs)" '\bveth[a-z2-7]{11}\b'
}

veth_without_a_bridge() {
    a_busybox ct01 lxc.net.0.type=veth lxc.net.0.veth.pair=alone lxc.net.0.flags=up
    started ct01
    expect_eq "$(host_link alone '.master')" null
    expect_match "$(link ct01 eth0 '.flags|join(" ")')" '\bUP\b'
}

two_containers_talk() {
    bridge
    a_busybox ct01 "${bridged[@]}" lxc.net.0.ipv4.address=10.77.0.5/24 lxc.net.0.ipv6.address=fd77::5/64
    a_busybox ct02 "${bridged[@]}" lxc.net.0.ipv4.address=10.77.0.6/24 lxc.net.0.ipv6.address=fd77::6/64
    started ct01
    started ct02
    expect_ok inside ct01 ping -c 1 -W 5 10.77.0.6
    expect_ok inside ct02 ping -c 1 -W 5 10.77.0.5
    expect_ok inside ct02 ping -c 1 -W 5 fd77::5
}

a_gateway_elsewhere_is_reached() {
    bridge
    a_busybox ct01 "${bridged[@]}" lxc.net.0.ipv4.address=10.99.0.5/32 lxc.net.0.ipv4.gateway=10.77.0.1 \
        lxc.net.1.type=veth lxc.net.1.link=br0 lxc.net.1.flags=up lxc.net.1.ipv6.address=fd99::5/128 \
        lxc.net.1.ipv6.gateway=dev
    started ct01
    expect_match "$(inside ct01 ip route)" 'default via 10.77.0.1 dev eth0'
    expect_match "$(inside ct01 ip route)" '10.77.0.1 dev eth0 scope link'
    expect_match "$(inside ct01 ip -6 route)" 'default dev eth1'
}

router_mode() {
    ip link add up0 type veth peer name up1
    ip link set up0 up
    ip link set up1 up
    ip address add 192.0.2.1/24 dev up0
    remember_interfaces
    a_busybox ct01 lxc.net.0.type=veth lxc.net.0.veth.mode=router lxc.net.0.veth.pair=ct01.r \
        lxc.net.0.link=up0 lxc.net.0.l2proxy=1 lxc.net.0.flags=up \
        lxc.net.0.ipv4.address=192.0.2.9/32 lxc.net.0.ipv4.gateway=192.0.2.1 \
        lxc.net.0.ipv6.address=2001:db8::9/128 lxc.net.0.ipv6.gateway=fe80::1 \
        lxc.net.0.veth.ipv4.route=198.51.100.0/24
    # What concerns the whole link is the host's to allow.
    echo 0 >/proc/sys/net/ipv4/conf/up0/forwarding
    expect_fails_with 1 "'/proc/sys/net/ipv4/conf/up0/forwarding' to be 1" nagaya start ct01
    expect_interfaces_as_before 'after a refused start'
    echo 1 >/proc/sys/net/ipv4/conf/up0/forwarding
    echo 1 >/proc/sys/net/ipv6/conf/up0/forwarding
    echo 1 >/proc/sys/net/ipv6/conf/up0/proxy_ndp
    started ct01
    expect_match "$(ip route)" '192.0.2.9 dev ct01.r scope link'
    expect_match "$(ip route)" '198.51.100.0/24 dev ct01.r scope link'
    expect_match "$(ip -6 route)" '2001:db8::9 dev ct01.r'
    expect_eq "$(host_link ct01.r '.master')" null
    expect_eq "$(cat /proc/sys/net/ipv4/conf/ct01.r/forwarding)" 1
    expect_eq "$(cat /proc/sys/net/ipv6/conf/ct01.r/proxy_ndp)" 1
    expect_match "$(ip neighbour show proxy)" '192.0.2.1 dev ct01.r +proxy'
    expect_match "$(ip neighbour show proxy)" '192.0.2.9 dev up0 +proxy'
    expect_match "$(ip -6 neighbour show proxy)" '2001:db8::9 dev up0 +proxy'
    expect_ok inside ct01 ping -c 1 -W 5 192.0.2.1
    expect_ok nagaya stop --kill ct01
    expect_no_match "$(ip route)" 'ct01.r'
    expect_eq "$(ip neighbour show proxy; ip -6 neighbour show proxy)" ''
    expect_interfaces_as_before 'after the stop'
    ip link delete up0
}

macvlan_modes() {
    local mode
    spares
    ip link set other0 up
    ip link set spare0 up
    for mode in private vepa bridge passthru; do
        a_busybox "mac-$mode" lxc.net.0.type=macvlan lxc.net.0.link=spare0 \
            "lxc.net.0.macvlan.mode=$mode" lxc.net.0.flags=up lxc.net.0.mtu=1300 \
            lxc.net.0.hwaddr=00:16:3e:00:00:07 lxc.net.0.ipv4.address=10.79.0.5/24
        started "mac-$mode"
        expect_eq "$(link "mac-$mode" eth0 \
            '.linkinfo.info_kind,.linkinfo.info_data.mode,.mtu,.address' | xargs)" \
            "macvlan $mode 1300 00:16:3e:00:00:07"
        expect_match "$(inside "mac-$mode" ip address show eth0)" 'inet 10.79.0.5/24'
        expect_ok nagaya stop --kill "mac-$mode"
    done
    a_busybox ct01 lxc.net.0.type=macvlan lxc.net.0.link=spare0
    started ct01
    expect_eq "$(link ct01 eth0 .linkinfo.info_data.mode)" private
}

phys_is_given_and_given_back() {
    spares
    remember_interfaces
    a_busybox ct01 lxc.net.0.type=phys lxc.net.0.link=spare0 lxc.net.0.name=wan lxc.net.0.mtu=1300 \
        lxc.net.0.hwaddr=00:16:3e:00:00:08 lxc.net.0.flags=up lxc.net.0.ipv4.address=10.80.0.5/24 \
        lxc.net.1.type=phys lxc.net.1.link=spare1
    started ct01
    expect_eq "$(link ct01 wan .mtu,.address | xargs)" '1300 00:16:3e:00:00:08'
    # Without a name of its own it keeps the host's.
    expect_eq "$(link ct01 spare1 .mtu,.address | xargs)" '1400 02:00:00:00:01:01'
    expect_no_match "$(interfaces | xargs)" 'spare[01]'
    # What the container calls it, and how it has it, is forgotten.
    inside ct01 ip link set wan down
    inside ct01 ip link set wan name other
    inside ct01 ip link set other address 00:16:3e:00:00:09
    expect_ok nagaya stop --kill ct01
    expect_interfaces_as_before 'after the stop'
    expect_eq "$(host_link spare0 .mtu,.address | xargs)" '1400 02:00:00:00:01:00'
    expect_no_match "$(host_link spare0 '.flags|join(" ")')" '\bUP\b'
}

phys_by_wildcard() {
    bridge
    spares
    ip link set spare0 master br0
    remember_interfaces
    # A port of a bridge is not free, nor what another one has.
    a_busybox ct01 lxc.net.0.type=phys lxc.net.0.link=spare+
    a_busybox ct02 lxc.net.0.type=phys lxc.net.0.link=spare+ lxc.net.0.name=eth0
    a_busybox ct03 lxc.net.0.type=phys lxc.net.0.link=spare+
    started ct01
    expect_eq "$(link ct01 spare1 .address)" 02:00:00:00:01:01
    started ct02
    expect_eq "$(link ct02 eth0 .address)" 02:00:00:00:01:02
    expect_fails_with 1 "No interface of the host whose name begins with 'spare' is free" \
        nagaya start ct03
    expect_ok nagaya stop --kill ct01
    expect_ok nagaya stop --kill ct02
    expect_interfaces_as_before 'after the stop'
    ip link set spare0 nomaster
}

phys_survives_reboots_and_failures() {
    spares
    remember_interfaces
    a_busybox ct01 lxc.net.0.type=phys lxc.net.0.link=spare0 lxc.net.0.name=eth0
    started ct01
    reboots ct01
    expect_eq "$(link ct01 eth0 .address)" 02:00:00:00:01:00
    expect_ok nagaya stop --kill ct01
    expect_interfaces_as_before 'after a reboot'
    # The kernel refuses this MTU when the device is in the container already.
    a_busybox ct02 lxc.net.0.type=phys lxc.net.0.link=spare0 lxc.net.0.mtu=70000
    expect_fails_with 1 "Stage 'network'.*[Mm][Tt][Uu]" nagaya start ct02
    expect_interfaces_as_before 'after a failed start'
    a_busybox ct03 lxc.net.0.type=phys lxc.net.0.link=spare0 lxc.init.cmd=/no/such/init
    expect_fails_with 1 "Stage 'exec'" nagaya start ct03
    expect_interfaces_as_before 'after another failed start'
    a_busybox ct04 lxc.net.0.type=phys lxc.net.0.link=nowhere0
    expect_fails_with 1 "There is no interface 'nowhere0' on this host, which 'lxc.net.0.link' names" \
        nagaya start ct04
}

# reboots ID: from inside, and it is there again.
reboots() {
    local boots
    boots=$(wc -l <"$(rootfs "$1")/boots")
    inside "$1" sh -c 'rm -f /ready; kill -TERM 1'
    wait_until 20 has_booted "$1" $((boots + 1))
    has_booted "$1" $((boots + 1)) || flunk "'$1' did not come up again"
    wait_for_state "$1" running
}

has_booted() {
    [ "$(wc -l <"$(rootfs "$1")/boots")" -ge "$2" ] && [ -e "$(rootfs "$1")/ready" ]
}

scripts_convention_0() {
    bridge
    spares
    ip link set spare0 up
    telling_script
    local i
    a_busybox ct01 lxc.net.0.type=veth lxc.net.0.link=br0 lxc.net.0.veth.pair=v-ct01 \
        lxc.net.1.type=macvlan lxc.net.1.link=spare0 lxc.net.2.type=phys lxc.net.2.link=spare1 \
        lxc.net.3.type=empty $(for i in 0 1 2 3; do
            echo "lxc.net.$i.script.up=/srv/net-script" "lxc.net.$i.script.down=/srv/net-script"
        done)
    started ct01
    expect_eq "$(grep : "$told")" '6: ct01 net up veth br0 v-ct01
5: ct01 net up macvlan spare0
5: ct01 net up phys spare1
4: ct01 net up empty'
    expect_eq "$(grep -v -F ': ' "$told" | sort -u)" LXC_HOOK_VERSION=0
    rm "$told"
    expect_ok nagaya stop --kill ct01
    expect_eq "$(grep : "$told")" '6: ct01 net down veth br0 v-ct01
5: ct01 net down macvlan spare0
5: ct01 net down phys spare1'
}

scripts_convention_1() {
    bridge
    spares
    ip link set spare0 up
    telling_script
    a_busybox ct01 lxc.hook.version=1 lxc.net.0.type=veth lxc.net.0.link=br0 \
        lxc.net.0.veth.pair=v-ct01 lxc.net.1.type=macvlan lxc.net.1.link=spare0 \
        lxc.net.2.type=empty $(for i in 0 1 2; do
            echo "lxc.net.$i.script.up=/srv/net-script" "lxc.net.$i.script.down=/srv/net-script"
        done)
    started ct01
    # Of one nic nothing is told to the next.
    expect_eq "$(<"$told")" '3: veth br0 v-ct01
LXC_HOOK_SECTION=net
LXC_HOOK_TYPE=up
LXC_HOOK_VERSION=1
LXC_NET_PARENT=br0
LXC_NET_PEER=v-ct01
LXC_NET_TYPE=veth
2: macvlan spare0
LXC_HOOK_SECTION=net
LXC_HOOK_TYPE=up
LXC_HOOK_VERSION=1
LXC_NET_PARENT=spare0
LXC_NET_TYPE=macvlan
1: empty
LXC_HOOK_SECTION=net
LXC_HOOK_TYPE=up
LXC_HOOK_VERSION=1
LXC_NET_TYPE=empty'
    rm "$told"
    reboots ct01
    expect_eq "$(grep : "$told" | xargs)" \
        '3: veth br0 v-ct01 2: macvlan spare0 3: veth br0 v-ct01 2: macvlan spare0 1: empty'
    expect_eq "$(grep TYPE "$told" | sort | uniq -c | xargs)" \
        '2 LXC_HOOK_TYPE=down 3 LXC_HOOK_TYPE=up 1 LXC_NET_TYPE=empty 2 LXC_NET_TYPE=macvlan 2 LXC_NET_TYPE=veth'
}

scripts_run_when_the_host_side_is_up() {
    bridge
    script 'ip -j link show dev "$6" | jq -r ".[0]|.master,(.flags|join(\" \"))" >/srv/told'
    a_busybox ct01 "${bridged[@]}" lxc.net.0.script.up=/srv/net-script
    started ct01
    expect_match "$(<"$told")" '^br0
.*\bUP\b'
    # An argument vector, never a shell.
    rm -f "$told" /srv/oops
    telling_script
    expect_ok nagaya stop --kill ct01
    expect_ok nagaya config ct01 set lxc.net.0.script.up \
        '/srv/net-script "two words" $(touch /srv/oops) ;'
    started ct01
    expect_match "$(<"$told")" '^10: two words \$\(touch /srv/oops\) ; ct01 net up veth br0 veth'
    [ ! -e /srv/oops ] || flunk "a shell was there"
}

a_script_that_fails() {
    bridge
    remember_interfaces
    script 'echo "no more addresses"; exit 3'
    script 'echo down >>/srv/told' /srv/net-down
    rm -f "$told"
    a_busybox ct01 "${bridged[@]}" lxc.net.0.script.up=/srv/net-script lxc.net.0.script.down=/srv/net-down
    expect_fails_with 1 "Stage 'network'.*lxc.net.0.script.up: .*exit status 3: no more addresses" \
        nagaya start ct01
    expect_interfaces_as_before 'after a script failed'
    # What a script has half done its counterpart undoes.
    expect_eq "$(<"$told")" down
    expect_match "$(journalctl -o json --no-pager -u nagaya@ct01 | jq -r 'select(.HOOK=="net").MESSAGE')" \
        'no more addresses'
    # A failure at the end is logged, and nothing more.
    script 'exit 0'
    script 'exit 5' /srv/net-down
    started ct01
    expect_ok nagaya stop --kill ct01
    expect_interfaces_as_before 'after a script failed at the end'
    expect_match "$(journalctl -o cat --no-pager -u nagaya@ct01)" 'lxc.net.0.script.down: .*exit status 5'
}

a_script_that_hangs_is_killed_by_stop() {
    bridge
    remember_interfaces
    script 'sleep 1000'
    a_busybox ct01 "${bridged[@]}" lxc.net.0.script.up=/srv/net-script
    nagaya start ct01 &
    wait_until 10 pgrep -f '^sleep 1000$'
    expect_ok nagaya stop --kill ct01
    expect_nothing_remains ct01
    expect_interfaces_as_before 'after a kill during a script'
}

nothing_is_left_of_failed_starts() {
    bridge
    spares
    remember_interfaces
    local i=0 line
    while IFS='|' read -r stage pattern line; do
        i=$((i + 1))
        a_busybox "f$i" "${bridged[@]}" lxc.net.1.type=macvlan lxc.net.1.link=spare0 \
            lxc.net.2.type=phys lxc.net.2.link=spare1 "$line"
        expect_fails_with 1 "Stage '$stage'.*$pattern" nagaya start "f$i"
        expect_interfaces_as_before "after stage $stage"
        expect_nothing_remains "f$i"
    done <<-'CASES'
		network|There is no interface 'nowhere'|lxc.net.1.link=nowhere
		network|'spare2' is no bridge|lxc.net.0.link=spare2
		network|lxc.net.0|lxc.net.0.veth.pair=br0
		network|Cannot add the|lxc.net.2.ipv6.address=ff02::1/64
		hook-mount||lxc.hook.mount=/bin/false
		start-host||lxc.hook.start-host=/bin/false
		exec||lxc.init.cmd=/no/such/init
		sysctl||lxc.sysctl.net.ipv4.no_such=1
	CASES
}

nothing_is_left_of_a_killed_supervisor() {
    bridge
    remember_interfaces
    telling_script
    a_busybox ct01 "${bridged[@]}" lxc.net.0.script.down=/srv/net-script lxc.net.0.veth.pair=v-ct01
    started ct01
    kill -KILL "$(supervisor_pid ct01)"
    wait_until 20 unit_is ct01 failed
    expect_nothing_remains ct01
    expect_interfaces_as_before 'after kill -9'
    # By the clean-up of the unit, as at any other end.
    expect_eq "$(grep : "$told")" '6: ct01 net down veth br0 v-ct01'
    # During the start, when a script runs.
    script 'echo up >>/srv/told; exec sleep 1000'
    script 'echo down >>/srv/told' /srv/net-down
    rm -f "$told"
    expect_ok nagaya config ct01 set lxc.net.0.script.up /srv/net-script
    expect_ok nagaya config ct01 set lxc.net.0.script.down /srv/net-down
    nagaya start ct01 &
    wait_until 10 grep -q up "$told"
    kill -KILL "$(supervisor_pid ct01)"
    wait_until 20 unit_is ct01 failed
    expect_nothing_remains ct01
    expect_interfaces_as_before 'after kill -9 during the start'
    expect_eq "$(xargs <"$told")" 'up down'
}

# The unit's clean-up takes them back; without it the kernel would delete such devices.
devices_come_back_from_a_killed_supervisor() {
    spares
    remember_interfaces
    a_busybox ct01 lxc.net.0.type=phys lxc.net.0.link=spare0 lxc.net.0.name=eth0 \
        lxc.net.1.type=phys lxc.net.1.link=spare1 lxc.net.1.mtu=1300
    local i
    for i in 1 2; do
        started ct01
        inside ct01 ip link set eth0 name "other$i"
        kill -KILL "$(supervisor_pid ct01)"
        wait_until 20 unit_is ct01 failed
        expect_nothing_remains ct01
        expect_interfaces_as_before "after kill -9, round $i"
        expect_eq "$(host_link spare0 .address,.mtu | xargs)" '02:00:00:00:01:00 1400'
        expect_eq "$(host_link spare1 .address,.mtu | xargs)" '02:00:00:00:01:01 1400'
    done
    expect_eq "$(find /proc/1/fd -lname 'net:*' | wc -l)" 0 "network namespaces that PID 1 holds"
}

# As long as a start takes, and then some: the moment of the kill walks through all of it.
nothing_is_left_of_a_start_killed_at_any_moment() {
    bridge
    spares
    ip link set spare0 up
    remember_interfaces
    script 'exit 0'
    a_busybox ct01 "${bridged[@]}" lxc.net.0.script.up=/srv/net-script lxc.net.1.type=macvlan \
        lxc.net.1.link=spare0 lxc.net.2.type=veth lxc.net.2.link=br0 lxc.net.2.veth.pair=v-ct01 \
        lxc.net.3.type=phys lxc.net.3.link=spare1 lxc.net.3.name=wan
    local i
    for i in $(seq 0 2 40); do
        systemctl start --no-block nagaya@ct01
        sleep "0.0$(printf %02d "$i")"
        systemctl kill --kill-who=main --signal=KILL nagaya@ct01 2>/dev/null || true
        systemctl stop nagaya@ct01
        expect_nothing_remains ct01
        expect_interfaces_as_before "after a kill $i ms into the start"
    done
    started ct01
}

reboot_keeps_the_names() {
    bridge
    spares
    ip link set spare0 up
    local i before
    a_busybox ct01 "${bridged[@]}" lxc.net.0.veth.pair=v-ct01 lxc.net.0.hwaddr=00:16:3e:00:00:11 \
        lxc.net.1.type=macvlan lxc.net.1.link=spare0 lxc.net.1.hwaddr=00:16:3e:00:00:12 \
        lxc.net.1.flags=up lxc.net.2.type=veth lxc.net.2.link=br0
    started ct01
    before=$(interfaces)
    for i in 1 2 3; do
        reboots ct01
        expect_eq "$(interfaces)" "$before" "interfaces of the host after reboot $i"
        expect_eq "$(link ct01 eth0 .address) $(link ct01 eth1 .address)" \
            '00:16:3e:00:00:11 00:16:3e:00:00:12'
        expect_eq "$(host_link v-ct01 .master)" br0
    done
}

long_names_do_not_collide() {
    bridge
    remember_interfaces
    local id ids=(a-name-of-20-letters-1 a-name-of-20-letters-2 a-name-of-20-letter)
    for id in "${ids[@]}"; do
        a_busybox "$id" "${bridged[@]}" lxc.net.1.type=veth lxc.net.1.link=br0
        started "$id"
        expect_eq "$(ip -j link show dev "nagaya-$id-eth1" | jq -r '.[0].master')" br0
    done
    expect_eq "$(interfaces | grep -c '^veth')" $((2 * ${#ids[@]}))
    # A name that is taken is not taken away: another one is found.
    expect_ok nagaya stop --kill "${ids[0]}"
    local name
    name=$(/usr/libexec/nagaya/nagaya-run --plan "${ids[0]}" | sed -n 's/^net 0 on the host: \([^ ]*\).*/\1/p')
    ip link add "$name" type veth peer name taken
    started "${ids[0]}"
    expect_ok inside "${ids[0]}" ip link show eth0
    for id in "${ids[@]}"; do expect_ok nagaya stop --kill "$id"; done
    expect_eq "$(host_link "$name" .link)" taken
    ip link delete taken
    expect_interfaces_as_before 'after all'
    # A given name that is taken is an error, and stays whose it is.
    ip link add v-taken type veth peer name taken
    a_busybox ct01 "${bridged[@]}" lxc.net.0.veth.pair=v-taken
    expect_fails_with 1 "There is an interface 'v-taken' on this host already, which \
'lxc.net.0.veth.pair' names" nagaya start ct01
    expect_eq "$(host_link v-taken .link)" taken
    ip link delete taken
}

in_a_user_namespace() {
    bridge
    spares
    ip link set spare0 up
    printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
    remember_interfaces
    a_busybox ct01 lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536' \
        lxc.rootfs.options=idmap=container "${bridged[@]}" lxc.net.0.ipv4.address=10.77.0.7/24 \
        lxc.net.0.ipv4.gateway=auto lxc.net.0.ipv6.address=fd77::7/64 lxc.net.1.type=macvlan \
        lxc.net.1.link=spare0 lxc.net.2.type=phys lxc.net.2.link=spare1
    started ct01
    expect_ok inside ct01 ping -c 1 -W 5 10.77.0.1
    # Its own root has the say in it.
    expect_ok inside ct01 ip link set spare1 name mine
    reboots ct01
    expect_ok inside ct01 ping -c 1 -W 5 10.77.0.1
    expect_ok inside ct01 ip link show spare1
    expect_ok nagaya stop --kill ct01
    expect_interfaces_as_before 'after the stop'
}

# kernel_has TYPE ARGUMENT...: interfaces of that type upon spare0.
kernel_has() {
    ip link add link spare0 name test0 type "$@" 2>/dev/null || return 1
    ip link delete test0
}

what_the_kernel_has_not_is_named() {
    spares
    remember_interfaces
    a_busybox ct01 lxc.net.0.type=vlan lxc.net.0.link=spare0 lxc.net.0.vlan.id=7
    a_busybox ct02 lxc.net.0.type=ipvlan lxc.net.0.link=spare0
    if kernel_has vlan id 7 && kernel_has ipvlan; then
        skip "this kernel has VLANs and ipvlan"
    fi
    kernel_has vlan id 7 ||
        expect_fails_with 1 'This kernel has no 802.1Q VLANs \(CONFIG_VLAN_8021Q\)' nagaya start ct01
    kernel_has ipvlan ||
        expect_fails_with 1 'This kernel has no interfaces of type ipvlan \(CONFIG_IPVLAN\)' \
            nagaya start ct02
    expect_interfaces_as_before 'after all'
}

vlan_of_a_device() {
    spares
    kernel_has vlan id 7 || skip "this kernel has no VLANs"
    ip link set spare0 up
    remember_interfaces
    a_busybox ct01 lxc.net.0.type=vlan lxc.net.0.link=spare0 lxc.net.0.vlan.id=7 \
        lxc.net.0.name=lan lxc.net.0.flags=up lxc.net.0.ipv4.address=10.81.0.5/24
    started ct01
    expect_eq "$(link ct01 lan .linkinfo.info_kind,.linkinfo.info_data.id | xargs)" 'vlan 7'
    expect_match "$(inside ct01 ip address show lan)" 'inet 10.81.0.5/24'
    reboots ct01
    expect_ok nagaya stop --kill ct01
    expect_interfaces_as_before 'after the stop'
}

ipvlan_modes() {
    local mode isolation
    spares
    kernel_has ipvlan || skip "this kernel has no ipvlan"
    ip link set other0 up
    ip link set spare0 up
    remember_interfaces
    for mode in l3 l3s l2; do
        for isolation in bridge private vepa; do
            a_busybox "$mode-$isolation" lxc.net.0.type=ipvlan lxc.net.0.link=spare0 \
                "lxc.net.0.ipvlan.mode=$mode" "lxc.net.0.ipvlan.isolation=$isolation" lxc.net.0.flags=up \
                lxc.net.0.ipv4.address=10.82.0.5/24
            started "$mode-$isolation"
            expect_eq "$(link "$mode-$isolation" eth0 .linkinfo.info_data.mode)" "$mode"
            expect_match "$(link "$mode-$isolation" eth0 '.linkinfo.info_data|tostring')" "$isolation"
            expect_ok nagaya stop --kill "$mode-$isolation"
        done
    done
    echo 1 >/proc/sys/net/ipv4/conf/spare0/forwarding
    a_busybox ct01 lxc.net.0.type=ipvlan lxc.net.0.link=spare0 lxc.net.0.ipvlan.mode=l3s \
        lxc.net.0.l2proxy=1 lxc.net.0.flags=up lxc.net.0.ipv4.address=10.82.0.6/32 \
        lxc.net.0.ipv4.gateway=dev
    started ct01
    expect_match "$(ip neighbour show proxy)" '10.82.0.6 dev spare0 +proxy'
    expect_match "$(ip route)" '10.82.0.6 dev lo'
    expect_ok nagaya stop --kill ct01
    expect_eq "$(ip neighbour show proxy)" ''
    expect_no_match "$(ip route)" '10.82.0.6'
    expect_interfaces_as_before 'after the stop'
}

# port_vlans NAME: of a port, each with what is special about it.
port_vlans() {
    command bridge -j vlan show dev "$1" | jq -r '.[].vlans[]|"\(.vlan) \(.flags // [] | join(","))"' |
        paste -s -d ';'
}

vlans_of_a_bridge() {
    bridge
    a_busybox ct01 "${bridged[@]}" lxc.net.0.veth.vlan.id=7
    expect_fails_with 1 "The bridge 'br0' knows no VLANs, which 'lxc.net.0.veth.vlan' sets" nagaya start ct01
    ip link add br-vlan type bridge vlan_filtering 1 2>/dev/null || skip "the bridges of this kernel know no VLANs"
    local tagged=(lxc.net.0.veth.vlan.tagged.id=8 lxc.net.0.veth.vlan.tagged.id=9)
    a_busybox ct02 "${bridged[@]}" lxc.net.0.link=br-vlan lxc.net.0.veth.pair=v-ct02
    a_busybox ct03 "${bridged[@]}" lxc.net.0.link=br-vlan lxc.net.0.veth.pair=v-ct03 \
        lxc.net.0.veth.vlan.id=7 "${tagged[@]}"
    a_busybox ct04 "${bridged[@]}" lxc.net.0.link=br-vlan lxc.net.0.veth.pair=v-ct04 \
        lxc.net.0.veth.vlan.id=none "${tagged[@]}"
    started ct02
    started ct03
    started ct04
    expect_eq "$(port_vlans v-ct02)" '1 PVID,Egress Untagged'
    expect_eq "$(port_vlans v-ct03)" '7 PVID,Egress Untagged;8 ;9 '
    expect_eq "$(port_vlans v-ct04)" '8 ;9 '
    ip link delete br-vlan
}

cycles_leave_nothing() {
    bridge
    spares
    ip link set spare0 up
    remember_interfaces
    local cycles=${NAGAYA_CYCLES:-50} i namespaces
    a_busybox ct01 "${bridged[@]}" lxc.net.0.ipv4.address=10.77.0.9/24 lxc.net.1.type=macvlan \
        lxc.net.1.link=spare0 lxc.net.1.hwaddr=00:16:3e:00:00:21 lxc.net.1.flags=up \
        lxc.net.2.type=phys lxc.net.2.link=spare1
    namespaces=$(namespaces_seen)
    for ((i = 0; i < cycles; i++)); do
        nagaya start ct01 || flunk "start $i failed"
        nagaya stop --kill ct01 || flunk "stop $i failed"
    done
    expect_interfaces_as_before "after $cycles cycles"
    expect_nothing_remains ct01
    # The kernel frees them when it comes to it.
    wait_until 20 namespaces_are "$namespaces"
    expect_eq "$(namespaces_seen)" "$namespaces" "network namespaces that somebody holds"
    expect_eq "$(ip netns list-id | wc -l)" 0 "network namespaces that the host's knows"
}

namespaces_seen() {
    find /proc/[0-9]*/ns/net /proc/[0-9]*/fd -lname 'net:*' -printf '%l\n' 2>/dev/null | sort -u | wc -l
}

namespaces_are() {
    [ "$(namespaces_seen)" = "$1" ] && [ "$(ip netns list-id | wc -l)" = 0 ]
}

test_case "a veth on a bridge is inside and outside what its keys say" veth_is_as_configured
test_case "a veth without more keys has a number, its bridge's MTU and is down" veth_defaults
test_case "a veth needs no bridge" veth_without_a_bridge
test_case "two containers on a bridge reach each other and the bridge" two_containers_talk
test_case "a gateway outside of the container's networks is reached directly" a_gateway_elsewhere_is_reached
test_case "in router mode the host knows the way, and answers on both sides" router_mode
test_case "macvlan in its four modes" macvlan_modes
test_case "a device of the host is the container's, and comes back as it was" phys_is_given_and_given_back
test_case "of several devices the first that is free is given" phys_by_wildcard
test_case "a device of the host comes back from reboots and failed starts" phys_survives_reboots_and_failures
test_case "network scripts are told what LXC tells them, convention 0" scripts_convention_0
test_case "network scripts are told what LXC tells them, convention 1" scripts_convention_1
test_case "scripts run when the host's side is up, without a shell" scripts_run_when_the_host_side_is_up
test_case "a network script that fails fails the start, and says why" a_script_that_fails
test_case "a network script that hangs ends with stop --kill" a_script_that_hangs_is_killed_by_stop
test_case "no interface is left of a start that failed, wherever" nothing_is_left_of_failed_starts
test_case "no interface is left of a killed supervisor" nothing_is_left_of_a_killed_supervisor
test_case "devices come back from a killed supervisor" devices_come_back_from_a_killed_supervisor
test_case "no interface is left of a start that is killed, whenever" nothing_is_left_of_a_start_killed_at_any_moment
test_case "a reboot from inside keeps names and addresses" reboot_keeps_the_names
test_case "names on the host are short, and nobody else's" long_names_do_not_collide
test_case "a container in a user namespace has networks, too" in_a_user_namespace
test_case "a type that the kernel has not is named in its words" what_the_kernel_has_not_is_named
test_case "a VLAN of a device" vlan_of_a_device
test_case "ipvlan in its modes, isolated and answered for" ipvlan_modes
test_case "VLANs of a bridge" vlans_of_a_bridge
test_case "starts and stops leave no interface, namespace or control group" cycles_leave_nothing
test_end

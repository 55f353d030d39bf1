#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The default network: the bridge that systemd-networkd makes after our files, its DHCP server, and what
# new containers are told of it.
# shellcheck source=tests/host/lib.sh disable=SC2034,SC2086
. "$(dirname "$0")/../lib.sh"

# Without udev in this host networkd would wait for it for ever; it does not where /sys is read-only, as
# in a container.
mkdir -p /etc/systemd/system/systemd-networkd.service.d
printf '[Service]\nReadOnlyPaths=/sys\n' >/etc/systemd/system/systemd-networkd.service.d/test.conf
systemctl daemon-reload

ours=02:6e:61:67:61:79

no_network() {
    systemctl stop systemd-networkd.service systemd-networkd.socket
    ip link delete lxcbr0 2>/dev/null || true
    rm -rf /etc/systemd/network
    mkdir -p /etc/systemd/network
}

networkd() {
    expect_ok systemctl start systemd-networkd.service
    wait_until 10 is_configured
    is_configured || flunk "$(networkctl --no-pager list 2>&1)" "$(journalctl --no-pager -u systemd-networkd -o cat -n 20)"
}

is_configured() {
    networkctl --no-legend --no-pager list lxcbr0 2>/dev/null | grep -q 'configured *$'
}

bridge_addresses() {
    ip -o -4 address show dev lxcbr0 | awk '{ print $4 }' | paste -s -d ' '
}

# address_of ID: what DHCP gave it; empty as yet.
address_of() {
    varlink Container.GetAddresses "{\"container\":\"$1\"}" 2>/dev/null |
        jq -r '.addresses[] | select(.family == 2) | .address'
}

has_address() {
    [ -n "$(address_of "$1")" ]
}

got_address() {
    wait_until 20 has_address "$1"
    has_address "$1" || flunk "'$1' has no address" "$(nagaya exec "$1" -- ip address 2>&1)" \
        "$(journalctl --no-pager -u systemd-networkd -o cat -n 20)"
}

checked() {
    varlink Manager.CheckHost | jq -r '.checks[] | select(.feature == "default network") | .detail'
}

without_a_bridge_it_is_told() {
    no_network
    uses ct01
    expect_match "$(nagaya create ct01 2>&1)" "There is no default network, the bridge 'lxcbr0'"
    expect_eq "$(container ct01 GetConfig s lxc.net.0.type)" 's "empty"'
    expect_match "$(checked)" "There is no bridge 'lxcbr0'"
}

networkd_makes_the_bridge() {
    no_network
    networkd
    expect_eq "$(bridge_addresses)" 10.0.3.1/24
    expect_eq "$(</sys/class/net/lxcbr0/address)" $ours
    expect_eq "$(checked)" "The bridge 'lxcbr0', 10.0.3.1, kept by systemd-networkd"
    expect_eq "$(networkctl --no-pager status lxcbr0 | awk '/Required For Online/ { print $NF }')" no
}

containers_get_addresses() {
    no_network
    networkd
    uses ct01 ct02
    expect_ok nagaya create ct01 -t busybox >/dev/null
    expect_ok nagaya create ct02 -t busybox >/dev/null
    expect_eq "$(container ct01 GetConfig s lxc.net.0.link)" 's "lxcbr0"'
    expect_match "$(container ct01 GetConfig s lxc.net.0.hwaddr)" '00:16:3e:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}'
    expect_ok nagaya start ct01
    expect_ok nagaya start ct02
    got_address ct01
    got_address ct02
    local first second
    first=$(address_of ct01)
    second=$(address_of ct02)
    expect_match "$first" '^10\.0\.3\.[0-9]+$'
    expect_match "$second" '^10\.0\.3\.[0-9]+$'
    [ "$first" != "$second" ] || flunk "both have $first"
    expect_ok nagaya exec ct01 -- ping -c 1 -W 5 10.0.3.1 >/dev/null
    expect_ok nagaya exec ct01 -- ping -c 1 -W 5 "$second" >/dev/null
    expect_ok nagaya exec ct02 -- ping -c 1 -W 5 "$first" >/dev/null
    expect_match "$(nagaya exec ct01 -- ip route)" 'default via 10\.0\.3\.1'
    expect_match "$(nagaya list)" "ct01 .*$first.*ct02 .*$second"
    expect_match "$(varlink Manager.ListContainers '{"fields":["addresses"]}')" "$first.*$second"
    expect_match "$(nagaya show ct02)" "Addresses: +$second"
    expect_match "$(container ct01 GetAddresses)" '"interface" s "eth0" "family" i 2 "address" ay 4 10 0 3 '
    expect_ok nagaya stop ct01 ct02
    expect_eq "$(ls /sys/class/net/lxcbr0/brif)" '' "ports of the bridge"
}

a_bridge_of_lxc_net_is_left_alone() {
    no_network
    # As lxc-net makes it.
    ip link add lxcbr0 type bridge
    ip link set lxcbr0 address 00:16:3e:00:00:00 up
    ip address add 10.0.3.1/24 broadcast + dev lxcbr0
    mkdir -p /run/lxc && touch /run/lxc/network_up
    expect_ok systemctl start systemd-networkd.service
    wait_until 5 is_known_to_networkd
    expect_match "$(networkctl --no-legend --no-pager list lxcbr0)" 'unmanaged'
    expect_eq "$(</sys/class/net/lxcbr0/address)" 00:16:3e:00:00:00
    expect_eq "$(ss -Hulpn sport = 67)" '' "DHCP servers"
    expect_match "$(checked)" "kept by LXC's lxc-net"
    rm /run/lxc/network_up
}

is_known_to_networkd() {
    networkctl --no-legend --no-pager list lxcbr0 | grep -q 'unmanaged\|configured'
}

the_administrator_s_files_win() {
    no_network
    printf '[Match]\nName=lxcbr0\n[Network]\nAddress=10.99.0.1/24\nConfigureWithoutCarrier=yes\n' \
        >/etc/systemd/network/10-mine.network
    networkd
    expect_eq "$(bridge_addresses)" 10.99.0.1/24
    no_network
    ln -s /dev/null /etc/systemd/network/80-lxcbr0.netdev
    expect_ok systemctl start systemd-networkd.service
    [ ! -e /sys/class/net/lxcbr0 ] || flunk "the bridge was made against his will"
}

a_default_conf_that_leads_nowhere_is_told() {
    no_network
    mkdir -p /etc/nagaya
    printf 'lxc.net.0.type = veth\nlxc.net.0.link = mine\n' >/etc/nagaya/default.conf
    uses ct01
    nagaya create ct01 >"$case_dir/created" 2>&1 || flunk "$(cat "$case_dir/created")"
    expect_match "$(cat "$case_dir/created")" "on the bridge 'mine', which does not exist"
    expect_eq "$(container ct01 GetConfig s lxc.net.0.link)" 's "mine"'
    rm /etc/nagaya/default.conf
}

test_case "Without a bridge a new container has no network, and its owner is told" without_a_bridge_it_is_told
test_case "systemd-networkd makes the bridge after our files" networkd_makes_the_bridge
test_case "Two containers get addresses and reach each other and the bridge" containers_get_addresses
test_case "A bridge of LXC's lxc-net is left alone" a_bridge_of_lxc_net_is_left_alone
test_case "The administrator's files win" the_administrator_s_files_win
test_case "A default.conf that leads nowhere is told" a_default_conf_that_leads_nowhere_is_told
no_network
test_end

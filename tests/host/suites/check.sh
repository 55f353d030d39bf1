#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is said of the host.
# shellcheck source=tests/host/lib.sh disable=SC2031,SC2034,SC2086
. "$(dirname "$0")/../lib.sh"

manager_name=org.nagaya1.Manager

# status FEATURE; detail FEATURE
status() {
    varlink Manager.CheckHost | jq -r --arg feature "$1" '.checks[] | select(.feature == $feature) | .status'
}

detail() {
    varlink Manager.CheckHost | jq -r --arg feature "$1" '.checks[] | select(.feature == $feature) | .detail'
}

# systemctl_says LINE: to the job runner, and to nobody else.
systemctl_says() {
    printf '#!/bin/sh\necho "%s"\n' "$1" >"$work/systemctl"
    chmod 0755 "$work/systemctl"
    mkdir -p /run/systemd/system/nagaya-work.service.d
    printf '[Service]\nBindReadOnlyPaths=%s:/usr/bin/systemctl\n' "$work/systemctl" \
        >/run/systemd/system/nagaya-work.service.d/test.conf
    systemctl daemon-reload
    systemctl stop nagaya-work.service
}

# What a test has put there is gone at the end of its case, but not from a runner that lives.
fresh_runner() {
    systemctl stop nagaya-work.service
}

this_host_is_told() {
    fresh_runner
    local text
    text=$(expect_ok nagaya check)
    expect_match "$text" 'FEATURE +STATUS +DETAIL'
    expect_match "$text" "kernel +enabled +$(uname -r)"
    expect_eq "$(status 'cgroup v2')" enabled
    expect_eq "$(status 'namespace user')" enabled
    expect_eq "$(status 'idmapped mounts')" enabled
    expect_eq "$(detail 'idmapped mounts')" /var/lib/lxc
    expect_eq "$(status 'cgroup nsdelegate')" \
        "$(grep -q nsdelegate <(grep ' - cgroup2 ' /proc/self/mountinfo) && echo enabled || echo warning)"
    expect_eq "$(status 'backend dir')" enabled
    expect_eq "$(status 'template busybox')" enabled
    expect_eq "$(detail systemd)" "$(systemctl --version | head -n 1)"
    expect_eq "$(status 'fix of CVE-2026-40223')" enabled
}

both_doors_tell_the_same() {
    local rows
    rows=$(busctl --json=short call org.nagaya1 /org/nagaya1 $manager_name CheckHost 'a{sv}' 0 |
        jq -c '.data[0] | map(map_values(.data))')
    expect_eq "$rows" "$(varlink Manager.CheckHost | jq -c .checks)"
    expect_eq "$(nagaya check --json | jq -c .checks)" "$rows"
}

kinds_of_interfaces_are_tried() {
    local kind words expected
    while read -r kind words; do
        expected=missing
        unshare -n sh -c "ip link add below type bridge && ip link add $words" >/dev/null 2>&1 &&
            expected=enabled
        expect_eq "$(status "$kind")" "$expected" "$kind"
    done <<-'KINDS'
		bridge name probe type bridge
		veth name probe type veth
		macvlan link below name probe type macvlan
		ipvlan link below name probe type ipvlan
		vlan link below name probe type vlan id 5
	KINDS
    expect_eq "$(ip -o link | wc -l)" 1 "interfaces of the host"
}

the_default_network_is_told() {
    expect_eq "$(status 'default network')" missing
    expect_match "$(detail 'default network')" "no bridge 'lxcbr0'"
    ip link add lxcbr0 type bridge
    ip address add 10.0.3.1/24 dev lxcbr0
    expect_eq "$(detail 'default network')" "The bridge 'lxcbr0', 10.0.3.1, kept by the administrator"
    mkdir -p /run/lxc && touch /run/lxc/network_up
    expect_eq "$(status 'default network')" enabled
    expect_match "$(detail 'default network')" "kept by LXC's lxc-net"
    expect_eq "$(status lxc-net)" enabled
    rm /run/lxc/network_up
    ip link delete lxcbr0
}

subordinate_ids_are_counted() {
    printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
    expect_eq "$(status 'subordinate ids')" enabled
    expect_match "$(detail 'subordinate ids')" '1000000 from 100000'
    printf 'root:100000:1000\n' >/etc/subgid
    expect_eq "$(status 'subordinate ids')" missing
}

a_vulnerable_systemd_is_warned_of() {
    systemctl_says 'systemd 258 (258.1-1)'
    expect_eq "$(status 'fix of CVE-2026-40223')" warning
    expect_match "$(detail 'fix of CVE-2026-40223')" 'any local user can freeze PID 1'
    expect_ok nagaya check >/dev/null
}

what_is_required_fails() {
    systemctl_says 'systemd 249 (249.11)'
    expect_fails_with 1 '' nagaya check
    expect_match "$(cat "$case_dir/stdout")" 'systemd +required +systemd 249 .*older than 252'
    expect_fails_with 1 '' nagaya check --json
    expect_eq "$(status systemd)" required
}

others_need_to_be_allowed() {
    as_user=(as-user nagaya-alice)
    expect_bus_error org.freedesktop.DBus.Error.InteractiveAuthorizationRequired 'inspect' \
        /org/nagaya1 $manager_name.CheckHost '{}'
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired '' Manager.CheckHost
    rule 'if (action.id == "org.nagaya1.inspect" && subject.user == "nagaya-alice") return polkit.Result.YES;'
    expect_match "$(as-user nagaya-alice nagaya check)" 'kernel +enabled'
}

a_runner_that_dies_is_told() {
    mkdir -p /run/systemd/system/nagaya-work.service.d
    printf '[Service]\nExecStart=\nExecStart=/bin/false\nRestart=no\n' \
        >/run/systemd/system/nagaya-work.service.d/test.conf
    systemctl daemon-reload
    systemctl stop nagaya-work.service
    expect_fails_with 1 'job runner ended|Cannot hand over|did not answer within' nagaya check
    rm -r /run/systemd/system/nagaya-work.service.d
    systemctl daemon-reload
    systemctl reset-failed nagaya-work.service nagaya-work.socket
    systemctl start nagaya-work.socket
    expect_ok nagaya check >/dev/null
}

test_case "This host is told, feature by feature" this_host_is_told
test_case "Both doors and the command tell the same" both_doors_tell_the_same
test_case "Kinds of interfaces are tried, and nothing is left" kinds_of_interfaces_are_tried
test_case "The default network is told, and who keeps it" the_default_network_is_told
test_case "Root's subordinate ids are counted" subordinate_ids_are_counted
test_case "A systemd with a known hole is warned of" a_vulnerable_systemd_is_warned_of
test_case "What is required and missing is a failure" what_is_required_fails
test_case "Others need to be allowed" others_need_to_be_allowed
test_case "A job runner that does not come up is told" a_runner_that_dies_is_told
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# needs: debian
# A Debian with systemd as its init, placed by hand with a config in LXC's format.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

# One copy for the suite: the cases leave it stopped.
install -d -m 0770 /var/lib/lxc/deb
cp -a "$debian_root" /var/lib/lxc/deb/rootfs
cat >/var/lib/lxc/deb/config <<-'CONFIG'
	# Template used to create this container: by hand
	lxc.include = /usr/share/lxc/config/common.conf
	lxc.rootfs.path = dir:/var/lib/lxc/deb/rootfs
	lxc.uts.name = deb
	lxc.arch = amd64
	lxc.net.0.type = empty
CONFIG
echo deb >/var/lib/lxc/deb/rootfs/etc/hostname

# inside COMMAND...
inside() {
    nagaya exec deb -- "$@"
}

is_up() {
    case $(timeout 20 nagaya exec deb -- systemctl is-system-running 2>/dev/null) in
    running | degraded) return 0 ;;
    *) return 1 ;;
    esac
}

boot() {
    state_is deb stopped || expect_ok nagaya stop --kill deb
    expect_ok nagaya start deb
    wait_until 60 is_up
    expect_eq "$(inside systemctl is-system-running || inside systemctl --failed --no-pager)" running
}

down() {
    [ "$(state deb)" = stopped ] || timeout 80 nagaya stop deb
}

it_boots_to_running() {
    boot
    expect_match "$(inside cat /proc/1/comm)" systemd
    expect_match "$(inside systemd-detect-virt --container)" lxc
    expect_match "$(inside hostname)" deb
    down
}

it_shuts_down_cleanly() {
    boot
    events_begin
    local begin=$SECONDS
    expect_ok nagaya stop deb
    [ $((SECONDS - begin)) -le 30 ] || flunk "it took $((SECONDS - begin)) s"
    expect_trace deb 'stopping stopped'
    # Not killed: its own shutdown target was reached.
    expect_eq "$(systemctl show --value -p Result nagaya@deb.service)" success
    expect_nothing_remains deb
}

it_reboots_under_the_same_supervisor() {
    boot
    local supervisor init boot_id
    supervisor=$(supervisor_pid deb)
    init=$(property deb InitPID)
    events_begin
    # The session may end before the command does.
    inside systemctl reboot || true
    wait_for_line "$case_dir/varlink.json" '"state":"starting"' 60
    expect_trace deb 'stopping stopped starting running'
    wait_until 60 is_up
    expect_eq "$(inside systemctl is-system-running)" running
    expect_eq "$(supervisor_pid deb)" "$supervisor" "pid of the supervisor"
    [ "$(property deb InitPID)" != "$init" ] || flunk "the init is the same"
    down
}

it_powers_off_from_inside() {
    boot
    inside systemctl poweroff || true
    wait_for_state deb stopped
    wait_until 10 unit_is deb inactive
    expect_eq "$(unit_state deb)" inactive
    expect_nothing_remains deb
}

it_has_its_own_cgroups_and_bus() {
    boot
    expect_match "$(inside busctl --no-pager list)" 'org.freedesktop.systemd1'
    expect_ok nagaya exec deb -- systemd-run --wait --quiet true
    expect_eq "$(inside grep ^0: /proc/1/cgroup)" 0::/init.scope
    down
}

it_freezes_whole() {
    boot
    expect_ok nagaya freeze deb
    expect_eq "$(state deb)" frozen
    expect_ok nagaya thaw deb
    expect_eq "$(inside systemctl is-system-running)" running
    down
}

test_case "It boots to running" it_boots_to_running
test_case "It shuts down cleanly" it_shuts_down_cleanly
test_case "It reboots from inside under the same supervisor" it_reboots_under_the_same_supervisor
test_case "It powers off from inside" it_powers_off_from_inside
test_case "It has control groups and a bus of its own" it_has_its_own_cgroups_and_bus
test_case "It freezes and thaws as a whole" it_freezes_whole
test_end

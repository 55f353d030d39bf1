#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# needs: debian
# Containers in a user namespace: what they are inside, what they are for the host.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid

ranges=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536')
idmapped=("${ranges[@]}" lxc.rootfs.options=idmap=container)

# inside ID COMMAND...
inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

# ids FILE: as the host sees them.
ids() {
    stat -c %u:%g "$1"
}

init_pid() {
    property "$1" InitPID
}

start_is_refused() {
    expect_fails_with 1 "$2" nagaya start "$1"
    expect_eq "$(state "$1")" stopped
    expect_nothing_remains "$1"
}

root_inside_is_nobody_outside() {
    a_busybox ct01 "${idmapped[@]}"
    started ct01
    expect_eq "$(inside ct01 id -u):$(inside ct01 id -g)" 0:0
    expect_eq "$(inside ct01 cat /proc/self/uid_map | xargs)" '0 100000 65536'
    expect_eq "$(inside ct01 cat /proc/self/gid_map | xargs)" '0 100000 65536'
    local pid
    pid=$(init_pid ct01)
    expect_eq "$(awk '/^[UG]id:/ { print $2, $3, $4, $5 }' "/proc/$pid/status" | sort -u)" \
        '100000 100000 100000 100000'
    expect_eq "$(awk '/^Groups:/ { print NF }' "/proc/$pid/status")" 1 "supplementary groups"
    [ "$(readlink "/proc/$pid/ns/user")" != "$(readlink /proc/self/ns/user)" ] ||
        flunk "init is in the host's user namespace"
    inside ct01 sleep 1000 &
    wait_until 10 pgrep -U 100000 -x sleep
    expect_match "$(pgrep -a -U 100000)" 'sleep 1000'
    expect_match "$(nagaya list --json | jq -c '.containers[] | select(.container == "ct01")')" \
        '"unprivileged":true'
}

files_are_root_s_on_the_disk() {
    a_busybox ct01 "${idmapped[@]}"
    started ct01
    expect_ok inside ct01 sh -c 'echo x >/root/new; echo y >/root/of-user; chown 1000:1000 /root/of-user'
    expect_eq "$(inside ct01 stat -c %u:%g /bin/busybox /root/new /root/of-user | xargs)" \
        '0:0 0:0 1000:1000'
    expect_eq "$(ids "$(rootfs ct01)/root/new")" 0:0
    expect_eq "$(ids "$(rootfs ct01)/root/of-user")" 1000:1000
    # Nobody else comes to a program that the container has made setuid.
    expect_eq "$(as-user nagaya-alice ls /var/lib/lxc/ct01 2>&1 | grep -c denied)" 1
    ! grep -q /var/lib/lxc/ct01 /proc/self/mountinfo || flunk "it is mounted on the host"
}

shifted_files_need_no_map() {
    a_busybox ct01 "${ranges[@]}"
    chown -R -h 100000:100000 "$(rootfs ct01)"
    started ct01
    expect_ok inside ct01 touch /root/new
    expect_eq "$(inside ct01 stat -c %u:%g /bin/busybox /root/new | xargs)" '0:0 0:0'
    expect_eq "$(ids "$(rootfs ct01)/root/new")" 100000:100000
}

devices_and_terminals_are_usable() {
    a_busybox ct01 "${idmapped[@]}"
    started ct01
    local name
    for name in null zero full random urandom; do
        expect_eq "$(inside ct01 stat -c %F "/dev/$name")" 'character special file'
        expect_ok inside ct01 dd if="/dev/$name" of=/dev/null bs=1 count=1
    done
    expect_eq "$(inside ct01 stat -c %t:%T /dev/null /dev/zero /dev/urandom | xargs)" '1:3 1:5 1:9'
    expect_eq "$(inside ct01 stat -c %u:%g /dev/console /dev/tty1 | sort -u)" 0:5
    expect_fails_with 1 'not permitted' inside ct01 mknod /root/disk b 8 0
    wait_until 10 bash -c 'nagaya console --log ct01 | grep -q "container is up"'
    expect_match "$(expect_ok nagaya console --log ct01)" 'container is up'
    expect_match "$(script -qec 'nagaya exec ct01 -- sh -c "tty; stat -c %u /dev/pts/2"' /dev/null)" \
        '/dev/pts/2.*0'
}

control_group_is_its_own() {
    a_busybox ct01 "${idmapped[@]}"
    started ct01
    local group=/sys/fs/cgroup/machine.slice/nagaya@ct01.service
    [ -d "$group" ] || group=/sys/fs/cgroup$(property ct01 ControlGroup)
    group=${group%/payload}
    expect_ok inside ct01 sh -c 'mkdir /sys/fs/cgroup/below && echo $$ >/sys/fs/cgroup/below/cgroup.procs'
    expect_eq "$(ids "$group/payload")" 100000:100000
    expect_eq "$(ids "$group/payload/cgroup.procs")" 100000:100000
    expect_eq "$(ids "$group/payload/cgroup.freeze")" 0:0
    expect_eq "$(ids "$group/supervisor")" 0:0
    expect_eq "$(ids "$group")" 0:0
    expect_fails_with 1 'denied|not permitted' inside ct01 sh -c 'echo 1 >/sys/fs/cgroup/cgroup.freeze'
    expect_eq "$(state ct01)" running
}

life_cycle() {
    a_busybox ct01 "${idmapped[@]}"
    started ct01
    local supervisor init
    expect_fails_with 7 '' inside ct01 sh -c 'exit 7'
    expect_eq "$(echo text | inside ct01 cat)" text
    expect_ok nagaya freeze ct01
    expect_eq "$(state ct01)" frozen
    expect_ok nagaya thaw ct01
    supervisor=$(supervisor_pid ct01)
    init=$(init_pid ct01)
    events_begin
    kill -TERM "$init"
    wait_for_line "$case_dir/varlink.json" '"state":"running"' 20
    expect_trace ct01 'stopping stopped starting running'
    ready ct01
    expect_eq "$(supervisor_pid ct01)" "$supervisor" "pid of the supervisor"
    expect_eq "$(inside ct01 cat /boots | grep -c boot)" 2
    expect_eq "$(awk '/^Uid:/ { print $2 }' "/proc/$(init_pid ct01)/status")" 100000
    expect_ok nagaya stop ct01
    expect_eq "$(state ct01)" stopped
    expect_nothing_remains ct01
}

nothing_remains_of_a_killed_supervisor() {
    a_busybox ct01 "${idmapped[@]}"
    started ct01
    inside ct01 mkdir /sys/fs/cgroup/below
    kill -KILL "$(supervisor_pid ct01)"
    wait_for_state ct01 stopped
    expect_nothing_remains ct01
    started ct01
    expect_eq "$(inside ct01 id -u)" 0
}

ranges_of_others_are_refused() {
    a_busybox ct01 lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 5000000 65536' \
        lxc.rootfs.options=idmap=container
    start_is_refused ct01 "'/var/lib/lxc/ct01/config', line 11: 'lxc.idmap = g 0 5000000 65536' maps \
groups 5000000 to 5065535, which '/etc/subgid' does not give to 'root': expected there a line \
'root:FIRST:COUNT' that holds them, or here a range within one"
    a_busybox ct02 lxc.idmap='u 0 100000 65536'
    start_is_refused ct02 "maps no group 0 of the container"
}

an_overlay_is_named() {
    # The root of this host is one.
    a_busybox ct01 "${idmapped[@]}"
    mkdir -p /srv
    rm -rf /srv/ct01-root
    cp -a "$(rootfs ct01)" /srv/ct01-root
    sed -i 's|^lxc.rootfs.path.*|lxc.rootfs.path = dir:/srv/ct01-root|' /var/lib/lxc/ct01/config
    start_is_refused ct01 "Cannot map the ids of '/srv/ct01-root': its file system, of type 'overlay'"
    rm -rf /srv/ct01-root
}

two_have_nothing_to_do_with_each_other() {
    a_busybox ct01 "${idmapped[@]}" lxc.mount.entry='/var/lib/lxc/shared mnt none bind 0 0'
    a_busybox ct02 lxc.idmap='u 0 200000 65536' lxc.idmap='g 0 200000 65536' \
        lxc.rootfs.options=idmap=container lxc.mount.entry='/var/lib/lxc/shared mnt none bind 0 0'
    install -d -m 1777 /var/lib/lxc/shared
    started ct01
    started ct02
    expect_ok inside ct01 sh -c 'echo secret >/mnt/secret; chmod 600 /mnt/secret'
    expect_eq "$(ids /var/lib/lxc/shared/secret)" 100000:100000
    expect_fails_with 1 'denied' inside ct02 cat /mnt/secret
    expect_eq "$(inside ct02 stat -c %u /mnt/secret)" 65534
    rm -rf /var/lib/lxc/shared
}

mount_entries_are_mapped_as_asked() {
    a_busybox ct01 "${idmapped[@]}" \
        lxc.mount.entry='/var/lib/lxc/data mnt none bind,idmap=container 0 0' \
        lxc.mount.entry='/var/lib/lxc/data srv none bind,ro 0 0' \
        lxc.mount.entry='/var/lib/lxc/absent var none bind,optional 0 0'
    install -d -m 0700 /var/lib/lxc/data
    started ct01
    expect_ok inside ct01 touch /mnt/new
    expect_eq "$(ids /var/lib/lxc/data/new)" 0:0
    expect_fails_with 1 'denied' inside ct01 ls /srv/
    expect_match "$(inside ct01 grep ' /srv ' /proc/mounts)" ' ro,'
    rm -rf /var/lib/lxc/data
}

a_hostile_root_reaches_nothing_of_the_host() {
    a_busybox ct01 "${idmapped[@]}" lxc.mount.entry='/ mnt none rbind 0 0'
    install -m 0600 /dev/null /root/of-the-host
    started ct01
    expect_fails_with 1 'denied' inside ct01 cat /mnt/root/of-the-host
    expect_fails_with 1 'denied' inside ct01 touch /mnt/etc/new
    expect_fails_with 1 'not permitted|denied' inside ct01 chown 0 /mnt/etc/passwd
    expect_fails_with 1 'not permitted|denied|Read-only' \
        inside ct01 sh -c 'echo 1 >/proc/sys/kernel/panic'
    if [ -e /proc/sysrq-trigger ]; then
        expect_fails_with 1 'not permitted|denied|Read-only' \
            inside ct01 sh -c 'echo h >/proc/sysrq-trigger'
    fi
    expect_fails_with 1 'not permitted|denied' inside ct01 mount -o remount,rw /sys
    rm -f /root/of-the-host
}

a_link_in_its_files_leads_nowhere_else() {
    a_busybox ct01 "${idmapped[@]}" \
        lxc.mount.entry='/var/lib/lxc/ct01/rootfs/srv/link mnt none bind,idmap=container 0 0'
    install -d -m 0700 /root/secrets
    mkdir "$(rootfs ct01)/root/secrets"
    : >"$(rootfs ct01)/root/secrets/its-own"
    ln -s /root/secrets "$(rootfs ct01)/srv/link"
    started ct01
    expect_eq "$(inside ct01 ls /mnt)" its-own
    expect_ok nagaya stop ct01
    rm -r "$(rootfs ct01)/root/secrets"
    start_is_refused ct01 "Cannot mount '/var/lib/lxc/ct01/rootfs/srv/link'"
    rmdir /root/secrets
}

hooks_run_as_the_mapped_root() {
    a_busybox ct01 "${idmapped[@]}" lxc.hook.pre-start=/tmp/hook lxc.hook.mount=/tmp/hook \
        lxc.hook.start=/root/hook
    printf '#!/bin/sh\nif [ "$3" = pre-start ]; then id -u >/tmp/hook-uid; else\n' >/tmp/hook
    printf 'id -u >"$LXC_ROOTFS_MOUNT/hook-uid"; fi\n' >>/tmp/hook
    chmod 0755 /tmp/hook
    printf '#!/bin/sh\nid -u >/hook-start-uid\n' >"$(rootfs ct01)/root/hook"
    chmod 0755 "$(rootfs ct01)/root/hook"
    started ct01
    expect_eq "$(</tmp/hook-uid)" 0
    expect_eq "$(<"$(rootfs ct01)/hook-uid")" 0
    expect_eq "$(<"$(rootfs ct01)/hook-start-uid")" 0
    expect_eq "$(ids "$(rootfs ct01)/hook-uid")" 0:0
    expect_ok nagaya stop ct01
    # On the host it is another: what is root's there is out of its reach.
    printf '#!/bin/sh\ntouch /root/by-the-hook\n' >/tmp/hook
    sed -i /pre-start/d /var/lib/lxc/ct01/config
    start_is_refused ct01 'hook'
    [ ! -e /root/by-the-hook ] || flunk "a hook in the container has written to the host"
}

settings_of_host_root_are_made() {
    local most
    most=$(ulimit -H -n)
    a_busybox ct01 "${idmapped[@]}" "lxc.prlimit.nofile=900:$((most - 1))" lxc.proc.oom_score_adj=500 \
        lxc.time.offset.boot=1000h lxc.sysctl.net.ipv4.ip_forward=1 \
        lxc.cgroup2.devices.allow='c 1:3 rwm' lxc.uts.name=inner
    started ct01
    local pid
    pid=$(init_pid ct01)
    expect_match "$(grep 'open files' "/proc/$pid/limits")" " 900 +$((most - 1))"
    expect_eq "$(<"/proc/$pid/oom_score_adj")" 500
    expect_eq "$(inside ct01 cat /proc/sys/net/ipv4/ip_forward)" 1
    expect_eq "$(inside ct01 hostname)" inner
    [ "$(inside ct01 cut -d. -f1 /proc/uptime)" -gt 3600000 ] || flunk "no time offset"
}

the_host_s_network_can_be_shared() {
    a_busybox ct01 "${idmapped[@]}" lxc.net.0.type=none
    started ct01
    expect_eq "$(readlink "/proc/$(init_pid ct01)/ns/net")" "$(readlink /proc/self/ns/net)"
    expect_ok inside ct01 ls /sys/class/net/lo/
    expect_fails_with 1 'not permitted|denied|Read-only' inside ct01 sh -c 'echo 9000 >/sys/class/net/lo/mtu'
}

create_maps_the_files() {
    uses ct01
    expect_ok nagaya create ct01 -t busybox --set "lxc.idmap=u 0 300000 65536" \
        --set "lxc.idmap=g 0 300000 65536"
    expect_match "$(</var/lib/lxc/ct01/config)" 'lxc.rootfs.options = idmap=container'
    expect_eq "$(ids "$(rootfs ct01)/bin/busybox")" 0:0
    expect_ok nagaya start ct01
    expect_eq "$(inside ct01 id -u)" 0
    expect_eq "$(awk '/^Uid:/ { print $2 }' "/proc/$(init_pid ct01)/status")" 300000
}

debian_is_up() {
    case $(timeout 20 nagaya exec deb -- systemctl is-system-running 2>/dev/null) in
    running | degraded) return 0 ;;
    *) return 1 ;;
    esac
}

debian_boots_to_running() {
    uses deb
    install -d -m 0770 /var/lib/lxc/deb
    cp -a "$debian_root" /var/lib/lxc/deb/rootfs
    cat >/var/lib/lxc/deb/config <<-'CONFIG'
		lxc.include = /usr/share/nagaya/config/common.conf
		lxc.include = /usr/share/nagaya/config/userns.conf
		lxc.rootfs.path = dir:/var/lib/lxc/deb/rootfs
		lxc.rootfs.options = idmap=container
		lxc.idmap = u 0 100000 65536
		lxc.idmap = g 0 100000 65536
		lxc.uts.name = deb
		lxc.arch = amd64
		lxc.net.0.type = empty
	CONFIG
    wait_until 5 container_is_known deb
    expect_ok nagaya start deb
    wait_until 60 debian_is_up
    expect_eq "$(inside deb systemctl is-system-running ||
        inside deb systemctl --failed --no-pager)" running
    expect_match "$(inside deb systemd-detect-virt --container)" lxc
    expect_eq "$(awk '/^Uid:/ { print $2 }' "/proc/$(init_pid deb)/status")" 100000
    expect_ok inside deb systemd-run --wait --quiet true
    expect_ok nagaya stop deb
    expect_eq "$(systemctl show --value -p Result nagaya@deb.service)" success
    expect_nothing_remains deb
}

test_case "Root inside is nobody outside" root_inside_is_nobody_outside
test_case "Files of an idmapped root file system are root's on the disk" files_are_root_s_on_the_disk
test_case "Files that were given to the mapped ids need no map" shifted_files_need_no_map
test_case "Devices and terminals are usable" devices_and_terminals_are_usable
test_case "Its control group is its own, the limits are not" control_group_is_its_own
test_case "It lives: exec, freeze, reboot, stop" life_cycle
test_case "Nothing remains of it when its supervisor is killed" nothing_remains_of_a_killed_supervisor
test_case "Ranges of others are refused" ranges_of_others_are_refused
test_case "A file system that cannot map ids is named" an_overlay_is_named
test_case "Two with different ranges have nothing to do with each other" \
    two_have_nothing_to_do_with_each_other
test_case "Mount entries are mapped as asked" mount_entries_are_mapped_as_asked
test_case "A hostile root reaches nothing of the host" a_hostile_root_reaches_nothing_of_the_host
test_case "A link in its files leads nowhere else" a_link_in_its_files_leads_nowhere_else
test_case "Hooks in it run as its own root" hooks_run_as_the_mapped_root
test_case "Settings that only host root may make are made" settings_of_host_root_are_made
test_case "The host's network can be shared" the_host_s_network_can_be_shared
test_case "Create maps the files of a template" create_maps_the_files
test_case "Debian boots to running" debian_boots_to_running
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Configurations: a broken one among good ones, both generations of names, what a container becomes.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container

is_broken() {
    [ -n "$(property "$1" Broken)" ]
}

a_broken_one_breaks_alone() {
    a_busybox good1
    a_busybox good2
    a_busybox broken1 lxc.nosuch.key=1
    a_busybox broken2
    printf 'lxc.uts.name but no value\n' >/var/lib/lxc/broken2/config
    uses broken3
    install -d -m 0770 /var/lib/lxc/broken3
    printf 'lxc.include = /absent.conf\n' >/var/lib/lxc/broken3/config
    wait_until 5 container_is_known broken3
    local id objects list
    for id in good1 good2; do
        expect_eq "$(property "$id" Broken)" "" "Broken of $id"
        expect_ok nagaya start "$id"
    done
    expect_match "$(property broken1 Broken)" 'lxc\.nosuch\.key'
    wait_until 5 is_broken broken2
    expect_match "$(property broken2 Broken)" '/var/lib/lxc/broken2/config'
    expect_match "$(property broken3 Broken)" '/absent\.conf'
    objects=$(busctl --json=short call org.nagaya1 /org/nagaya1 org.freedesktop.DBus.ObjectManager \
        GetManagedObjects)
    expect_eq "$(jq '.data[0] | [to_entries[] | select(.value["org.nagaya1.Container"])] | length' \
        <<<"$objects")" 5 'managed containers'
    list=$(expect_ok nagaya list --json)
    expect_eq "$(jq -r '[.containers[] | select(.broken != "") | .container] | sort | join(" ")' \
        <<<"$list")" 'broken1 broken2 broken3'
    expect_bus_error ContainerBroken 'lxc\.nosuch\.key' "$(object_path broken1)" \
        $container_name.Start '{}'
    for id in broken1 broken2 broken3; do
        expect_ok nagaya destroy "$id"
    done
}

a_mended_one_works_again() {
    a_busybox ct01 lxc.nosuch.key=1
    expect_match "$(property ct01 Broken)" .
    sed '/nosuch/d' /var/lib/lxc/ct01/config >/var/lib/lxc/ct01/config.new
    mv /var/lib/lxc/ct01/config.new /var/lib/lxc/ct01/config
    wait_until 5 bash -c "[ -z \"\$(busctl --json=short get-property org.nagaya1 \
        $(object_path ct01) $container_name Broken | jq -r .data)\" ]"
    expect_eq "$(property ct01 Broken)" ""
    expect_ok nagaya start ct01
}

a_renamed_key_names_its_successor() {
    a_busybox ct01 lxc.rootfs.mountpoint=/mnt
    expect_match "$(property ct01 Broken)" 'lxc\.rootfs\.mount'
}

old_names_work() {
    uses old
    install -d -m 0770 /var/lib/lxc/old
    busybox_root /var/lib/lxc/old/rootfs
    cat >/var/lib/lxc/old/config <<-'CONFIG'
		# as LXC 1.x wrote it
		lxc.rootfs = /var/lib/lxc/old/rootfs
		lxc.utsname = old-name
		lxc.tty = 1
		lxc.pts = 1024
		lxc.haltsignal = SIGUSR1
		lxc.init_cmd = /sbin/quick-init
		lxc.network.type = empty
	CONFIG
    wait_until 5 container_is_known old
    expect_eq "$(property old Broken)" ""
    started old
    expect_eq "$(expect_ok nagaya exec old -- hostname)" old-name
    expect_ok nagaya stop old
}

includes_are_read() {
    mkdir -p /var/lib/lxc/ct01
    printf 'lxc.uts.name = from-include\n' >/var/lib/lxc/ct01/more.conf
    a_busybox ct01 lxc.include=/var/lib/lxc/ct01/more.conf
    started ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" from-include
}

an_include_that_comes_later_mends() {
    a_busybox ct01 lxc.include=/etc/nagaya-test/later.conf
    expect_match "$(property ct01 Broken)" '/etc/nagaya-test/later\.conf'
    mkdir -p /etc/nagaya-test
    printf 'lxc.uts.name = from-include\n' >/etc/nagaya-test/later.conf
    started ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" from-include
    expect_eq "$(property ct01 Broken)" ""
}

mount_entries_are_mounted() {
    mkdir -p /srv/data
    echo content >/srv/data/file
    a_busybox ct01 'lxc.mount.entry=/srv/data mnt none bind,ro 0 0' \
        'lxc.mount.entry=tmpfs var tmpfs size=1m 0 0' \
        'lxc.mount.entry=/srv/absent opt none bind,optional,create=dir 0 0'
    started ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- cat /mnt/file)" content
    expect_fails_with 1 'Read-only' nagaya exec ct01 -- sh -c 'echo x >/mnt/file'
    expect_match "$(expect_ok nagaya exec ct01 -- cat /proc/mounts)" ' /var tmpfs '
    rm -r /srv/data
}

environment_is_set() {
    a_busybox ct01 'lxc.environment=GREETING=hello world'
    started ct01
    expect_match "$(tr '\0' '\n' <"/proc/$(property ct01 InitPID)/environ")" 'GREETING=hello world'
}

capabilities_are_dropped() {
    a_busybox ct01 'lxc.cap.drop=sys_module mac_admin sys_time'
    started ct01
    local bounding
    bounding=$(awk '$1 == "CapBnd:" { print $2 }' "/proc/$(property ct01 InitPID)/status")
    # sys_module 16, sys_time 25, mac_admin 33
    expect_eq "$((0x$bounding & (1 << 16 | 1 << 25 | 1 << 33)))" 0 "bounding set $bounding"
    expect_no_match "$(expect_ok nagaya exec ct01 -- grep CapBnd /proc/self/status)" "0000000000000000"
    expect_eq "$(expect_ok nagaya exec ct01 -- awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)" \
        "$bounding" 'the bounding set of exec'
}

no_new_privileges() {
    a_busybox ct01 lxc.no_new_privs=1
    started ct01
    expect_match "$(cat "/proc/$(property ct01 InitPID)/status")" 'NoNewPrivs:.1'
}

seccomp_is_loaded() {
    a_busybox ct01
    mkdir -p /etc/nagaya-test
    printf '2\ndenylist\nreject_force_umount\nkexec_load errno 1\n[all]\nmkdir errno 13\nmkdirat errno 13\n' \
        >/etc/nagaya-test/seccomp
    echo 'lxc.seccomp.profile = /etc/nagaya-test/seccomp' >>/var/lib/lxc/ct01/config
    started ct01
    expect_match "$(cat "/proc/$(property ct01 InitPID)/status")" 'Seccomp:.2'
    expect_fails_with 1 'Permission denied' nagaya exec ct01 -- mkdir /tmp/refused
}

devices_are_there() {
    a_busybox ct01
    started ct01
    local name
    for name in null zero full random urandom tty console ptmx pts/ptmx shm fd stdin tty1; do
        expect_ok nagaya exec ct01 -- test -e "/dev/$name"
    done
    expect_ok nagaya exec ct01 -- sh -c 'echo x >/dev/null'
    expect_fails_with 1 '' nagaya exec ct01 -- test -e /dev/loop0
}

hooks_run_in_order() {
    local name
    a_busybox ct01
    printf '#!/bin/sh\necho "$3 $1 $LXC_NAME" >>/var/lib/lxc/ct01/hooks\n' \
        >/var/lib/lxc/ct01/hook
    chmod 0755 /var/lib/lxc/ct01/hook
    for name in pre-start post-stop stop start-host; do
        echo "lxc.hook.$name = /var/lib/lxc/ct01/hook" >>/var/lib/lxc/ct01/config
    done
    started ct01
    expect_ok nagaya stop ct01
    expect_eq "$(paste -s -d ' ' /var/lib/lxc/ct01/hooks)" \
        'pre-start ct01 ct01 start-host ct01 ct01 stop ct01 ct01 post-stop ct01 ct01'
}

the_config_is_told() {
    a_busybox ct01
    expect_eq "$(container ct01 GetConfig s lxc.uts.name)" 's "ct01"'
    expect_match "$(container ct01 ReadConfig)" 'lxc\.uts\.name = ct01'
    expect_match "$(container ct01 ListConfigKeys s '')" 'lxc\.uts\.name'
    expect_bus_error NoSuchKey 'lxc\.nosuch' "$(object_path ct01)" $container_name.GetConfig lxc.nosuch
    expect_match "$(varlink Container.ReadConfig '{"container":"ct01"}' | jq -r .text)" \
        'lxc\.uts\.name = ct01'
}

config_for_one_run() {
    a_busybox ct01
    expect_ok container ct01 Start 'a{sv}' 1 config 'a(ss)' 1 lxc.uts.name only-now
    ready ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" only-now
    expect_ok nagaya stop ct01
    started ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" ct01
    expect_no_match "$(cat /var/lib/lxc/ct01/config)" only-now
}

a_directory_others_may_write_is_refused() {
    a_busybox ct01
    chmod 0777 /var/lib/lxc/ct01
    expect_fails_with 1 '/var/lib/lxc/ct01' nagaya start ct01
    expect_eq "$(state ct01)" stopped
    chmod 0770 /var/lib/lxc/ct01
    expect_ok nagaya start ct01
}

a_link_in_the_root_leads_nowhere() {
    a_busybox ct01 'lxc.mount.entry=tmpfs mnt tmpfs size=1m 0 0'
    mkdir -p /srv/outside
    rm -r /var/lib/lxc/ct01/rootfs/mnt
    ln -s /../../../../../srv/outside /var/lib/lxc/ct01/rootfs/mnt
    # Inside of the root it would be /srv/outside of the container, which is not there.
    nagaya start ct01 >/dev/null 2>&1 || true
    expect_no_match "$(cat /proc/self/mountinfo)" '/srv/outside'
    rm -r /srv/outside
}

test_case "A broken config among good ones breaks alone" a_broken_one_breaks_alone
test_case "A mended config works again" a_mended_one_works_again
test_case "A renamed key names its successor" a_renamed_key_names_its_successor
test_case "The names of LXC 1.x work" old_names_work
test_case "Includes are read" includes_are_read
test_case "An include that comes later mends it" an_include_that_comes_later_mends
test_case "Mount entries are mounted" mount_entries_are_mounted
test_case "Environment is set" environment_is_set
test_case "Capabilities are dropped" capabilities_are_dropped
test_case "No new privileges" no_new_privileges
test_case "A seccomp profile is loaded, for exec as well" seccomp_is_loaded
test_case "/dev is filled" devices_are_there
test_case "Hooks run in order" hooks_run_in_order
test_case "The config is told" the_config_is_told
test_case "A config for one run" config_for_one_run
test_case "A directory that others may write is refused" a_directory_others_may_write_is_refused
test_case "A link in the root file system leads nowhere" a_link_in_the_root_leads_nowhere
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a key does to the container, from inside and from outside.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
idmapped=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536'
    lxc.rootfs.options=idmap=container)

inside() {
    nagaya exec ct01 -- "$@"
}

init_pid() {
    property ct01 InitPID
}

# status FIELD: of init, as the host sees it.
status() {
    awk -v field="$1:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$(init_pid)/status"
}

# sleeper [KEY=VALUE]...: runs /bin/sleep as its init.
sleeper() {
    a_busybox ct01 lxc.init.cmd='/bin/busybox sleep 1000' "$@"
    expect_ok nagaya start ct01
}

init_is_who_it_shall_be() {
    sleeper lxc.init.uid=1000 lxc.init.gid=1001 lxc.init.groups=10,20 lxc.init.groups=30 \
        lxc.init.cwd=/srv
    expect_eq "$(status Uid)" '1000 1000 1000 1000'
    expect_eq "$(status Gid)" '1001 1001 1001 1001'
    expect_eq "$(status Groups)" '10 20 30'
    expect_eq "$(status CapEff)" 0000000000000000
    expect_eq "$(readlink "/proc/$(init_pid)/cwd")" /srv
    expect_eq "$(inside stat -c %u /dev/console)" 1000
}

init_is_who_it_shall_be_with_an_idmap() {
    sleeper "${idmapped[@]}" lxc.init.uid=1000 lxc.init.gid=1001 lxc.init.groups=10
    expect_eq "$(status Uid)" '101000 101000 101000 101000'
    expect_eq "$(status Gid)" '101001 101001 101001 101001'
    expect_eq "$(status Groups)" 100010
    expect_eq "$(inside stat -c %u:%g /proc/1)" 1000:1001
}

a_command_with_arguments() {
    a_busybox ct01 "lxc.init.cmd=/bin/busybox sh -c 'echo \"one  word\" >/words; exec sleep 1000'"
    expect_ok nagaya start ct01
    wait_until 10 test -s "$(rootfs ct01)/words"
    expect_eq "$(cat "$(rootfs ct01)/words")" 'one  word'
}

variables_are_whose_they_shall_be() {
    export ONLY_HERE=1
    a_busybox ct01 lxc.environment=BOTH=1 lxc.environment.runtime=INIT=1 \
        lxc.environment.hooks=HOOK=1 lxc.hook.start=/hook
    printf '#!/bin/sh\nenv >/hook.env\n' >"$(rootfs ct01)/hook"
    chmod 0755 "$(rootfs ct01)/hook"
    started ct01
    local init hook
    init=$(tr '\0' '\n' <"/proc/$(init_pid)/environ")
    hook=$(cat "$(rootfs ct01)/hook.env")
    expect_match "$init" 'BOTH=1'
    expect_match "$init" 'INIT=1'
    expect_match "$init" 'container=lxc'
    expect_no_match "$init" '(HOOK=1|NOTIFY_SOCKET|INVOCATION_ID|LISTEN|ONLY_HERE)'
    expect_match "$hook" 'BOTH=1'
    expect_match "$hook" 'HOOK=1'
    expect_no_match "$hook" '(INIT=1|NOTIFY_SOCKET|INVOCATION_ID)'
}

the_device_file_system() {
    a_busybox ct01 lxc.autodev.tmpfs.size=1048576 lxc.tty.dir=lxc lxc.tty.max=3 lxc.pty.max=7
    started ct01
    local mounts
    mounts=$(inside cat /proc/mounts)
    expect_match "$mounts" ' /dev tmpfs [^ ]*size=1024k'
    # As LXC counts: its own terminals are among them.
    expect_match "$mounts" ' /dev/pts devpts [^ ]*max=10'
    expect_eq "$(inside readlink /dev/tty3)" lxc/tty3
    expect_eq "$(inside readlink /dev/console)" lxc/console
    expect_fails_with 1 '' inside test -e /dev/tty4
    expect_match "$(tr '\0' '\n' <"/proc/$(init_pid)/environ")" 'container_ttys=pts/1 pts/2 pts/3'
    ! findmnt -n | grep -q 'size=1024k' || flunk "it is mounted on the host"
    expect_ok nagaya stop ct01
    sed -i 's/^lxc.autodev.tmpfs.*/lxc.autodev = 0/' /var/lib/lxc/ct01/config
    started ct01
    expect_no_match "$(inside cat /proc/mounts)" ' /dev tmpfs '
    expect_ok inside test -e /dev/lxc/tty1
}

the_kernel_s_file_systems() {
    a_busybox ct01 lxc.mount.auto= 'lxc.mount.auto=proc:rw sys:ro proc:mixed sys:rw sys:mixed'
    started ct01
    local mounts
    mounts=$(inside awk '{ print $2, $4 }' /proc/mounts)
    expect_match "$mounts" $'\n/proc rw,nosuid,nodev,noexec'
    expect_match "$mounts" $'\n/proc/sys ro'
    expect_match "$mounts" $'\n/proc/sys/net rw'
    [ ! -e /proc/sysrq-trigger ] || expect_match "$mounts" $'\n/proc/sysrq-trigger ro'
    expect_match "$mounts" $'\n/sys ro'
    expect_match "$mounts" $'\n/sys/devices/virtual/net rw'
    expect_no_match "$mounts" '/sys/fs/cgroup'
    expect_ok inside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    expect_fails_with 1 'Read-only' inside sh -c 'echo x >/proc/sys/kernel/core_pattern'
    expect_ok nagaya stop ct01
    # Who may not configure networks gets their settings read-only.
    sed -i 's/^lxc.mount.auto = proc.*/lxc.mount.auto = proc sys:ro\nlxc.cap.drop = net_admin/' \
        /var/lib/lxc/ct01/config
    started ct01
    mounts=$(inside awk '{ print $2, $4 }' /proc/mounts)
    expect_no_match "$mounts" $'\n/proc/sys/net '
    expect_no_match "$mounts" $'\n/sys/devices/virtual/net '
}

capabilities_that_are_kept() {
    sleeper lxc.cap.keep='chown 5 setuid setgid'
    # chown 0, kill 5, setgid 6, setuid 7
    expect_eq "$(status CapBnd)" 00000000000000e1
    expect_eq "$(status CapEff)" 00000000000000e1
    expect_eq "$(inside awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)" 00000000000000e1
    expect_ok nagaya stop --kill ct01
    sed -i 's/^lxc.cap.keep.*/lxc.cap.keep = none/' /var/lib/lxc/ct01/config
    expect_ok nagaya start ct01
    expect_eq "$(status CapBnd)" 0000000000000000
}

limits_of_resources() {
    sleeper lxc.prlimit.nofile=100:200 lxc.prlimit.core=0 lxc.prlimit.nproc=77
    local limits
    limits=$(awk '{ print $0 }' "/proc/$(init_pid)/limits")
    expect_match "$limits" 'Max open files +100 +200 '
    expect_match "$limits" 'Max core file size +0 +0 '
    expect_match "$limits" 'Max processes +77 +77 '
    # The supervisor's own are not touched.
    expect_no_match "$(cat "/proc/$(supervisor_pid ct01)/limits")" 'Max open files +100 '
}

settings_of_the_kernel() {
    sleeper lxc.sysctl.net.ipv4.ip_forward=1 lxc.sysctl.kernel.shmmni=4321 \
        lxc.sysctl.net.ipv4.conf.lo.rp_filter=2 lxc.proc.oom_score_adj=500
    local outside
    outside=$(cat /proc/sys/kernel/shmmni)
    expect_eq "$(inside cat /proc/sys/net/ipv4/ip_forward)" 1
    expect_eq "$(inside cat /proc/sys/kernel/shmmni)" 4321
    expect_eq "$(inside cat /proc/sys/net/ipv4/conf/lo/rp_filter)" 2
    expect_eq "$(cat /proc/sys/kernel/shmmni)" "$outside" "the host's"
    [ "$outside" != 4321 ] || flunk "the host has the same number"
    expect_eq "$(cat "/proc/$(init_pid)/oom_score_adj")" 500
}

a_setting_that_is_none() {
    a_busybox ct01 lxc.sysctl.net.nosuch=1
    expect_fails_with 1 'lxc\.sysctl\.net\.nosuch' nagaya start ct01
    a_busybox ct02 lxc.proc.nosuch=1
    expect_fails_with 1 'lxc\.proc\.nosuch' nagaya start ct02
}

an_older_machine() {
    a_busybox ct01 lxc.arch=i686
    started ct01
    expect_eq "$(inside uname -m)" i686
    expect_eq "$(uname -m)" x86_64
    expect_eq "$(cat "/proc/$(init_pid)/personality")" 00000008
}

keyrings() {
    a_busybox ct01
    started ct01
    # The session keyring is among what a process possesses: each has another one.
    [ "$(inside awk '/keyring.*_ses/ { print $1 }' /proc/keys)" != \
        "$(awk '/keyring.*_ses/ { print $1 }' /proc/keys)" ] ||
        [ ! -s /proc/keys ] || flunk "the keyrings are the same"
}

signals_are_sent_as_asked() {
    a_busybox ct01 lxc.signal.halt=SIGUSR1 lxc.signal.reboot=15 lxc.signal.stop=SIGKILL
    started ct01
    expect_eq "$(expect_ok nagaya config ct01 get lxc.signal.halt)" 10
    rm "$(rootfs ct01)/ready"
    expect_ok nagaya restart ct01
    ready ct01
    expect_ok nagaya stop ct01
    expect_eq "$(state ct01)" stopped
}

no_core_is_shared() {
    a_busybox ct01 lxc.sched.core=1
    if ! nagaya start ct01 2>"$case_dir/refused"; then
        expect_match "$(<"$case_dir/refused")" "lxc.sched.core.*kernel"
        skip "this kernel has no core scheduling"
    fi
    expect_eq "$(state ct01)" running
}

# What makes no difference here is passed over, and the container's log says why.
what_has_no_effect_is_told() {
    a_busybox ct01 lxc.log.file=/var/log/ct01.log lxc.log.level=DEBUG lxc.log.syslog=daemon \
        lxc.monitor.unshare=1 lxc.cgroup.dir=x lxc.cgroup.relative=1 lxc.monitor.signal.pdeath=15
    started ct01
    [ ! -e /var/log/ct01.log ] || flunk "a log was written"
    local key plan
    plan=$(/usr/libexec/nagaya/nagaya-run --plan ct01 2>&1)
    for key in lxc.log.file lxc.log.syslog lxc.monitor.unshare lxc.cgroup.dir lxc.cgroup.relative; do
        expect_match "$plan" "'$key' has no effect: "
    done
    expect_match "$plan" 'parent death signal: 15'
}

# Each: an error that names the key or the path, and what it expects; nothing half applied.
bad_input_is_named() {
    local line pattern
    while IFS='|' read -r line pattern; do
        a_busybox ct01
        printf '%b\n' "$line" >>/var/lib/lxc/ct01/config
        echo "line: $line"
        expect_fails_with 1 "$pattern" nagaya start ct01
        expect_eq "$(state ct01)" stopped
        expect_nothing_remains ct01
        rm -rf /var/lib/lxc/ct01
    done <<-'INPUT'
		lxc.cap.drop = SYS_ADMIN|Line [0-9]+ of '/var/lib/lxc/ct01/config'.*SYS_ADMIN.*lower case
		lxc.cap.drop = sys_nonsense|sys_nonsense
		lxc.tty.max = -1|lxc.tty.max.*expected
		lxc.autodev = yes|lxc.autodev.*0 or 1
		lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 1 65536|g 0 1 65536.*/etc/subgid
		lxc.include = /var/lib/lxc/ct01/config|include
		lxc.uts.name = a\0b|NUL
		lxc.seccomp.profile = /absent|/absent
		lxc.prlimit.nosuch = 1|lxc.prlimit.nosuch
		lxc.mount.entry = /absent mnt none bind 0 0|/absent
		lxc.mount.entry = tmpfs mnt/absent tmpfs 0 0|mnt/absent
		lxc.init.cmd = init|lxc.init.cmd.*absolute
		lxc.init.cwd = /absent|/absent
	INPUT
    # A line of ten megabytes.
    a_busybox ct01
    { printf 'lxc.uts.name = ' && head -c 10485760 /dev/zero | tr '\0' a; } \
        >>/var/lib/lxc/ct01/config
    expect_fails_with 1 '/var/lib/lxc/ct01/config.*bytes' nagaya start ct01
}

test_case "Init is who it shall be" init_is_who_it_shall_be
test_case "Init is who it shall be, with an idmap" init_is_who_it_shall_be_with_an_idmap
test_case "A command with arguments" a_command_with_arguments
test_case "Variables are whose they shall be" variables_are_whose_they_shall_be
test_case "/dev is as it shall be" the_device_file_system
test_case "The kernel's file systems" the_kernel_s_file_systems
test_case "Capabilities that are kept" capabilities_that_are_kept
test_case "Limits of resources" limits_of_resources
test_case "Settings of the kernel" settings_of_the_kernel
test_case "A setting that is none is named" a_setting_that_is_none
test_case "An older machine" an_older_machine
test_case "A keyring of its own" keyrings
test_case "Signals are sent as asked" signals_are_sent_as_asked
test_case "No core is shared" no_core_is_shared
test_case "What has no effect is told" what_has_no_effect_is_told
test_case "Bad input is named" bad_input_is_named
test_end

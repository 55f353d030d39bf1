#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Profiles of AppArmor, which a kernel that enforces them binds a container by.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../../host/lib.sh"

# What systemd mounts only in a machine that has it enabled.
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security

has_apparmor() {
    [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] ||
        skip "this kernel does not enforce AppArmor"
}

# label PROCESS: as the host sees it.
label() {
    tr -d '\0' <"/proc/$1/attr/apparmor/current"
}

init_label() {
    label "$(property "$1" InitPID)"
}

is_loaded() {
    grep -q "^$1 (" /sys/kernel/security/apparmor/profiles
}

inside() {
    nagaya exec ct01 -- "$@"
}

a_generated_profile_binds() {
    has_apparmor
    a_busybox ct01 lxc.apparmor.profile=generated 'lxc.apparmor.raw=deny /secret r,' \
        lxc.mount.auto= 'lxc.mount.auto=proc:rw sys:rw cgroup:rw'
    echo secret >"$(rootfs ct01)/secret"
    started ct01
    expect_eq "$(init_label ct01)" 'nagaya-ct01 (enforce)'
    expect_eq "$(label "$(supervisor_pid ct01)")" unconfined
    # An attached program is in it as well.
    expect_eq "$(inside cat /proc/self/attr/current)" 'nagaya-ct01 (enforce)'
    # What nothing but the profile forbids here: /proc and /sys are writable.
    expect_fails_with 1 'Permission denied' inside sh -c 'echo x >/proc/sys/kernel/core_pattern'
    expect_fails_with 1 'Permission denied' inside sh -c 'echo b >/proc/sysrq-trigger'
    expect_fails_with 1 'Permission denied' inside cat /secret
    expect_fails_with 1 . inside sh -c 'mkdir /tmp/p; mount -t proc proc /tmp/p || exit 1'
    # Older parsers take a rule for a change of propagation as one for every bind (CVE-2016-1585).
    if dpkg --compare-versions "$(dpkg-query -W -f '${Version}' apparmor)" ge 3.0.9; then
        expect_fails_with 1 . inside sh -c 'mkdir /tmp/q; mount -o bind /proc/sys /tmp/q || exit 1'
    fi
    # What a system needs goes on.
    expect_ok inside sh -c 'mkdir /tmp/t && mount -t tmpfs tmpfs /tmp/t && umount /tmp/t'
    expect_ok inside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    expect_ok nagaya stop ct01
    ! is_loaded nagaya-ct01 || flunk "the profile is still loaded"
    expect_nothing_remains ct01
}

a_killed_one_leaves_no_profile() {
    has_apparmor
    a_busybox ct01 lxc.apparmor.profile=generated
    started ct01
    is_loaded nagaya-ct01 || flunk "the profile is not loaded"
    systemctl kill --signal=KILL nagaya@ct01.service
    wait_until 20 unit_is ct01 failed
    ! is_loaded nagaya-ct01 || flunk "the profile is still loaded"
}

with_an_idmap() {
    has_apparmor
    printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
    a_busybox ct01 lxc.apparmor.profile=generated lxc.apparmor.allow_nesting=1 \
        lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536' \
        lxc.rootfs.options=idmap=container
    started ct01
    expect_eq "$(init_label ct01)" 'nagaya-ct01 (enforce)'
    expect_eq "$(inside cat /proc/self/attr/current)" 'nagaya-ct01 (enforce)'
    expect_ok inside sh -c 'mkdir /tmp/p && mount -t proc proc /tmp/p'
}

a_profile_by_name() {
    has_apparmor
    a_busybox ct01 lxc.apparmor.profile=nagaya-test-mine
    expect_fails_with 1 "nagaya-test-mine.*not loaded" nagaya start ct01
    printf 'profile nagaya-test-mine flags=(attach_disconnected) {\n  capability,\n  file,\n  network,\n  signal,\n  ptrace,\n  mount,\n  umount,\n  unix,\n  deny /forbidden w,\n}\n' |
        apparmor_parser -r
    started ct01
    expect_eq "$(init_label ct01)" 'nagaya-test-mine (enforce)'
    expect_fails_with 1 'Permission denied' inside sh -c 'echo x >/forbidden'
    # Elevated, a program is outside of it.
    expect_match "$(varlink Container.Attach \
        '{"container":"ct01","command":["/bin/sh","-c","cat /proc/self/attr/current >/label"],"elevated":["lsm"],"detach":true}')" pid
    wait_until 20 test -s "$(rootfs ct01)/label"
    expect_eq "$(cat "$(rootfs ct01)/label")" unconfined
    expect_ok nagaya stop ct01
    is_loaded nagaya-test-mine || flunk "it was removed, and is not ours"
    echo -n nagaya-test-mine >/sys/kernel/security/apparmor/.remove
}

# A hostile /proc of the container is not what decides.
a_proc_that_lies() {
    has_apparmor
    a_busybox ct01 lxc.apparmor.profile=generated lxc.apparmor.allow_nesting=1
    started ct01
    expect_ok inside mount -t tmpfs tmpfs /proc
    expect_ok inside sh -c 'mkdir -p /proc/self/attr/apparmor /proc/thread-self/attr/apparmor
        : >/proc/self/attr/apparmor/exec; : >/proc/thread-self/attr/apparmor/exec'
    nagaya exec ct01 -- sleep 12345 &
    wait_until 20 pgrep -fx 'sleep 12345'
    expect_eq "$(label "$(pgrep -fx 'sleep 12345')")" 'nagaya-ct01 (enforce)'
}

without_the_default_profile() {
    has_apparmor
    ! is_loaded lxc-container-default-cgns || skip "LXC's own profile is loaded here"
    a_busybox ct01
    started ct01
    expect_eq "$(init_label ct01)" unconfined
    journalctl --sync
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" \
        'lxc-container-default-cgns.*not loaded'
    expect_ok nagaya stop ct01
    printf 'profile lxc-container-default-cgns flags=(attach_disconnected) {\n  capability,\n  file,\n  network,\n  signal,\n  ptrace,\n  mount,\n  umount,\n  unix,\n}\n' |
        apparmor_parser -r
    started ct01
    expect_eq "$(init_label ct01)" 'lxc-container-default-cgns (enforce)'
    echo -n lxc-container-default-cgns >/sys/kernel/security/apparmor/.remove
}

test_case "A generated profile binds init and what is attached" a_generated_profile_binds
test_case "A killed one leaves no profile" a_killed_one_leaves_no_profile
test_case "In a user namespace, with nesting" with_an_idmap
test_case "A profile by its name" a_profile_by_name
test_case "A /proc that lies changes no label" a_proc_that_lies
test_case "The default profile, if it is loaded" without_the_default_profile
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Configurations are changed by verbs: what is written, what is refused, and who may.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container
challenged=org.freedesktop.DBus.Error.InteractiveAuthorizationRequired

# config_text ID: its file, so that nothing but a change of content is a difference.
config_text() {
    cat "/var/lib/lxc/$1/config"
}

version() {
    varlink Container.ReadConfig "{\"container\":\"$1\"}" | jq -r .version
}

expect_unchanged() {
    expect_eq "$(config_text "$1")" "$2" "config of $1"
    expect_eq "$(find "/var/lib/lxc/$1" -maxdepth 1 -name '.#*')" "" "temporary files"
}

set_and_unset_by_both_doors() {
    a_busybox ct01
    printf '# a comment\nfree text\n' >>/var/lib/lxc/ct01/config
    chmod 0640 /var/lib/lxc/ct01/config
    expect_eq "$(container ct01 SetConfig 'ssa{sv}' lxc.uts.name by-bus 0)" 's "next-start"'
    expect_eq "$(container ct01 GetConfig s lxc.uts.name)" 's "by-bus"'
    expect_eq "$(varlink Container.SetConfig \
        '{"container":"ct01","key":"lxc.uts.name","value":"by-varlink"}' | jq -r .effect)" next-start
    expect_eq "$(nagaya config ct01 get lxc.uts.name)" by-varlink
    expect_eq "$(expect_ok nagaya config ct01 set lxc.tty.max 3)" next-start
    expect_eq "$(config_text ct01 | grep -c '^lxc.tty.max = 3$')" 1
    expect_ok nagaya -q config ct01 unset lxc.tty.max
    expect_no_match "$(config_text ct01)" 'lxc\.tty\.max'
    expect_match "$(config_text ct01)" $'# a comment\nfree text\n'
    expect_eq "$(stat -c %a /var/lib/lxc/ct01/config)" 640
    started ct01
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" by-varlink
    expect_eq "$(expect_ok nagaya config ct01 set lxc.uts.name later)" next-start
    expect_eq "$(expect_ok nagaya exec ct01 -- hostname)" by-varlink
}

bad_input_changes_nothing() {
    a_busybox ct01
    local before path
    path=$(object_path ct01)
    before=$(config_text ct01)
    expect_fails_with 1 'lxc\.nosuch' nagaya config ct01 set lxc.nosuch 1
    expect_fails_with 1 'lxc\.nosuch' nagaya config ct01 unset lxc.nosuch
    expect_fails_with 1 'SYS_ADMIN' nagaya config ct01 set lxc.cap.drop SYS_ADMIN
    expect_fails_with 1 'lxc\.tty\.max' nagaya config ct01 set lxc.tty.max 99999999999
    expect_fails_with 2 'newline' nagaya config ct01 set lxc.uts.name $'a\nlxc.tty.max = 9'
    expect_bus_error InvalidConfig 'lxc\.nosuch' "$path" $container_name.SetConfig lxc.nosuch 1 '{}'
    expect_bus_error NoSuchKey 'lxc\.nosuch' "$path" $container_name.UnsetConfig lxc.nosuch '{}'
    expect_bus_error InvalidConfig 'Line 2.*MKNOD' "$path" $container_name.WriteConfig \
        "'lxc.uts.name = a\nlxc.cap.drop = MKNOD\n'" '{}'
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs 'options|nosuch' "$path" \
        $container_name.SetConfig lxc.uts.name a "{'nosuch': <true>}"
    expect_varlink_error InvalidConfig 'lxc\.cap\.keep' Container.WriteConfig \
        '{"container":"ct01","text":"lxc.cap.drop = mknod\nlxc.cap.keep = mknod\n"}'
    expect_varlink_error InvalidConfig 'absent' Container.WriteConfig \
        '{"container":"ct01","text":"lxc.include = /absent.conf\n"}'
    # A NUL is no text at all, for any door.
    "$tools/varlink" --deadline 10 "$socket" org.nagaya1.Container.SetConfig \
        '{"container":"ct01","key":"lxc.uts.name","value":"a\u0000b"}' >/dev/null 2>&1 &&
        flunk "a NUL was taken"
    expect_unchanged ct01 "$before"
    expect_eq "$(property ct01 Broken)" ""
}

a_link_in_place_of_the_file() {
    a_busybox ct01
    cp /var/lib/lxc/ct01/config /srv/other-config
    ln -sf /srv/other-config /var/lib/lxc/ct01/config
    local before
    before=$(cat /srv/other-config)
    expect_fails_with 1 'symbolic link|Too many' nagaya config ct01 set lxc.uts.name a
    expect_fails_with 1 . nagaya config ct01 show
    expect_eq "$(cat /srv/other-config)" "$before"
    [ -L /var/lib/lxc/ct01/config ] || flunk "the link was replaced"
    rm /srv/other-config
}

a_full_disk() {
    a_busybox ct01
    local before
    mkdir /srv/keep
    cp -a /var/lib/lxc/ct01/. /srv/keep
    mount -t tmpfs -o size=4k,mode=0770 small /var/lib/lxc/ct01
    cp /srv/keep/config /var/lib/lxc/ct01/config
    wait_until 5 container_is_known ct01
    before=$(config_text ct01)
    expect_fails_with 1 'No space' nagaya config ct01 set lxc.uts.name changed
    expect_unchanged ct01 "$before"
    umount /var/lib/lxc/ct01
    rm -r /srv/keep
    expect_ok nagaya -q config ct01 set lxc.uts.name changed
}

a_version_that_is_not_the_present_one() {
    a_busybox ct01
    local old before
    old=$(version ct01)
    expect_ok nagaya -q config ct01 set lxc.uts.name between
    before=$(config_text ct01)
    expect_bus_error Busy 'changed' "$(object_path ct01)" $container_name.WriteConfig \
        "'lxc.uts.name = lost\n'" "{'version': <'$old'>}"
    expect_varlink_error Busy 'changed' Container.SetConfig \
        "{\"container\":\"ct01\",\"key\":\"lxc.uts.name\",\"value\":\"x\",\"version\":\"$old\"}"
    expect_unchanged ct01 "$before"
    expect_eq "$(varlink Container.WriteConfig "{\"container\":\"ct01\",\"text\":\"lxc.uts.name = b\n\",
        \"version\":\"$(version ct01)\"}" | jq -r .version)" "$(version ct01)"
    expect_eq "$(config_text ct01)" 'lxc.uts.name = b'
}

a_broken_one_is_mended() {
    a_busybox ct01 lxc.nosuch.key=1
    expect_fails_with 1 'lxc\.nosuch\.key' nagaya config ct01 check
    expect_fails_with 1 'lxc\.nosuch\.key' nagaya config ct01 set lxc.tty.max 1
    expect_ok nagaya -q config ct01 unset lxc.nosuch.key
    expect_eq "$(property ct01 Broken)" ""
    expect_eq "$(expect_ok nagaya config ct01 check)" ""
    started ct01
}

editing() {
    a_busybox ct01
    local before
    printf '#!/bin/sh\nsed -i "s/^lxc.uts.name = .*/lxc.uts.name = edited/" "$1"\n' >"$case_dir/good"
    printf '#!/bin/sh\necho "lxc.nosuch = 1" >>"$1"\n' >"$case_dir/bad"
    printf '#!/bin/sh\necho "lxc.tty.max = 2" >>"$1"\necho "# other" >>/var/lib/lxc/ct01/config\n' \
        >"$case_dir/slow"
    chmod 0755 "$case_dir"/*
    EDITOR="$case_dir/good" expect_ok nagaya config ct01 edit
    expect_eq "$(nagaya config ct01 get lxc.uts.name)" edited
    before=$(config_text ct01)
    export EDITOR=$case_dir/bad TMPDIR=$case_dir
    expect_fails_with 1 'lxc\.nosuch' nagaya config ct01 edit
    expect_match "$(cat "$case_dir/stderr")" 'kept in'
    expect_match "$(cat "$case_dir"/nagaya-ct01-*.conf)" 'lxc\.nosuch'
    EDITOR=true expect_ok nagaya config ct01 edit
    EDITOR=false expect_fails_with 1 'editor' nagaya config ct01 edit
    expect_unchanged ct01 "$before"
    EDITOR=$case_dir/slow expect_fails_with 1 'changed meanwhile' nagaya config ct01 edit
    expect_eq "$(config_text ct01)" "$before"$'\n# other'
}

converting() {
    uses old
    install -d -m 0770 /var/lib/lxc/old
    busybox_root /var/lib/lxc/old/rootfs
    printf '# of old\nlxc.rootfs = /var/lib/lxc/old/rootfs\nlxc.utsname = old\nlxc.network.type = empty\n' \
        >/var/lib/lxc/old/config
    wait_until 5 container_is_known old
    local before after
    before=$(config_text old)
    expect_eq "$(expect_ok nagaya config old convert)" changed
    after=$(config_text old)
    expect_eq "$after" '# of old
lxc.rootfs.path = /var/lib/lxc/old/rootfs
lxc.uts.name = old
lxc.net.0.type = empty'
    expect_eq "$(cat /var/lib/lxc/old/config.backup)" "$before"
    expect_eq "$(container old ConvertConfig 'a{sv}' 0 | cut -d ' ' -f 3)" false
    expect_unchanged old "$after"
}

# A file that is there without any controller.
file=cgroup.max.descendants

limits_of_a_running_one() {
    a_busybox ct01
    local group
    expect_fails_with 1 'not running' nagaya cgroup ct01 $file
    started ct01
    group=/sys/fs/cgroup$(systemctl show --value -p ControlGroup nagaya@ct01.service)/payload
    expect_eq "$(expect_ok nagaya config ct01 set lxc.cgroup2.$file 77)" now
    expect_eq "$(cat "$group/$file")" 77
    expect_eq "$(expect_ok nagaya cgroup ct01 $file)" 77
    expect_ok nagaya cgroup ct01 $file 78
    expect_eq "$(container ct01 GetCgroup s $file)" 's "78"'
    expect_ok container ct01 SetCgroup 'ssa{sv}' $file 79 0
    expect_eq "$(varlink Container.GetCgroup "{\"container\":\"ct01\",\"file\":\"$file\"}" | jq -r .value)" 79
    local before
    before=$(config_text ct01)
    expect_fails_with 2 "$file" nagaya config ct01 set lxc.cgroup2.$file many
    expect_unchanged ct01 "$before"
    # Not written: taken back.
    expect_varlink_error Busy . Container.SetConfig \
        "{\"container\":\"ct01\",\"key\":\"lxc.cgroup2.$file\",\"value\":\"80\",\"version\":\"0\"}"
    expect_eq "$(cat "$group/$file")" 79
    if [ -e "$group/cpu.weight" ]; then
        expect_ok nagaya cgroup ct01 cpu.shares 1024
        expect_eq "$(cat "$group/cpu.weight")" 39
        expect_eq "$(expect_ok nagaya cgroup ct01 cpu.shares)" 1024
    fi
    expect_bus_error NoSuchKey 'swappiness.*version 2' "$(object_path ct01)" \
        $container_name.SetCgroup memory.swappiness 1 '{}'
    expect_bus_error NoSuchKey 'kmem.*kernel' "$(object_path ct01)" \
        $container_name.GetCgroup memory.kmem.limit_in_bytes
    local name
    for name in cgroup.procs cgroup.threads cgroup.kill cgroup.freeze cgroup.type \
        cgroup.subtree_control; do
        expect_bus_error NotSupported "$name" "$(object_path ct01)" $container_name.SetCgroup "$name" 1 '{}'
        expect_varlink_error NotSupported "$name" Container.GetCgroup \
            "{\"container\":\"ct01\",\"file\":\"$name\"}"
    done
    for name in ../pids.max /etc/passwd .. . '' pids PIDS.MAX; do
        expect_varlink_error org.varlink.service.InvalidParameter file Container.GetCgroup \
            "{\"container\":\"ct01\",\"file\":\"$name\"}"
    done
    expect_bus_error NoSuchKey 'nosuch' "$(object_path ct01)" $container_name.GetCgroup memory.nosuch
    expect_ok nagaya stop ct01
    started ct01
    expect_eq "$(cat "$group/$file")" 77
}

# The old name of freezing is the same as the verb: the state follows, and is told.
the_freezer_of_version_1() {
    a_busybox ct01
    started ct01
    expect_eq "$(expect_ok nagaya cgroup ct01 freezer.state)" THAWED
    expect_ok nagaya cgroup ct01 freezer.state FROZEN
    expect_eq "$(state ct01)" frozen
    expect_eq "$(expect_ok nagaya cgroup ct01 freezer.state)" FROZEN
    expect_ok container ct01 SetCgroup 'ssa{sv}' freezer.state THAWED 0
    expect_eq "$(state ct01)" running
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs 'FROZEN or THAWED' \
        "$(object_path ct01)" $container_name.SetCgroup freezer.state FREEZING '{}'
    expect_ok nagaya exec ct01 -- true
}

many_at_once() {
    a_busybox ct01
    local i pids=()
    for i in {1..12}; do
        nagaya -q config ct01 set "lxc.environment" "N=$i" &
        pids+=($!)
        nagaya -q config ct01 set "lxc.sysctl.net.test$i" "$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || flunk "a change failed"
    done
    expect_eq "$(grep -c '^lxc.sysctl.net.test' /var/lib/lxc/ct01/config)" 12
    expect_eq "$(grep -c '^lxc.environment' /var/lib/lxc/ct01/config)" 1
    expect_eq "$(varlink Manager.ListJobs | jq '[.jobs[] | select(.kind == "configure")] | length')" 0 'jobs'
}

who_may() {
    a_busybox ct01
    local before path
    path=$(object_path ct01)
    before=$(config_text ct01)
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" 'configure' "$path" $container_name.SetConfig lxc.uts.name a '{}'
    expect_bus_error "$challenged" 'configure' "$path" $container_name.WriteConfig "''" '{}'
    expect_bus_error "$challenged" 'configure' "$path" $container_name.SetCgroup pids.max 1 '{}'
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired configure \
        Container.UnsetConfig '{"container":"ct01","key":"lxc.uts.name"}'
    rule 'if (action.id == "org.nagaya1.configure" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    # Without an idmap it is as good as root.
    expect_bus_error "$challenged" 'org\.nagaya1\.host' "$path" $container_name.SetConfig \
        lxc.uts.name a '{}'
    expect_unchanged ct01 "$before"
    rule 'if ((action.id == "org.nagaya1.configure" || action.id == "org.nagaya1.host") &&
        subject.user == "nagaya-alice") return polkit.Result.YES;'
    expect_ok as-user nagaya-alice nagaya -q config ct01 set lxc.uts.name of-alice
    expect_match "$(config_text ct01)" 'lxc\.uts\.name = of-alice'
    as_user=(as-user nagaya-bob)
    expect_bus_error "$challenged" 'configure' "$path" $container_name.SetConfig lxc.uts.name b '{}'
}

an_owner_of_an_unprivileged_one() {
    a_busybox ct01 'lxc.idmap=u 0 100000 65536' 'lxc.idmap=g 0 100000 65536'
    local path present
    path=$(object_path ct01)
    rule 'if (action.id == "org.nagaya1.configure" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    expect_ok as-user nagaya-alice nagaya -q config ct01 set lxc.uts.name of-alice
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" 'host' "$path" $container_name.SetConfig lxc.hook.start-host /bin/id '{}'
    expect_bus_error "$challenged" 'host' "$path" $container_name.UnsetConfig lxc.idmap '{}'
    expect_bus_error "$challenged" 'host' "$path" $container_name.WriteConfig "''" '{}'
    present=$(version ct01)
    expect_bus_error "$challenged" 'host' "$path" $container_name.WriteConfig \
        "'lxc.uts.name = a\n'" "{'version': <'$present'>}"
    jq -nc --arg version "$present" \
        --arg text "$(sed 's/of-alice/again/' /var/lib/lxc/ct01/config)" \
        '{container: "ct01", $text, $version}' >"$case_dir/write"
    as-user nagaya-alice "$tools/varlink" --deadline 10 "$socket" org.nagaya1.Container.WriteConfig \
        "$(cat "$case_dir/write")" >/dev/null || flunk "an owner's own change was refused"
    expect_match "$(config_text ct01)" 'lxc\.uts\.name = again'
}

test_case "SetConfig and UnsetConfig by both doors" set_and_unset_by_both_doors
test_case "Bad input changes nothing" bad_input_changes_nothing
test_case "A link in place of the file is not followed" a_link_in_place_of_the_file
test_case "A full disk leaves the old file" a_full_disk
test_case "A version that is not the present one is Busy" a_version_that_is_not_the_present_one
test_case "A broken one is mended by a verb" a_broken_one_is_mended
test_case "edit writes what is good, and keeps what is not" editing
test_case "convert, once, with a backup" converting
test_case "Control group files of a running container" limits_of_a_running_one
test_case "The freezer of version 1" the_freezer_of_version_1
test_case "Many changes at once all arrive" many_at_once
test_case "Who may change what" who_may
test_case "What is safe in a container with an idmap" an_owner_of_an_unprivileged_one
test_end

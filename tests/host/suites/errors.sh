#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every wrong input: the name of its error and its sentence, on both doors and at the command.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

manager_path=/org/nagaya1
manager_name=org.nagaya1.Manager
container_name=org.nagaya1.Container

# name_is_refused NAME
name_is_refused() {
    local quoted
    quoted=$(jq -n --arg name "$1" '$name')
    expect_bus_error InvalidName 'name' $manager_path $manager_name.CreateContainer "$quoted" '{}'
    expect_varlink_error InvalidName 'name' Manager.CreateContainer "{\"name\":$quoted}"
    # With a dash begins the id of a container elsewhere: nobody's name, but it may be asked for.
    [[ $1 = -* ]] ||
        expect_bus_error InvalidName 'name' $manager_path $manager_name.GetContainer "$quoted"
}

wrong_names_are_refused() {
    local name
    for name in '' . .. a/b /etc $'a\nb' -x .hidden 'a b' 'ä' 'a@b' "$(printf 'a%.0s' {1..64})"; do
        name_is_refused "$name"
    done
}

a_name_of_200_characters_is_refused() {
    name_is_refused "$(printf 'a%.0s' {1..200})"
    expect_bus_error org.freedesktop.DBus.Error.LimitsExceeded . $manager_path \
        $manager_name.GetContainer "'$(printf -- '-a%.0s' {1..200})'"
}

names_at_the_edge_are_taken() {
    local name
    for name in a 0 a.b-c_d "$(printf 'a%.0s' {1..63})"; do
        uses "$name"
        expect_ok nagaya create "$name" -t busybox
        expect_eq "$(state "$name")" stopped
        expect_ok nagaya destroy "$name"
    done
}

the_command_says_the_sentence() {
    expect_fails_with 1 "'\.\.'" nagaya start ..
    expect_fails_with 1 "'absent'" nagaya start absent
    expect_fails_with 1 "'absent'" nagaya stop absent
    expect_fails_with 1 "'absent'" nagaya destroy absent
    expect_fails_with 1 "'absent'" nagaya exec absent -- true
    expect_fails_with 1 "'absent'" nagaya create ct01 -t absent
}

wrong_usage_has_status_2() {
    expect_fails_with 2 . nagaya
    expect_fails_with 2 'nosuchverb' nagaya nosuchverb
    expect_fails_with 2 'nosuchoption' nagaya list --nosuchoption
    expect_fails_with 2 . nagaya start
    expect_fails_with 2 . nagaya exec ct01
}

what_is_absent_is_named() {
    expect_bus_error NoSuchContainer "'absent'" $manager_path $manager_name.GetContainer absent
    expect_bus_error NoSuchContainer . $manager_path $manager_name.GetContainerByPID 1
    local job
    job=$(manager CreateContainer 'sa{sv}' new 1 template s absent | sed -n 's/^o "\(.*\)"$/\1/p')
    expect_bus_error NoSuchTemplate "'absent'" "$job" org.nagaya1.Job.Wait '{}'
    expect_varlink_error NoSuchContainer "'absent'" Container.Start '{"container":"absent"}'
    expect_varlink_error NoSuchJob . Job.Wait '{"job":4000000}'
}

an_object_that_is_absent_is_no_method() {
    local text status=0
    text=$(gdbus call --system --dest org.nagaya1 --object-path /org/nagaya1/container/absent \
        --method org.nagaya1.Container.Start '{}' 2>&1) || status=$?
    [ "$status" != 0 ] || flunk "it started what is absent"
    expect_match "$text" 'org.nagaya1.Error.NoSuchContainer|org.freedesktop.DBus.Error.Unknown'
}

states_are_minded() {
    a_busybox ct01
    local path
    path=$(object_path ct01)
    expect_bus_error ContainerNotRunning "'ct01'" "$path" $container_name.Stop '{}'
    expect_bus_error ContainerNotRunning "'ct01'" "$path" $container_name.Freeze '{}'
    expect_bus_error ContainerNotRunning "'ct01'" "$path" $container_name.Thaw '{}'
    expect_bus_error ContainerNotRunning "'ct01'" "$path" $container_name.Kill 15 '{}'
    expect_bus_error ContainerNotRunning "'ct01'" "$path" $container_name.Attach "['true']" '{}'
    started ct01
    expect_bus_error ContainerRunning "'ct01'" "$path" $container_name.Start '{}'
    expect_bus_error ContainerRunning "'ct01'" "$path" $container_name.Destroy '{}'
    expect_bus_error ContainerExists "'ct01'" $manager_path $manager_name.CreateContainer ct01 '{}'
    expect_varlink_error ContainerRunning "'ct01'" Container.Start '{"container":"ct01"}'
    expect_varlink_error ContainerExists "'ct01'" Manager.CreateContainer '{"name":"ct01"}'
}

wrong_arguments_are_refused() {
    a_busybox ct01
    local path
    path=$(object_path ct01)
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs 'nosuchoption' "$path" \
        $container_name.Start "{'nosuchoption': <1>}"
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs 'kill' "$path" \
        $container_name.Stop "{'kill': <'yes'>}"
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs . "$path" \
        $container_name.Start "{'config': <[('lxc.uts.name', 'a\nb')]>}"
    expect_varlink_error org.varlink.service.InvalidParameter 'nosuchField' \
        Container.Start '{"container":"ct01","nosuchField":1}'
    expect_varlink_error org.varlink.service.InvalidParameter 'container' \
        Container.Start '{"container":17}'
    expect_varlink_error org.varlink.service.InvalidParameter 'container' Container.Start '{}'
    started ct01
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs . "$path" $container_name.Kill 999 '{}'
    expect_bus_error org.freedesktop.DBus.Error.InvalidArgs . "$path" $container_name.Attach \
        '@as []' '{}'
}

varlink_errors_of_the_service() {
    expect_varlink_error org.varlink.service.MethodNotFound Nope Manager.Nope
    expect_varlink_error org.varlink.service.InterfaceNotFound nope org.example.nope.Method
    expect_varlink_error org.varlink.service.ExpectedMore . Manager.Monitor
}

an_unknown_key_names_file_and_line() {
    a_busybox ct01 lxc.nosuch.key=1
    expect_bus_error ContainerBroken '/var/lib/lxc/ct01/config.*lxc.nosuch.key' \
        "$(object_path ct01)" $container_name.Start '{}'
    local line
    line=$(grep -n nosuch /var/lib/lxc/ct01/config | cut -d: -f1)
    expect_match "$(property ct01 Broken)" "^Line $line of '/var/lib/lxc/ct01/config': .*'lxc\.nosuch\.key'"
}

# The stage, the object and the errno, through every door.
a_failed_mount_is_told_whole() {
    a_busybox ct01 'lxc.mount.entry=/srv/absent srv none bind 0 0'
    local reply status=0
    expect_bus_error StartFailed '/srv/absent.*No such file or directory' "$(object_path ct01)" \
        $container_name.Start '{}'
    reply=$("$tools/varlink" "$socket" org.nagaya1.Container.Start '{"container":"ct01"}') || status=$?
    expect_eq "$(jq -r .error <<<"$reply")" org.nagaya1.Container.StartFailed
    expect_eq "$(jq -r .parameters.errno <<<"$reply")" 2
    expect_match "$(jq -r .parameters.stage <<<"$reply")" mount
    expect_match "$(jq -r .parameters.object <<<"$reply")" 'srv'
    expect_match "$(jq -r .parameters.message <<<"$reply")" "'/srv/absent'.*No such file or directory"
    expect_fails_with 1 'No such file or directory' nagaya start ct01
    expect_fails_with 1 . systemctl start nagaya@ct01.service
    expect_match "$(journalctl --no-pager -o cat -u nagaya@ct01.service)" '/srv/absent'
    expect_match "$(systemctl show --value -p StatusText nagaya@ct01.service)" '/srv/absent'
}

a_missing_init_is_told() {
    a_busybox ct01 lxc.init.cmd=/sbin/absent
    expect_bus_error StartFailed '/sbin/absent.*No such file or directory' "$(object_path ct01)" \
        $container_name.Start '{}'
    expect_eq "$(state ct01)" stopped
    expect_nothing_remains ct01
}

a_missing_root_is_told() {
    a_busybox ct01
    mv "$(rootfs ct01)" /var/lib/lxc/ct01/moved
    expect_bus_error StartFailed 'rootfs.*No such file or directory' "$(object_path ct01)" \
        $container_name.Start '{}'
    mv /var/lib/lxc/ct01/moved "$(rootfs ct01)"
    expect_ok nagaya start ct01
}

test_case "Wrong names are refused at the door" wrong_names_are_refused
test_case "A name of 200 characters is refused, a longer id exceeds the limit" \
    a_name_of_200_characters_is_refused
test_case "Names at the edge of the rule are taken" names_at_the_edge_are_taken
test_case "The command says the sentence" the_command_says_the_sentence
test_case "Wrong usage has exit status 2" wrong_usage_has_status_2
test_case "What is absent is named" what_is_absent_is_named
test_case "An object that is absent does not answer" an_object_that_is_absent_is_no_method
test_case "States are minded" states_are_minded
test_case "Wrong arguments are refused" wrong_arguments_are_refused
test_case "The varlink service's own errors" varlink_errors_of_the_service
test_case "An unknown key names file and line" an_unknown_key_names_file_and_line
test_case "A failed mount is told with stage, object and errno" a_failed_mount_is_told_whole
test_case "A missing init is told" a_missing_init_is_told
test_case "A missing root file system is told" a_missing_root_is_told
test_end

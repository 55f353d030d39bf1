#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may do what: root without a question, others by polkit, and nobody when polkit cannot answer.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

container_name=org.nagaya1.Container
denied=org.freedesktop.DBus.Error.AccessDenied
# What a password could change: the default of every action. These calls do not allow to ask.
challenged=org.freedesktop.DBus.Error.InteractiveAuthorizationRequired

polkit_is_back() {
    systemctl unmask polkit.service
    systemctl restart polkit.service
}

without_a_rule_an_ordinary_user_is_denied() {
    a_busybox ct01
    started ct01
    as_user=(as-user nagaya-alice)
    local path before
    path=$(object_path ct01)
    before=$(property ct01 InitPID)
    expect_bus_error "$challenged" "org\.nagaya1\." "$path" $container_name.Stop '{}'
    expect_bus_error "$challenged" "org\.nagaya1\." "$path" $container_name.Freeze '{}'
    expect_bus_error "$challenged" "org\.nagaya1\." "$path" $container_name.Kill 9 '{}'
    expect_bus_error "$challenged" "org\.nagaya1\." "$path" $container_name.Attach "['true']" '{}'
    expect_bus_error "$challenged" "org\.nagaya1\." "$path" $container_name.Destroy "{'force': <true>}"
    expect_bus_error "$challenged" "org\.nagaya1\." /org/nagaya1 org.nagaya1.Manager.CreateContainer new \
        "{'template': <'busybox'>}"
    expect_eq "$(property ct01 InitPID)" "$before" "init after refused calls"
    expect_eq "$(state ct01)" running
    [ ! -e /var/lib/lxc/new ] || flunk "a refused creation left /var/lib/lxc/new"
}

the_varlink_door_denies_as_well() {
    a_busybox ct01
    as_user=(as-user nagaya-alice)
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired "org\.nagaya1\." Container.Start '{"container":"ct01"}'
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired "org\.nagaya1\." Manager.CreateContainer \
        '{"name":"new","template":"busybox"}'
    expect_varlink_error io.systemd.InteractiveAuthenticationRequired "org\.nagaya1\." Container.Destroy '{"container":"ct01"}'
    expect_eq "$(state ct01)" stopped
    [ -d /var/lib/lxc/ct01 ] || flunk "a refused call removed the container"
}

the_command_says_that_it_is_denied() {
    a_busybox ct01
    expect_fails_with 1 . as-user nagaya-alice nagaya --no-ask-password start ct01
    expect_eq "$(state ct01)" stopped
}

what_is_public_needs_no_rule() {
    a_busybox ct01
    started ct01
    local list
    list=$(expect_ok as-user nagaya-alice nagaya list --json)
    expect_eq "$(jq -r '.containers[] | select(.container == "ct01") | .state' <<<"$list")" running
    expect_eq "$(as-user nagaya-alice busctl --json=short get-property org.nagaya1 "$(object_path ct01)" \
        org.nagaya1.Container State | jq -r .data)" running
    # What else is known of a container of somebody else's is left out.
    expect_eq "$(jq -r '.containers[] | select(.container == "ct01") | .rootfs // "absent"' \
        <<<"$list")" absent
}

a_rule_lets_its_user_pass() {
    a_busybox ct01
    # shellcheck disable=SC2016
    rule 'if (action.id == "org.nagaya1.control" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    expect_ok as-user nagaya-alice nagaya start ct01
    ready ct01
    expect_eq "$(state ct01)" running
    as_user=(as-user nagaya-bob)
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct01)" $container_name.Stop '{}'
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct01)" $container_name.Destroy '{}'
    expect_ok as-user nagaya-alice busctl call org.nagaya1 "$(object_path ct01)" $container_name Stop \
        'a{sv}' 0
    expect_eq "$(state ct01)" stopped
}

a_rule_sees_container_and_verb() {
    a_busybox ct01
    a_busybox ct02
    rule 'if (action.id == "org.nagaya1.control" && action.lookup("container") == "ct01" &&
        action.lookup("verb") == "Start" && action.lookup("owner_uid") == "0" &&
        subject.user == "nagaya-alice") return polkit.Result.YES;'
    expect_ok as-user nagaya-alice nagaya start ct01
    ready ct01
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct02)" $container_name.Start '{}'
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct01)" $container_name.Stop '{}'
    expect_eq "$(state ct01) $(state ct02)" 'running stopped'
}

an_option_asks_for_its_own_action() {
    a_busybox ct01
    rule 'if (action.id == "org.nagaya1.control" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct01)" $container_name.Start \
        "{'config': <[('lxc.mount.entry', '/etc mnt none bind 0 0')]>}"
    expect_eq "$(state ct01)" stopped
}

attach_without_an_idmap_needs_host() {
    a_busybox ct01
    started ct01
    rule 'if (action.id == "org.nagaya1.attach" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    as_user=(as-user nagaya-alice)
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct01)" $container_name.Attach "['true']" '{}'
    rule 'if ((action.id == "org.nagaya1.attach" || action.id == "org.nagaya1.host") &&
        subject.user == "nagaya-alice") return polkit.Result.YES;'
    expect_eq "$(expect_ok as-user nagaya-alice nagaya exec ct01 -- echo hello)" hello
}

a_denial_is_told_apart_from_a_challenge() {
    a_busybox ct01
    rule 'if (action.id == "org.nagaya1.control") return polkit.Result.NO;'
    as_user=(as-user nagaya-alice)
    expect_bus_error "$denied" 'org\.nagaya1\.control' "$(object_path ct01)" $container_name.Start '{}'
    expect_varlink_error org.varlink.service.PermissionDenied 'org\.nagaya1\.control' Container.Start \
        '{"container":"ct01"}'
    expect_fails_with 1 'org\.nagaya1\.control' as-user nagaya-alice nagaya start ct01
    expect_eq "$(state ct01)" stopped
}

without_polkit_only_root_passes() {
    a_busybox ct01
    systemctl mask --now polkit.service
    as_user=(as-user nagaya-alice)
    expect_bus_error "$denied" . "$(object_path ct01)" $container_name.Start '{}'
    expect_varlink_error org.varlink.service.PermissionDenied . Container.Start '{"container":"ct01"}'
    expect_eq "$(state ct01)" stopped
    as_user=()
    expect_ok nagaya start ct01
    polkit_is_back
}

a_hanging_polkit_holds_up_only_who_asked() {
    a_busybox ct01
    systemctl start polkit.service
    kill -STOP "$(systemctl show --value -p MainPID polkit.service)"
    as-user nagaya-alice gdbus call --system --timeout 100 --dest org.nagaya1 \
        --object-path "$(object_path ct01)" --method $container_name.Start '{}' \
        >"$case_dir/alice" 2>&1 &
    local alice=$! begin=$SECONDS
    # Others are served meanwhile.
    expect_ok nagaya start ct01
    ready ct01
    expect_ok nagaya stop ct01
    [ $((SECONDS - begin)) -le 10 ] || flunk "others waited $((SECONDS - begin)) s"
    wait "$alice" && flunk "the call passed with polkit hanging: $(cat "$case_dir/alice")"
    expect_match "$(cat "$case_dir/alice")" "$denied|InteractiveAuthorizationRequired"
    [ $((SECONDS - begin)) -le 75 ] || flunk "the denial took $((SECONDS - begin)) s"
    expect_eq "$(state ct01)" stopped
    kill -CONT "$(systemctl show --value -p MainPID polkit.service)"
    polkit_is_back
}

a_client_that_is_gone_starts_nothing() {
    a_busybox ct01
    rule 'if (action.id == "org.nagaya1.control" && subject.user == "nagaya-alice")
        return polkit.Result.YES;'
    systemctl start polkit.service
    kill -STOP "$(systemctl show --value -p MainPID polkit.service)"
    events_begin
    expect_ok as-user nagaya-alice "$tools/bus-flood" vanish 3 ct01
    expect_ok as-user nagaya-alice "$tools/varlink" --vanish "$socket" org.nagaya1.Container.Start \
        '{"container":"ct01"}'
    kill -CONT "$(systemctl show --value -p MainPID polkit.service)"
    # A later question that is answered shows that the earlier ones have been.
    as_user=(as-user nagaya-bob)
    expect_bus_error "$challenged" "org\.nagaya1\." "$(object_path ct01)" $container_name.Start '{}'
    expect_eq "$(trace_varlink ct01)" "" "states of 'ct01'"
    expect_eq "$(state ct01)" stopped
}

the_worker_and_control_sockets_are_roots() {
    a_busybox ct01
    started ct01
    expect_fails_with 3 'Permission denied' as-user nagaya-alice "$tools/varlink" /run/nagaya/work \
        org.varlink.service.GetInfo
    expect_fails_with 3 'Permission denied' as-user nagaya-alice "$tools/varlink" /run/nagaya/control/ct01 \
        org.varlink.service.GetInfo
    expect_eq "$(stat -c %a /run/nagaya/control)" 700
    expect_eq "$(stat -c %a "$socket")" 666
}

test_case "Without a rule an ordinary user is denied, before any effect" \
    without_a_rule_an_ordinary_user_is_denied
test_case "The varlink door denies as well" the_varlink_door_denies_as_well
test_case "The command says that it is denied" the_command_says_that_it_is_denied
test_case "What is public needs no rule, what is not is left out" what_is_public_needs_no_rule
test_case "A rule lets its user pass, and nobody else" a_rule_lets_its_user_pass
test_case "A rule sees container, owner and verb" a_rule_sees_container_and_verb
test_case "An option asks for its own action" an_option_asks_for_its_own_action
test_case "Attach to a container without an idmap needs host as well" attach_without_an_idmap_needs_host
test_case "A denial is told apart from a challenge" a_denial_is_told_apart_from_a_challenge
test_case "Without polkit only root passes" without_polkit_only_root_passes
test_case "A hanging polkit holds up only who asked" a_hanging_polkit_holds_up_only_who_asked
test_case "A client that is gone starts nothing" a_client_that_is_gone_starts_nothing
test_case "The sockets between the parts are root's" the_worker_and_control_sockets_are_roots
test_end

# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2317
#
# The jobs of the storage, as tests/host/sweep.sh wants them. Sourced after it.

# ---- the jobs

create_options=()
create_command() { printf '%s\n' nagaya create made -t busybox "${create_options[@]}"; }
create_prepare() {
    uses made
    remove made
}
create_check() {
    ! exists made || create_done
}
create_done() {
    expect_sound made
    [ -x $lxc/made/rootfs/bin/busybox ] || flunk "a published container has no files"
}
create_clean() { remove made; }

destroy_command() { printf '%s\n' nagaya destroy gone; }
destroy_prepare() {
    exists gone || an_origin gone
    destroy_hash=$(tree_hash $lxc/gone)
}
destroy_check() {
    exists gone || expect_told "$1" 0
    ! exists gone || {
        expect_sound gone
        expect_eq "$(tree_hash $lxc/gone)" "$destroy_hash" "the hash of what was not destroyed"
    }
}
destroy_done() {
    ! exists gone || flunk "it is still there"
}
destroy_clean() { true; }

set_command() { printf '%s\n' nagaya config changed set lxc.environment "A=new"; }
set_prepare() {
    if ! exists changed; then
        a_busybox changed
        echo 'lxc.environment = A=old' >>$lxc/changed/config
    fi
    nagaya config changed unset lxc.environment >/dev/null
    set_before=$(cat $lxc/changed/config)
}
set_check() {
    expect_sound changed
    [ "$(cat $lxc/changed/config)" = "$set_before" ] || set_done
}
set_done() {
    expect_match "$(cat $lxc/changed/config)" 'lxc.environment = A=new'
}
set_clean() { remove changed; }

clone_command() { printf '%s\n' nagaya clone origin copied; }
clone_prepare() {
    uses copied origin
    remove copied
    exists origin || an_origin origin
    clone_hash=$(tree_hash $lxc/origin)
}
clone_check() {
    expect_eq "$(tree_hash $lxc/origin)" "$clone_hash" "the hash of the source"
    ! exists copied || clone_done
}
clone_done() {
    expect_sound copied
    expect_eq "$(tree_hash $lxc/copied/rootfs)" "$(tree_hash $lxc/origin/rootfs)" "the hash of the clone"
    expect_eq "$(tree_hash $lxc/origin)" "$clone_hash" "the hash of the source"
    ! grep -F /origin/ $lxc/copied/config || flunk "its config names the source's files"
}
clone_clean() { remove copied origin; }

# Does a clone that shares need its source's files? Not where the storage itself makes it.
shares_files=true

# A base that remembers a clone which is not there could never be destroyed.
share_command() { printf '%s\n' nagaya clone --snapshot base shared; }
share_prepare() {
    uses shared base
    remove shared base
    an_origin base
    share_hash=$(tree_hash $lxc/base/rootfs)
}
share_check() {
    expect_eq "$(tree_hash $lxc/base/rootfs)" "$share_hash" "the hash of the base"
    ! exists shared || share_done
}
share_done() {
    expect_sound shared
    ! $shares_files || expect_fails_with 1 shared nagaya destroy base
    expect_eq "$(tree_hash $lxc/base/rootfs)" "$share_hash" "the hash of the base"
}
share_clean() { remove shared base; }

keep_command() { printf '%s\n' nagaya snapshot create kept --comment=why; }
keep_prepare() {
    uses kept
    exists kept || an_origin kept
    expect_ok nagaya snapshot destroy --all kept
    keep_hash=$(tree_hash $lxc/kept/rootfs)
}
keep_check() {
    local name
    expect_sound kept
    expect_eq "$(tree_hash $lxc/kept/rootfs)" "$keep_hash" "the hash of the container"
    for name in $(snapshots kept); do
        expect_ok nagaya snapshot restore kept "$name" --new-name=kept-again >/dev/null
        expect_eq "$(tree_hash $lxc/kept-again/rootfs)" "$keep_hash" "the hash of a snapshot"
        remove kept-again
    done
}
keep_done() {
    [ -n "$(snapshots kept)" ] || flunk "there is no snapshot"
    keep_check
}
keep_clean() { remove kept; }

restore_command() { printf '%s\n' nagaya snapshot restore back snap0; }
restore_prepare() {
    uses back
    if ! exists back; then
        an_origin back
        restore_old=$(tree_hash $lxc/back/rootfs)
        expect_ok nagaya snapshot create back >/dev/null
    fi
    echo new >"$(rootfs back)/srv/new"
    restore_new=$(tree_hash $lxc/back/rootfs)
}
restore_check() {
    expect_sound back
    [ "$(tree_hash $lxc/back/rootfs)" = "$restore_new" ] || restore_done
}
restore_done() {
    expect_sound back
    expect_eq "$(tree_hash $lxc/back/rootfs)" "$restore_old" "the hash of the restored container"
    expect_eq "$(snapshots back)" snap0 "its snapshots"
}
restore_clean() { remove back; }

forget_command() { printf '%s\n' nagaya snapshot destroy without snap0; }
forget_prepare() {
    uses without
    exists without || an_origin without
    [ -n "$(snapshots without)" ] || expect_ok nagaya snapshot create without >/dev/null
}
forget_check() {
    expect_sound without
    [ -z "$(snapshots without)" ] || {
        expect_ok nagaya snapshot restore without snap0 --new-name=again >/dev/null
        remove again
    }
}
forget_done() { expect_eq "$(snapshots without)" "" "its snapshots"; }
forget_clean() { remove without; }

# With a clone that needs its files, and must follow.
rename_command() { printf '%s\n' nagaya rename named renamed; }
rename_prepare() {
    uses follower renamed named
    remove follower renamed named
    an_origin named
    expect_ok nagaya enable named >/dev/null
    rename_hash=$(tree_hash $lxc/named/rootfs)
    expect_ok nagaya clone --snapshot named follower >/dev/null
}
rename_check() {
    if exists named; then
        ! exists renamed || flunk "it is there twice"
        expect_told "$1" 1
        expect_eq "$(enabled)" named "what is enabled"
        expect_sound named
        expect_eq "$(tree_hash $lxc/named/rootfs)" "$rename_hash" "the hash under the old name"
        ! $shares_files || expect_match "$(cat $lxc/follower/config)" /named/
    else
        expect_told "$1" 0
        rename_done
    fi
    expect_sound follower
}
rename_done() {
    ! exists named || flunk "the old name is still there"
    expect_sound renamed
    expect_eq "$(enabled)" renamed "what is enabled"
    expect_eq "$(tree_hash $lxc/renamed/rootfs)" "$rename_hash" "the hash under the new name"
    expect_no_match "$(cat $lxc/renamed/config $lxc/follower/config)" /named/
    expect_sound follower
}
enabled() {
    find /etc/systemd/system/*.wants -name 'nagaya@*named.service' -printf '%f\n' | sed 's/.*@//; s/\..*//'
}
rename_clean() { remove follower renamed named; }

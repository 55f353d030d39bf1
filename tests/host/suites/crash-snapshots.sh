#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# As suites/crash.sh, with what hangs together: containers with snapshots, overlays and their bases, one
# that runs. Whatever is killed, no base loses what is made of it, and none keeps what is gone.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/host/sweep.sh
. "$(dirname "$0")/../sweep.sh"

# an_overlay ID BASE: with a change of its own and a snapshot.
an_overlay() {
    uses "$1" "$2"
    exists "$2" || an_origin "$2"
    expect_ok nagaya clone --snapshot --backend overlay "$2" "$1" >/dev/null
    echo first >"$lxc/$1/overlay/delta/first"
    expect_ok nagaya snapshot create "$1" >/dev/null
}

delta_hash() { tree_hash "$lxc/$1/overlay/delta"; }

# A container of that name is all that keeps the base.
expect_base_free_after() {
    remove "$1"
    expect_ok nagaya destroy "$2"
}

# ---- a snapshot becomes another container

branch_command() { printf '%s\n' nagaya snapshot restore trunk snap0 --new-name=branched; }
branch_prepare() {
    uses branched trunk
    remove branched
    if ! exists trunk; then
        an_origin trunk
        branch_old=$(tree_hash $lxc/trunk/rootfs)
        expect_ok nagaya snapshot create trunk >/dev/null
        echo new >"$(rootfs trunk)/srv/new"
        branch_hash=$(tree_hash $lxc/trunk)
    fi
}
branch_check() {
    expect_eq "$(tree_hash $lxc/trunk)" "$branch_hash" "the hash of the source"
    ! exists branched || branch_done
}
branch_done() {
    expect_sound branched
    expect_eq "$(tree_hash $lxc/branched/rootfs)" "$branch_old" "the hash of the new one"
    expect_eq "$(tree_hash $lxc/trunk)" "$branch_hash" "the hash of the source"
}
branch_clean() { remove branched trunk; }

# ---- an overlay goes back to its snapshot

rewind_command() { printf '%s\n' nagaya snapshot restore upper snap0; }
rewind_prepare() {
    if ! exists upper; then
        an_overlay upper lower
        rewind_old=$(delta_hash upper)
        rewind_base=$(tree_hash $lxc/lower/rootfs)
    fi
    echo second >$lxc/upper/overlay/delta/second
    rewind_new=$(delta_hash upper)
}
rewind_check() {
    expect_sound upper
    expect_eq "$(snapshots upper)" snap0 "its snapshots"
    expect_eq "$(tree_hash $lxc/lower/rootfs)" "$rewind_base" "the hash of the base"
    expect_fails_with 1 upper nagaya destroy lower
    [ "$(delta_hash upper)" = "$rewind_new" ] ||
        expect_eq "$(delta_hash upper)" "$rewind_old" "the hash of the restored changes"
}
rewind_done() {
    rewind_check
    expect_eq "$(delta_hash upper)" "$rewind_old" "the hash of the restored changes"
}
rewind_clean() { expect_base_free_after upper lower; }

# ---- a snapshot of an overlay comes and goes

layer_command() { printf '%s\n' nagaya snapshot create upper; }
layer_prepare() {
    exists upper || an_overlay upper lower
    expect_ok nagaya snapshot destroy --all upper
    layer_hash=$(delta_hash upper)
}
layer_check() {
    local name
    expect_sound upper
    expect_eq "$(delta_hash upper)" "$layer_hash" "the hash of the container's changes"
    for name in $(snapshots upper); do
        expect_eq "$(delta_hash "upper/snaps/$name")" "$layer_hash" "the hash of the snapshot's changes"
        expect_match "$(cat $lxc/lower/lxc_snapshots)" "$lxc/upper/snaps"$'\n'"$name"
    done
}
layer_done() {
    [ -n "$(snapshots upper)" ] || flunk "there is no snapshot"
    layer_check
}
layer_clean() { expect_base_free_after upper lower; }

unlayer_command() { printf '%s\n' nagaya snapshot destroy upper snap0; }
unlayer_prepare() {
    exists upper || an_overlay upper lower
    [ -n "$(snapshots upper)" ] || expect_ok nagaya snapshot create upper >/dev/null
    unlayer_hash=$(delta_hash upper)
}
unlayer_check() {
    expect_sound upper
    expect_eq "$(delta_hash upper)" "$unlayer_hash" "the hash of the container's changes"
    [ -z "$(snapshots upper)" ] ||
        expect_eq "$(delta_hash upper/snaps/snap0)" "$unlayer_hash" "the hash of the snapshot's changes"
}
unlayer_done() { expect_eq "$(snapshots upper)" "" "its snapshots"; }
unlayer_clean() { expect_base_free_after upper lower; }

# ---- an overlay goes, its base is free

detach_command() { printf '%s\n' nagaya destroy --snapshots upper; }
detach_prepare() {
    exists upper || an_overlay upper lower
    detach_hash=$(tree_hash $lxc/upper)
    detach_base=$(tree_hash $lxc/lower/rootfs)
}
detach_check() {
    expect_eq "$(tree_hash $lxc/lower/rootfs)" "$detach_base" "the hash of the base"
    ! exists upper || {
        expect_sound upper
        expect_eq "$(tree_hash $lxc/upper)" "$detach_hash" "the hash of what was not destroyed"
        expect_fails_with 1 upper nagaya destroy lower
    }
}
detach_done() {
    ! exists upper || flunk "it is still there"
    expect_ok nagaya destroy lower
}
detach_clean() { remove upper lower; }

# ---- a container with snapshots goes

raze_command() { printf '%s\n' nagaya destroy --snapshots gone; }
raze_prepare() {
    if ! exists gone; then
        an_origin gone
        expect_ok nagaya snapshot create gone >/dev/null
        expect_ok nagaya snapshot create gone >/dev/null
        expect_ok nagaya enable gone
    fi
    raze_hash=$(tree_hash $lxc/gone)
}
raze_check() {
    ! exists gone || {
        expect_sound gone
        expect_eq "$(tree_hash $lxc/gone)" "$raze_hash" "the hash of what was not destroyed"
        expect_eq "$(systemctl is-enabled nagaya@gone.service)" enabled
    }
}
raze_done() {
    ! exists gone || flunk "it is still there"
    expect_not_enabled gone
}
raze_clean() { remove gone; }

# The next container of that name would start at boot without anybody having asked for it.
expect_not_enabled() {
    wait_until 5 is_not_enabled "$1"
    is_not_enabled "$1" || flunk "the unit of '$1' is still enabled"
}

is_not_enabled() {
    ! systemctl is-enabled --quiet "nagaya@$1.service"
}

# ---- an overlay with a snapshot, started at boot, gets another name

move_command() { printf '%s\n' nagaya rename upper elsewhere; }
move_prepare() {
    uses elsewhere
    remove elsewhere
    if ! exists upper; then
        an_overlay upper lower
        expect_ok nagaya enable upper
        move_base=$(tree_hash $lxc/lower/rootfs)
    fi
}
move_sound() {
    expect_sound "$1"
    expect_eq "$(snapshots "$1")" snap0 "the snapshots of $1"
    expect_match "$(cat "$lxc/$1/config")" "overlay:$lxc/lower/rootfs:$lxc/$1/overlay/delta"
    expect_match "$(cat "$lxc/$1/snaps/snap0/config")" \
        "overlay:$lxc/lower/rootfs:$lxc/$1/snaps/snap0/overlay/delta"
    expect_eq "$(cat "$lxc/$1/overlay/delta/first")" first
    expect_eq "$(systemctl is-enabled "nagaya@$1.service")" enabled "the unit of $1"
}
move_check() {
    expect_eq "$(tree_hash $lxc/lower/rootfs)" "$move_base" "the hash of the base"
    if exists upper; then
        ! exists elsewhere || flunk "it is there twice"
        move_sound upper
        expect_fails_with 1 upper nagaya destroy lower
    else
        move_done
    fi
}
move_done() {
    ! exists upper || flunk "the old name is still there"
    move_sound elsewhere
    expect_fails_with 1 elsewhere nagaya destroy lower
    expect_not_enabled upper
}
move_clean() {
    remove upper
    expect_base_free_after elsewhere lower
}

# ---- a container that runs is cloned

live_command() { printf '%s\n' nagaya clone --allow-running live copied; }
live_prepare() {
    uses copied live
    remove copied
    exists live || {
        an_origin live
        started live
    }
    live_pid=$(property live InitPID)
}
live_check() {
    wait_until 5 state_is live running
    expect_eq "$(state live)" running "the state of the source"
    expect_eq "$(property live InitPID)" "$live_pid" "the init of the source"
    ! exists copied || live_done
}
live_done() {
    expect_sound copied
    [ -x $lxc/copied/rootfs/bin/busybox ] || flunk "a published clone has no files"
    wait_until 5 state_is live running
    expect_ok nagaya exec live -- /bin/sh -c :
}
live_clean() {
    expect_ok nagaya stop --kill live
    remove copied live
}

# ---- cases

all="worker runner service"
sweep_cases branch "$all" "leaves a snapshot as it was and no half-made container"
sweep_cases rewind "$all" "leaves an overlay as it was or as it was once, on its base"
sweep_cases layer "$all" "leaves a snapshot of an overlay that is whole or none"
sweep_cases unlayer "$all" "leaves an overlay with or without a snapshot"
sweep_cases detach "$all" "leaves an overlay, or a base that is free"
sweep_cases raze "$all" "leaves a container with its snapshots, or nothing"
sweep_cases move "$all" "leaves an overlay one name, on its base"
sweep_cases live "$all" "leaves a source that runs on"
test_end

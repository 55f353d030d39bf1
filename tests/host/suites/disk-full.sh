#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The disk is full, of bytes or of inodes, at each step of a job: it says so, leaves nothing, and
# destroying works without any room. Only some of the steps; NAGAYA_SWEEP=full: with each page, or inode,
# less than is needed; or a number.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

lxc=/var/lib/lxc
points=5
if [ -n "${NAGAYA_SWEEP-}" ]; then
    points=${NAGAYA_SWEEP/full/0} case_deadline=100000
fi

# A file system of its own, whose size can be changed at any time.
systemctl stop nagaya.service nagaya.socket nagaya-work.service
mount -t tmpfs -o size=64m,nr_inodes=20000,mode=0711 none $lxc
systemctl start nagaya.socket nagaya.service

# ---- room

free_of() {
    case $1 in
    bytes) df --output=avail -B 4096 $lxc | tail -n 1 ;;
    inodes) df --output=iavail $lxc | tail -n 1 ;;
    esac
}

used_of() {
    case $1 in
    bytes) df --output=used -B 4096 $lxc | tail -n 1 ;;
    inodes) df --output=iused $lxc | tail -n 1 ;;
    esac
}

# leave bytes|inodes N: pages or inodes
leave() {
    local total=$(($(used_of "$1") + $2))
    case $1 in
    # No size at all would be no limit.
    bytes) mount -o remount,size=$((total > 0 ? total * 4096 : 4096)) $lxc ;;
    inodes) mount -o remount,nr_inodes=$((total > 0 ? total : 1)) $lxc ;;
    esac
}

plenty() {
    mount -o remount,size=64m,nr_inodes=20000 $lxc
}

# ---- what must hold

half_made() {
    find $lxc -maxdepth 3 -name '.#*'
}

nothing_is_half_made() {
    [ -z "$(half_made)" ]
}

expect_no_leftovers() {
    wait_until 20 nothing_is_half_made
    nothing_is_half_made || flunk "left over:" "$(half_made)"
}

tree_hash() {
    tar -C "$1" --sort=name --numeric-owner --xattrs --xattrs-include='*' --format=posix \
        --pax-option='exthdr.name=%f,delete=atime,delete=ctime' -cf - . | sha256sum
}

exists() {
    [ -e "$lxc/$1" ]
}

remove() {
    local id
    for id in "$@"; do
        ! exists "$id" || expect_ok nagaya destroy --snapshots "$id" >/dev/null
    done
    expect_no_leftovers
}

# What a job needs for a while, and not at its end.
declare -A peak=([bytes]=0 [inodes]=0)

# How far a case went, printed after it.
told=$work/told
: >"$told"

# run_out bytes|inodes JOB COMMAND...: how much the job needs is measured, then it gets less. JOB_failed
# looks at what is left, JOB_done at the whole.
run_out() {
    local kind=$1 job=$2 before needed i n status steps=$points refused=0
    shift 2
    plenty
    before=$(used_of "$kind")
    expect_ok "$@" >/dev/null
    "${job}_done"
    needed=$(($(used_of "$kind") - before + ${peak[$kind]}))
    "${job}_undo"
    [ "$steps" != 0 ] || steps=$((needed + 2))
    # A file that replaces another one is there beside it for a moment.
    for ((i = 0; i <= steps; i++)); do
        n=$((i * (needed + 2) / steps))
        plenty
        leave "$kind" $n
        status=0
        timeout 60 "$@" >"$case_dir/output" 2>&1 </dev/null || status=$?
        wait_until 5 service_answers
        if [ $status = 0 ]; then
            "${job}_done"
            plenty
            "${job}_undo"
            continue
        fi
        [ $i -lt "$steps" ] || flunk "it failed with $n of $needed $kind" "$(cat "$case_dir/output")"
        grep -q 'No space left on device' "$case_dir/output" ||
            flunk "with $n of $needed $kind:" "$(cat "$case_dir/output")"
        expect_no_leftovers
        "${job}_failed"
        refused=$((refused + 1))
    done
    plenty
    printf '# %s: it needs %s %s and failed %s times in %s\n' "$job" "$needed" "$kind" "$refused" \
        $((steps + 1)) >>"$told"
    expect_eq "$(tree_hash $lxc/bystander)" "$bystander" "the hash of an uninvolved container"
}

service_answers() {
    nagaya list >/dev/null 2>&1
}

with_bystander() {
    plenty
    a_busybox bystander
    bystander=$(tree_hash $lxc/bystander)
    "$@"
}

# ---- the jobs

create_done() { expect_ok nagaya config made check >/dev/null; }
create_failed() { ! exists made || flunk "it is half there"; }
create_undo() { remove made; }
create() {
    uses made
    with_bystander run_out "$1" create nagaya create made -t busybox
}

set_done() { expect_match "$(cat $lxc/changed/config)" 'A=new'; }
set_failed() { expect_eq "$(cat $lxc/changed/config)" "$config" "the config"; }
set_undo() { printf '%s\n' "$config" >$lxc/changed/config; }
set_config() {
    plenty
    a_busybox changed
    config=$(cat $lxc/changed/config)
    with_bystander run_out "$1" set nagaya config changed set lxc.environment A=new
}

an_origin() {
    plenty
    a_busybox "$1"
    mkdir "$(rootfs "$1")/srv/"{1..20}
    head -c 300000 /dev/zero | tee "$(rootfs "$1")/srv/"{1..5}/file >/dev/null
    hash=$(tree_hash "$(rootfs "$1")")
}

clone_done() {
    expect_ok nagaya config copied check >/dev/null
    [ "$method" != copy ] || expect_eq "$(tree_hash "$(rootfs copied)")" "$hash" "the clone"
    clone_failed_source
}
clone_failed_source() { expect_eq "$(tree_hash "$(rootfs origin)")" "$hash" "the source"; }
clone_failed() {
    ! exists copied || flunk "it is half there"
    clone_failed_source
}
clone_undo() { remove copied; }
# The base can be destroyed: it remembers no clone that is not there.
clone() {
    method=$1
    an_origin origin
    uses copied
    shift
    with_bystander run_out "$1" clone nagaya clone "${@:2}" origin copied
    remove origin
}

# Its own files, and those of its bases, are only read.
an_overlay() {
    an_origin base
    uses upper base
    expect_ok nagaya clone --snapshot --backend overlay base upper >/dev/null
    head -c 100000 /dev/zero | tee $lxc/upper/overlay/delta/{1..5} >/dev/null
    delta=$(tree_hash $lxc/upper/overlay/delta)
}
layer_done() { expect_eq "$(snapshots upper)" snap0 "the snapshots"; }
layer_failed() {
    expect_eq "$(snapshots upper)" "" "the snapshots"
    expect_eq "$(tree_hash $lxc/upper/overlay/delta)" "$delta" "the changes"
    expect_no_match "$(cat $lxc/base/lxc_snapshots)" snap0
}
layer_undo() { expect_ok nagaya snapshot destroy --all upper; }
layer() {
    an_overlay
    with_bystander run_out "$1" layer nagaya snapshot create upper
    remove upper base
}

snapshots() { nagaya snapshot list "$1" --json | jq -r '.snapshots[].name'; }
keep_done() { expect_eq "$(snapshots kept)" snap0 "the snapshots"; }
keep_failed() {
    expect_eq "$(snapshots kept)" "" "the snapshots"
    expect_eq "$(tree_hash "$(rootfs kept)")" "$hash" "the container"
}
keep_undo() { expect_ok nagaya snapshot destroy --all kept; }
keep() {
    an_origin kept
    with_bystander run_out "$1" keep nagaya snapshot create kept
    remove kept
}

branch_done() { expect_eq "$(tree_hash "$(rootfs branched)")" "$hash" "the new container"; }
branch_failed() {
    ! exists branched || flunk "it is half there"
    expect_eq "$(tree_hash "$(rootfs trunk)")" "$hash" "the container"
    expect_eq "$(snapshots trunk)" snap0 "the snapshots"
}
branch_undo() { remove branched; }
branch() {
    an_origin trunk
    uses branched
    expect_ok nagaya snapshot create trunk >/dev/null
    with_bystander run_out "$1" branch nagaya snapshot restore trunk snap0 --new-name=branched
    remove trunk
}

# What it was and what it is differ by one file.
restore_done() {
    expect_eq "$(tree_hash "$(rootfs back)")" "$hash" "the restored container"
    expect_eq "$(snapshots back)" snap0 "the snapshots"
}
restore_failed() {
    expect_eq "$(tree_hash "$(rootfs back)")" "$changed" "the container"
    expect_eq "$(snapshots back)" snap0 "the snapshots"
}
restore_undo() {
    : >"$(rootfs back)/srv/changed"
    changed=$(tree_hash "$(rootfs back)")
}
restore() {
    local before
    before=$(used_of "$1")
    an_origin back
    # The old one goes when the new one is in its place.
    peak[$1]=$(($(used_of "$1") - before))
    expect_ok nagaya snapshot create back >/dev/null
    restore_undo
    with_bystander run_out "$1" restore nagaya snapshot restore back snap0
    remove back
}

rename_done() {
    expect_ok nagaya config renamed check >/dev/null
    expect_eq "$(tree_hash "$(rootfs renamed)")" "$hash" "the renamed container"
}
rename_failed() {
    ! exists renamed || flunk "it has the new name"
    expect_ok nagaya config named check >/dev/null
    expect_eq "$(tree_hash "$(rootfs named)")" "$hash" "the container"
}
rename_undo() {
    ! exists renamed || expect_ok nagaya rename renamed named
}
# With one that needs its files, and must follow.
follow_done() {
    rename_done
    expect_match "$(cat $lxc/follower/config)" "$lxc/renamed/rootfs"
    expect_ok nagaya config follower check >/dev/null
}
follow_failed() {
    rename_failed
    expect_match "$(cat $lxc/follower/config)" "$lxc/named/rootfs"
}
follow_undo() { rename_undo; }
follow() {
    an_origin named
    uses renamed follower
    expect_ok nagaya clone --snapshot --backend overlay named follower >/dev/null
    peak=([bytes]=25 [inodes]=2)
    with_bystander run_out "$1" follow nagaya rename named renamed
    remove follower named
}
rename() {
    an_origin named
    uses renamed
    peak=([bytes]=25 [inodes]=2)
    with_bystander run_out "$1" rename nagaya rename named renamed
    remove named
}

destroy_without_room() {
    plenty
    a_busybox gone
    leave "$1" 0
    expect_eq "$(free_of "$1" | tr -d ' ')" 0 "free $1"
    expect_ok nagaya destroy gone
    ! exists gone || flunk "it is still there"
    expect_no_leftovers
    plenty
}

# What the base remembers of its clones cannot be written, nor anything else.
destroy_all_without_room() {
    local gone
    an_overlay
    uses other
    expect_ok nagaya clone --snapshot --backend overlay base other >/dev/null
    expect_ok nagaya snapshot create upper >/dev/null
    expect_ok nagaya snapshot create upper >/dev/null
    for gone in "snapshot destroy upper snap0" "destroy --snapshots upper" "destroy other" "destroy base"; do
        leave "$1" 0
        expect_eq "$(free_of "$1" | tr -d ' ')" 0 "free $1"
        # shellcheck disable=SC2086
        expect_ok nagaya $gone >/dev/null
        expect_no_leftovers
    done
    expect_eq "$(ls $lxc)" '' "the container path"
    plenty
}

service_without_room() {
    plenty
    # Its init writes nothing.
    a_busybox ct01 'lxc.init.cmd=/bin/sleep 1000'
    leave bytes 0
    leave inodes 0
    systemctl restart nagaya.service
    wait_until 10 service_answers
    expect_ok nagaya start ct01
    expect_ok nagaya stop --kill ct01
    plenty
}

# ---- cases

for kind in bytes inodes; do
    eval "create_$kind() { create $kind; }"
    eval "set_$kind() { set_config $kind; }"
    eval "clone_$kind() { clone copy $kind; }"
    eval "share_$kind() { clone overlay $kind --snapshot --backend overlay; }"
    eval "keep_$kind() { keep $kind; }"
    eval "restore_$kind() { restore $kind; }"
    eval "rename_$kind() { rename $kind; }"
    eval "follow_$kind() { follow $kind; }"
    eval "layer_$kind() { layer $kind; }"
    eval "branch_$kind() { branch $kind; }"
    eval "destroy_all_$kind() { destroy_all_without_room $kind; }"
    eval "destroy_$kind() { destroy_without_room $kind; }"
done
run_out_case() {
    : >"$told"
    test_case "$@"
    cat "$told"
}
for kind in bytes inodes; do
    run_out_case "Create without enough $kind says so and leaves nothing" create_$kind
    run_out_case "Clone without enough $kind says so and leaves nothing" clone_$kind
    run_out_case "A clone by overlay without enough $kind says so and leaves nothing" share_$kind
    run_out_case "A snapshot without enough $kind says so and leaves nothing" keep_$kind
    run_out_case "A snapshot of an overlay without enough $kind says so and leaves nothing" layer_$kind
    run_out_case "Restore without enough $kind says so and leaves the container as it is" restore_$kind
    run_out_case "Restore to a new name without enough $kind says so and leaves nothing" branch_$kind
    run_out_case "Rename without enough $kind says so and leaves the old name" rename_$kind
    run_out_case "Rename of a base without enough $kind says so and leaves the old name" follow_$kind
    run_out_case "A config without enough $kind leaves the old one" set_$kind
    test_case "Destroy needs no $kind" destroy_$kind
    test_case "Destroy of overlays, their snapshots and their base needs no $kind" destroy_all_$kind
done
test_case "The service starts, starts and stops without any room" service_without_room
test_end

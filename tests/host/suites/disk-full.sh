#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The disk is full, of bytes or of inodes, at each step of a job: it says so, leaves nothing, and
# destroying works without any room. Only some of the steps; NAGAYA_SWEEP=full: more of them; or a number.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

lxc=/var/lib/lxc
points=5
if [ -n "${NAGAYA_SWEEP-}" ]; then
    points=${NAGAYA_SWEEP/full/60} case_deadline=100000
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

# run_out bytes|inodes JOB COMMAND...: how much the job needs is measured, then it gets less. JOB_failed
# looks at what is left, JOB_done at the whole.
run_out() {
    local kind=$1 job=$2 before needed i n status
    shift 2
    plenty
    before=$(used_of "$kind")
    expect_ok "$@" >/dev/null
    "${job}_done"
    needed=$(($(used_of "$kind") - before + ${peak[$kind]}))
    "${job}_undo"
    # A file that replaces another one is there beside it for a moment.
    for ((i = 0; i <= points; i++)); do
        n=$((i * (needed + 2) / points))
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
        [ $i -lt $points ] || flunk "it failed with $n of $needed $kind" "$(cat "$case_dir/output")"
        grep -q 'No space left on device' "$case_dir/output" ||
            flunk "with $n of $needed $kind:" "$(cat "$case_dir/output")"
        expect_no_leftovers
        "${job}_failed"
    done
    plenty
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
    eval "destroy_$kind() { destroy_without_room $kind; }"
done
test_case "Create without enough bytes says so and leaves nothing" create_bytes
test_case "Create without enough inodes says so and leaves nothing" create_inodes
for kind in bytes inodes; do
    test_case "Clone without enough $kind says so and leaves nothing" clone_$kind
    test_case "A clone by overlay without enough $kind says so and leaves nothing" share_$kind
    test_case "A snapshot without enough $kind says so and leaves nothing" keep_$kind
    test_case "Restore without enough $kind says so and leaves the container as it is" restore_$kind
    test_case "Rename without enough $kind says so and leaves the old name" rename_$kind
done
test_case "A config that does not fit leaves the old one" set_bytes
test_case "A config without an inode leaves the old one" set_inodes
test_case "Destroy needs no bytes" destroy_bytes
test_case "Destroy needs no inodes" destroy_inodes
test_case "The service starts, starts and stops without any room" service_without_room
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# lxc-update-config: by whoever has a file, without the service.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

systemctl stop nagaya.socket nagaya.service
program=/usr/libexec/nagaya/lxc/lxc-update-config

old_config() {
    cat <<-'CONFIG'
		# a comment
		lxc.rootfs = /srv/absent
		lxc.rootfs.backend = dir
		lxc.utsname = ct01

		lxc.network.type = veth
		lxc.network.link = lxcbr0
		lxc.network.ipv4 = 10.0.3.2/24
		lxc.network.type = empty
		lxc.pivotdir = x
		lxc.kmsg = 0
		lxc.tty = 4
		lxc.id_map = u 0 100000 65536
		something else
		lxc.cgroup.memory.limit_in_bytes = 512M
	CONFIG
}

new_config() {
    cat <<-'CONFIG'
		# a comment
		lxc.rootfs.path = dir:/srv/absent
		lxc.uts.name = ct01

		lxc.net.0.type = veth
		lxc.net.0.link = lxcbr0
		lxc.net.0.ipv4.address = 10.0.3.2/24
		lxc.net.1.type = empty
		lxc.tty.max = 4
		lxc.idmap = u 0 100000 65536
		something else
		lxc.cgroup.memory.limit_in_bytes = 512M
	CONFIG
}

it_converts_once() {
    old_config >"$case_dir/config"
    chmod 0640 "$case_dir/config"
    expect_eq "$(expect_ok "$program" -c "$case_dir/config")" ''
    expect_eq "$(<"$case_dir/config")" "$(new_config)"
    expect_eq "$(<"$case_dir/config.backup")" "$(old_config)"
    expect_eq "$(stat -c %a "$case_dir/config" "$case_dir/config.backup" | xargs)" '640 640'
    local before
    before=$(stat -c '%i %Y' "$case_dir/config" "$case_dir/config.backup")
    expect_ok "$program" -c "$case_dir/config"
    expect_eq "$(stat -c '%i %Y' "$case_dir/config" "$case_dir/config.backup")" "$before" \
        'files after a second time'
}

its_user_may_be_anybody() {
    install -d -o nagaya-alice "$case_dir/hers"
    old_config >"$case_dir/hers/config"
    chown nagaya-alice "$case_dir/hers/config"
    chmod 0711 "$case_dir"
    expect_ok as-user nagaya-alice "$program" -c "$case_dir/hers/config"
    expect_eq "$(<"$case_dir/hers/config")" "$(new_config)"
    # What root converts stays its owner's.
    old_config >"$case_dir/hers/config"
    expect_ok "$program" --config "$case_dir/hers/config"
    expect_eq "$(stat -c %U "$case_dir/hers/config" "$case_dir/hers/config.backup" | xargs)" \
        'nagaya-alice nagaya-alice'
}

what_it_cannot_do_it_leaves() {
    echo 'lxc.utsname' >"$case_dir/config"
    expect_fails_with 1 "Line 1 of '$case_dir/config'" "$program" -c "$case_dir/config"
    expect_eq "$(<"$case_dir/config")" lxc.utsname
    expect_fails_with 1 "$case_dir/absent" "$program" -c "$case_dir/absent"
    old_config >"$case_dir/real"
    ln -s real "$case_dir/link"
    expect_fails_with 1 'symbolic link' "$program" -c "$case_dir/link"
    printf 'lxc.utsname = a\0b\n' >"$case_dir/nul"
    expect_fails_with 1 'NUL' "$program" -c "$case_dir/nul"
    expect_eq "$(<"$case_dir/real")" "$(old_config)"
    expect_fails_with 1 Usage "$program"
    expect_fails_with 1 Usage "$program" -x
    expect_match "$(expect_ok "$program" --help)" 'lxc-update-config -c FILE'
}

a_full_disk_changes_nothing() {
    mkdir "$case_dir/small"
    mount -t tmpfs -o size=64k small "$case_dir/small"
    old_config >"$case_dir/small/config"
    dd if=/dev/zero of="$case_dir/small/filler" bs=4k status=none || true
    expect_fails_with 1 'No space left' "$program" -c "$case_dir/small/config"
    expect_eq "$(<"$case_dir/small/config")" "$(old_config)"
    expect_eq "$(ls -A "$case_dir/small" | xargs)" 'config filler'
    umount "$case_dir/small"
}

test_case "It converts once, and keeps the old file" it_converts_once
test_case "Its user may be anybody" its_user_may_be_anybody
test_case "What it cannot do it leaves" what_it_cannot_do_it_leaves
test_case "A full disk changes nothing" a_full_disk_changes_nothing
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root file systems on storage of each kind that a disposable host can have: made, started, written to,
# stopped, destroyed, with nothing left on the host.
# shellcheck source=tests/host/lib.sh disable=SC2034
. "$(dirname "$0")/../lib.sh"

printf 'root:100000:1000000\n' | tee /etc/subuid >/etc/subgid
idmapped=(lxc.idmap='u 0 100000 65536' lxc.idmap='g 0 100000 65536'
    lxc.rootfs.options=idmap=container)

# a_container ID ROOTFS-PATH [KEY=VALUE]...: a config made by hand, for storage made by hand.
a_container() {
    local id=$1 path=$2
    shift 2
    a_busybox "$id" "$@"
    rm -rf "$(rootfs "$id")"
    set_path "$id" "$path"
}

set_path() {
    sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = $2|" "/var/lib/lxc/$1/config"
    wait_until 10 has_path "$1" "${2#*:}"
}

has_path() {
    [ "$(nagaya list --json | jq -r ".containers[] | select(.container == \"$1\") | .rootfs")" = "$2" ]
}

inside() {
    local id=$1
    shift
    nagaya exec "$id" -- "$@"
}

up() {
    expect_ok nagaya start "$1"
    wait_until 10 is_up "$1"
    is_up "$1" || flunk "the init of '$1' was not ready within 10 s"
}

is_up() {
    inside "$1" test -e /ready 2>/dev/null
}

down() {
    expect_ok nagaya stop --timeout 10 "$1"
    expect_eq "$(state "$1")" stopped
    expect_nothing_remains "$1"
}

# a_base NAME: a root file system to be laid over.
a_base() {
    uses "$1"
    install -d -m 0770 "/var/lib/lxc/$1"
    busybox_root "/var/lib/lxc/$1/rootfs"
    rm -f "/var/lib/lxc/$1/rootfs/ready"
    echo base >"/var/lib/lxc/$1/rootfs/etc/from"
}

tree_hash() {
    tar -C "$1" --sort=name --numeric-owner -c . | sha256sum
}

# What must be as it was before: mounts, and loop devices of ours.
host_mounts() {
    awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo
}

loops() {
    cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$1"
}

no_loops() {
    [ -z "$(loops "$1")" ]
}

expect_no_loops() {
    wait_until 10 no_loops "$1"
    expect_eq "$(loops "$1")" "" "loop devices"
}

overlay_of_several_layers() {
    a_base base
    mkdir -p "/var/lib/lxc/base/more/etc"
    echo more >/var/lib/lxc/base/more/etc/from
    local mounts before dir=/var/lib/lxc/ct01
    a_container ct01 "overlay:/var/lib/lxc/base/more:/var/lib/lxc/base/rootfs:$dir/overlay/delta"
    before=$(tree_hash /var/lib/lxc/base/rootfs)
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_eq "$(inside ct01 cat /etc/from)" more
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" \
        "^/var/lib/lxc/base/more / overlay .*lowerdir=/var/lib/lxc/base/more:/var/lib/lxc/base/rootfs"
    expect_ok inside ct01 sh -c 'echo new >/root/new; rm /etc/group; rm -rf /srv; mkdir /srv; echo x >/etc/from'
    expect_eq "$(cat $dir/overlay/delta/root/new)" new
    expect_eq "$(stat -c '%F %t:%T' $dir/overlay/delta/etc/group)" 'character special file 0:0'
    expect_eq "$(getfattr --absolute-names -n trusted.overlay.opaque --only-values $dir/overlay/delta/srv 2>&1)" y
    down ct01
    expect_eq "$(tree_hash /var/lib/lxc/base/rootfs)" "$before" "the layer below"
    expect_eq "$(cat /var/lib/lxc/base/more/etc/from)" more
    up ct01
    expect_eq "$(inside ct01 cat /root/new /etc/from | xargs)" 'new x'
    expect_fails_with 1 '' inside ct01 test -e /etc/group
    down ct01
    expect_ok nagaya destroy ct01
    [ ! -e $dir ] || flunk "the container's directory is still there"
    [ -e /var/lib/lxc/base/more/etc/from ] || flunk "the layer below was removed"
    expect_eq "$(tree_hash /var/lib/lxc/base/rootfs)" "$before" "the layer below"
}

overlay_in_the_spelling_of_lxc_1() {
    a_base base
    a_container ct01 overlayfs:/var/lib/lxc/base/rootfs:/var/lib/lxc/ct01/delta0
    sed -i 's|^lxc.rootfs.path|lxc.rootfs|' /var/lib/lxc/ct01/config
    up ct01
    expect_ok inside ct01 touch /root/new
    [ -e /var/lib/lxc/ct01/delta0/root/new ] && [ -d /var/lib/lxc/ct01/olwork ] ||
        flunk "no delta: $(find /var/lib/lxc/ct01)"
    expect_eq "$(varlink Container.GetConfig '{"container":"ct01","key":"lxc.rootfs.path"}' | jq -r .value)" \
        /var/lib/lxc/base/rootfs:/var/lib/lxc/ct01/delta0
    down ct01
}

overlay_in_a_user_namespace() {
    a_base base
    local mounts before dir=/var/lib/lxc/ct01
    a_container ct01 "overlay:/var/lib/lxc/base/rootfs:$dir/overlay/delta" "${idmapped[@]}"
    before=$(tree_hash /var/lib/lxc/base/rootfs)
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_eq "$(inside ct01 id -u) $(inside ct01 awk 'NR == 1 { print $2 }' /proc/self/uid_map)" '0 100000'
    expect_ok inside ct01 sh -c 'echo new >/root/new; rm /etc/group; rm -rf /srv; mkdir /srv; chown 7:8 /root/new'
    expect_eq "$(stat -c %u:%g $dir/overlay/delta/root/new)" 7:8
    expect_eq "$(stat -c '%F %u:%g' $dir/overlay/delta/etc)" 'directory 0:0'
    expect_eq "$(stat -c '%F %t:%T' $dir/overlay/delta/etc/group)" 'character special file 0:0'
    expect_eq "$(getfattr --absolute-names -n user.overlay.opaque --only-values $dir/overlay/delta/srv 2>&1)" y
    expect_eq "$(inside ct01 stat -c %u:%g / /bin/busybox | xargs)" '0:0 0:0'
    down ct01
    expect_eq "$(tree_hash /var/lib/lxc/base/rootfs)" "$before" "the layer below"
}

overlay_of_shifted_files() {
    a_base base
    chown -R -h 100000:100000 /var/lib/lxc/base/rootfs
    a_container ct01 overlay:/var/lib/lxc/base/rootfs:/var/lib/lxc/ct01/overlay/delta \
        "${idmapped[@]:0:2}"
    up ct01
    expect_ok inside ct01 touch /root/new
    expect_eq "$(stat -c %u:%g /var/lib/lxc/ct01/overlay/delta /var/lib/lxc/ct01/overlay/delta/root/new | xargs)" \
        '100000:100000 100000:100000'
    down ct01
}

overlay_without_its_lower() {
    a_container ct01 overlay:/var/lib/lxc/gone/rootfs:/var/lib/lxc/ct01/overlay/delta
    expect_fails_with 1 "Stage 'rootfs'.*Cannot use the layer '/var/lib/lxc/gone/rootfs': No such file" \
        nagaya start ct01
    expect_eq "$(state ct01)" stopped
    set_path ct01 "overlay:/var/lib/lxc:/../etc"
    expect_fails_with 1 "is not LOWER:UPPER" nagaya start ct01
}

# an_image FILE: an ext4 file system with a root in it.
an_image() {
    [ -d "$work/busybox" ] || make_busybox_root "$work/busybox"
    truncate -s 64M "$1"
    chmod 0600 "$1"
    mkfs.ext4 -q -F -d "$work/busybox" "$1"
}

loop_image() {
    local mounts image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image" lxc.rootfs.options=noatime,data=ordered
    an_image $image
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_match "$(inside ct01 grep ' / ' /proc/mounts)" '^/dev/loop[0-9]+ / ext4 rw,noatime'
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    down ct01
    expect_no_loops $image
    expect_eq "$(debugfs -R 'cat /root/file' $image 2>/dev/null)" written
    # As LXC 1.x wrote it: without a type.
    set_path ct01 $image
    up ct01
    expect_eq "$(inside ct01 cat /root/file)" written
    down ct01
    expect_ok nagaya destroy ct01
    [ ! -e /var/lib/lxc/ct01 ] || flunk "the container's directory is still there"
}

loop_image_read_only() {
    local image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image" lxc.rootfs.options=ro lxc.init.cmd='/bin/sleep 1000'
    an_image $image
    local before
    before=$(sha256sum $image)
    expect_ok nagaya start ct01
    expect_fails_with 1 'Read-only' inside ct01 touch /root/no
    expect_ok nagaya stop --kill ct01
    expect_no_loops $image
    expect_eq "$(sha256sum $image)" "$before" "the image"
}

loop_image_in_a_user_namespace() {
    local mounts image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image" "${idmapped[@]}"
    an_image $image
    mounts=$(host_mounts)
    up ct01
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    expect_ok inside ct01 sh -c 'echo written >/root/file'
    expect_eq "$(inside ct01 stat -c %u:%g / /root/file | xargs)" '0:0 0:0'
    down ct01
    expect_no_loops $image
    expect_match "$(debugfs -R 'stat /root/file' $image 2>/dev/null)" 'User: +0 +Group: +0'
}

kill_9_leaves_no_device() {
    local mounts image=/var/lib/lxc/ct01/rootdev i
    a_container ct01 "loop:$image"
    an_image $image
    mounts=$(host_mounts)
    for i in 1 2 3; do
        nagaya start ct01
        kill -KILL "$(supervisor_pid ct01)"
        wait_for_state ct01 stopped
        expect_nothing_remains ct01
        expect_no_loops $image
    done
    # In the midst of the start, wherever that is.
    for i in 1 2 3 5 8 13; do
        systemctl start --no-block nagaya@ct01
        sleep "0.0$(printf %02d $i)"
        systemctl kill --signal=KILL nagaya@ct01
        wait_until 20 unit_has_ended ct01
        expect_no_loops $image
    done
    expect_eq "$(host_mounts)" "$mounts" "mounts of the host"
    systemctl reset-failed nagaya@ct01
    up ct01
    down ct01
}

unit_has_ended() {
    [[ $(unit_state "$1") = @(failed|inactive) ]]
}

not_an_image() {
    local image=/var/lib/lxc/ct01/rootdev
    a_container ct01 "loop:$image"
    expect_fails_with 1 "Stage 'rootfs'.*Cannot open the image '$image': No such file" nagaya start ct01
    truncate -s 1M $image
    expect_fails_with 1 "There is no file system on '$image' that can be a root" nagaya start ct01
    mv $image $image.away
    ln -s $image.away $image
    expect_fails_with 1 "The image '$image' is a symbolic link, which is not followed" nagaya start ct01
    rm $image
    mkdir $image
    expect_fails_with 1 "Stage 'rootfs'" nagaya start ct01
    expect_no_loops /var/lib/lxc/ct01
    expect_nothing_remains ct01
}

test_case "An overlay of several layers keeps changes apart" overlay_of_several_layers
test_case "An overlay in the spelling of LXC 1.x is the same" overlay_in_the_spelling_of_lxc_1
test_case "An overlay is mounted inside of a user namespace, writable, files root's on the disk" \
    overlay_in_a_user_namespace
test_case "An overlay over files of the mapped ids needs no map of ids" overlay_of_shifted_files
test_case "An overlay without its lower says so" overlay_without_its_lower
test_case "An image is mounted by a loop device that goes with the container" loop_image
test_case "An image that may only be read is not written to" loop_image_read_only
test_case "An image in a user namespace" loop_image_in_a_user_namespace
test_case "SIGKILL leaves neither a loop device nor a mount" kill_9_leaves_no_device
test_case "What is no image is told, and no link is followed" not_an_image
test_end

#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: outside
# The power is cut while jobs of every kind run at once, at moments that differ in each run, and when all
# were just told to be done; the machine boots again with the same disk. NAGAYA_SWEEP=N: N cuts in their
# midst, not two.

set -u -o pipefail
vm=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/vm
# shellcheck source=tests/frame.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../frame.sh"

name=power-cut-$$
cuts=${NAGAYA_SWEEP:-2}
took_file=$(mktemp)

inside() {
    "$vm" enter "$name" -- env NAGAYA_SLOWNESS=6 /opt/nagaya-tests/vm/power-cut-inside "$1"
}

what_was_told_stays() {
    if ! inside prepare || ! inside whole >"$took_file"; then
        cat "$took_file"
        return 1
    fi
    "$vm" crash "$name" >/dev/null && inside told
}

# nothing_is_half_done MS: after a cut at that time.
nothing_is_half_done() {
    echo "cut after $1 ms of $took"
    inside prepare && inside begin || return 1
    sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
    "$vm" crash "$name" >/dev/null && inside check
}

trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap '"$vm" stop "$name" 2>/dev/null; rm -f "$took_file"' EXIT
export NAGAYA_VM_DEADLINE=$((1500 + cuts * 300))
"$vm" boot "$name" "$@" >/dev/null || exit 1

check "What was told to be done is there after a power cut" what_was_told_stays
read -r took <"$took_file"
for ((i = 0; i < cuts; i++)); do
    check "After a power cut in the midst of jobs ($((i + 1)) of $cuts) nothing is half-done" \
        nothing_is_half_done $(((i * 32768 + RANDOM) * took / cuts / 32768))
done
tap_end

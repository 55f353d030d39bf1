# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The frame of what runs on the machine itself and prints TAP: the harnesses, and suites that drive a
# machine from outside. Sourced; tap_end comes last. (What runs inside has tests/host/lib.sh.)

number=0
failures=0

# check SENTENCE COMMAND...: what it prints is shown when it fails.
check() {
    local sentence=$1 output
    shift
    number=$((number + 1))
    if output=$("$@" 2>&1); then
        echo "ok $number - $sentence"
    else
        echo "not ok $number - $sentence"
        printf '%s\n' "$output" | sed 's/^/# /'
        failures=$((failures + 1))
    fi
}

# within SECONDS COMMAND...: until it holds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

skip_all() {
    echo "1..0 # SKIP $*"
    exit 0
}

tap_end() {
    echo "1..$number"
    [ "$failures" = 0 ]
}

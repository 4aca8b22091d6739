#!/bin/sh
# run.sh - size and speed beside gzip -6 and zstd -3, all in one run on one pinned core,
# and the floor of the data. RECORDS (200,000 unless told), HURT=yes for the set made to hurt
# (about 64 k shapes), HURT=more for one in which no two records have one shape.
#
#   make bench            make bench RECORDS=1000000
set -e
cd "$(dirname "$0")/.."
N=${RECORDS:-200000}
W=build/bench
set_name=$([ -z "$HURT" ] || { [ "$HURT" = more ] && echo --chaos || echo --hurt; })
rm -rf $W
mkdir -p $W
# shellcheck disable=SC2086
"$GENERATE" $set_name "$N" 42 >$W/data
# shellcheck disable=SC2086
floor=$("$GENERATE" $set_name --ledger "$N" 42 | awk '/^floor/ {print $2}')
pin="taskset -c ${CORE:-0}"
$pin true 2>/dev/null || pin=
cpu() { # seconds of CPU of a command
    /usr/bin/env bash -c "TIMEFORMAT='%U %S'; time $1" 2>&1 >/dev/null | tail -n 1 | awk '{print $1 + $2}'
}
cat $W/data >/dev/null
gzip_s=$(cpu "$pin gzip -6 -c $W/data >$W/data.gz")
zstd_s=$(command -v zstd >/dev/null && cpu "$pin zstd -3 -q -c $W/data >$W/data.zst" || echo 0)
gpca_s=$(cpu "$pin build/collector ingest --store $W/store $W/data 2>/dev/null")
all=$(find $W/store -type f -exec wc -c {} + | awk '$2 != "total" {n += $1} END {print n}')
echo "command: generate $set_name $N 42; ingest, gzip -6 and zstd -3 of the same file, $pin"
lscpu 2>/dev/null | sed -n 's/^Model name: */machine: /p'
line() { # name, bytes, seconds
    awk -v name="$1" -v b="$2" -v s="$3" -v n="$N" -v f="$floor" -v g="$gzip_s" 'BEGIN {
        printf "%-9s %8.1f bytes a record (%5.2f x the floor)", name, b / n, b / n / f
        if (s > 0) printf "  %8.0f records a CPU second (%4.2f x gzip -6)", n / s, g / s
        printf "\n"}'
}
line raw "$(wc -c <$W/data)" 0
line "gzip -6" "$(wc -c <$W/data.gz)" "$gzip_s"
[ "$zstd_s" = 0 ] || line "zstd -3" "$(wc -c <$W/data.zst)" "$zstd_s"
line gpca "$all" "$gpca_s"
echo "floor     $floor bytes a record"
build/analyzer show --store $W/store "0..$((N - 1))" --raw --reason bench 2>/dev/null | cmp - $W/data &&
    echo "all records read back byte for byte"

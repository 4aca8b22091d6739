#!/bin/sh
# detect.sh - the rules over RECORDS (200,000 unless told) on one pinned core, and beside them
# DuckDB, where Python has it, with the stateless conditions of the same rules as SQL over the
# columns they name, which it holds in memory: it reads no store, decodes no token.
#
#   make bench-detect            make bench-detect RECORDS=1000000
set -e
cd "$(dirname "$0")/.."
N=${RECORDS:-200000}
W=build/bench-detect
rm -rf $W
mkdir -p $W/rules
pin="taskset -c 0"
$pin true 2>/dev/null || pin=
"$GENERATE" "$N" 42 >$W/data
build/collector ingest --store $W/store $W/data 2>/dev/null
cp rules/products.csv $W/rules/
for f in rules/*.yml; do # the documents that are no correlation
    awk 'BEGIN {RS = "\n---\n"; ORS = ""} !/\ncorrelation:/ {print s $0; s = "\n---\n"}' "$f" \
        >"$W/rules/$(basename "$f")"
done
lscpu 2>/dev/null | sed -n 's/^Model name: */machine: /p'
echo "command: detect over generate $N 42, $pin"
seconds() { # title, command...
    title=$1
    shift
    /usr/bin/env bash -c "TIMEFORMAT='%U %S'; time $pin $* >$W/out 2>$W/err" 2>&1 |
        tail -n 1 | awk -v t="$title" '{printf "%-44s %7.2f CPU s\n", t, $1 + $2}'
}
seconds "all rules, alerts" build/analyzer detect --store $W/store --state $W/a --rules rules
seconds "stateless rules alone" build/analyzer detect --store $W/store --state $W/b \
    --rules $W/rules
if python3 -c 'import duckdb, yaml' 2>/dev/null; then
    columns=$(python3 bench/duck.py rules --columns)
    build/analyzer query --store $W/store --state $W/c --format ndjson \
        --sql "SELECT $columns FROM audit" >$W/events 2>/dev/null
    $pin python3 bench/duck.py rules $W/events | tail -n 1 |
        awk -F '[:,]' '{printf "%-44s %7.2f CPU s\n", "DuckDB, the same conditions (" $2 " )", $4}'
else
    echo "DuckDB: skipped, Python has no duckdb and yaml"
fi

#!/bin/sh
# detect.sh - the rules over RECORDS (200,000 unless told) on one pinned core, and beside them
# DuckDB, where Python has it, with the stateless conditions of the same rules as SQL over the
# columns they name, which it holds in memory: it reads no store, decodes no token.
#
#   make bench-detect            make bench-detect RECORDS=1000000 CALM=yes
set -e
cd "$(dirname "$0")/.."
N=${RECORDS:-200000}
W=build/bench-detect
rm -rf $W
mkdir -p $W/rules
pin="taskset -c ${CORE:-0}"
$pin true 2>/dev/null || pin=
# CALM=yes: a month of traffic that should not alert, instead of even traffic with all oddities.
"$GENERATE" ${CALM:+--calm --month} "$N" 42 >$W/data
build/collector ingest --store $W/store $W/data 2>/dev/null
for f in rules/*.yml; do # the documents that are no correlation
    awk 'BEGIN {RS = "\n---\n"; ORS = ""} !/\ncorrelation:/ {print s $0; s = "\n---\n"}' "$f" \
        >"$W/rules/$(basename "$f")"
done
lscpu 2>/dev/null | sed -n 's/^Model name: */machine: /p'
echo "command: detect over generate ${CALM:+--calm --month }$N 42, $pin"
seconds() { # title, command...
    title=$1
    shift
    /usr/bin/env bash -c "TIMEFORMAT='%U %S'; time $pin $* >$W/out 2>$W/err" 2>&1 |
        tail -n 1 | awk -v t="$title" '{printf "%-44s %7.2f CPU s\n", t, $1 + $2}'
}
detect() { # title, rules, state
    seconds "$1" build/analyzer detect --store $W/store --state "$W/$3" --rules "$2"
}
GPCA_COLUMNS=no detect "all rules, read from the log" rules a
detect "all rules, first run: columns are made" rules b
detect "all rules, columns are there" rules b
mkdir -m 700 $W/d
cp -r $W/b/columns $W/d
detect "all rules, columns are there, alerts new" rules d
detect "stateless rules, first run" $W/rules c
detect "stateless rules, columns are there" $W/rules c
ls -l $W/b/columns | awk -v n="$N" '{s += $5} END {printf "columns: %.1f bytes a record\n", s / n}'
build/analyzer detect --store $W/store --state $W/b --rules rules 2>/dev/null |
    awk '{print $2}' | sort | uniq -c | awk '{printf "%s %s  ", $1, $2} END {print "alerts"}'
if python3 -c 'import duckdb, yaml' 2>/dev/null; then
    columns=$(python3 bench/duck.py rules --columns)
    build/analyzer query --store $W/store --state $W/c --format ndjson \
        --sql "SELECT $columns FROM audit" >$W/events 2>/dev/null
    $pin python3 bench/duck.py rules $W/events | tail -n 1 |
        awk -F '[:,]' '{printf "%-44s %7.2f CPU s\n", "DuckDB, the same conditions (" $2 " )", $4}'
else
    echo "DuckDB: skipped, Python has no duckdb and yaml"
fi

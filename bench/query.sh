#!/bin/sh
# query.sh - what an IG officer waits for, from the command line out of RECORDS (200,000 unless
# told), one pinned core: wall time, least and median of nine; beside it a search of the same
# bytes as a zstd file. With strace also the bytes read of the store.
#
#   make bench-query            make bench-query RECORDS=1000000
set -e
cd "$(dirname "$0")/.."
N=${RECORDS:-200000}
W=build/bench-query
rm -rf $W
mkdir -p $W
pin="taskset -c ${CORE:-0}"
$pin true 2>/dev/null || pin=
"$GENERATE" "$N" 42 >$W/data
build/collector ingest --store $W/store $W/data >/dev/null 2>&1
size=$(find $W/store -type f -exec wc -c {} + | awk '$2 != "total" {n += $1} END {print n}')
lscpu 2>/dev/null | sed -n 's/^Model name: */machine: /p'
echo "command: query over generate $N 42, $pin; a store of $size bytes"
ms() { # title, command...
    title=$1
    shift
    for i in 1 2 3 4 5 6 7 8 9; do
        from=$(date +%s%N)
        $pin "$@" >$W/out 2>$W/err || return 1
        echo $((($(date +%s%N) - from) / 10000))
    done | sort -n | awk -v t="$title" '{ms[NR] = $1 / 100}
        END {printf "%-44s %9.1f %9.1f ms\n", t, ms[1], ms[5]}'
}
ask() { build/analyzer query --store $W/store --state $W/state --reveal --reason bench --format csv "$@" 2>/dev/null; }
# The key of a column that occurs most nearly so often, and how often that is.
key_of() {
    ask --sql "SELECT \"$1\", count(*) n FROM audit WHERE \"$1\" IS NOT NULL GROUP BY 1
               ORDER BY abs(n - $2), 1 LIMIT 1" | tail -n 1 | tr -d '\r' | tr , ' '
}
bytes() { # title, command...
    title=$1
    shift
    strace -f -y -e trace=pread64 -o $W/reads "$@" >/dev/null 2>&1
    # A read that another thread interrupts is told in two lines; the second has its length.
    awk -v t="$title" -v size="$size" '/segments/ && /unfinished/ {open[$1] = 1; next}
        (/segments/ || (/resumed/ && open[$1])) && $NF ~ /^[0-9]+$/ {n += $NF}
        /resumed/ {open[$1] = 0}
        END {printf "%-44s %9d bytes (%.1f %% of the store)\n", t, n, 100 * n / size}' $W/reads
}
query="build/analyzer query --store $W/store --state $W/state --format csv"
table=seq,time,user.key,org.ods,practice.ods,gpc.operation,http.status,patient.nhs_number
for n in 12 75; do
    # shellcheck disable=SC2046
    set -- $(key_of patient.nhs_number $n)
    ms "a patient's $2 records, columns of table" $query --patient "$1" --columns $table
    ms "the same, all columns" $query --patient "$1"
done
if command -v strace >/dev/null; then
    bytes "bytes read for them, columns of table" $query --patient "$1" --columns $table
    bytes "the same, all columns" $query --patient "$1"
fi
patient=$1
# shellcheck disable=SC2046
set -- $(key_of user.key 200)
ms "a user's $2 records, all columns" $query --user "$1"
ms "count by day, interaction, status" $query --sql 'SELECT "time.local_date",
    "ssp.interaction", "http.status", count(*) FROM audit GROUP BY 1, 2, 3'
if command -v zstd >/dev/null; then
    zstd -3 -q $W/data -o $W/data.zst
    ms "zstd -dc | grep of that patient's number" sh -c "zstd -dc $W/data.zst | grep -c $patient"
fi

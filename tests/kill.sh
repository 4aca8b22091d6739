#!/bin/sh
# kill.sh - `make kills`: an ingest is ended with kill -9 at KILLS moments spread over its
# length; each time the same command must complete it, with nothing missing and nothing
# twice, and what was acknowledged before keeps its seq and time of receipt.
set -e
cd "$(dirname "$0")/.."
N=${RECORDS:-300000} KILLS=${KILLS:-60}
W=build/kills
rm -rf $W
mkdir -p $W
"$GENERATE" "$N" 7 >$W/data
want=$(sha256sum <$W/data)
begin=$(date +%s%N)
GPCA_SEAL_ROWS=${SEAL_ROWS:-50000} build/collector ingest --store $W/whole $W/data >/dev/null 2>&1
length=$((($(date +%s%N) - begin) / 1000000))
failed=0 cut=0 early=0 late=0
k=0
while [ $k -lt "$KILLS" ]; do
    k=$((k + 1))
    rm -rf $W/s
    GPCA_SEAL_ROWS=${SEAL_ROWS:-50000} build/collector ingest --store $W/s $W/data >/dev/null 2>&1 &
    pid=$!
    sleep "$(awk -v k=$k -v n="$KILLS" -v l=$length 'BEGIN {printf "%.3f", l * (k - 0.5) / n / 1000}')"
    kill -9 $pid 2>/dev/null || late=$((late + 1))
    wait $pid 2>/dev/null || true
    before=$(sed -n 2p $W/s/checkpoint 2>/dev/null || echo 0)
    [ "$before" -gt 0 ] 2>/dev/null || { before=0 early=$((early + 1)); }
    kept=
    [ "$before" = 0 ] || kept=$(build/analyzer query --store $W/s --state $W/state --format csv \
        --columns seq,received,source.seq --limit 2000 2>/dev/null | sha256sum)
    GPCA_SEAL_ROWS=${SEAL_ROWS:-50000} build/collector ingest --store $W/s $W/data >/dev/null 2>$W/talk || failed=$((failed + 1))
    grep -q 'cut .* bytes' $W/talk && cut=$((cut + 1))
    [ "$(build/analyzer show --store $W/s --state $W/state "0..$((N - 1))" --raw --reason kill 2>/dev/null | sha256sum)" = "$want" ] || {
        echo "kill $k: the records are not those of the file"
        failed=$((failed + 1))
    }
    [ "$before" = 0 ] || [ "$before" -lt 2000 ] || [ "$(build/analyzer query --store $W/s --state $W/state --format csv \
        --columns seq,received,source.seq --limit 2000 2>/dev/null | sha256sum)" = "$kept" ] || {
        echo "kill $k: rows that were there before are not the same"
        failed=$((failed + 1))
    }
    build/analyzer verify --store $W/s >/dev/null 2>&1 || {
        echo "kill $k: does not verify"
        failed=$((failed + 1))
    }
done
echo "$KILLS kills of $N records over $length ms: $early before the first commit, $late after the end, $cut with a torn tail"
echo "$((KILLS - failed)) passed, $failed failed, 0 skipped"
[ $failed = 0 ]

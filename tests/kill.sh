#!/bin/sh
# kill.sh - `make kills`: an ingest is ended with kill -9 at KILLS moments; each time the same
# command must complete it, with nothing missing and nothing twice, what was acknowledged
# before keeps its seq and time of receipt, and at most two groups are encoded again.
#
# A third of the kills come at moments spread over the length of the run, the others in each
# phase of a commit or a seal in turn, at passages spread over the run.
set -e
cd "$(dirname "$0")/.."
N=${RECORDS:-300000} KILLS=${KILLS:-60}
W=build/kills
ROWS=${SEAL_ROWS:-$((N / 10))}
# Read back after a kill: so many records around the end of what was there, and all of them
# after each WHOLE-th.
AROUND=20000 WHOLE=${WHOLE:-4}
export GPCA_SEAL_ROWS="$ROWS"
phases="group.written group.synced checkpoint.renamed index.written segment.created seal.footed seal.renamed"
rm -rf $W
mkdir -p $W
"$GENERATE" "$N" 7 >$W/data
ingest() { build/collector ingest --store "$W/$1" $W/data; }
kept() { # the rows before $1
    build/analyzer query --store $W/s --state $W/state --format csv --sql \
        "SELECT seq, received, \"source.seq\" FROM audit WHERE seq < $1" 2>/dev/null | sha256sum
}
shown() { # are the records from $1 to $2 those of the file?
    build/analyzer show --store $W/s --state $W/state "$1..$2" --raw --reason kill 2>/dev/null |
        cmp -s - "$3"
}
begin=$(date +%s%N)
ingest whole >/dev/null 2>&1
length=$((($(date +%s%N) - begin) / 1000000))
groups=$(build/analyzer stats --store $W/whole --json 2>/dev/null | sed -n 's/.*"groups":\([0-9]*\).*/\1/p')
segments=$(find $W/whole/segments -type f ! -name '*.idx' | wc -l)
rm -rf $W/whole
failed=0 cut=0 early=0 late=0 k=0 again=0
: >$W/counts
fail() {
    echo "kill $k ($at): $1"
    failed=$((failed + 1))
}
while [ $k -lt "$KILLS" ]; do
    k=$((k + 1))
    rm -rf $W/s
    if [ $((k % 3)) = 0 ]; then
        at="a moment"
        build/collector ingest --store $W/s $W/data >/dev/null 2>&1 &
        pid=$!
        sleep "$(awk -v k=$k -v n="$KILLS" -v l=$length 'BEGIN {printf "%.3f", l * (k - 0.5) / n / 1000}')"
        kill -9 $pid 2>/dev/null || late=$((late + 1))
        wait $pid 2>/dev/null || true
    else
        phase=$(echo "$phases" | cut -d ' ' -f $(((k * 2 / 3) % 7 + 1)))
        case $phase in
        se*) n=$((segments * k / (KILLS + 1))) ;;
        *) n=$((groups * k / (KILLS + 1))) ;;
        esac
        at="$phase:$((n > 0 ? n : 1))"
        ended=0
        GPCA_FAULT=$at ingest s >/dev/null 2>&1 || ended=$?
        [ $ended = 137 ] || fail "was not reached"
    fi
    echo "${at%:*}" >>$W/counts
    before=$(sed -n 2p $W/s/checkpoint 2>/dev/null || echo 0)
    [ "$before" -gt 0 ] 2>/dev/null || { before=0 early=$((early + 1)); }
    [ "$before" = 0 ] || there=$(kept "$before")
    ingest s >$W/talk 2>&1 || fail "the same command does not complete it"
    grep -q 'cut .* bytes' $W/talk && cut=$((cut + 1))
    # What lay in whole groups, and what was read when the process ended: a passage is counted
    # at the end of a group, so the groups encoded are known.
    found=$(sed -n 's/.* \([0-9]*\) already there.*/\1/p' $W/talk)
    case $at in
    group* | check* | index*)
        lost=$((${at#*:} - found * groups / N))
        [ $lost -le 2 ] || fail "$lost groups were encoded again"
        [ $lost -le $again ] || again=$lost
        ;;
    esac
    from=$((before > AROUND ? before - AROUND : 0))
    to=$((before + AROUND < N ? before + AROUND : N))
    sed -n "$((from + 1)),${to}p;${to}q" $W/data >$W/part
    shown $from $((to - 1)) $W/part || fail "records around the end are not those of the file"
    [ $((k % WHOLE)) != 0 ] || shown 0 $((N - 1)) $W/data || fail "the records are not those of the file"
    [ "$before" = 0 ] || [ "$(kept "$before")" = "$there" ] || fail "rows that were there before are not the same"
    build/analyzer verify --store $W/s --json 2>/dev/null | grep -q "\"ok\":true,\"records\":$N" ||
        fail "does not verify"
done
sort $W/counts | uniq -c | awk '{n = $1; $1 = ""; printf "%s%s: %s", (NR > 1 ? "," : "killed at"), $0, n} END {print ""}'
echo "$KILLS kills of $N records ($groups groups, $segments segments) over $length ms: $early before the first commit," \
    "$late after the end, $cut with a torn tail, at most $again groups encoded again"
echo "$((KILLS - failed)) passed, $failed failed, 0 skipped"
[ $failed = 0 ]

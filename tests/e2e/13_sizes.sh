# Stores of many sizes, grown in steps, of one product and of many: what plans are made of
# is different in each, and each gives back what it got.
T=$TMPDIR A=build/analyzer
fail() { echo "$*"; exit 1; }
"$B/bench/generate" 3300 21 >"$T/a"
"$B/bench/generate" --hurt 300 22 >"$T/b"
for n in 1 2 15 16 17 33 47 48 49 90 150 300 520 1023 1024 1025 2049 3300; do
    for step in $n 37; do
        [ $step -lt $n ] || [ $step = $n ] || continue
        [ $((n / step)) -le 30 ] || continue
        rm -rf "$T/s" "$T/grown"
        done=0
        while [ $done -lt $n ]; do
            done=$((done + step))
            [ $done -le $n ] || done=$n
            head -n $done "$T/a" >"$T/grown"
            build/collector ingest --store "$T/s" "$T/grown" >/dev/null 2>"$T/talk" || fail "$n by $step: $(cat "$T/talk")"
        done
        $A show --store "$T/s" --state "$T/state" 0..$((n - 1)) --raw --reason test 2>"$T/talk" | cmp -s - "$T/grown" || fail "$n by $step: other bytes; $(cat "$T/talk")"
        $A verify --store "$T/s" >/dev/null 2>&1 || fail "$n by $step does not verify"
        [ "$($A query --store "$T/s" --state "$T/state" --format csv --columns seq 2>/dev/null | wc -l)" = $((n + 1)) ] || fail "$n by $step: query"
    done
done
for n in 3 20 60 300; do
    rm -rf "$T/s"
    head -n $n "$T/b" >"$T/grown"
    build/collector ingest --store "$T/s" "$T/grown" >/dev/null 2>&1 || fail "hurt $n"
    $A show --store "$T/s" --state "$T/state" 0..$((n - 1)) --raw --reason test 2>/dev/null | cmp -s - "$T/grown" || fail "hurt $n: other bytes"
done
# Each row alone, in any order, as in the whole.
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || fail "all"
for seq in 3000 12 1500 299 300 2047 2048; do
    line=$((seq < 300 ? 0 : seq - 300 + 1))
    [ $line = 0 ] && { sed -n $((seq + 1))p "$T/b" >"$T/want"; } || sed -n ${line}p "$T/a" >"$T/want"
    $A show --store "$T/s" --state "$T/state" $seq --raw --reason test 2>/dev/null | cmp -s - "$T/want" || fail "row $seq alone"
done
exit 0

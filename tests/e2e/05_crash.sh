# The process ends at each named point of a commit or a seal; the same command completes,
# nothing is missing or twice.
T=$TMPDIR
"$B/bench/generate" 9000 3 >"$T/a"
bad=0
for point in segment.created group.written group.synced checkpoint.renamed index.written seal.footed seal.renamed; do
    for n in 1 2; do
        rm -rf "$T/s"
        GPCA_SEAL_ROWS=4096 GPCA_FAULT=$point:$n build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1
        [ $? = 137 ] || { echo "$point:$n was not reached"; [ $n = 1 ] && bad=1; continue; }
        build/analyzer verify --store "$T/s" >/dev/null || { echo "$point:$n: verify"; bad=1; }
        GPCA_SEAL_ROWS=4096 build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || { echo "$point:$n: again"; bad=1; }
        build/analyzer show --store "$T/s" 0..8999 --raw | cmp -s - "$T/a" || { echo "$point:$n: rows differ"; bad=1; }
        build/analyzer verify --store "$T/s" --json | grep -q '"ok":true,"records":9000' || { echo "$point:$n: proof"; bad=1; }
    done
done
# A torn tail is reported, and cut by the next start.
printf 'GPCG and then the power went' >>"$(ls "$T"/s/segments/*.open | tail -n 1)"
build/analyzer verify --store "$T/s" >/dev/null || { echo "torn tail is no damage"; bad=1; }
build/collector ingest --store "$T/s" "$T/a" 2>&1 | grep -q 'cut 28 bytes' || { echo "torn tail not cut"; bad=1; }
exit $bad

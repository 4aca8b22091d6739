# Clear errors and the right exit status.
T=$TMPDIR
bad=0
want() { # status, text, command...
    status=$1 text=$2
    shift 2
    "$@" >"$T/out" 2>&1
    rc=$?
    [ $rc = "$status" ] || { echo "$*: exit $rc, want $status"; cat "$T/out"; bad=1; }
    grep -q -- "$text" "$T/out" || { echo "$*: no '$text' in:"; cat "$T/out"; bad=1; }
}
"$B/bench/generate" 10 1 >"$T/a"
: >"$T/empty"
echo 'hello' >"$T/text"
mkdir "$T/full"
echo x >"$T/full/x"
want 2 'no command' build/collector
want 2 'there is no option' build/collector ingest --stoer x
want 2 'no FILE' build/collector ingest --store "$T/s"
want 1 'cannot open' build/collector ingest --store "$T/s" "$T/none" "$T/a"
grep -q '^10 new records' "$T/out" || { echo "the other file was not taken"; bad=1; }
want 0 'is empty' build/collector ingest --store "$T/s" "$T/empty"
want 1 'none of the known formats' build/collector ingest --store "$T/s" "$T/text"
want 1 'not a gpca store' build/collector ingest --store "$T/full" "$T/a"
want 1 'no gpca store' build/analyzer verify --store "$T/full"
want 2 'did you mean verify' build/analyzer verfy --store "$T/s"
want 2 'there is no option --follow' build/analyzer query --store "$T/s" --follow
want 1 'there is no record 99' build/analyzer show --store "$T/s" 99
flock "$T/s/lock" sleep 3 &
sleep 1
want 1 'held by another writer' build/collector ingest --store "$T/s" "$T/a"
wait
TZDIR=$T want 1 'install the package tzdata' build/collector ingest --store "$T/z" "$T/a"
cp -r "$T/s" "$T/k"
: >"$T/k/keys/signing"
want 1 'put the key back' build/collector ingest --store "$T/k" "$T/a"
cp -r "$T/s" "$T/n"
echo 'gpca store 2' >"$T/n/format"
want 1 'another version' build/analyzer verify --store "$T/n"
exit $bad

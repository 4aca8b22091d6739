# Every question is logged before it is answered; what is not masked needs the log.
T=$TMPDIR
bad=0
say() { echo "$*"; bad=1; }
"$B/bench/generate" 200 2 >"$T/a"
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || exit 1
n=$(sed -n 's/.*"nhsNumber":"\([0-9]*\)".*/\1/p' "$T/a" | head -n 1)
build/analyzer query --store "$T/s" --patient "$n" --format ndjson >"$T/masked" 2>/dev/null
grep -q "$n" "$T/masked" && say "the number is shown unrevealed"
grep -q '"patient.ref":"P-' "$T/masked" || say "no reference"
build/analyzer query --store "$T/s" --patient "$n" --reveal >/dev/null 2>&1
[ $? = 2 ] || say "--reveal without --reason"
build/analyzer query --store "$T/s" --patient "$n" --reveal --reason 'complaint 7' --format ndjson 2>/dev/null | grep -q "$n" || say "not revealed"
build/analyzer show --store "$T/s" 5 --raw --reason why >/dev/null
build/analyzer access --store "$T/s" --format ndjson >"$T/log" 2>/dev/null || say "access failed"
[ "$(wc -l <"$T/log")" = 3 ] || say "entries: $(cat "$T/log")"
grep -q "$n" "$T/log" && say "the log holds the number"
grep -q '"access.action":"query --reveal".*"access.reason":"complaint 7"' "$T/log" || say "reveal not logged"
ref=$(sed -n 's/.*"patient.ref":"\(P-[^"]*\)".*/\1/p' "$T/masked" | head -n 1)
grep -q "patient=$ref" "$T/log" || say "scope without reference"
build/analyzer verify --store "$T/s/analyzer/access" >/dev/null || say "the log does not verify"
: >"$T/file"
build/analyzer show --store "$T/s" 5 --decoded --reason why >"$T/sheet" || say "decoded"
grep -q '^token payload .*as the consumer asserts it$' "$T/sheet" || say "no payload"
grep -q '^ *iss: https://consumer' "$T/sheet" || say "no claim"
head -n 1 "$T/sheet" | grep -qF "$(sed -n 6p "$T/a")" || say "not the record"
build/analyzer show --store "$T/s" 5 --decoded --raw >/dev/null 2>&1
[ $? = 2 ] || say "--decoded with --raw"
build/analyzer show --store "$T/s" 5 --decoded --state "$T/file/x" >"$T/out" 2>&1 && say "decoded without a log"
build/analyzer show --store "$T/s" 5 --raw --state "$T/file/x" >"$T/out" 2>&1 && say "raw without a log"
build/analyzer query --store "$T/s" --state "$T/file/x" --limit 1 >"$T/out" 2>&1 || say "masked must go on"
grep -q -- '--state DIR' "$T/out" || say "no remedy named"
exit $bad

#!/bin/sh
# demo.sh - a day of traffic: taken in, proven, asked about, and a damaged copy refused.
set -e
cd "$(dirname "$0")/.."
rm -rf build/demo
mkdir -p build/demo
say() { printf '\n== %s\n' "$*"; }
S=build/demo/store
say "20,000 synthetic calls of one day (seed 1)"
"$GENERATE" 20000 1 >build/demo/day.ndjson
ls -l build/demo/day.ndjson | awk '{print $5 " bytes"}'
say "collector ingest: into a new store"
build/collector ingest --store $S build/demo/day.ndjson
say "the same again: nothing is taken twice"
build/collector ingest --store $S build/demo/day.ndjson
say "analyzer verify: every byte, the tree, the signed heads"
build/analyzer verify --store $S
say "who opened the record of one patient? (numbers are masked)"
number=$(sed -n 's/.*"nhsNumber":"\([0-9]*\)".*/\1/p' build/demo/day.ndjson | sort | uniq -c | sort -rn | awk 'NR==1 {print $2}')
echo "$number" | build/analyzer query --store $S --patient - --limit 12
say "one of those calls, as it was received, is provable to outsiders"
build/analyzer show --store $S 0 --proof | head -n 4
say "somebody changes one byte of a copy"
cp -r $S build/demo/damaged
f=$(ls build/demo/damaged/segments/*.open)
size=$(wc -c <"$f")
printf 'X' | dd of="$f" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
if build/analyzer verify --store build/demo/damaged; then
    echo "the damage was not found"
    exit 1
fi
cat <<TEXT

What you saw: a day of calls went into an append-only store, came back byte for byte,
answered "who opened this record?", and a single changed byte was found and named.
Try next:
  build/analyzer query --store $S --since 2026-04-01 --org ZR003 --limit 10
  build/analyzer show  --store $S 17
  build/analyzer stats --store $S
TEXT

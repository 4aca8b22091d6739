#!/bin/sh
# demo.sh - four days of traffic with planted misuse: taken in, proven, asked about; a damaged
# copy refused; the misuse found, and what only looks like it left alone.
set -e
cd "$(dirname "$0")/.."
rm -rf build/demo
mkdir -p build/demo
say() { printf '\n== %s\n' "$*"; }
S=build/demo/store
say "100,000 synthetic calls of four days, and a story with planted misuse (seed 1)"
"$GENERATE" --calm 100000 1 >build/demo/day.ndjson
awk -v seed=1 -f tests/story.awk >build/demo/story.ndjson
ls -l build/demo/day.ndjson | awk '{print $5 " bytes"}'
say "collector ingest: into a new store"
build/collector ingest --store $S build/demo/day.ndjson build/demo/story.ndjson
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
say "analyzer detect: what was unusual?"
build/analyzer detect --store $S --rules rules --summary build/demo/summary.json >build/demo/alerts
grep -E ' (medium|high|critical) ' build/demo/alerts | sort -k2,2 | cut -d' ' -f3- | sed 's/^ *//'
found=0
for who in 'Nora Nosey' 'Gus Guesser' 'Ann Anyway' 'Sam Sharp' 'Cay Cancel' 'Pat Paper' 'Story Trust 908' \
    'Sid Stranger' 'Cam Copied' 'reason that is not allowed'; do
    grep -E ' (high|critical) ' build/demo/alerts | grep -q "$who" && found=$((found + 1))
done
alarms=$(grep -c -E ' (medium|high|critical) ' build/demo/alerts)
low=$(grep -c ' low ' build/demo/alerts)
say "a report for the patient whose record went to two practices, and an overview"
patient=$(sed -n 's/.*gpc.migratestructuredrecord.*"nhsNumber":"\([0-9]*\)".*/\1/p' build/demo/story.ndjson | sort | uniq -d | head -n 1)
echo "$patient" | build/analyzer report patient-access --store $S --period 2026-04 --patient - \
    --out build/demo/reports --reason "request of the patient"
build/analyzer report overview --store $S --period 2026-04 --out build/demo/reports
[ "$found" = 10 ] && [ "$alarms" = 10 ] || {
    echo "found $found of 10 planted cases, $alarms alerts of medium level and above"
    exit 1
}
cat <<TEXT

What you saw: 100,000 calls went into an append-only store, came back byte for byte, answered
"who opened this record?", and a single changed byte was found and named. Of ten planted cases
of misuse $found were found, and nothing else was alerted as medium or above: the transfer
software whose user is no person, the appointment desk whose subject is new each time, the busy
clinic and the mistyped number were left alone. $low low findings are about products to mend.
Open:
  build/demo/reports/patient-access.html    build/demo/reports/overview.html
Try next:
  build/analyzer query   --store $S --since 2026-04-01 --org ZR901 --limit 10
  build/analyzer detect  --store $S --rules rules --format ndjson | tail -n 1
  build/analyzer rules   explain --rules rules
  build/analyzer show    --store $S 17
TEXT

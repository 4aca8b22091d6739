#!/bin/sh
# demo.sh - a month of traffic with planted misuse: taken in, proven, asked about; a damaged
# copy refused; the misuse found, and what only looks like it left alone.
set -e
cd "$(dirname "$0")/.."
rm -rf build/demo
mkdir -p build/demo
say() { printf '\n== %s\n' "$*"; }
S=build/demo/store
seed=${SEED:-1}
say "100,000 synthetic requests of a month, and a story with planted misuse (seed $seed)"
"$GENERATE" --calm --month 100000 "$seed" >build/demo/month.ndjson
awk -v seed="$seed" -f tests/story.awk >build/demo/story.ndjson
ls -l build/demo/month.ndjson | awk '{print $5 " bytes"}'
say "collector ingest: into a new store"
build/collector ingest --store $S build/demo/month.ndjson build/demo/story.ndjson
say "the same again: nothing is taken twice"
build/collector ingest --store $S build/demo/month.ndjson
say "analyzer verify: every byte, the tree, the signed heads"
build/analyzer verify --store $S
say "who opened the record of one patient? (numbers are masked)"
number=$(head -n 20000 build/demo/month.ndjson | grep -o '"nhsNumber":"[0-9]*' | cut -d'"' -f4 |
    sort | uniq -c | sort -rn | awk 'NR==1 {print $2}')
echo "$number" | build/analyzer query --store $S --patient - --limit 12
say "one of those requests, as it was received, is provable to outsiders"
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
say "analyzer reference load: the site's own lists of systems (ASIDs) and of opening hours"
build/analyzer reference load tests/reference --state $S/analyzer
say "analyzer detect: what was unusual?"
build/analyzer detect --store $S --rules rules --summary build/demo/summary.json >build/demo/alerts
grep -E ' (medium|high|critical) ' build/demo/alerts | sort -k2,2 | cut -d' ' -f3- | sed 's/^ *//'
found=0
for who in 'Nora Nosey' 'Gus Guesser' 'Ann Anyway' 'Sam Sharp' 'Cay Cancel' 'Pat Paper' 'Story Trust 908' \
    'Sid Stranger' 'Cam Copied' 'reason that is not allowed' 'registered for another organisation'; do
    grep -E ' (high|critical) ' build/demo/alerts | grep -q "$who" && found=$((found + 1))
done
alarms=$(grep -c -E ' (medium|high|critical) ' build/demo/alerts)
low=$(grep -c ' low ' build/demo/alerts)
night=$(grep 'was closed' build/demo/alerts | cut -d' ' -f3- | sed 's/^ *//')
[ "$(grep -c 'was closed' build/demo/alerts)" = 1 ] # Ona Owl, and not Lou Lamp
say "a report for the patient whose record went to two practices, and an overview"
patient=$(sed -n 's/.*gpc.migratestructuredrecord.*"nhsNumber":"\([0-9]*\)".*/\1/p' build/demo/story.ndjson | sort | uniq -d | head -n 1)
echo "$patient" | build/analyzer report patient-access --store $S --period 2026-04 --patient - \
    --out build/demo/reports --reason "request of the patient"
build/analyzer report overview --store $S --period 2026-04 --out build/demo/reports
[ "$found" = 11 ] && [ "$alarms" = 11 ] || {
    echo "found $found of 11 planted cases, $alarms alerts of medium level and above"
    exit 1
}
cat <<TEXT

What you saw: 100,000 requests went into an append-only store, came back byte for byte, answered
"who opened this record?", and a single changed byte was found and named. Of eleven planted
cases of misuse $found were found, and nothing else was alerted as medium or above: the transfer
software whose user is no person, the appointment desk whose subject is new each time, the busy
clinic, the night service and the mistyped number were left alone. $low low findings are about
products to mend, and about one person who worked at night:
$night
Open:
  build/demo/reports/patient-access.html    build/demo/reports/overview.html
Try next:
  build/analyzer query   --store $S --since 2026-04-01 --org ZR901 --limit 10
  build/analyzer detect  --store $S --rules rules --format ndjson | tail -n 1
  build/analyzer rules   explain --rules rules
  build/analyzer show    --store $S 17
TEXT

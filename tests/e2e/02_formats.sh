# The NHS sample files: 27 records and 5 reference rows, told apart by content.
set -e
C=../shared/corpora/nhs-analytics
[ -d "$C" ] || { echo "the corpora are not there"; exit 77; }
T=$TMPDIR
build/collector ingest --store "$T/s" --json $C/*.csv >"$T/out"
grep -q '"records":27,"malformed":0,"duplicates":0,"reference":5' "$T/out"
build/analyzer query --store "$T/s" --format ndjson --columns http.status >"$T/status"
[ "$(grep -c '"http.status":599' "$T/status")" = 9 ]
[ "$(grep -c '"http.status":403' "$T/status")" = 4 ]
[ "$(grep -c '"http.status":200' "$T/status")" = 12 ]
build/collector ingest --store "$T/s" --json $C/*.csv | grep -q '"records":0,"malformed":0,"duplicates":27,"reference":0'

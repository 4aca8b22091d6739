# Records come back byte for byte; the same content is taken once; a grown file goes on.
set -e
G=$B/bench/generate
T=$TMPDIR
"$G" 9000 7 >"$T/a.ndjson"
head -n 4000 "$T/a.ndjson" >"$T/day.ndjson"
build/collector ingest --store "$T/s" --json "$T/day.ndjson" | grep -q '"records":4000,"malformed":0,"duplicates":0'
build/collector ingest --store "$T/s" --json "$T/day.ndjson" | grep -q '"records":0,"malformed":0,"duplicates":4000'
build/collector ingest --store "$T/s" --json - <"$T/day.ndjson" | grep -q '"records":0,"malformed":0,"duplicates":4000'
cp "$T/a.ndjson" "$T/day.ndjson"
GPCA_SEAL_ROWS=3000 build/collector ingest --store "$T/s" --json "$T/day.ndjson" | grep -q '"records":5000,"malformed":0,"duplicates":4000'
gzip -c "$T/day.ndjson" >"$T/b.gz"
build/collector ingest --store "$T/s" --json "$T/b.gz" | grep -q '"records":0,"malformed":0,"duplicates":9000'
ls "$T/s/segments" | grep -q '\.seg$'
build/analyzer show --store "$T/s" 0..8999 --raw | cmp - "$T/a.ndjson"
build/analyzer verify --store "$T/s" --json | grep -q '"ok":true,"records":9000'
# What hurts: no last line feed, CRLF, blank lines, a BOM, a record that is too large.
{
    printf '\357\273\277{"a":1}\r\n\n  \t\n{"b":"\\u0000","b":2}\n'
    head -c 300000 /dev/zero | tr '\0' x
    printf '\n{"last":'
} >"$T/hurt"
build/collector ingest --store "$T/h" --json --format gpc-audit "$T/hurt" 2>"$T/err" | grep -q '"records":4,"malformed":4'
grep -q 'too-large' "$T/err"
{
    printf '{"a":1}\r\n{"b":"\\u0000","b":2}\n'
    head -c 262144 /dev/zero | tr '\0' x
    printf '\n{"last":\n'
} >"$T/want"
build/analyzer show --store "$T/h" 0..3 --raw 2>/dev/null | cmp - "$T/want"
build/analyzer verify --store "$T/h" --json | grep -q '"ok":true,"records":4'

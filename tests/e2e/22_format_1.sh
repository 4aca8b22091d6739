# A store of format 1 of the definitions, where the texts of values stood among them, is read
# like any other; its index of another version is no fault, and is made anew by a writer.
T=$TMPDIR G=tests/golden/format-1 A=build/analyzer
set -e
cp -r "$G" "$T/s"
gzip -dc "$T/s/input.gz" >"$T/want"
rm "$T/s/input.gz"
show() { "$A" show --store "$T/s" --state "$T/state" "$1" --raw --reason test 2>/dev/null; }
"$A" verify --store "$T/s" | grep -q '60 records are as they were received'
show 0..59 | cmp - "$T/want"
show 37 | cmp - "$(sed -n 38p "$T/want" >"$T/one"; echo "$T/one")"
[ "$("$A" query --store "$T/s" --state "$T/state" --format csv 2>"$T/said" | wc -l)" = 61 ]
grep -q '60 records have no index of this version' "$T/said"
# A writer has a key of its own, so that store is one of today with an index of that version.
build/collector ingest --store "$T/t" "$T/want" >/dev/null 2>&1
cp "$T/t/segments/000000000000.idx" "$T/idx"
printf '\001' | dd of="$T/t/segments/000000000000.idx" bs=1 seek=4 conv=notrunc 2>/dev/null
! "$A" verify --store "$T/t" >/dev/null
head -c 1253 "$G/segments/000000000000.idx" >"$T/t/segments/000000000000.idx"
"$A" verify --store "$T/t" >/dev/null
build/collector ingest --store "$T/t" "$T/want" >/dev/null 2>&1
cmp "$T/t/segments/000000000000.idx" "$T/idx"

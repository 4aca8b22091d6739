# A store of format 1 of the definitions, where the texts of values stood among them, is read
# like any other.
T=$TMPDIR G=tests/golden/format-1 A=build/analyzer
set -e
cp -r "$G" "$T/s"
gzip -dc "$T/s/input.gz" >"$T/want"
rm "$T/s/input.gz"
show() { "$A" show --store "$T/s" --state "$T/state" "$1" --raw --reason test 2>/dev/null; }
"$A" verify --store "$T/s" | grep -q '60 records are as they were received'
show 0..59 | cmp - "$T/want"
show 37 | cmp - "$(sed -n 38p "$T/want" >"$T/one"; echo "$T/one")"
[ "$("$A" query --store "$T/s" --state "$T/state" --format csv 2>/dev/null | wc -l)" = 61 ]

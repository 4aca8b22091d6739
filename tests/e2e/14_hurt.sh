# The set made to hurt: members in any order, white space, escapes, unknown members, shapes
# that never come again. Bytes back, and smaller than zstd -3 makes it.
T=$TMPDIR A=build/analyzer
"$B/bench/generate" --hurt 4000 31 >"$T/a"
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || exit 1
$A show --store "$T/s" 0..3999 --raw --reason test 2>/dev/null | cmp - "$T/a" || exit 1
$A verify --store "$T/s" >/dev/null || exit 1
command -v zstd >/dev/null || { echo "no zstd to compare with"; exit 77; }
zstd -3 -q -c "$T/a" >"$T/z"
store=$(cat "$T"/s/segments/* | wc -c)
other=$(wc -c <"$T/z")
[ $((store * 10)) -lt $((other * 8)) ] || { echo "$store bytes, zstd -3 $other"; exit 1; }

# Alerts out of the columns kept in the state are those out of the log itself: as the log
# grows, with more columns asked for, and where what is kept is damaged or of another log.
set -e
no() { if "$@"; then echo "should not be: $*"; exit 1; fi; }
A=build/analyzer C=build/collector D=$TMPDIR K=$TMPDIR/state/columns
detect() { $A detect --store "$D/s" --rules "${R:-rules}" --format ndjson "$@" 2>"$D/err"; }
# What both have in common: all but what the register remembers.
same() {
    detect --state "$D/state" >"$D/with"
    GPCA_COLUMNS=no detect --state "$D/other" >"$D/without"
    for w in with without; do
        grep -v '"state":"withdrawn"' "$D/$w" | sed 's/"revision":[0-9]*,"state":"[a-z]*",//' | sort >"$D/$w.sorted"
    done
    cmp "$D/with.sorted" "$D/without.sorted"
    [ -s "$D/with.sorted" ]
}
"$B/bench/generate" 9000 5 >"$D/a"
awk -v seed=4 -f tests/story.awk >"$D/story"
head -n 4000 "$D/a" >"$D/in" && $C ingest --store "$D/s" "$D/in" 2>/dev/null
same
[ "$(ls "$K")" = 000000000000.columns ] && [ -z "$(ls "$D/other" | grep columns || true)" ]
# It grows: by few rows, by some more, by many. There are few files.
sed -n '4001,4010p' "$D/a" >"$D/in" && $C ingest --store "$D/s" "$D/in" 2>/dev/null
same
[ "$(ls "$K" | wc -l)" = 2 ]
sed -n '4011,4030p' "$D/a" >"$D/in" && $C ingest --store "$D/s" "$D/in" 2>/dev/null
same
[ "$(ls "$K" | wc -l)" = 2 ]
{ sed -n '4031,$p' "$D/a"; cat "$D/story"; } >"$D/in" && $C ingest --store "$D/s" "$D/in" 2>/dev/null
same
[ "$(ls "$K" | wc -l)" = 1 ]
# What is there is not made again.
before=$(ls -i "$K")
same
[ "$(ls -i "$K")" = "$before" ]
# A rule that asks for a column that is not there; then both rule sets find what they need.
mkdir "$D/more"
cat >"$D/more/r.yml" <<'R'
title: Slow
id: 11111111-0000-4000-8000-000000000001
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {http.duration_ms|gte: 4000, user.family|startswith: A}, condition: s}
---
title: At Night
id: 11111111-0000-4000-8000-000000000002
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {time.local_hour: 10, http.method: GET, jwt.iat|exists: true}, condition: s}
R
R="$D/more" same
no [ "$(ls -i "$K")" = "$before" ]
before=$(ls -i "$K")
same
R="$D/more" same
[ "$(ls -i "$K")" = "$before" ]
# One with keywords reads the log; so does one that compares hashes of tokens.
printf 'title: Word\nid: 11111111-0000-4000-8000-000000000003\nlevel: low\nlogsource: {product: gpconnect, service: audit}\ndetection: {keywords: [Heron], condition: keywords}\n' >"$D/k.yml"
R="$D/k.yml" same
h=$($A query --store "$D/s" --sql 'SELECT "jwt.hash" FROM audit LIMIT 1' --format csv 2>/dev/null | tail -n 1 | tr -d '"\r')
printf 'title: Hash\nid: 11111111-0000-4000-8000-000000000004\nlevel: low\nlogsource: {product: gpconnect, service: audit}\ndetection: {s: {jwt.hash: %s}, condition: s}\n' "'$h'" >"$D/h.yml"
R="$D/h.yml" same
# A period uses what is there, and makes nothing; an alert that began before it is the same one.
cat >"$D/long.yml" <<'R'
title: Answered
id: 11111111-0000-4000-8000-000000000005
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {http.status: 200}, condition: s}
---
title: Busy All Day
id: 11111111-0000-4000-8000-000000000006
level: low
correlation: {type: event_count, rules: [11111111-0000-4000-8000-000000000005], group-by: [source.name], timespan: 1m, condition: {gte: 2}}
R
R="$D/long.yml" same
alert_ids() { sed 's/.*"alert":"\([^"]*\)".*/\1/' | sort; }
R="$D/long.yml" detect --state "$D/state" | alert_ids >"$D/all"
R="$D/long.yml" detect --state "$D/state" --since 2026-04-01T10:00:00Z --until 2026-04-01T11:00:00Z | alert_ids >"$D/some"
[ -s "$D/some" ] && [ "$(wc -l <"$D/some")" -lt "$(wc -l <"$D/all")" ]
[ -z "$(comm -23 "$D/some" "$D/all")" ]
rm "$K"/*
detect --state "$D/state" --since 2026-04-01T08:00:00Z >/dev/null
[ -z "$(ls "$K")" ]
same
# Damage is found, said and mended by the next run.
f=$(ls "$K"/*)
printf '\377' | dd of="$f" bs=1 seek=$(($(wc -c <"$f") / 2)) conv=notrunc 2>/dev/null
no detect --state "$D/state" >/dev/null
grep -q 'run the same command again' "$D/err"
same
printf 'GPCP' >"$f"
same
# Columns of another log are not taken.
"$B/bench/generate" 9420 6 >"$D/b"
$C ingest --store "$D/t" "$D/b" 2>/dev/null
$A detect --store "$D/t" --rules rules --state "$D/third" >/dev/null 2>&1
cp "$D/third/columns/000000000000.columns" "$f"
same
# Nobody else can read them, and a state that cannot be written is no hindrance.
[ "$(stat -c %a "$f")" = 600 ]
rm -r "$K" && : >"$K"
detect --state "$D/state" >/dev/null
grep -q 'takes longer' "$D/err"

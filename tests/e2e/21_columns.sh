# Alerts out of the columns kept in the state are those out of the log itself: as the log
# grows, with more columns asked for, and where what is kept is damaged or of another log.
set -e
no() { if "$@"; then echo "should not be: $*"; exit 1; fi; }
A=build/analyzer C=build/collector D=$TMPDIR K=$TMPDIR/state/columns
detect() { $A detect --store "$D/s" --rules "${R:-rules}" ${L:+--reference "$L"} --format ndjson "$@" 2>"$D/err"; }
# What all have in common: all but what the register remembers. Alerts of a run before are
# recalled, those of a new state are made.
same() {
    detect --state "$D/state" >"$D/with"
    GPCA_COLUMNS=no detect --state "$D/other" >"$D/without"
    rm -rf "$D/fresh"
    detect --state "$D/fresh" >"$D/made"
    for w in with without made; do
        grep -v '"state":"withdrawn"' "$D/$w" | sed 's/"revision":[0-9]*,"state":"[a-z]*",//' | sort >"$D/$w.sorted"
    done
    cmp "$D/with.sorted" "$D/without.sorted"
    cmp "$D/with.sorted" "$D/made.sorted"
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
# With a site's lists, which say something else half-way, for some also back again.
mkdir "$D/lists" "$D/listed"
values() { $A query --store "$D/s" --sql "SELECT DISTINCT \"$1\" FROM audit WHERE \"$1\" <> '' ORDER BY 1" --format csv 2>/dev/null | tail -n +2 | tr -d '"\r'; }
values org.ods >"$D/orgs"
half=2026-04-01T11:30:00Z
{
    echo 'ods,name,type,parent_ods,opens,closes,days,valid_from,valid_to'
    awk -v half=$half '{ all[NR] = $0 } END { for (i = 1; i <= NR; i++) {
        parent = i % 3 ? all[(i * 5) % NR + 1] : ""
        printf "%s,Name %d,%s,%s,%02d:%02d,%02d:00,1-7,%s,\n", all[i], i, i % 2 ? "GP" : "OOH", parent, i % 24, i % 60, (i * 7) % 24, i % 4 ? "" : half
        if (i % 5 == 0) printf "%s,Name %d,CARE,%s,,,,,%s\n", all[i], i, all[i % NR + 1], half } }' "$D/orgs"
} >"$D/lists/organisations.csv"
{
    echo 'ASID,NACS,OrgName,PName,valid_from,valid_to'
    values ssp.from | awk -v half=$half 'NR == FNR { org[NR] = $0; n = NR; next } {
        k++; if (k % 7) printf "%s,%s,Org %d,Product %d,%s,\n", $0, org[k % n + 1], k, k % 9, k % 4 ? "" : half
        if (k % 8 == 0) printf "%s,%s,Org %d,Product x,,%s\n", $0, org[(k * 3) % n + 1], k, half }' "$D/orgs" -
} >"$D/lists/asid.csv"
printf 'date,name\n2026-04-01,All Fools\n' >"$D/lists/calendar.csv"
cp rules/products.csv "$D/listed"
cat >"$D/listed/r.yml" <<'R'
title: Another
id: 11111111-0000-4000-8000-000000000001
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {asid.ods|exists: true, gpc.profile|startswith: ssp}, same: {asid.ods|fieldref: org.ods}, condition: s and not same}
---
title: Closed
id: 11111111-0000-4000-8000-000000000002
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {org.open: false, gpc.access: read}, of: {asid.parent_ods|fieldref: org.ods}, condition: s or of}
---
title: Product
id: 11111111-0000-4000-8000-000000000003
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {product|contains: e, org.type: CARE, http.status|gte: 400}, condition: s}
---
title: Another Each Day
id: 11111111-0000-4000-8000-000000000004
level: low
correlation: {type: event_count, rules: [11111111-0000-4000-8000-000000000001], group-by: [asid.ods, org.type, time.local_date], timespan: 1d, condition: {gte: 2}}
---
title: Closed Often
id: 11111111-0000-4000-8000-000000000005
level: low
correlation: {type: value_count, rules: [11111111-0000-4000-8000-000000000002], group-by: [org.ods, org.open], timespan: 1h, condition: {field: user.key, gte: 2}}
---
title: Then Closed
id: 11111111-0000-4000-8000-000000000006
level: low
correlation: {type: temporal_ordered, rules: [11111111-0000-4000-8000-000000000001, 11111111-0000-4000-8000-000000000002], group-by: [product], timespan: 10m}
R
L="$D/lists" same
no grep -q 'not evaluated' "$D/err"
R="$D/listed" L="$D/lists" same
for t in Product 'Another Each Day' 'Closed Often' 'Then Closed'; do
    grep -q "\"title\":\"$t\"" "$D/with"
done
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
# Where the two ways could part: tokens of which rules ask no more than that there is one, with
# others beside; one event that is a whole chain; ties in time; numbers at their ends; records
# without a time.
token() { printf '{"sub":"u%s","iat":%s}' "$1" "${2:-1775000000}" | base64 -w0 | tr '+/' '-_' | tr -d =; }
record() { # time, seq, trace id, status, token
    printf '{"time":"%s","source":"s","seq":%d,"provider":{"ods":"A10001"},"request":{"method":"GET","url":"/metadata","headers":{"Ssp-TraceID":"%s","Ssp-From":"1","Ssp-To":"1","Ssp-InteractionID":"urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1","Authorization":"Bearer eyJhbGciOiJub25lIn0.%s."}},"response":{"status":%d}}\n' "$1" "$2" "$3" "$5" "$4"
}
{
    record 2026-04-14T09:00:00Z 1 t1 200 "$(token 1)"
    record 2026-04-14T09:00:00Z 1 t2 404 "$(token 1)" # three at one time, of one source and seq
    record 2026-04-14T09:00:00Z 1 t3 200 "$(token 1)"
    record 2026-04-14T09:10:00Z 2 t4 200 "$(token 2)"
    record 2026-04-14T09:11:00Z 3 t5 404 "$(token 2)"
    record 2026-04-14T09:20:00Z 4 t6 404 "$(token 3)"
    record 2026-04-14T09:21:00Z 5 '' 404 "$(token 4 -9223372036854775808)"
    record 2026-04-14T09:22:00Z 6 t8 200 "$(token 5 9223372036854775807)"
    record never 7 t9 200 "$(token 2)"
} >"$D/edge"
rm -rf "$D/s" "$D/state" "$D/other"
$C ingest --store "$D/s" "$D/edge" 2>/dev/null
mkdir "$D/edges"
n=0
rule() { # level, the rest of a detection
    n=$((n + 1))
    [ $n = 1 ] || echo ---
    printf 'title: R%d\nid: 11111111-0000-4000-8000-%012d\nlevel: %s\nlogsource: {product: gpconnect, service: audit}\ndetection: %s\n' $n $n "$1" "$2"
}
correlation() { # type, rules, the rest
    n=$((n + 1))
    echo ---
    printf 'title: C%d\nid: 11111111-0000-4000-8000-%012d\nlevel: low\ncorrelation: {type: %s, rules: [%s], group-by: [jwt.hash], timespan: 1h%s}\n' $n $n "$1" "$2" "$3"
}
id() { printf '11111111-0000-4000-8000-%012d' "$1"; }
{
    rule informational '{s: {jwt.hash|exists: true}, condition: s}'                             # 1
    rule informational '{s: {time.local_hour|exists: true, jwt.hash|exists: true}, condition: s}' # 2
    rule informational '{s: {http.status: 404}, condition: s}'                                  # 3
    rule informational "{s: {ssp.trace_id: ''}, condition: s}"                                  # 4
    rule low '{s: {jwt.iat|gt: 1775000000}, condition: s}'                                      # 5
    rule low '{s: {jwt.iat|lt: 0}, condition: s}'                                               # 6
    rule low '{s: {ingest.reject|exists: true}, condition: s}'                                  # 7
    rule informational '{s: {seq|exists: true}, condition: s}'                                  # 8
    correlation event_count "$(id 1)" ', condition: {gte: 2}'                                   # 9
    correlation event_count "$(id 2)" ', condition: {gte: 2}'                                   # 10
    correlation event_count "$(id 1), $(id 3)" ', condition: {gte: 3}'                          # 11
    correlation value_count "$(id 1)" ', condition: {field: ssp.trace_id, gte: 3}'              # 12
    correlation temporal "$(id 1), $(id 3)" ''                                                  # 13
    correlation temporal_ordered "$(id 1), $(id 3)" ''                                          # 14
    correlation event_count "$(id 4)" ', generate: true, condition: {gte: 1}'                   # 15
    correlation event_count "$(id 8)" ', condition: {gte: 2}'                                   # 16
} >"$D/edges/r.yml"
R="$D/edges" same
alerts() { grep -c "\"title\":\"$1\"" "$D/with" || true; }
[ "$(alerts R5) $(alerts R6) $(alerts R7)" = '1 1 1' ]
[ "$(alerts C9) $(alerts C10) $(alerts C11) $(alerts C12)" = '2 2 1 1' ]
[ "$(alerts C13) $(alerts C15) $(alerts C16)" = '4 1 2' ]
# In a period that is open at its end there is no record without a time; its alert stays.
R="$D/edges" detect --state "$D/state" --since 2026-04-01 >"$D/with"
[ "$(alerts R7) $(alerts R5)" = '0 1' ]
R="$D/edges" same
[ "$(alerts R7)" = 1 ] && grep '"title":"R7"' "$D/with" | grep -q '"state":"raised"'
# Nobody else can read them, and a state that cannot be written is no hindrance.
f=$(ls "$K"/*)
[ "$(stat -c %a "$f")" = 600 ]
rm -r "$K" && : >"$K"
detect --state "$D/state" >/dev/null
grep -q 'takes longer' "$D/err"
# An alert that is recalled says what would be said now: the rule's sentence, the time zone.
cat >"$D/text.yml" <<'R'
title: Said
id: 11111111-0000-4000-8000-000000000019
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {http.status: 404}, condition: s}
x-gpc: {version: 1, text: "First wording."}
R
R="$D/text.yml" same
sed -i 's/First/Second/' "$D/text.yml"
R="$D/text.yml" same
grep -q 'Second wording' "$D/with"
no grep -q 'First wording' "$D/with"
mkdir -p "$D/zone/Europe"
cp "${TZDIR:-/usr/share/zoneinfo}/America/New_York" "$D/zone/Europe/London"
TZDIR="$D/zone" R="$D/long.yml" same
# More rules than a word has bits: each two of them make an alert.
record() { # seconds, practice, path, from
    printf '{"time":"2026-10-05T08:%02d:%02dZ","source":"s","seq":%d,"provider":{"ods":"%s"},"request":{"method":"GET","url":"%s","headers":{"Ssp-From":"%s"}},"response":{"status":200}}\n' \
        $(($1 / 60)) $(($1 % 60)) "$seq" "$2" "$3" "$4"
    seq=$((seq + 1))
}
seq=0
{ record 0 A10001 /p0 1; record 10 A10001 /p32 1; record 20 B10001 /p5 1; record 25 B10001 /p6 1; } >"$D/four"
mkdir "$D/wide"
{
    for i in $(seq 0 32); do
        printf 'title: D%d\nname: d%d\nlevel: informational\nlogsource: {product: gpconnect, service: audit}\ndetection: {s: {http.path: /p%d}, condition: s}\n---\n' "$i" "$i" "$i"
    done
    printf 'title: Two\nid: 11111111-0000-4000-8000-000000000033\nlevel: low\ncorrelation: {type: temporal, rules: [%s], group-by: [practice.ods], timespan: 1m, condition: {gte: 2}}\n' \
        "$(seq -s ', ' -f 'd%g' 0 32)"
} >"$D/wide/r.yml"
$C ingest --store "$D/wide/s" "$D/four" 2>/dev/null
[ "$($A detect --store "$D/wide/s" --state "$D/wide/st" --rules "$D/wide/r.yml" --format ndjson 2>/dev/null | grep -c '"title":"Two"')" = 2 ]
# Findings that last longer than the window of the rule that stands on them count in none.
mkdir "$D/chain"
seq=0
for i in $(seq 0 10 600); do record "$i" A10001 /a 1; record "$i" A10001 /a 2; done >"$D/chain/in"
cat >"$D/chain/r.yml" <<'R'
title: D
name: d
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {http.status: 200}, condition: s}
---
title: C1
name: c1
level: informational
correlation: {type: event_count, rules: [d], group-by: [practice.ods, ssp.from], timespan: 1m, condition: {gte: 2}}
---
title: C2
level: low
correlation: {type: event_count, rules: [c1], group-by: [practice.ods], timespan: 2s, condition: {gte: 2}}
---
title: C3
level: low
correlation: {type: event_count, rules: [c1], group-by: [practice.ods], timespan: 11m, condition: {gte: 2}}
R
$C ingest --store "$D/chain/s" "$D/chain/in" 2>/dev/null
$A detect --store "$D/chain/s" --state "$D/chain/st" --rules "$D/chain/r.yml" --format ndjson 2>/dev/null >"$D/with"
[ "$(alerts C2) $(alerts C3)" = '0 1' ]
# What classes tell differs from file to file: of three paths they do, of nine hundred not. A day
# that is a bank holiday without a name, and an ASID that no list has, have texts of the record.
lines() { # rows, paths, ASIDs, the first seq
    awk -v n="$1" -v p="$2" -v a="$3" -v s="$4" 'BEGIN { for (i = 0; i < n; i++)
        printf "{\"time\":\"2026-04-%02dT%02d:%02d:00Z\",\"source\":\"s\",\"seq\":%d,\"provider\":{\"ods\":\"A10001\"},\"request\":{\"method\":\"GET\",\"url\":\"/p%d\",\"headers\":{\"Ssp-From\":\"2%011d\"}},\"response\":{\"status\":200}}\n",
            14 + i % 3, i % 24, i % 60, s + i, i % p, i % a }'
}
rm -rf "$D/s" "$D/state" "$D/other"
mkdir "$D/two" "$D/days"
printf 'date,name\n2026-04-15,\n2026-04-16,\n' >"$D/days/calendar.csv"
cat >"$D/two/r.yml" <<'R'
title: Path
id: 11111111-0000-4000-8000-000000000001
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {http.path: /p1, ssp.from|endswith: '11'}, condition: s}
R
cat >"$D/days/r.yml" <<'R'
title: Another Name
id: 11111111-0000-4000-8000-000000000003
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {time.bank_holiday|exists: true}, t: {time.bank_holiday|fieldref: time.local_date}, condition: s and not t}
---
title: Holiday
name: holiday
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {time.bank_holiday|fieldref: time.local_date}, condition: s}
---
title: Two Holidays
id: 11111111-0000-4000-8000-000000000002
level: low
correlation: {type: value_count, rules: [holiday], group-by: [product], timespan: 7d, condition: {field: time.bank_holiday, gte: 2}}
x-gpc: {version: 1, text: '{values}'}
R
lines 4000 3 1500 0 >"$D/in" && $C ingest --store "$D/s" "$D/in" 2>/dev/null
R="$D/two" same
{ lines 1500 900 700 10000; lines 600 2 13 20000; } >"$D/in" && $C ingest --store "$D/s" "$D/in" 2>/dev/null
R="$D/two" same
[ "$(ls "$K" | wc -l)" = 2 ]
[ "$(grep -c '"title":"Path"' "$D/with")" -gt 10 ]
R="$D/days" L="$D/days" same
no grep -q '"title":"Another Name"' "$D/without"
grep -q '"text":"2026-04-15 and 2026-04-16"' "$D/with"

# The index changes no answer: with it, without it, damaged, and made anew, every patient,
# user, organisation and practice gives the same rows.
T=$TMPDIR A=build/analyzer
fail() { echo "$*"; exit 1; }
"$B/bench/generate" 6000 12 >"$T/a"
"$B/bench/generate" --hurt 400 13 >>"$T/a"
[ -f ../shared/format/examples/records.ndjson ] && cat ../shared/format/examples/records.ndjson >>"$T/a"
GPCA_SEAL_ROWS=3000 build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || fail "ingest"
ls "$T"/s/segments/*.idx >/dev/null 2>&1 || fail "no index"
mkdir "$T/state"
cp -r "$T/s" "$T/bare"
rm "$T"/bare/segments/*.idx
rows() { $A query --store "$1" --state "$T/state" --reveal --reason test --format csv --columns seq,patient.nhs_number,user.key,org.ods "$2" "$3" 2>"$T/said"; }
for column in patient.nhs_number user.key org.ods practice.ods; do
    case $column in
    patient.nhs_number) option=--patient ;;
    user.key) option=--user ;;
    org.ods) option=--org ;;
    *) option=--practice ;;
    esac
    $A query --store "$T/s" --state "$T/state" --reveal --reason test --format csv --columns $column 2>/dev/null |
        tail -n +2 | grep -v '^$' | grep -v '[",]' | sort | uniq -c | sort -rn | awk 'NR % 97 == 1 {print $2}' | head -n 12 >"$T/keys"
    [ "$(wc -l <"$T/keys")" -ge 2 ] || fail "too few keys of $column"
    while read -r key; do
        rows "$T/s" $option "$key" >"$T/with"
        with=$(tail -n 2 "$T/said")
        rows "$T/bare" $option "$key" >"$T/without"
        cmp -s "$T/with" "$T/without" || fail "$option: other rows without the index"
        [ "$with" = "$(grep -v "have no index" "$T/said" | tail -n 2)" ] || fail "$option: another count of untied records"
    done <"$T/keys"
done
for ask in 'SELECT "time.local_date", "ssp.interaction", "http.status", count(*), min(time), max(seq) FROM audit GROUP BY 1, 2, 3 ORDER BY 1, 2, 3' \
    'SELECT "gpc.capability", "gpc.operation", "gpc.access", "gpc.version", "gpc.profile", count(*), count(time) FROM audit GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5' \
    'SELECT "time.local_hour", "time.local_weekday", count(*) FROM audit WHERE "http.status" >= 400 GROUP BY 1, 2 ORDER BY 1, 2' \
    'SELECT count(*), sum(seq) FROM audit WHERE seq BETWEEN 1500 AND 4200 AND "http.status" = 200'; do
    $A query --store "$T/s" --state "$T/state" --format csv --sql "$ask" >"$T/with" 2>/dev/null || fail "$ask"
    $A query --store "$T/bare" --state "$T/state" --format csv --sql "$ask" 2>/dev/null | cmp -s - "$T/with" || fail "another answer without the index: $ask"
    [ "$(wc -l <"$T/with")" -ge 2 ] || fail "no rows: $ask"
done
# Rows are counted where only columns of few values are used; with seq they are not.
answer() { $A query --store "$T/s" --state "$T/state" --format csv --sql "$1" 2>&1; }
for columns in '"time.local_date", "http.status"' '"http.status", "gpc.operation"' '"gpc.access"' \
    '"time.local_hour", "ssp.interaction", "gpc.version"'; do
    for where in 'true' '"http.status" >= 400' '"gpc.operation" LIKE "gpc.capability" || '"'%'" \
        "\"time\" >= us('2026-04-03T00:00:00.000000Z')" '"http.status" IS NULL' 'seq < 0'; do
        answer "SELECT $columns, count(*) n FROM audit WHERE $where GROUP BY $columns ORDER BY $columns" >"$T/counted"
        answer "SELECT $columns, count(*) n FROM audit WHERE $where GROUP BY $columns HAVING max(seq) >= 0 ORDER BY $columns" >"$T/sorted"
        cmp "$T/counted" "$T/sorted" || fail "counted otherwise: $columns where $where"
        answer "SELECT DISTINCT $columns FROM audit WHERE $where ORDER BY $(echo "$columns" | sed 's/,/ DESC,/g') DESC" >"$T/counted"
        answer "SELECT $columns FROM audit WHERE $where GROUP BY $columns HAVING max(seq) >= 0 ORDER BY $(echo "$columns" | sed 's/,/ DESC,/g') DESC" >"$T/sorted"
        cmp "$T/counted" "$T/sorted" || fail "distinct otherwise: $columns where $where"
        grep '^analyzer' "$T/counted" && fail "no answer: $columns where $where"
    done
done
[ "$(wc -l <"$T/counted")" = 2 ] && [ "$(answer 'SELECT count(*) FROM (SELECT "http.status" FROM audit ORDER BY 1)' | sed -n 2p | tr -d '\r')" = \
    "$(answer 'SELECT count(*) FROM audit' | sed -n 2p | tr -d '\r')" ] || fail "rows of a sorted column"
answer 'SELECT "http.status", max(rowid) FROM audit GROUP BY 1' | grep -q "use seq" || fail "a rowid of counted rows"
# What was missing is made anew, and equal; what is damaged is read whole.
build/collector ingest --store "$T/bare" "$T/a" 2>"$T/talk" >/dev/null || fail "the second ingest"
grep -q 'made the index of .* records anew' "$T/talk" || fail "not said: $(cat "$T/talk")"
for f in "$T"/s/segments/*.idx; do
    cmp "$f" "$T/bare/segments/$(basename "$f")" || fail "the index made anew is another one"
done
key=$(head -n 1 "$T/keys")
rows "$T/s" --practice "$key" >"$T/with"
for f in "$T"/s/segments/*.idx; do
    printf 'XXXXXXXX' | dd of="$f" bs=1 seek=300 conv=notrunc 2>/dev/null
done
rows "$T/s" --practice "$key" | cmp - "$T/with" || fail "other rows with a damaged index"
for f in "$T"/bare/segments/*.idx; do # a byte anywhere must not hide a row
    size=$(wc -c <"$f")
    i=0
    while [ $i -lt 25 ]; do
        cp "$f" "$T/keep"
        printf '\252' | dd of="$f" bs=1 seek=$((size * i / 25 + i % 7)) conv=notrunc 2>/dev/null
        rows "$T/bare" --practice "$key" | cmp - "$T/with" || fail "byte $i of the index hides rows"
        cp "$T/keep" "$f"
        i=$((i + 1))
    done
done
$A verify --store "$T/s" >/dev/null 2>&1 && fail "the damage was not named"
rm "$T"/s/segments/*.idx
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1
$A verify --store "$T/s" >/dev/null 2>&1 || fail "not mended"

# A patient whom only the token's requesting_record names, in a call that touches none.
b64() { printf '%s' "$1" | openssl base64 -A | tr '+/' '-_' | tr -d '='; }
for i in 1 2 3 4; do
    payload=$(b64 '{"iss":"https://c.example","sub":"'$i'","aud":"https://authorize.fhir.nhs.net/token","exp":1773134430,"iat":1773134130,"reason_for_request":"directcare","requested_scope":"organization/*.read","requesting_record":{"resourceType":"Patient","identifier":[{"system":"http://fhir.nhs.net/Id/nhs-number","value":"9990000018"}]}}')
    printf '{"time":"2026-03-10T09:15:3%dZ","source":"s","seq":%d,"provider":{"ods":"Z90001"},"request":{"method":"GET","url":"/Z90001/DSTU2/1/metadata","headers":{"Ssp-InteractionID":"urn:nhs:names:services:gpconnect:fhir:rest:read:metadata","Authorization":"Bearer %s.%s."}},"response":{"status":200}}\n' $i $i "$(b64 '{"alg":"none","typ":"JWT"}')" "$payload"
done >"$T/requesting"
build/collector ingest --store "$T/requesting.s" "$T/requesting" >/dev/null 2>&1
[ "$($A query --store "$T/requesting.s" --patient 9990000018 --columns seq --format csv \
    2>/dev/null | grep -c '^[0-9]')" = 4 ] || fail "a patient of requesting_record was missed"

# Two feeds of the same days, one behind the other in the log: the answer lies in order of
# time, in several portions, whole records and some columns alike.
"$B/bench/generate" 20000 6 >"$T/both"
grep -E '"source":"gw-[12]"' "$T/both" >"$T/one"
grep -vE '"source":"gw-[12]"' "$T/both" >"$T/two"
build/collector ingest --store "$T/feeds" "$T/one" "$T/two" >/dev/null 2>&1
ask() { $A query --store "$T/feeds" --state "$T/st" --format csv "$@" 2>/dev/null; }
ask --sql 'SELECT seq, rfc3339(time) time, "user.key", "org.ods", "http.status" FROM audit ORDER BY time, seq' >"$T/want"
[ "$(wc -l <"$T/want")" = 20001 ] || fail "not all rows by SQL"
ask --columns seq,time,user.key,org.ods,http.status | cmp - "$T/want" || fail "columns, in order of time"
cut -d , -f 1 "$T/want" >"$T/order"
ask | cut -d , -f 1 | cmp - "$T/order" || fail "whole records, in order of time"
exit 0

# Sentences of the format's fine print that ordinary feeds do not meet, one by one.
T=$TMPDIR A=build/analyzer
fail() { echo "$*"; exit 1; }
n=0
take() { # file: into a store of its own
    n=$((n + 1))
    build/collector ingest --store "$T/s$n" "$1" >"$T/said" 2>&1
}
ask() { $A query --store "$T/s$n" --state "$T/st$n" --reveal --reason test --format csv --columns "seq,$1" 2>/dev/null | tail -n +2 | tr -d '\r' | sort -n | cut -d , -f 2-; }
is() { [ "$(ask "$1")" = "$2" ] || fail "$1: $(ask "$1"), not $2"; }
raw() { $A show --store "$T/s$n" --state "$T/st$n" "0..$1" --raw --reason test 2>/dev/null; }

# MESH: the columns of ODS codes, where the feed has them; a patient's mailbox without one.
cat >"$T/mesh.csv" <<'X'
_time,sender,senderOdsCode,senderName,recipient,recipientOdsCode,recipientName,workflow,fileSize
2021-07-01T10:00:00.000+0100,X26HC001,A1001,Snd,MBX2,B2002,Rcp,W,1234
2021-07-01T10:00:01.000+0100,X26HC001,,Snd,GPPROVIDER_9990000018_X,B2003,Rcp,W,1
2021-07-01T10:00:02.000+0100,X26HC001,A1003,Snd,GPPROVIDER_,,Rcp,W,1
X
take "$T/mesh.csv"
is org.ods,practice.ods,patient.nhs_number 'A1001,B2002,
X26HC001,B2003,9990000018
A1003,,'

# CSV rows: what was received is what comes back, with its carriage return; a quote inside a field
# or one that nobody closes takes no other row with it; too large as in JSON.
head='_time,sspFrom,sspTo,SspTraceId,interaction,responseCode,duration,responseSize,responseErrorMessage,method'
good='2020-01-01T21:00:13.001+0000,1,2,t,i,200,0.1234567,9223372036854775807,,GET'
{
    printf '\357\273\277%s\r\n%s\r\n' "$head" "$good"
    echo '2020-01-01T21:00:13.001+0000,1,2,t,i,200,0.1,5,5" pipe,GET'
    echo "$good"
    echo '2020-01-01T21:00:13.001+0000,1,2,t,i,200,0.1,5,"two'
    echo 'lines",GET'
    printf '\357\273\277%s\n' "$good"
    echo '2020-01-01T21:00:13.001+0000,1,2,t,i,abc,0.1,5,,GET'
    printf '2020-01-01T21:00:13.001+0000,1,2,t,i,200,0.1,5,\377,GET\n'
    echo '2020-01-01T21:00:13.001+0000,1,2,t,i,200,0.1,5,"never closed,GET'
    echo "$good"
} >"$T/rows.csv"
take "$T/rows.csv"
is ingest.reject,http.duration_ms,http.bytes ',123.4567,9223372036854775807
csv,,
,123.4567,9223372036854775807
,100,5
csv,,
status,100,5
csv,,
csv,,
,123.4567,9223372036854775807'
tail -n +2 "$T/rows.csv" | cmp - "$(raw 8 >"$T/raw"; echo "$T/raw")" || fail "rows did not come back as they were"
{
    echo "$head"
    head -c 600000 /dev/zero | tr '\0' x
    printf '\n%s\n' "$good"
    printf '2020-01-01T21:00:13.001+0000,1,2,t,i,200,0.1,5,"'
    head -c 300000 /dev/zero | tr '\0' y
    printf '",GET\n%s\n' "$good"
} >"$T/large.csv"
take "$T/large.csv"
is ingest.reject,http.status 'too-large,
,200
too-large,
,200'
$A show --store "$T/s$n" --state "$T/st$n" 0 2>&1 | grep -q 'was 600000 bytes long' || fail "the length is not said"
printf '_time,sspFrom,foo\n2020-01-01T00:00:00Z,1,2\n' >"$T/gpcanalytics-ssptrans-20200201T000000-x.csv"
take "$T/gpcanalytics-ssptrans-20200201T000000-x.csv"
is ssp.from 1

# JSON: white space over the limit is no record; paths of any depth; headers; years.
record() { # url, headers, time
    printf '{"time":"%s","source":"s","seq":1,"request":{"method":"GET","url":"%s","headers":{%s}},"response":{"status":200}}\n' "${3:-2026-03-10T09:15:30Z}" "$1" "$2"
}
deep=$(printf 'a/%.0s' $(seq 1 90))
{
    record "/$deep/STU3/1/Patient/1" ''
    head -c 262145 /dev/zero | tr '\0' ' '
    echo
    record "/x" '"Ssp-From":1E400'
    record "/x" '"ssp-from":null,"Ssp-From":"b"'
    record "/x" '"Ssp-From":12e1'
    record "/x" '' 0000-01-01T00:00:00+00:01
    record "/x" '' 9999-12-31T23:59:59-00:01
    record "/x" '' 9999-12-31T23:59:59Z
} >"$T/json"
take "$T/json"
is ingest.reject,gpc.operation,gpc.profile,ssp.from,time.local_date ',read:patient,ssp-1x,,2026-03-10
header-value,,unknown,,2026-03-10
header-value,,unknown,,2026-03-10
,,unknown,12e1,2026-03-10
time,,unknown,,
time,,unknown,,
,,unknown,,9999-12-31'

printf '%s\n' '{"time":"2026-03-10T09:15:30Z","source":"s","seq":1,"request":{"method":"POST","url":"/Z90001/DSTU2/documents/metadata","headers":{},"parameters":{"resourceType":"Parameters","parameter":[{"name":"recordSection","valueCodeableConcept":{"coding":[{"code":"ALL"},{"code":""}]}}]}},"response":{"status":200}}' |
    sed 'p; s/POST/GET/' >"$T/asked"
take "$T/asked"
is gpc.asked,gpc.operation '"[""ALL"",""""]",
"[""ALL"",""""]",'

# A patient's own number in percent spelling, and in the texts of errors and of the own log.
N=9990000018
record "/Z90001/STU3/1/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C%39%39%39%30%30%30%30%30%31%38" '' >"$T/masked"
record "/Z90001/STU3/1/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C999%C2%A0000%2D0018" '' >>"$T/masked"
take "$T/masked"
$A query --store "$T/s$n" --state "$T/st$n" --format csv 2>/dev/null >"$T/all"
grep -q '%30%31%38\|0018' "$T/all" && fail "a spelling of the number is shown"
for word in "--$N" "--user=$N" "$N"; do
    $A query "$word" 2>&1 | grep -q "$N" && fail "an error shows the number"
    $A "$word" 2>&1 | grep -q "$N" && fail "an error shows the number"
    build/collector ingest --store "$T/s$n" --format "$N" "$word" 2>&1 | grep -q "$N" && fail "an error shows the number"
done
$A query --store "$T/s$n" --state "$T/st$n" --sql "SELECT count(*) FROM audit WHERE \"patient.nhs_number\" = '$N'" >/dev/null 2>&1
$A query --store "$T/s$n" --state "$T/st$n" --sql "SELECT nothing FROM audit" >/dev/null 2>&1
$A access --state "$T/st$n" --format csv --columns access.scope,access.rows 2>/dev/null | tr -d '\r"' >"$T/own"
[ "$(grep -c "nhs_number = 'P-............'" "$T/own")" = 2 ] || fail "the own log does not name the patient: $(cat "$T/own")"
grep -q 'SELECT nothing FROM audit,$' "$T/own" || fail "a question that failed is not in the own log"
printf '{"time":"2026-03-10T09:15:30Z","source":"s","seq":2,"request":{"method":"GET","url":"/x?q=%%22%s%%22&r=%%28%s","headers":{}},"patient":{"nhsNumber":"9990000026"},"response":{"status":200}}\n' $N $N >"$T/codes"
take "$T/codes"
$A query --store "$T/s$n" --state "$T/st$n" --format csv --columns http.query 2>/dev/null | grep -q "$N" && fail "a number behind a percent code is shown"

# What SQL shows masked is masked by the record's own number, whether it is asked for or not.
token=$(printf '{"iss":"i","sub":"%s","requesting_practitioner":{"resourceType":"Practitioner"}}' 9434765910 | openssl base64 -A | tr '+/' '-_' | tr -d '=')
for i in 1 2 3; do
    printf '{"time":"2026-03-10T09:15:3%dZ","source":"s","seq":%d,"provider":{"ods":"Z90001"},"request":{"method":"GET","url":"/Z90001/STU3/1/Patient/1","headers":{"User-Agent":"a 9434765910","Ssp-InteractionID":"urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1","Authorization":"Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.%s."}},"patient":{"id":"9434765910","nhsNumber":"9434765910"},"response":{"status":200}}\n' $i $i "$token"
done >"$T/own"
take "$T/own"
[ "$(ask user.key | sort -u)" = 'sub:|9434765910' ] || fail "the key of the test: $(ask user.key)"
cat >"$T/own.csv" <<'X'
_time,sender,recipient,workflow,fileSize
2021-07-01T10:00:00Z,X26,GPPROVIDER_9990000018_X,W-9990000018,1
X
build/collector ingest --store "$T/s$n" "$T/own.csv" >/dev/null 2>&1
for sql in 'SELECT "patient.id" FROM audit' 'SELECT "http.user_agent", count(*) FROM audit GROUP BY 1' 'SELECT "jwt.sub" FROM audit' 'SELECT "user.key", count(*) FROM audit GROUP BY 1' 'SELECT seq, "user.key" FROM audit' 'SELECT "user.key" FROM audit' \
    'SELECT "gpc.operation" FROM audit' 'SELECT "gpc.operation", count(*) FROM audit GROUP BY 1' 'SELECT DISTINCT "gpc.operation", "http.status" FROM audit ORDER BY 1'; do
    $A query --store "$T/s$n" --state "$T/st$n" --format csv --sql "$sql" >"$T/shown" 2>/dev/null
    grep -q '9434765910\|9990000018' "$T/shown" && fail "shown by $sql"
    [ "$(wc -l <"$T/shown")" -ge 2 ] || fail "no answer: $sql"
done
# So are many of one shape, whose records are not read in full.
awk 'BEGIN {for (i = 0; i < 300; i++) {n = "9434" sprintf("%06d", 13 * i)
    printf "{\"time\":\"2026-03-10T09:15:30Z\",\"source\":\"s\",\"seq\":%d,\"provider\":{\"ods\":\"Z90001\"},\"request\":{\"method\":\"GET\",\"url\":\"/Z90001/STU3/1/Patient/1\",\"headers\":{\"User-Agent\":\"a %s\",\"Ssp-InteractionID\":\"urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1\",\"Authorization\":\"Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJpIiwic3ViIjoidSJ9.\"}},\"patient\":{\"id\":\"%s\",\"nhsNumber\":\"%s\"},\"response\":{\"status\":200}}\n", i, n, n, n}}' >"$T/many"
build/collector ingest --store "$T/many.s" "$T/many" >/dev/null 2>&1
for column in patient.id http.user_agent; do
    $A query --store "$T/many.s" --state "$T/st$n" --format csv --sql "SELECT \"$column\" FROM audit" 2>/dev/null >"$T/shown"
    grep -q '94340' "$T/shown" && fail "numbers are shown in $column"
    [ "$(wc -l <"$T/shown")" = 301 ] || fail "no rows of $column"
done
# Collations other than the table's own are SQLite's to compare.
for where in "\"org.ods\" = 'x26' COLLATE NOCASE" "\"org.ods\" = 'X26  ' COLLATE RTRIM" "\"org.ods\" = 'x26' COLLATE NOCASE AND \"org.ods\" = 'X26'" "\"user.key\" = 'SUB:|9434765910' COLLATE NOCASE LIMIT 1"; do
    [ "$($A query --store "$T/s$n" --state "$T/st$n" --reveal --reason test --format csv --sql "SELECT count(*) > 0 FROM audit WHERE $where" 2>/dev/null | tail -n 1 | tr -d '\r')" = 1 ] || fail "$where"
done

# Records of one time, source and seq: whichever came first, the alert is the same.
mkdir "$T/rules"
cat >"$T/rules/ties.yml" <<'X'
title: Refused
id: 7e1f5d3a-1111-4c3a-9d2b-0c1d2e3f4a5b
name: refused
logsource: {product: gpconnect, service: audit}
detection:
    refused: {http.status: 403}
    condition: refused
---
title: Refused three times
id: 7e1f5d3a-2222-4c3a-9d2b-0c1d2e3f4a5b
level: high
correlation:
    type: event_count
    rules: [refused]
    group-by: [patient.nhs_number]
    timespan: 1h
    condition: {gte: 3}
X
tied() { # what names it, what tells it apart
    printf '{"time":"2026-10-06T09:00:01Z",%s"request":{"method":"GET","url":"/Patient/1","headers":{"X":"%s"}},"patient":{"nhsNumber":"%s"},"response":{"status":403}}\n' "$1" "$2" "$N"
}
tied '"source":"s","seq":1,' a >"$T/a"
tied '"source":"s","seq":1,' b >"$T/b"
tied '"source":"s","seq":0,' c >"$T/c"
tied '"source":"s",' d >"$T/d"
for order in 'a b c d' 'd c b a' 'c a d b' 'b d a c'; do
    for f in $order; do cat "$T/$f"; done >"$T/tied"
    take "$T/tied"
    $A detect --store "$T/s$n" --state "$T/st$n" --rules "$T/rules" --format ndjson 2>/dev/null |
        sed 's/.*"alert":"\([^"]*\)".*/\1/'
done | sort | uniq -c >"$T/alerts"
[ "$(wc -l <"$T/alerts")" = 1 ] && grep -q '^ *4 A-' "$T/alerts" || fail "alerts by order of arrival: $(cat "$T/alerts")"
exit 0

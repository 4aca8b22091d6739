# Reference data: what the lists say at the time of a call is what rules, alerts and reports go
# by; a rule whose list is not there is named, and never said to have found nothing.
set -e
no() { if "$@"; then echo "should not be: $*"; exit 1; fi; }
A=build/analyzer C=build/collector D=$TMPDIR
org='"requesting_organization":{"resourceType":"Organization","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"%s"}]}'
token() { # of that organisation, "" for none
    if [ "$1" ]; then printf "{\"sub\":\"u1\",$org}" "$1"; else printf '{"sub":"u1"}'; fi |
        base64 -w0 | tr '+/' '-_' | tr -d =
}
n=0
call() { # time, organisation of the token, ASID
    n=$((n + 1))
    printf '{"time":"%s","source":"s","seq":%d,"provider":{"ods":"A10001"},"request":{"method":"POST","url":"/Patient/$gpc.getstructuredrecord","headers":{"Ssp-TraceID":"t%d","Ssp-To":"1","Ssp-From":"%s","Ssp-InteractionID":"urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1","Authorization":"Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.%s."}},"patient":{"nhsNumber":"9990000018"},"response":{"status":200}}\n' \
        "$1" $n $n "$3" "$(token "$2")"
}
cat >"$D/r.yml" <<'R'
title: Closed
id: 11111111-0000-4000-8000-000000000001
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {org.open: false}, condition: s}
---
title: Open
id: 11111111-0000-4000-8000-000000000002
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {org.open: true}, condition: s}
---
title: Holiday
id: 11111111-0000-4000-8000-000000000003
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {time.bank_holiday|startswith: East}, condition: s}
---
title: Twice Closed
id: 11111111-0000-4000-8000-000000000004
level: high
correlation:
    type: event_count
    generate: true
    rules: [11111111-0000-4000-8000-000000000001]
    group-by: [org.ods]
    timespan: 100d
    condition: {gte: 2}
---
title: By Type
id: 11111111-0000-4000-8000-000000000005
level: high
correlation:
    type: event_count
    generate: true
    rules: [11111111-0000-4000-8000-000000000003]
    group-by: [org.type]
    timespan: 100d
    condition: {gte: 1}
---
title: Nameless
id: 11111111-0000-4000-8000-000000000006
level: low
logsource: {product: gpconnect, service: audit}
detection: {s: {asid.ods: ZR001, org.ods: null}, condition: s}
R
{
    call 2026-04-14T10:00:00Z ZR001 1 # 0: Tuesday at 11: open
    call 2026-04-14T01:00:00Z ZR001 1 # 1: at 2 in the night: closed
    call 2026-04-14T06:59:59Z ZR001 1 # 2: closed
    call 2026-04-14T07:00:00Z ZR001 1 # 3: open from then on
    call 2026-04-14T17:00:00Z ZR001 1 # 4: closed from then on
    call 2026-04-06T10:00:00Z ZR001 1 # 5: Easter Monday counts as a Sunday
    call 2026-04-18T10:00:00Z ZR001 1 # 6: Saturday
    call 2026-04-15T01:00:00Z ZR002 2 # 7: the night after Tuesday: open
    call 2026-04-18T01:00:00Z ZR002 2 # 8: the night after Friday: open
    call 2026-04-19T01:00:00Z ZR002 2 # 9: the night after Saturday: closed
    call 2026-04-15T10:00:00Z ZR002 2 # 10: by day: closed
    call 2026-04-15T10:00:00Z ZR003 3 # 11: hours are not known
    call 2026-04-15T01:00:00Z "" 4    # 12: the token names none; its ASID is ZR001's
} >"$D/a"
$C ingest --store "$D/s" "$D/a" 2>/dev/null
mkdir "$D/ref"
found() { # title: numbers of the records
    $A detect --store "$D/s" --rules "$D/r.yml" --state "$(mktemp -d "$D/newXXXXXX")" --format ndjson \
        --summary "$D/sum" "$@" 2>"$D/err" >"$D/out"
}
records() { grep "\"title\":\"$1\"" "$D/out" | sed 's/.*"records":\[\([0-9,]*\)\].*/\1/' | sort -n | xargs; }

found --reference "$D/ref"
[ "$(records Holiday)" = 5 ] # the calendar is brought
[ -z "$(records Closed)$(records Open)" ]
grep -q '"missing":"organisations.csv"' "$D/sum"
[ "$(grep -o '"rule":"11111111[^}]*csv' "$D/sum" | cut -d'"' -f4 | cut -c36- | sort | xargs)" = '1 2 4 5 6' ]
[ "$(grep -c 'not evaluated' "$D/err")" = 5 ]

printf 'ods,name,type,parent_ods,opens,closes,days\nZR001,Listed Surgery,GP,ZR010,08:00,18:00,1-5\nZR002,Night Service,OOH,,20:00,08:00,1-5\nZR003,Other,GP,,,,\nZR010,Trust,NHS TRUST,ZR011,,,\n' >"$D/ref/organisations.csv"
printf 'ASID,NACS,OrgName,PName\n1,ZR001,Surgery,P\n2,ZR002,Night,P\n3,ZR010,Trust,P\n4,ZR001,Surgery,P\n' >"$D/ref/asid.csv"
found --reference "$D/ref"
grep -q '"not_evaluated":\[\]' "$D/sum"
[ "$(records Closed)" = '1 2 4 5 6 9 10' ]
[ "$(records Open)" = '0 3 7 8' ]
[ "$(grep -c '"title":"Twice Closed"' "$D/out")" = 2 ] # of the tokens' ZR001 and ZR002
grep '"title":"By Type"' "$D/out" | grep -q '"org.type":"GP"'
grep '"records":\[12\]' "$D/out" | grep -q '"organisation":{"ods":"ZR001","name":"Listed Surgery","asid":"4"}'
grep '"records":\[12\]' "$D/out" | grep -q 'of Listed Surgery (ZR001)'
[ "$(records Nameless)" = 12 ]
grep '"records":\[12\]' "$D/out" | grep -q '"field":"asid.ods","value":"ZR001"'
grep '"records":\[1\]' "$D/out" | grep -q '"field":"org.open","value":"false"'
$A report patient-access --store "$D/s" --period 2026-04 --patient 9990000018 --out "$D/o" \
    --reference "$D/ref" --reason test 2>/dev/null
[ "$(grep -c 'Listed Surgery' "$D/o/patient-access.csv")" = 8 ]

# Whose ASID? ZR001 belongs to ZR010, which belongs to ZR011; ZR002 to nobody.
{
    call 2026-04-15T10:00:00Z ZR001 3 # 13: the parent's
    call 2026-04-15T10:00:00Z ZR010 1 # 14: a site's
    call 2026-04-15T10:00:00Z ZR001 2 # 15: another's
    call 2026-04-15T10:00:00Z ZR001 9 # 16: nobody knows
} >"$D/b"
$C ingest --store "$D/s" "$D/b" 2>/dev/null
$A detect --store "$D/s" --rules rules --reference "$D/ref" --format ndjson 2>/dev/null >"$D/out"
[ "$(records 'ASID Of Another Organisation')" = '11 15' ] # 11: ZR003 under the trust's
[ "$(records 'ASID Of A Parent Or A Site')" = '13 14' ]

# Hours that are loaded today change nothing of April; those that say from when, do.
$A reference load "$D/ref" --state "$D/state" >"$D/said"
no grep -q 'organisations.csv.*not used' "$D/said"
sed 's/08:00,18:00/00:00,24:00/' "$D/ref/organisations.csv" >"$D/later" && mv "$D/later" "$D/ref/organisations.csv"
$A reference load "$D/ref" --state "$D/state" >/dev/null
keep() { $A detect --store "$D/s" --rules "$D/r.yml" --state "$D/state" --format ndjson 2>/dev/null >"$D/out"; }
keep
[ "$(records Closed)" = '1 2 4 5 6 9 10' ]
sed 's/days$/days,valid_from/; /^ZR001/s/$/,2026-04-14T05:00:00Z/' "$D/ref/organisations.csv" >"$D/later" && mv "$D/later" "$D/ref/organisations.csv"
$A reference load "$D/ref" --state "$D/state" >/dev/null
keep
[ "$(grep -v withdrawn "$D/out" | grep '"title":"Closed"' | sed 's/.*"records":\[\([0-9,]*\)\].*/\1/' | sort -n | xargs)" = '1 5 6 9 10' ]

# ASID extracts that the collector keeps hold from the date in their name, whenever and in
# whatever order they came.
extract() { # to, extract date, organisation
    f="$D/gpcanalytics-asidlookup-20260101T000000-$1-cloud-$2.csv"
    printf 'ASID,MName,NACS,OrgName,OrgType,PName,PostCode\n5,M,%s,%s,GP,P,ZZ1\n' "$3" "$3" >"$f"
    $C ingest --store "$D/t" "$f" >/dev/null 2>&1
}
n=0
{ call 2026-04-01T10:00:00Z "" 5; call 2026-04-12T10:00:00Z "" 5; call 2026-04-20T10:00:00Z "" 5; } >"$D/c"
$C ingest --store "$D/t" "$D/c" 2>/dev/null
extract 20260414T000000 20260415T120000 LATEST
extract 20260401T000000 20260402T120000 FIRST
extract 20260409T000000 20260410T120000 SECOND
$A report patient-access --store "$D/t" --period 2026-04 --patient 9990000018 --out "$D/o" --reason test 2>/dev/null
[ "$(grep -o 'FIRST\|SECOND\|LATEST' "$D/o/patient-access.csv" | uniq | xargs)" = 'FIRST SECOND LATEST' ]

# Cells that cannot be are named; the other rows hold.
mkdir "$D/bad"
printf 'ods,opens,closes,days\nA1,8:00,18:00,1-5\nA2,08:00,25:00,1-5\nA3,08:00,18:00,5-1\nA4,08:00,24:00,"1,3-5,7"\n' >"$D/bad/organisations.csv"
printf 'date,name\n2026-02-30,x\n2026-12-25,Christmas Day\n' >"$D/bad/calendar.csv"
no $A reference check "$D/bad" --state "$D/state" >"$D/said"
for place in 'organisations.csv:2: opens' 'organisations.csv:3: closes' 'organisations.csv:4: days' 'calendar.csv:2: date'; do
    grep -q "$place" "$D/said"
done
grep -q '2 rows, 4 bad' "$D/said"

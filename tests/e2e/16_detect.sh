# Alerts: those of a brute-force oracle, in time order, shuffled and in ten parts; a second run
# repeats nothing, late records amend and withdraw; no NHS number where none was asked for.
set -e
no() { if "$@"; then echo "should not be: $*"; exit 1; fi; }
A=build/analyzer C=build/collector D=$TMPDIR
call() { # minute, patient, user, status, more members
    printf '{"time":"2026-10-06T09:%02d:00Z","source":"s","seq":%d,"provider":{"ods":"A10001"},"request":{"method":"POST","url":"/Patient/$gpc.getstructuredrecord","headers":{"Ssp-From":"200000000001","Ssp-InteractionID":"urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1"}},"patient":{"nhsNumber":"%s"},"response":{"status":%d%s}}\n' "$1" "$1" "$2" "$3" "$4"
}
refused=',"outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"forbidden","details":{"coding":[{"system":"https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1","code":"NO_RELATIONSHIP"}]}}]}'
P=9990000018
call 1 $P 403 "$refused" >"$D/a"
call 2 9990000026 200 >>"$D/a"
$C ingest --store "$D/s" "$D/a" 2>/dev/null
run() { $A detect --store "$D/s" --rules rules --format ndjson "$@" 2>/dev/null; }
run >"$D/1"
[ "$(grep -c gpc_no_relationship "$D/1")" = 1 ]
grep gpc_no_relationship "$D/1" | grep -q '"revision":1,"state":"raised"'
run >"$D/2"
cmp "$D/1" "$D/2" # nothing is repeated, nothing changes
no grep -E '99900000(18|26)' "$D/1" "$D/2"
run --reveal --reason test | grep -q '"patient":"9990000018"'
$A detect --store "$D/s" --rules rules --format table --summary "$D/sum" 2>/dev/null >/dev/null
! grep -q 'errors' "$D/sum" && grep -q '"records":2' "$D/sum"
$A access --store "$D/s" 2>/dev/null | grep -q detect

# A correlation: n - 1 events and a window one second too short stay silent; late records
# amend, and one that makes the opening earlier withdraws the alert that stood.
cat >"$D/r.yml" <<'R'
title: Call
id: 11111111-0000-4000-8000-000000000001
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {http.status: 200}, condition: s}
---
title: Three
id: 11111111-0000-4000-8000-000000000002
level: high
correlation:
    type: event_count
    rules: [11111111-0000-4000-8000-000000000001]
    group-by: [practice.ods]
    timespan: 10m
    condition: {gte: 3}
R
three() { $A detect --store "$D/t" --rules "$D/r.yml" --format ndjson 2>/dev/null; }
{ call 10 $P 200; call 20 $P 200; } >"$D/b"
$C ingest --store "$D/t" "$D/b" 2>/dev/null
[ -z "$(three)" ]
call 21 $P 200 >"$D/c" # 10 and 21 are 11 minutes apart
$C ingest --store "$D/t" "$D/c" 2>/dev/null
[ -z "$(three)" ]
call 30 $P 200 >"$D/d"
$C ingest --store "$D/t" "$D/d" 2>/dev/null
three >"$D/3"
[ "$(wc -l <"$D/3")" = 1 ] && grep -q '"count":3' "$D/3" && grep -q '"state":"raised"' "$D/3"
call 31 $P 200 >"$D/e"
$C ingest --store "$D/t" "$D/e" 2>/dev/null
three >"$D/4"
grep -q '"revision":2,"state":"amended"' "$D/4" && grep -q '"count":4' "$D/4"
call 19 $P 200 >"$D/f" # comes late, and is the third of 19, 20, 21
$C ingest --store "$D/t" "$D/f" 2>/dev/null
three >"$D/5"
[ "$(grep -c '"state":"withdrawn"' "$D/5")" = 1 ] && [ "$(grep -c '"state":"raised"' "$D/5")" = 1 ]

# Tokens sent again: those that SQL finds, though only these are hashed. One call in ten has
# two spaces before its token, and is read in full.
"$B/bench/generate" 60 3 | awk '{for (i = 0; i < 8 + NR % 8; i++) {
    line = $0; sub(/"seq":[0-9]+/, "\"seq\":" NR * 100 + i, line)
    if (i == 2) sub(/Bearer /, "Bearer  ", line)
    print line}}' >"$D/g"
$C ingest --store "$D/v" "$D/g" 2>/dev/null
$A detect --store "$D/v" --rules rules --format ndjson 2>/dev/null | grep gpc_token_reused |
    sed 's/.*"jwt.hash":"\([0-9a-f]*\)".*/\1/' | sort >"$D/7"
$A query --store "$D/v" --format csv --sql 'SELECT "jwt.hash" h FROM audit WHERE h IS NOT NULL
    GROUP BY 1 HAVING count(*) > 10' 2>/dev/null | grep -v '^h' | tr -d '"\r' | sort >"$D/8"
[ "$(wc -l <"$D/8")" -ge 20 ] && cmp "$D/7" "$D/8"

# A sentence names the values that were counted, the first five of them; numbers stay masked.
for i in 1 2 3 4 5 6; do call $i 9990000018 200 ",\"n\":$i" | sed "s/9990000018/$(printf '%s\n' 9990000018 9990000026 9990000034 9990000042 9990000050 9990000069 | sed -n ${i}p)/g"; done >"$D/n"
$C ingest --store "$D/w" "$D/n" 2>/dev/null
said() { # store, type, timespan, condition, sentence: of what is answered, by practice
    cat >"$D/v.yml" <<R
title: Seen
name: seen
level: informational
logsource: {product: gpconnect, service: audit}
detection: {s: {http.status: 200}, condition: s}
---
title: Said
id: 11111111-0000-4000-8000-000000000003
level: high
correlation: {type: $2, rules: [seen], group-by: [practice.ods], timespan: $3, condition: {$4}}
x-gpc: {version: 1, text: '+$5'}
R
    $A detect --store "$D/$1" --rules "$D/v.yml" 2>/dev/null | sed 's/.*+//'
}
values() { said w value_count 1h "field: $2, gte: $1" 'Opened: {values}.'; } # how many, of what
[ "$(values 6 patient.nhs_number)" = 'Opened: •••••••018, •••••••026, •••••••034, •••••••042, •••••••050 and others.' ]
[ "$(values 1 practice.ods)" = 'Opened: A10001.' ]

# What is worked out of numbers is said, at its highest; what is no number is left out.
for i in 1 2 3 4; do call $i $P 200 ",\"bytes\":$((i * 100))"; done >"$D/b"
call 5 $P 200 >>"$D/b"
$C ingest --store "$D/y" "$D/b" 2>/dev/null
measured() { said y "$1" 2m "field: http.bytes, $2" 'Took {values} in {calls}; expected: {expected}.'; }
[ "$(measured value_sum 'gt: 500')" = 'Took 900 in 4 requests; expected: at most 500 as the sum of http.bytes within 2 minutes.' ]
[ "$(measured value_avg 'gte: 299.5')" = 'Took 300 in 3 requests; expected: less than 299.5 as the average of http.bytes within 2 minutes.' ]
[ -z "$(measured value_percentile 'gte: 1, percentile: 50')" ]

# Rules of others are named and skipped; rules with errors do not stop the others.
printf 'title: W\nlevel: high\nlogsource: {product: windows}\ndetection: {s: {a: b}, condition: s}\n' >"$D/w.yml"
$A detect --store "$D/t" --rules "$D/w.yml" 2>&1 >/dev/null | grep -q 'another kind of log'

printf 'title: Broken\n' >"$D/x.yml"
cat "$D/r.yml" >"$D/y.yml" && mkdir "$D/mixed" && mv "$D/x.yml" "$D/y.yml" "$D/mixed"
no $A detect --store "$D/t" --rules "$D/mixed" --format ndjson >"$D/6" 2>/dev/null
[ "$(grep -c Three "$D/6")" -ge 1 ]

command -v python3 >/dev/null || { echo "no python3 for the oracle"; exit 77; }
for seed in 1 2; do
    rm -rf "$D/o" && mkdir "$D/o"
    python3 tests/oracle/detect.py $C $A "$D/o" 20 400 $seed
done

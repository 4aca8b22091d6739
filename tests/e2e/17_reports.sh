# Reports: a patient's has exactly the patient's calls, in three forms; without names there is
# no name; cells cannot start a formula, and no text can leave its place in the page.
set -e
no() { if "$@"; then echo "should not be: $*"; exit 1; fi; }
A=build/analyzer C=build/collector D=$TMPDIR
"$B/bench/generate" 5000 17 >"$D/a"
P=9990000018
token() { # header.payload. of a payload
    printf 'eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.%s.' "$(printf '%s' "$1" | base64 -w0 | tr '+/' '-_' | tr -d =)"
}
payload='{"iss":"https://x.example","sub":"u1","requesting_organization":{"resourceType":"Organization","name":"=cmd|<script>alert(1)</script>\" 9990000018","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"ZR999"}]},"requesting_practitioner":{"resourceType":"Practitioner","id":"u1","name":[{"family":"Snooperson 999 000 0018","given":["Q\u202etxt"]}],"identifier":[{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"200812345678"}]}}'
i=0
for status in 200 403 404 200; do
    i=$((i + 1))
    printf '{"time":"2026-04-0%dT09:00:00Z","source":"s","seq":%d,"provider":{"ods":"A10001"},"request":{"method":"GET","url":"/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|%s","headers":{"Ssp-From":"200000000001","Authorization":"Bearer %s"}},"patient":{"nhsNumber":"%s"},"response":{"status":%d}}\n' \
        $i $i $P "$(token "$payload")" $P $status >>"$D/a"
done
$C ingest --store "$D/s" "$D/a" 2>/dev/null
report() { name=$1; shift; $A report "$name" --store "$D/s" --period 2026-04 --out "$D/o" "$@" 2>/dev/null; }
echo $P | report patient-access --patient -
[ "$(wc -l <"$D/o/patient-access.csv")" = 5 ]
python3 - "$D/o/patient-access.json" "$D/s" $A <<'PY' || [ $? = 127 ]
import hashlib, json, re, subprocess, sys
text = open(sys.argv[1]).read()
j = json.loads(text)
whole = re.sub(r',"hash":"[0-9a-f]{64}"}\n$', '}', text)
assert hashlib.sha256(whole.encode()).hexdigest() == j["hash"], "the hash is not that of the report"
t = j["tables"][0]
at = t["columns"].index("Sequence number")
sql = 'SELECT seq FROM audit WHERE "patient.nhs_number" = \'9990000018\' ORDER BY "time", seq'
out = subprocess.run([sys.argv[3], "query", "--store", sys.argv[2], "--sql", sql, "--format", "csv"],
                     capture_output=True, text=True).stdout.split()[1:]
assert sorted(str(r[at]) for r in t["rows"]) == sorted(out), "not exactly the patient's calls"
PY
grep -q 'refused' "$D/o/patient-access.csv" && grep -q 'failed' "$D/o/patient-access.csv"
no grep -l -E 'Snooperson|200812345678|9990000018' "$D"/o/*
grep -q "'=cmd" "$D/o/patient-access.csv"
no grep -q '<script' "$D/o/patient-access.html"
no grep -E -q 'https?://[^"<]*(css|js|png|woff)' "$D/o/patient-access.html"
no report patient-access --patient $P --names yes # who decided is not said
report patient-access --patient $P --names yes --decision 'Caldicott Guardian, case 4'
grep -q Snooperson "$D/o/patient-access.html" && grep -q 'case 4' "$D/o/patient-access.json"
no grep -q "$(printf '\342\200\256')" "$D/o/patient-access.html"
no grep -l -E "999 ?000 ?0018" "$D"/o/*
awk -v seed=3 -f tests/story.awk >"$D/story"
$C ingest --store "$D/s2" "$D/story" 2>/dev/null
$A detect --store "$D/s2" --rules rules >/dev/null 2>&1
$A report overview --store "$D/s2" --period 2026-04 --out "$D/o2" 2>/dev/null
grep -q 'Records Of Many Patients' "$D/o2/overview.html"
no grep -l -E 'Nosey|Guesser' "$D"/o2/*
$A report overview --store "$D/s2" --period 2026-04 --out "$D/o2" --names yes --decision x 2>/dev/null
grep -q 'Nora Nosey' "$D/o2/overview.html"
for n in overview jwt-conformance failed-requests; do
    report $n
    grep -q '</html>' "$D/o/$n.html"
    [ "$(wc -l <"$D/o/$n.csv")" -gt 1 ]
done
grep -q '5,004 requests' "$D/o/overview.html"
# A long table is cut on the page, and not in the JSON.
grep -q 'more rows are not shown here' "$D/o/failed-requests.html"
[ "$(grep -c '<tr>' "$D/o/failed-requests.html")" -lt 300 ]
python3 -c 'import json, sys; sys.exit(len(json.load(open(sys.argv[1]))["tables"][1]["rows"]) <= 200)' "$D/o/failed-requests.json" || [ $? = 127 ]
report overview --org ZR999
grep -q ZR999 "$D/o/overview.json"
no grep -l -E "999 ?000 ?0018" "$D"/o/*
$A access --store "$D/s" 2>/dev/null | grep -q report
$A report nothing --store "$D/s" --period 2026-04 --out "$D/o" 2>/dev/null && exit 1
$A report overview --store "$D/s" --period 2026-13 --out "$D/o" 2>/dev/null && exit 1
no report overview --period 2026-02-30..2026-03-01 # there is no such day
no report overview --patient - </dev/null # whose?

# Reference data: bad rows are named, the others hold.
mkdir "$D/ref"
printf 'iss,model,treat_as,note\n,Careview,system,x\n,Other,nobody,y\n' >"$D/ref/products.csv"
printf 'nhs_number,list,reason\n9990000018,vip,x\n123,vip,y\n' >"$D/ref/watchlist.csv"
$A reference load "$D/ref" --state "$D/state" >"$D/out"
grep -q 'products.csv:3: treat_as' "$D/out" && grep -q 'watchlist.csv:3: nhs_number' "$D/out"
grep -q 'not used yet' "$D/out" && grep -q '2 rows loaded, 2 bad' "$D/out"
$A reference list --state "$D/state" | grep -q 'products.csv'
no $A reference check "$D/ref" --state "$D/state" >/dev/null

# What was loaded holds for reports as for detect.
printf 'ASID,NACS,PName\n200000000001,ZR999,Testproduct\n' >"$D/ref/asid.csv"
$A reference load "$D/ref" --state "$D/state" >/dev/null
report failed-requests
no grep -q Testproduct "$D/o/failed-requests.json"
report failed-requests --state "$D/state"
grep -q Testproduct "$D/o/failed-requests.json"

# A later list holds from when it came, not for calls before; or from when it says.
printf 'ASID,NACS,PName\n200000000001,ZR999,Laterproduct\n' >"$D/ref/asid.csv"
$A reference load "$D/ref" --state "$D/state" >/dev/null
report failed-requests --state "$D/state"
grep -q Testproduct "$D/o/failed-requests.json"
no grep -q Laterproduct "$D/o/failed-requests.json"
printf 'ASID,NACS,PName,valid_from\n200000000001,ZR999,Laterproduct,2020-01-01\n' >"$D/ref/asid.csv"
$A reference load "$D/ref" --state "$D/state" >/dev/null
report failed-requests --state "$D/state"
grep -q Laterproduct "$D/o/failed-requests.json"

# A provider's record and the row of the Spine's log about the same request are one; a trace
# id that is kept for several requests takes as many rows as there are records.
twin() { # time, trace, interaction
    printf '{"time":"2026-05-0%dT09:00:00Z","source":"s","seq":%d,"provider":{"ods":"A10001"},"request":{"method":"GET","url":"/metadata","headers":{"Ssp-TraceID":"%s","Ssp-From":"200000000001","Ssp-To":"200000000002","Ssp-InteractionID":"urn:nhs:names:services:gpconnect:%s"}},"response":{"status":200}}\n' "$1" "$1" "$2" "$3"
}
I=fhir:rest:read:metadata-1
{ twin 1 aaaaaaaa-0000-4000-8000-000000000001 $I; twin 2 conversation $I; twin 3 conversation $I; twin 4 only-here $I; } >"$D/p"
row() { printf '"2026-05-0%dT09:00:01.000+0000",%s,200000000002,%s,"urn:nhs:names:services:gpconnect:%s",200,"0.1",1,None,GET\n' "$1" "$2" "$3" "$4"; }
{
    printf '"_time",sspFrom,sspTo,SspTraceId,interaction,responseCode,duration,responseSize,responseErrorMessage,method\n'
    row 1 200000000001 AAAAAAAA-0000-4000-8000-000000000001 $I # told
    row 2 200000000001 CONVERSATION $I                         # told
    row 2 200000000001 conversation $I                         # told
    row 3 200000000001 conversation $I                         # a third one: alone
    row 3 200000000009 only-here $I                            # another system: alone
    row 4 200000000001 only-here fhir:rest:search:slot-1       # another interaction: alone
} >"$D/ssp.csv"
for order in 'p ssp.csv' 'ssp.csv p'; do
    rm -rf "$D/twins" "$D/o3"
    for f in $order; do $C ingest --store "$D/twins" "$D/$f" >/dev/null 2>&1; done
    $A report overview --store "$D/twins" --period 2026-05 --out "$D/o3" 2>/dev/null
    grep -q '>7 requests about' "$D/o3/overview.html"
    grep -q '3 requests are in this feed alone; 3 more rows' "$D/o3/overview.html"
    $A report jwt-conformance --store "$D/twins" --period 2026-05 --out "$D/o3" 2>/dev/null
done

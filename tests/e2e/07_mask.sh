# One number in many places and spellings: nothing that is shown holds it.
T=$TMPDIR
bad=0
N=9990000018
check() { echo "$1" | awk '{s=0; for (i=1;i<=9;i++) s+=substr($0,i,1)*(11-i); c=(11-s%11)%11; exit c!=substr($0,10,1)}'; }
for d in 0 1 2 3 4 5 6 7 8 9; do check "999000001$d" && N=999000001$d; done
A=$(echo $N | cut -c1-3) M=$(echo $N | cut -c4-6) E=$(echo $N | cut -c7-10)
cat >"$T/$N.ndjson" <<J
{"time":"2026-03-10T09:15:30Z","source":"s","seq":1,"request":{"method":"GET","url":"/Z90001/STU3/1/gpconnect/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|$N&x=$A%20$M%20$E","headers":{"User-Agent":"a $A-$M-$E"}},"patient":{"nhsNumber":"$N","id":"$N"},"response":{"status":500,"error":"for $A $M $E","outcome":{"issue":[{"code":"x","diagnostics":"no $N or $A+$M+$E"}]}}}
{"time":"2026-03-10T09:15:31Z","source":"s","seq":2,"request":{"method":"GET","url":"/p/$N","headers":{}},"response":{"status":200,"error":"$A $M $E"}}
not json $N
J
build/collector ingest --store "$T/s" "$T/$N.ndjson" >"$T/out" 2>&1
build/collector ingest --store "$T/s" "$T/gone-$N" >>"$T/out" 2>&1
for f in table csv json ndjson; do build/analyzer query --store "$T/s" --format $f >>"$T/out" 2>&1; done
build/analyzer show --store "$T/s" 0..2 >>"$T/out" 2>&1
build/analyzer query --store "$T/s" --patient "$A $M $E" >>"$T/out" 2>&1
grep -q '1 of 1' "$T/out" || { echo "the search by patient found nothing"; bad=1; }
grep -E "$A( |-|\+|%20)?$M( |-|\+|%20)?$E" "$T/out" && bad=1
exit $bad

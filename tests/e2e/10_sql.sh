# SQL: the table says what query says, what is pushed down changes no answer, and nothing
# but questions is allowed.
T=$TMPDIR A=build/analyzer
fail() { echo "$*"; exit 1; }
"$B/bench/generate" 3000 8 >"$T/a"
build/collector ingest --store "$T/s" "$T/a" 2>/dev/null >/dev/null || fail "ingest"
sql() { $A query --store "$T/s" --format csv --sql "$1" 2>/dev/null | tail -n +2; }
is() { [ "$(sql "$1")" = "$2" ] || fail "$1: $(sql "$1"), not $2"; }

is 'SELECT count(*) FROM audit' 3000
is 'SELECT sum(seq) FROM audit' 4498500
errors=$(grep -c '"status":[45]' "$T/a")
is 'SELECT count(*) FROM audit WHERE "http.status" >= 400' "$errors"
is 'SELECT count(*) FROM audit WHERE "http.status" + 0 >= 400' "$errors"
is 'SELECT count(*) FROM audit WHERE seq BETWEEN 100 AND 199' 100
is 'SELECT count(*) FROM audit WHERE seq < 0' 0
half=$(sql 'SELECT time FROM audit WHERE seq = 1500')
is "SELECT count(*) FROM audit WHERE time < $half" "$(sql "SELECT count(*) FROM audit WHERE time + 0 < $half")"
is "SELECT count(*) FROM audit WHERE time < us('$(sql "SELECT rfc3339($half)")')" "$(sql "SELECT count(*) FROM audit WHERE time + 0 < $half")"
is 'SELECT 412.123456789015, 1.7976931348623157e308, 2.0, 0.1' 412.123456789015,1.7976931348623157e+308,2.0,0.1
is 'SELECT DISTINCT typeof(time) || typeof(received) || typeof("gpc.inferred" + 0) FROM audit WHERE seq < 9 ORDER BY 1 LIMIT 1' integerintegernull
$A query --store "$T/s" --sql "SELECT count(*) FROM audit WHERE time >= '2026-01-01T00:00:00Z'" 2>&1 | grep -q 'us(' || { echo "a text as a time"; exit 1; }
number=$(sed -n 's/.*"nhsNumber":"\([0-9]*\)".*/\1/p' "$T/a" | head -n 1)
want=$(grep -c "\"nhsNumber\":\"$number\"" "$T/a")
is "SELECT count(*) FROM audit WHERE \"patient.nhs_number\" = '$number'" "$want"
is "SELECT count(*) FROM audit WHERE \"patient.nhs_number\" IN ('$number', '9990000000')" "$want"
shown=$(sql "SELECT DISTINCT \"patient.nhs_number\" FROM audit WHERE \"patient.nhs_number\" = '$number'")
case $shown in *"$number"*) fail "the number is shown" ;; esac
is "SELECT count(*) FROM audit WHERE \"patient.nhs_number\" = '$shown'" "$want"
is "SELECT count(*) FROM audit WHERE \"patient.nhs_number\" = 'x'" 0
user=$(sql 'SELECT "user.key" FROM audit WHERE seq = 7')
is "SELECT count(*) FROM audit WHERE \"user.key\" = '$user'" \
    "$($A query --store "$T/s" --user "$user" --format ndjson 2>/dev/null | wc -l)"
is "SELECT count(*) FROM audit a JOIN audit b ON a.seq = b.seq AND a.\"org.ods\" = b.\"org.ods\" WHERE a.seq < 50" 50
for bad in 'DELETE FROM audit' 'PRAGMA user_version' "ATTACH 'x' AS y" 'CREATE TABLE t(a)' \
    "SELECT load_extension('x')" 'SELECT 1; SELECT 2' 'SELEC'; do
    $A query --store "$T/s" --sql "$bad" >/dev/null 2>"$T/err" && fail "allowed: $bad"
    grep -q '^analyzer: SQL:' "$T/err" || fail "no sentence for $bad: $(cat "$T/err")"
done
$A query --store "$T/s" --sql 'SELECT 1' --org X >/dev/null 2>&1
[ $? = 2 ] || fail "--sql with a selector"
$A access --store "$T/s" --format ndjson 2>/dev/null | grep -q 'sql=SELECT' || fail "not logged"
$A access --store "$T/s" --format ndjson 2>/dev/null | grep -q "$number" && fail "number in the log"
if command -v sqlite3 >/dev/null; then
    ext() { sqlite3 :memory: ".load build/gpca.so" "CREATE VIRTUAL TABLE temp.audit USING gpca('$T/s')" "$1"; }
    [ "$(ext 'SELECT count(*) FROM audit')" = 3000 ] || fail "the extension"
    [ "$(ext "SELECT count(*) FROM audit WHERE \"patient.nhs_number\" = '$shown'")" = "$want" ] || fail "references differ"
    ext 'SELECT * FROM audit' | grep -q "$number" && fail "the extension shows the number"
    sqlite3 :memory: ".load build/gpca.so" "CREATE VIRTUAL TABLE temp.audit USING gpca('$T/none')" 2>&1 |
        grep -q 'none' || fail "no sentence for a wrong directory"
else
    echo "the extension was not tried: there is no sqlite3"
fi
exit 0

# Single-byte edits in every file of a store with sealed segments and an open one: each is
# named, and the untouched store raises no alarm.
T=$TMPDIR
"$B/bench/generate" 2500 5 >"$T/a"
GPCA_SEAL_ROWS=1000 build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || exit 1
"$B/bench/generate" 300 6 >"$T/b"
build/collector ingest --store "$T/s" "$T/b" >/dev/null 2>&1 || exit 1
ls "$T/s/segments" | grep -q '\.open$' || { echo "no open segment"; exit 1; }
build/analyzer verify --store "$T/s" >/dev/null || { echo "false alarm"; exit 1; }
bad=0
n=0
for f in "$T"/s/segments/* "$T/s/checkpoint" "$T/s/format"; do
    size=$(wc -c <"$f")
    for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
        at=$((size * i / 12 + i % 3))
        [ $at -lt "$size" ] || at=$((size - 1))
        cp "$f" "$T/keep"
        old=$(dd if="$f" bs=1 skip=$at count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
        # shellcheck disable=SC2059
        printf "\\$(printf '%03o' $(((old + 1) % 256)))" | dd of="$f" bs=1 seek=$at conv=notrunc 2>/dev/null
        if build/analyzer verify --store "$T/s" >/dev/null 2>&1; then
            echo "edit at byte $at of $(basename "$f") was not found"
            bad=1
        fi
        cp "$T/keep" "$f"
        n=$((n + 1))
    done
done
build/analyzer verify --store "$T/s" >/dev/null || bad=1
echo "$n edits"
# A log rewritten under another key is refused with the verifier key that was kept.
build/collector ingest --store "$T/x" "$T/a" 2>"$T/greeting" >/dev/null
key=$(sed -n 's/.*verifier key: //p' "$T/greeting")
build/analyzer verify --store "$T/x" --vkey "$key" >/dev/null || { echo "good key refused"; bad=1; }
build/analyzer verify --store "$T/s" --vkey "$key" >/dev/null 2>&1 && { echo "another log accepted"; bad=1; }
# An attacker with our own tools changes a record and makes the whole log anew: the same
# origin and commitment key, but not the signing key. Refused under his own head, and under
# the old one put back.
sed 's/"status":200/"status":404/' "$T/a" >"$T/changed"
cp -r "$T/x" "$T/forged"
rm -rf "$T"/forged/segments/* "$T/forged/checkpoint"
head -c 32 /dev/urandom >"$T/forged/keys/signing"
build/collector ingest --store "$T/forged" "$T/changed" >/dev/null 2>&1 || { echo "no forged log"; bad=1; }
build/analyzer verify --store "$T/forged" >/dev/null 2>&1 || { echo "the forged log is not even consistent"; bad=1; }
build/analyzer verify --store "$T/forged" --vkey "$key" >/dev/null 2>&1 && { echo "a log signed anew was accepted"; bad=1; }
cp "$T/x/checkpoint" "$T/forged/checkpoint"
build/analyzer verify --store "$T/forged" --vkey "$key" >/dev/null 2>&1 && { echo "a changed log under the old head was accepted"; bad=1; }
# Many groups of one generation, so that definitions are loaded ahead: damage anywhere ends in a
# named fault, and what is read beside it in an answer or an error.
mkdir "$T/parts"
split -l 100 "$T/a" "$T/parts/part."
build/collector ingest --store "$T/many" "$T/parts" >/dev/null 2>&1
f=$(ls "$T"/many/segments/*.open)
size=$(wc -c <"$f")
i=0
while [ $i -lt 60 ]; do
    cp "$f" "$T/keep"
    printf '\125' | dd of="$f" bs=1 seek=$((size * i / 60 + 7 * i % 11)) conv=notrunc 2>/dev/null
    cmp -s "$f" "$T/keep" && { i=$((i + 1)); continue; }
    build/analyzer verify --store "$T/many" >"$T/said" 2>&1
    [ $? = 1 ] && grep -q '^fault in ' "$T/said" || { echo "edit $i of many groups: $(tail -n 1 "$T/said")"; bad=1; }
    build/analyzer show --store "$T/many" --state "$T/state" 2400 --raw --reason test >/dev/null 2>&1
    [ $? -le 1 ] || { echo "edit $i of many groups: show crashed"; bad=1; }
    cp "$T/keep" "$f"
    i=$((i + 1))
done
exit $bad

# Heads, tiles and a proof that we wrote, read by golang.org/x/mod. Skipped without Go, or
# where its module cannot be had.
T=$TMPDIR
command -v go >/dev/null || { echo "there is no Go"; exit 77; }
(cd tests/xmod && GOFLAGS=-mod=readonly timeout 60 go build -o "$T/xmod" . 2>/dev/null) || { echo "golang.org/x/mod cannot be had"; exit 77; }
"$B/bench/generate" 700 4 >"$T/a"
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>"$T/greeting" || exit 1
key=$(sed -n 's/.*verifier key: //p' "$T/greeting")
build/analyzer tiles --store "$T/s" --out "$T/t" || exit 1
build/analyzer show --store "$T/s" 421 --proof >"$T/proof" || exit 1
sed -n 422p "$T/a" | tr -d '\n' >"$T/record"
"$T/xmod" "$key" "$T/t" "$T/proof" "$T/record" || exit 1
printf X | dd of="$T/record" bs=1 seek=9 conv=notrunc 2>/dev/null
"$T/xmod" "$key" "$T/t" "$T/proof" "$T/record" 2>/dev/null && { echo "a changed record was proven"; exit 1; }
exit 0

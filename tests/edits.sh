#!/bin/sh
# edits.sh - `make edits`: one byte is changed at EDITS places, the same number in each file
# of a store of 5,000 records in sealed segments and an open one. verify must name each.
cd "$(dirname "$0")/.." || exit 1
EDITS=${EDITS:-2000}
W=build/edits
rm -rf $W
mkdir -p $W
"$GENERATE" 4500 5 >$W/a
"$GENERATE" 500 6 >$W/b
GPCA_SEAL_ROWS=1000 build/collector ingest --store $W/s $W/a >/dev/null 2>&1 || exit 1
build/collector ingest --store $W/s $W/b >/dev/null 2>&1 || exit 1
build/analyzer verify --store $W/s >/dev/null 2>&1 || {
    echo "false alarm on the untouched store"
    exit 1
}
files=$(ls $W/s/segments/* $W/s/checkpoint $W/s/format)
each=$(((EDITS + $(echo "$files" | wc -l) - 1) / $(echo "$files" | wc -l)))
found=0 missed=0
for f in $files; do
    size=$(wc -c <"$f")
    cp "$f" $W/keep
    i=0
    while [ $i -lt $each ]; do
        at=$((size * i / each + i % 7))
        [ $at -lt "$size" ] || at=$((size - 1))
        old=$(od -An -tu1 -j $at -N 1 $W/keep | tr -d ' ')
        # shellcheck disable=SC2059
        printf "\\$(printf '%03o' $(((old + 1 + i % 254) % 256)))" | dd of="$f" bs=1 seek=$at conv=notrunc 2>/dev/null
        if build/analyzer verify --store $W/s >/dev/null 2>&1; then
            echo "edit at byte $at of $f was not found"
            missed=$((missed + 1))
        else
            found=$((found + 1))
        fi
        cp $W/keep "$f"
        i=$((i + 1))
    done
done
build/analyzer verify --store $W/s >/dev/null 2>&1 || missed=$((missed + 1))
echo "$found passed, $missed failed, 0 skipped"
[ $missed = 0 ]

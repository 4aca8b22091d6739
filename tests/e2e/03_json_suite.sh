# JSONTestSuite, each file wrapped as an extra member of a good record.
C=../shared/corpora/json-test-suite/test_parsing
[ -d "$C" ] || { echo "the corpora are not there"; exit 77; }
T=$TMPDIR
bad=0
for f in "$C"/[yn]_*.json; do
    [ "$(tr -d '\r' <"$f" | tr -dc '\n' | wc -c)" = 0 ] || continue # message interface only
    rm -rf "$T/s"
    {
        printf '{"time":"2026-03-10T09:15:30Z","source":"s","seq":1,"kind":"heartbeat","x":'
        cat "$f"
        printf '}'
    } >"$T/r"
    build/collector ingest --store "$T/s" --json --format gpc-audit "$T/r" >"$T/out" 2>/dev/null
    case $(basename "$f") in
    y_object_duplicated_key*) want=1 ;;
    y_*) want=0 ;;
    *) want=1 ;;
    esac
    grep -q "\"records\":1,\"malformed\":$want," "$T/out" || {
        echo "$(basename "$f"): want malformed $want: $(cat "$T/out")"
        bad=1
    }
    build/analyzer show --store "$T/s" 0 --raw >"$T/back"
    printf '\n' | cat "$T/r" - | cmp -s - "$T/back" || { echo "$(basename "$f"): bytes differ"; bad=1; }
done
exit $bad

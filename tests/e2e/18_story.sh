# Eleven planted cases of misuse are alerted, and nothing else as medium or above, with two seeds.
set -e
A=build/analyzer C=build/collector D=$TMPDIR
for seed in 1 7; do
    "$B/bench/generate" --calm --month 20000 $seed >"$D/a"
    awk -v seed=$seed -f tests/story.awk >"$D/b"
    $C ingest --store "$D/s$seed" "$D/a" "$D/b" 2>/dev/null
    $A detect --store "$D/s$seed" --rules rules --reference tests/reference >"$D/alerts" 2>/dev/null
    grep -E ' (medium|high|critical) ' "$D/alerts" >"$D/loud"
    for who in 'Nora Nosey' 'Gus Guesser' 'Ann Anyway' 'Sam Sharp' 'Cay Cancel' 'Pat Paper' \
        'Story Trust 908' 'Sid Stranger' 'Cam Copied' 'reason that is not allowed' \
        'registered for another organisation' 'Story Trust 907 (ZR907) and Story Trust 908 (ZR908) asked for' \
        'ASIDs 300000000910 and 300000000999;'; do
        grep -q "$who" "$D/loud" || { echo "seed $seed: not alerted: $who"; exit 1; }
    done
    [ "$(wc -l <"$D/loud")" = 11 ] || { cat "$D/loud"; exit 1; }
    # Who, how many, when, against what: each sentence says it.
    [ "$(grep -c -E 'expected( of such searches)?: ' "$D/loud")" = 11 ]
    [ "$(grep -c -E 'on 14 April 2026' "$D/loud")" = 11 ]
    # At night: one whose organisation is closed, not one whose is open.
    [ "$(grep -c 'was closed' "$D/alerts")" = 1 ] && grep -q 'Ona Owl.*was closed' "$D/alerts"
    # No number of a patient stands in what is shown.
    if grep -o '"nhsNumber":"[0-9]*' "$D/b" | cut -d'"' -f4 | sort -u | grep -F -f - "$D/alerts"; then
        exit 1
    fi
done

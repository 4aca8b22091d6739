#!/bin/sh
# 15_rules - the loader points at each of 40 faults; the rules that are brought pass their
# tests; other people's rules load and match their events.
set -e
no() { if "$@"; then echo "should not be: $*"; exit 1; fi; }
A=build/analyzer
D=$TMPDIR
fails=0
# file, line, column, code: the fault that must be named there.
n=0
wrong() { # expected "line:column code", then the rule on standard input
    n=$((n + 1))
    cat >"$D/w.yml"
    if "$A" rules check --rules "$D/w.yml" >"$D/out" 2>&1; then
        echo "rule $n passed: $1"
        fails=1
    elif ! grep -q "w.yml:${1% *}: error\[${1#* }\]" "$D/out"; then
        echo "rule $n: wanted $1, got:"
        cat "$D/out"
        fails=1
    fi
}
head='title: T
logsource: {product: gpconnect, service: audit}
'
c() { # place, detection lines
    printf '%s%s\n' "$head" "$2" >"$D/in"
    wrong "$1" <"$D/in"
}
p() { # place, text with \n in it
    printf "$2" >"$D/in"
    wrong "$1" <"$D/in"
}
d() { c "$1" "detection:
$2"; }
d "5:14 undefined-identifier" '  s: {kind: a}
  condition: t'
d "4:12 unknown-modifier" '  s: {kind|contain: a}
  condition: s'
d "4:21 modifier-order" '  s: {kind|contains|re: a}
  condition: s'
d "4:12 modifier-order" '  s: {kind|i: a}
  condition: s'
d "4:22 modifier-type" '  s: {kind|contains: 4}
  condition: s'
d "4:30 modifier-type" "  s: {http.status|gte:       '4'}
  condition: s"
d "4:20 modifier-type" "  s: {kind|exists: 'true'}
  condition: s"
d "4:17 null-in-list" '  s: {kind: [a, null]}
  condition: s'
d "4:13 ambiguous-scalar" '  s: {kind: yes}
  condition: s'
d "4:13 ambiguous-scalar" '  s: {kind: 010}
  condition: s'
d "5:3 duplicate-key" '  s: {kind: a}
  s: {kind: b}
  condition: s'
d "5:25 empty-pattern" '  s: {kind: a}
  condition: s and 1 of foo*'
d "5:16 condition" '  s: {kind: a}
  condition: s AND s'
d "5:16 aggregation" '  s: {kind: a}
  condition: s | count() > 5'
d "5:16 condition" '  s: {kind: a}
  condition: s s'
d "5:14 condition" '  s: {kind: a}
  condition: 2 of s*'
d "5:16 condition" '  s: {kind: a}
  condition: (s'
d "4:3 timeframe" '  timeframe: 5m
  s: {kind: a}
  condition: s'
d "4:6 empty" '  s: {}
  condition: s'
d "4:19 regex" "  s: {kind|re: 'a('}
  condition: s"
d "4:23 cidr" '  s: {client.ip|cidr: 10.0.0.1/8}
  condition: s'
d "4:12 unfilled-placeholder" "  s: {kind|expand: '%x%'}
  condition: s"
d "4:7 unknown-field" '  s: {http.statos: 1}
  condition: s'
p "1:1 missing" 'logsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "1:1 missing" 'title: T\ndetection: {s: {a: b}, condition: s}\n'
p "2:12 missing" 'title: T\nlogsource: {}\ndetection: {s: {a: b}, condition: s}\n'
p "2:5 id" 'title: T\nid: x\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "2:8 value" 'title: T\nlevel: hihg\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "2:7 type" 'title: T\ntags: a\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "2:8 tag" 'title: T\ntags: [a]\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "3:12 missing" 'title: T\nlogsource: {product: a}\ndetection: {s: {a: b}}\n'
p "3:22 syntax" 'title: T\nlogsource: {product: a}\ndetection: {s: [[a: b}\n'
k() { p "$1" "title: T\ncorrelation:\n$2\n"; }
k "3:9 unknown-type" '  type: event_cont
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {gte: 2}'
k "4:11 unknown-reference" '  type: event_count
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {gte: 2}'
k "6:13 timespan" '  type: event_count
  rules: [r]
  group-by: [a]
  timespan: 1 hour
  condition: {gte: 2}'
k "7:15 nonmonotone-window" '  type: event_count
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {lt: 2}'
k "7:23 range-not-portable" '  type: event_count
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {gte: 2, gt: 9}'
k "7:14 missing" '  type: value_count
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {gte: 2}'
k "3:9 unsupported-type" '  type: value_median
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {gte: 2}'
k "7:14 missing" '  type: value_sum
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {gte: 2}'
k "7:30 value" '  type: value_avg
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {field: b, gte: two}'
k "7:14 missing" '  type: value_percentile
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {field: b, gte: 2}'
k "7:45 value" '  type: value_percentile
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {field: b, gte: 2, percentile: 101}'
k "7:46 operator" '  type: value_sum
  rules: [r]
  group-by: [a]
  timespan: 1h
  condition: {field: b, gt: 2.5, percentile: 50}'
p "6:14 filter-not-negated" 'title: T\nlogsource: {product: a}\nfilter:\n  rules: any\n  selection: {a: b}\n  condition: selection\n'
p "2:18 x-gpc" 'title: T\nx-gpc: {version: 2}\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "2:21 x-gpc" 'title: T\nx-gpc: {version: 1, foo: 2}\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
d "5:34 undefined-identifier" '  sel: {kind: a}
  condition: sel and not (sel or sek)'
d "4:9 key" '  s: {? [a] : b}
  condition: s'
d "5:14 condition" '  s: {kind: a}
  condition: and s'
d "4:7 unknown-field" '  s: {patient.nhsnumber: 1}
  condition: s'
d "4:14 value" '  s: {kind: [[a]]}
  condition: s'
p "2:22 type" 'title: T\nlogsource: {product: [a]}\ndetection: {s: {a: b}, condition: s}\n'
p "1:9 action" 'action: global\ntitle: T\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
p "2:9 value" 'title: T\nstatus: good\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
two='title: A\nname: a\nlogsource: {product: gpconnect, service: audit}\ndetection: {s: {http.status: 200}, condition: s}\n---\ntitle: B\ncorrelation: {type: temporal, rules: [a], timespan: 1h, group-by: [who], aliases: '
p "7:89 alias" "$two"'{who: {b: user.key}}}\n'
p "7:83 type" "$two"'who}\n'
p "6:1 unknown-field" "$two"'{who: {a: user.kay}}}\n'
p "2:27 unknown-place" 'title: T\nx-gpc: {version: 1, text: "{who} asked {whenn}"}\nlogsource: {product: a}\ndetection: {s: {a: b}, condition: s}\n'
echo "$n wrong rules"
[ "$n" -ge 40 ]
[ "$fails" = 0 ]

# What is brought is right, and every rule that alerts has tests.
"$A" rules check --rules rules | tail -n 1 | grep ' 0 errors, 0 warnings'
"$A" rules test --rules rules | tail -n 1 | grep ' 0 failed, 0 rules with errors'
[ -z "$("$A" rules test --rules rules | grep 'have no tests')" ]
"$A" rules list --rules rules | grep -q gpc_many_patients_hour
"$A" rules explain --rules rules | grep -q 'what it finds'

# A pattern that runs away is stopped and said; the other rules go on.
printf '%s' "$head" >"$D/run.yml"
printf 'name: away\nlevel: low\ndetection:\n  s: {kind|re: "^(a+)+$"}\n  condition: s\n---\n' >>"$D/run.yml"
printf '%sname: calm\nlevel: low\ndetection:\n  s: {kind|startswith: aa}\n  condition: s\n' "$head" >>"$D/run.yml"
printf '{"kind":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"}\n' >"$D/run.json"
"$A" rules test --rules "$D/run.yml" --events "$D/run.json" >"$D/out" 2>"$D/err"
grep -q '"rule":"calm","line":1' "$D/out"
grep -q 'stopped' "$D/err"

S=../shared/corpora/sigma
if [ ! -d $S ]; then
    echo "the Sigma corpora are not there: their rules were not tried"
    exit 77
fi
"$A" rules check --rules $S/rules | tail -n 1 | grep '^120 rules in 120 files: 0 errors'
matched=0 all=0
for rule in $S/regression/rules/*.yml; do
    events=$S/regression/events/$(basename "$rule" .yml).ndjson
    [ -f "$events" ] || continue
    all=$((all + 1))
    [ -n "$("$A" rules test --rules "$rule" --events "$events" 2>/dev/null | head -n 1)" ] &&
        matched=$((matched + 1)) || echo "no match: $rule"
done
echo "$matched of $all regression pairs match"
[ "$matched" = "$all" ] && [ "$all" -ge 150 ]

"""Random rules over random records, worked out by brute force, beside `analyzer detect`.

usage: detect.py COLLECTOR ANALYZER DIR RULES RECORDS SEED

Every answer here is computed from the definition, with no state: a window is looked at anew
for each event. The same records are given in time order, shuffled, and in ten parts; the
alerts must be the same, and be those of the oracle: which rule, which group, how many records,
which of them opened it.
"""
import bisect
import itertools
import json
import math
import os
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone

collector, analyzer, base, rules_wanted, records_wanted, seed = sys.argv[1:]
rng = random.Random(int(seed))
N, RULES = int(records_wanted), int(rules_wanted)
START = datetime(2026, 10, 5, 8, tzinfo=timezone.utc)
STATUS = [200, 200, 200, 400, 403, 404]
METHODS = ["GET", "POST", "PUT"]


def number(i):
    digits = "999%06d" % i
    check = 11 - sum((10 - k) * int(d) for k, d in enumerate(digits)) % 11
    return None if check == 10 else digits + str(check % 11)


PATIENTS = [n for n in map(number, range(400)) if n][:40]


def make_record(i, seconds):
    r = {
        "time": (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": rng.choice(["a", "b"]),
        "seq": i,
        "provider": {"ods": rng.choice(["A10001", "A10002", "A10003"])},
        "request": {"method": rng.choice(METHODS), "url": "/x/%d" % rng.randrange(4),
                    "headers": {"Ssp-From": "20000000000%d" % rng.randrange(3),
                                "Ssp-To": "20000000000%d" % rng.randrange(3)}},
        "response": {"status": rng.choice(STATUS)},
    }
    if rng.random() < 0.9:
        r["response"]["bytes"] = rng.choice([0, 7, 100, 4096, rng.randrange(100000)])
    if rng.random() < 0.8:
        r["patient"] = {"nhsNumber": rng.choice(PATIENTS)}
    return r


def fields(r):
    f = {
        "http.status": r["response"]["status"],
        "http.method": r["request"]["method"],
        "http.path": r["request"]["url"],
        "practice.ods": r["provider"]["ods"],
        "ssp.from": r["request"]["headers"]["Ssp-From"],
        "ssp.to": r["request"]["headers"]["Ssp-To"],
        "source.seq": r["seq"],
    }
    if "bytes" in r["response"]:
        f["http.bytes"] = r["response"]["bytes"]
    if "patient" in r:
        f["patient.nhs_number"] = r["patient"]["nhsNumber"]
    return f


# ---- rules: as text for the analyzer, as a function for the oracle ----

def item():
    kind = rng.randrange(7)
    if kind == 0:
        v = rng.choice(STATUS)
        return "http.status: %d" % v, lambda f: f["http.status"] == v
    if kind == 1:
        v = rng.choice([250, 400, 403])
        op = rng.choice(["lt", "lte", "gt", "gte"])
        test = {"lt": lambda a: a < v, "lte": lambda a: a <= v, "gt": lambda a: a > v,
                "gte": lambda a: a >= v}[op]
        return "http.status|%s: %d" % (op, v), lambda f: test(f["http.status"])
    if kind == 2:
        v = rng.choice(METHODS).lower()
        return "http.method: '%s'" % v, lambda f: f["http.method"].lower() == v
    if kind == 3:
        v = rng.choice(["1", "2", "x"])
        return "http.path|endswith: '%s'" % v, lambda f: f["http.path"].endswith(v)
    if kind == 4:
        want = rng.random() < .5
        return ("patient.nhs_number|exists: %s" % str(want).lower(),
                lambda f: ("patient.nhs_number" in f) == want)
    if kind == 5:
        v = rng.sample(["A10001", "A10002", "A10003"], 2)
        return "practice.ods: ['%s', '%s']" % tuple(v), lambda f: f["practice.ods"] in v
    v = PATIENTS[rng.randrange(len(PATIENTS))][:5] + "*"
    return ("patient.nhs_number: '%s'" % v,
            lambda f: f.get("patient.nhs_number", "").startswith(v[:-1]) and
            "patient.nhs_number" in f)


def detection(n, level):
    searches = []
    for k in range(rng.randrange(1, 4)):
        keys, parts = set(), []
        for text, test in (item() for _ in range(rng.randrange(1, 3))):
            if text.split(":")[0] not in keys:
                keys.add(text.split(":")[0])
                parts.append((text, test))
        searches.append(("s%d" % k, parts))
    tests = [lambda f, p=parts: all(t(f) for _, t in p) for _, parts in searches]
    how = rng.randrange(4)
    if how == 0:
        condition, meets = "all of s*", lambda f: all(t(f) for t in tests)
    elif how == 1:
        condition, meets = "1 of s*", lambda f: any(t(f) for t in tests)
    elif how == 2 and len(tests) > 1:
        condition = "s0 and not s1"
        meets = lambda f: tests[0](f) and not tests[1](f)
    else:
        condition, meets = "not s0", lambda f: not tests[0](f)
    text = "title: D%d\nid: %s\nname: d%d\nlevel: %s\nlogsource: {product: gpconnect, service: audit}\ndetection:\n" % (
        n, ident(n), n, level)
    for name, parts in searches:
        text += "  %s:\n" % name + "".join("    %s\n" % t for t, _ in parts)
    return text + "  condition: %s\n" % condition, meets


def ident(n):
    return "%08x-0000-4000-8000-%012x" % (n, int(seed) * 100000 + n)


MEASURES = {
    "value_sum": lambda values, p: sum(values),
    "value_avg": lambda values, p: sum(values) / len(values),
    "value_percentile": lambda values, p:
        sorted(values)[math.ceil(p / 100 * len(values)) - 1] if len(values) >= 20 else -1,
}


def correlation(n, of):
    kind = rng.choice(["event_count", "value_count", "temporal", "temporal_ordered"] * 2 +
                      list(MEASURES))
    group = rng.sample(["practice.ods", "ssp.from", "patient.nhs_number"], rng.randrange(1, 3))
    span = rng.choice([60, 300, 900, 3600])
    least = rng.randrange(2, 6)
    bases = rng.sample(of, rng.randrange(1, 3) if kind not in ("temporal", "temporal_ordered")
                       else rng.randrange(2, 4))
    text = "title: C%d\nid: %s\nname: c%d\nlevel: medium\ncorrelation:\n  type: %s\n  rules:\n" % (
        n, ident(n), n, kind)
    text += "".join("    - d%d\n" % b for b in bases)
    named = {b: group[:] for b in bases}
    if rng.random() < .3: # one of the fields has another name, and is another in each rule
        k = rng.randrange(len(group))
        text += "  aliases:\n    other:\n"
        for b in bases:
            named[b][k] = rng.choice(["ssp.from", "ssp.to", "ssp.to", "patient.nhs_number"])
            text += "      d%d: %s\n" % (b, named[b][k])
        group = group[:k] + ["other"] + group[k + 1:]
    text += "  group-by:\n" + "".join("    - %s\n" % g for g in group)
    text += "  timespan: %ds\n" % span
    if kind == "event_count":
        text += "  condition: {gte: %d}\n" % least
    if kind == "value_count":
        text += "  condition: {field: %s, gte: %d}\n" % ("http.path", min(least, 3))
    if kind in MEASURES:
        op, percentile = rng.choice(["gt", "gte"]), rng.choice([1, 50, 90, 97.5, 100])
        least = op, rng.choice([7, 100, 4096, 20000.5, 90000]), percentile
        text += "  condition: {field: http.bytes, %s: %s%s}\n" % (
            op, least[1], ", percentile: %s" % percentile if kind == "value_percentile" else "")
    return text, (kind, bases, named, span, min(least, 3) if kind == "value_count" else least)


def chain_start(window, bases, last):
    """The latest start of a chain of different events, one for each rule, that ends in last."""
    best = None
    step = len(bases) - 1
    if bases[step] not in last["met"]:
        return None

    def back(k, end, used, time):
        nonlocal best
        if k < 0:
            best = time if best is None or time > best else best
            return
        for e in window:
            if e["at"] not in used and e["time"] <= end and bases[k] in e["met"]:
                back(k - 1, e["time"], used | {e["at"]}, e["time"])
    back(step - 1, last["time"], {last["at"]}, last["time"])
    return best


def fires(c, window, last):
    kind, bases, named, span, least = c
    if kind == "event_count":
        return window if len(window) >= least else None
    if kind == "value_count":
        return window if len({e["fields"]["http.path"] for e in window}) >= least else None
    if kind in MEASURES:
        op, threshold, percentile = least
        v = MEASURES[kind]([e["fields"]["http.bytes"] for e in window], percentile)
        return window if v > threshold or (op == "gte" and v == threshold) else None
    if kind == "temporal":
        have = {b for e in window for b in bases if b in e["met"]}
        return window if len(have) >= len(bases) else None
    start = chain_start(window, bases, last)
    return None if start is None else [e for e in window if e["time"] >= start]


def alerts_of(c, events):
    kind, bases, named, span, least = c
    groups = {}
    for e in events:
        keys = {} # of the groups that it is in, the rules that see it there
        for b in bases:
            if (b in e["met"] and all(g in e["fields"] for g in named[b]) and
                    (kind not in MEASURES or "http.bytes" in e["fields"])):
                keys.setdefault(tuple(str(e["fields"][g]) for g in named[b]), set()).add(b)
        for key, met in keys.items():
            groups.setdefault(key, []).append(dict(e, met=met))
    for key, list_of in groups.items():
        current, fired = None, None
        times = [o["time"] for o in list_of]
        for i, e in enumerate(list_of):
            window = list_of[bisect.bisect_left(times, e["time"] - span):i + 1]
            hit = fires(c, window, e)
            if not hit:
                continue
            if current is None or e["time"] - fired > span:
                current = {"key": key, "opened": e["at"], "records": set()}
                yield current
            fired = e["time"]
            current["records"] |= {o["at"] for o in hit}


# ---- comparing ----

def detect(name, files):
    store = os.path.join(base, name)
    for k, records in enumerate(files):
        path = os.path.join(base, "%s.%d.ndjson" % (name, k))
        with open(path, "w") as f:
            f.writelines(json.dumps(r, separators=(",", ":")) + "\n" for r in records)
        subprocess.run([collector, "ingest", "--store", store, path], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    out = subprocess.run([analyzer, "detect", "--store", store, "--rules",
                          os.path.join(base, "rules"), "--format", "ndjson", "--reveal",
                          "--reason", "oracle"], check=True, capture_output=True, text=True).stdout
    raw = subprocess.run([analyzer, "show", "--store", store, "0..%d" % (N - 1), "--raw",
                          "--reason", "oracle"], check=True, capture_output=True, text=True).stdout
    seq_of = [json.loads(line)["seq"] for line in raw.splitlines()]
    return [dict(json.loads(line), at=seq_of) for line in out.splitlines()]


def main():
    os.makedirs(os.path.join(base, "rules"))
    times = sorted(rng.randrange(36 * N) for _ in range(N))
    records = [make_record(i, t) for i, t in enumerate(times)]
    levels = ["informational"] * (1 if N < 5000 else 40) + ["low", "high"]
    detections = {n: detection(n, rng.choice(levels))
                  for n in range(RULES // 2)}
    correlations = {n: correlation(n, list(detections)) for n in range(RULES // 2, RULES)}
    with open(os.path.join(base, "rules", "all.yml"), "w") as f:
        f.write("---\n".join(t for t, _ in itertools.chain(detections.values(),
                                                           correlations.values())))
    used = {b for _, c in correlations.values() for b in c[1]}
    events = [{"at": r["seq"], "time": t, "fields": fields(r), "source": r["source"]}
              for r, t in zip(records, times)]
    for e in events:
        e["met"] = {n for n, (_, meets) in detections.items() if meets(e["fields"])}
    events.sort(key=lambda e: (e["time"], e["source"], e["at"]))
    wanted = set()
    for n, (text, _) in detections.items():
        if n not in used and "level: informational" not in text:
            wanted |= {(ident(n), (), e["at"], 1) for e in events if n in e["met"]}
    for n, (_, c) in correlations.items():
        wanted |= {(ident(n), a["key"], a["opened"], len(a["records"]))
                   for a in list(alerts_of(c, events))}
    wanted_by = {}
    for e in wanted:
        wanted_by.setdefault((e[0], e[1], e[3]), set()).add(e[2])
    parts = [records[k::10] for k in range(10)]
    shuffled = records[:]
    rng.shuffle(shuffled)
    seen = None
    for name, files in (("order", [records]), ("shuffled", [shuffled]), ("parts", parts)):
        alerts = detect(name, files)
        got = set()
        for a in alerts:
            group = tuple(str(v) for v in a["group"].values())
            at = [a["at"][s] for s in a["records"]]
            opened = wanted_by.get((a["rule"]["id"], group, a["count"]), set()) & set(at)
            got.add((a["rule"]["id"], group, min(opened) if opened else -1, a["count"]))
        if len(alerts) != len(wanted) or got - wanted:
            print(name, "alerts", len(alerts), "wanted", len(wanted))
            for x in sorted(got - wanted)[:5]:
                print("  not wanted", x)
            for x in sorted(wanted - got)[:5]:
                print("  missing", x)
            sys.exit(1)
        ids = {(a["alert"], a["count"], a["text"]) for a in alerts}
        if seen is not None and ids != seen:
            print(name, "gives other ids, counts or sentences than the records in order")
            sys.exit(1)
        seen = ids
    print("%d rules, %d records, %d alerts, the same three times" % (RULES, N, len(wanted)))


main()

#!/usr/bin/env python3
"""duck.py RULES EVENTS - the stateless conditions of our rules as one SQL statement of DuckDB.

EVENTS is NDJSON with a member for each column that the rules name. Loading is not timed;
the statement is, on one thread, the shortest of five runs. Prints what each rule met.
Rules on fields that reference data add are left out. Knows what our own rules use: equality,
lists, |exists, |gte, |lt, null, and, or, not, 1 of."""
import glob
import json
import re
import sys
import time

import duckdb
import yaml

JOINED = ("product", "asid.", "org.open", "org.type", "org.parent_ods", "time.bank_holiday")
LISTS = {"jwt.violations"}
NUMBERS = {"http.status", "patient.matches", "jwt.skew_s"}


def literal(v):
    return str(v) if isinstance(v, (int, float)) else "'" + str(v).replace("'", "''") + "'"


def predicate(field, value):
    name, *modifiers = field.split("|")
    column = '"' + name + '"'
    if modifiers == ["exists"]:
        return column + (" IS NOT NULL" if value else " IS NULL")
    if value is None:
        return column + " IS NULL"
    if modifiers in (["gte"], ["lt"]):
        return f"coalesce({column} {'>=' if modifiers == ['gte'] else '<'} {value}, false)"
    if modifiers:
        raise ValueError(field)
    if isinstance(value, list):
        return "(" + " OR ".join(predicate(field, v) for v in value) + ")"
    if name in LISTS:
        return f"coalesce(list_contains({column}, {literal(value)}), false)"
    if isinstance(value, str):
        return f"coalesce(lower({column}) = {literal(value.lower())}, false)"
    return f"coalesce({column} = {literal(value)}, false)"


def selection(s):
    if isinstance(s, list):
        return "(" + " OR ".join(selection(x) for x in s) + ")"
    return "(" + " AND ".join(predicate(k, v) for k, v in s.items()) + ")"


def condition(detection):
    def some(m):
        names = [n for n in detection if re.fullmatch(m[2].replace("*", ".*"), n)]
        word = " AND " if m[1] == "all" else " OR "
        return "(" + word.join(selection(detection[n]) for n in names) + ")"

    parts = []
    for part in re.split(r"(\(|\)|\band\b|\bor\b|\bnot\b|(?:1|all) of [\w*]+)",
                         detection["condition"]):
        word = part.strip()
        m = re.fullmatch(r"(1|all) of ([\w*]+)", word)
        parts.append(some(m) if m else selection(detection[word]) if word in detection else word)
    return " ".join(parts)


def fields(x):
    if isinstance(x, list):
        return set().union(*map(fields, x)) if x else set()
    return {k.split("|")[0] for k in x} if isinstance(x, dict) else set()


def main(rules, events):
    wanted, asked = [], set()
    for file in sorted(glob.glob(rules + "/*.yml")):
        for rule in yaml.safe_load_all(open(file)):
            detection = rule.get("detection") if rule else None
            names = set().union(*(fields(s) for s in (detection or {}).values()))
            if detection and not any(n.startswith(JOINED) for n in names):
                wanted.append((rule["title"], condition(detection)))
                asked |= names
    if events == "--columns":
        print(", ".join('"' + n + '"' for n in sorted(asked)))
        return
    db = duckdb.connect()
    db.execute("SET threads = 1")
    columns = ", ".join(f"'{n}': '{'BIGINT' if n in NUMBERS else 'VARCHAR'}'" for n in asked)
    lists = ", ".join(f"""from_json("{n}", '["VARCHAR"]') AS "{n}\"""" for n in LISTS & asked)
    db.execute(f"CREATE TABLE audit AS SELECT * REPLACE ({lists}) "
               f"FROM read_json('{events}', columns = {{{columns}}})")
    sql = "SELECT " + ", ".join(f"count(*) FILTER (WHERE {c})" for _, c in wanted) + " FROM audit"
    best = None
    for _ in range(5):
        begun = time.process_time()
        counts = db.execute(sql).fetchone()
        spent = time.process_time() - begun
        best = spent if best is None else min(best, spent)
    for (title, _), n in zip(wanted, counts):
        print(json.dumps({"rule": title, "met": n}))
    print(json.dumps({"rules": len(wanted), "seconds": round(best, 4),
                      "duckdb": duckdb.__version__}))


main(*sys.argv[1:])

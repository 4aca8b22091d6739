# The rules that are brought are ordinary Sigma: they validate against the schemas of the
# specification, and pySigma loads them.
S=../shared/corpora/sigma/json-schema
[ -d $S ] || { echo "the schemas are not there"; exit 77; }
python3 -c 'import sigma, jsonschema, yaml' 2>/dev/null || { echo "pySigma is not there"; exit 77; }
python3 - $S <<'PY'
import glob, json, sys, jsonschema, yaml
from sigma.collection import SigmaCollection
schema = {k: json.load(open("%s/sigma-%s-schema.json" % (sys.argv[1], k)))
          for k in ("detection-rule", "correlation-rules")}
files = sorted(glob.glob("rules/*.yml"))
for f in files:
    for d in yaml.safe_load_all(open(f)):
        kind = "correlation-rules" if "correlation" in d else "detection-rule"
        jsonschema.validate(json.loads(json.dumps(d, default=str)), schema[kind])
c = SigmaCollection.from_yaml("\n---\n".join(open(f).read() for f in files))
assert not c.errors and len(c.rules) >= 58
c.resolve_rule_references()
PY

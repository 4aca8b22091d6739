# The tiles give the root of the signed head, and hold the entries.
T=$TMPDIR
"$B/bench/generate" 700 4 >"$T/a"
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || exit 1
build/analyzer tiles --store "$T/s" --out "$T/t" || exit 1
cmp "$T/s/checkpoint" "$T/t/checkpoint" || exit 1
[ "$(wc -c <"$T/t/tile/0/000")" = 8192 ] || exit 1
[ "$(wc -c <"$T/t/tile/0/002.p/188")" = $((188 * 32)) ] || exit 1
[ "$(wc -c <"$T/t/tile/1/000.p/2")" = 64 ] || exit 1
[ "$(wc -c <"$T/t/tile/entries/000")" = $((256 * 66)) ] || exit 1
command -v python3 >/dev/null || { echo "no python3 to compute the root"; exit 77; }
python3 - "$T/t" <<'P'
import base64, hashlib, sys
d = sys.argv[1]
read = lambda p: open(d + '/' + p, 'rb').read()
entries = b''.join(read('tile/entries/' + p) for p in ('000', '001', '002.p/188'))
h = lambda b: hashlib.sha256(b).digest()
leaves = [h(b'\0' + entries[i + 2:i + 66]) for i in range(0, len(entries), 66)]
tile = b''.join(read('tile/0/' + p) for p in ('000', '001', '002.p/188'))
assert tile == b''.join(leaves)
def root(x):
    if len(x) == 1:
        return x[0]
    k = 1
    while k * 2 < len(x):
        k *= 2
    return h(b'\1' + root(x[:k]) + root(x[k:]))
head = read('checkpoint').split(b'\n')
assert head[1] == b'700' and base64.b64decode(head[2]) == root(leaves)
assert read('tile/1/000.p/2') == root(leaves[:256]) + root(leaves[256:512])
P

# The tiles give the root of the signed head, and hold the entries; proofs lead from a record of
# any unit of 256 to that root.
T=$TMPDIR
"$B/bench/generate" 700 4 >"$T/a"
build/collector ingest --store "$T/s" "$T/a" >/dev/null 2>&1 || exit 1
build/analyzer tiles --store "$T/s" --out "$T/t" || exit 1
cmp "$T/s/checkpoint" "$T/t/checkpoint" || exit 1
[ "$(wc -c <"$T/t/tile/0/000")" = 8192 ] || exit 1
[ "$(wc -c <"$T/t/tile/0/002.p/188")" = $((188 * 32)) ] || exit 1
[ "$(wc -c <"$T/t/tile/1/000.p/2")" = 64 ] || exit 1
[ "$(wc -c <"$T/t/tile/entries/000")" = $((256 * 66)) ] || exit 1
for seq in 0 255 256 511 512 513 699; do
    build/analyzer show --store "$T/s" --state "$T/state" $seq --proof --reason test >"$T/proof.$seq" || exit 1
done
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
def climb(hash, at, size, path): # RFC 9162 2.1.3.2
    last = size - 1
    for p in path:
        if at % 2 or at == last:
            hash = h(b'\1' + p + hash)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            hash = h(b'\1' + hash + p)
        at, last = at // 2, last // 2
    assert last == 0
    return hash
for seq in 0, 255, 256, 511, 512, 513, 699:
    lines = open(d + '/../proof.%d' % seq, 'rb').read().split(b'\n')
    path = [base64.b64decode(x) for x in lines[3:lines.index(b'', 3)]]
    assert lines[2] == b'index %d' % seq
    assert climb(leaves[seq], seq, 700, path) == root(leaves), seq
P

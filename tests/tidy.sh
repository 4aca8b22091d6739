#!/bin/sh
# tidy.sh - rules about the code itself that a compiler does not check.
bad=0
say() { echo "tidy: $*"; bad=1; }
sources=$(ls lib/*/*.[ch] collector/*.[ch] analyzer/*.[ch] 2>/dev/null)

# 1. Floors: which folders may a folder include? (docs/design.md has the why)
allowed() {
    case $1 in
    lib/base) echo base ;;
    lib/record) echo base record ;;
    lib/store) echo base store ;;
    lib/sigma) echo base sigma ;;
    lib/trail) echo base record store trail ;;
    collector) echo base record store trail collector ;;
    analyzer) echo base record store trail sigma analyzer ;;
    esac
}
for f in $sources; do
    ok=" $(allowed "$(dirname "$f")") "
    for inc in $(sed -n 's/^#include "\([^/"]*\)\/.*/\1/p' "$f" | sort -u); do
        case "$ok" in *" $inc "*) ;; *) say "$f: must not include $inc/" ;; esac
    done
done

# 2. Doors: each library enters through one file.
door() { # header pattern, files...
    h=$1
    shift
    for f in $(grep -l "#include <$h" $sources); do
        case " $* " in *" $f "*) ;; *) say "$f: <$h belongs to $*" ;; esac
    done
}
door openssl/ lib/base/hash.c lib/base/sign.c
door zlib.h lib/base/deflate.c
door libdeflate lib/base/deflate.c
door sqlite3 lib/base/db.c lib/trail/table.c lib/trail/extension.c
door cjson/ lib/base/json.c
door yaml.h lib/base/yaml.c
door pcre2 lib/sigma/regex.c

# 3. No function above 70 lines, no file above 800, no line above 92 columns.
for f in $sources bench/*.c; do
    [ -f "$f" ] || continue
    awk -v f="$f" '/^{/ {s=NR} /^}/ {if (s && NR-s > 71) {print "tidy: " f ":" s ": " NR-s-1 " lines"; e=1} s=0}
        length($0) > (f ~ /^bench/ ? 110 : 96) {print "tidy: " f ":" NR ": " length($0) " columns"; e=1}
        /[ \t]$/ {print "tidy: " f ":" NR ": white space at the end"; e=1}
        END {if (NR > 800) {print "tidy: " f ": " NR " lines"; e=1} exit e}' "$f" || bad=1
done

# 4. No writable global state beyond this list: the signal's flag, the fault counter, the
#    key of the hash tables, and once a thread the digest context, what the machine can do, the deflate streams and
#    the base64url tables.
for o in $(find "$B/lib" "$B/collector" "$B/analyzer" -name '*.o' 2>/dev/null); do
    case $B in *address* | *undefined* | *thread*) continue ;; esac
    nm -f sysv "$o" | awk -F'|' '$7 ~ /^ *\.(data|bss|tdata|tbss)/ && $7 !~ /rel\.ro/ && $4 ~ /OBJECT|TLS/ {gsub(/ /, "", $1); print $1}' |
        grep -vxE 'stop_requested|(fault_point\.)?passed(\.[0-9]+)?|((begin|hash_of|compressor_of|deflate_block|machine)\.)?(context|sha256|key|fast|small|known|inflater)(\.[0-9]+)?|tables' |
        sed "s|^|tidy: $o: writable global |" | grep . && bad=1
done

# 5. Every header compiles alone.
for h in lib/*/*.h collector/*.h analyzer/*.h; do
    [ -f "$h" ] || continue
    echo "#include \"${h#lib/}\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -include lib/base/banned.h \
        -Ilib -I. -Wall -Wextra -Werror -fsyntax-only -x c - || say "$h does not compile alone"
done
exit $bad

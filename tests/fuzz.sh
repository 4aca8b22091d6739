#!/bin/sh
# fuzz.sh - every fuzz target for a while (FUZZ_SECONDS each, 15 unless told).
cd "$(dirname "$0")/.." || exit 1
command -v clang >/dev/null || {
    echo "fuzz: skipped, there is no clang"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
passed=0 failed=0
mkdir -p build/fuzz/lib
FLAGS="-std=c11 -D_GNU_SOURCE -include lib/base/banned.h -Ilib -I. -g -O1"
for f in lib/*/*.c; do
    clang $FLAGS -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c \
        -o "build/fuzz/lib/$(echo "$f" | tr / _).o" "$f" || exit 1
done
rm -f build/fuzz/lib.a
ar rcs build/fuzz/lib.a build/fuzz/lib/*.o
for f in tests/fuzz/fuzz_*.c; do
    name=$(basename "$f" .c)
    clang $FLAGS \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -o "build/fuzz/$name" "$f" build/fuzz/lib.a -lcrypto -lz -lm -lsqlite3 -lyaml -lpcre2-8 -lcjson -pthread || {
        failed=$((failed + 1))
        echo "FAILED  $name: does not build"
        continue
    }
    mkdir -p "build/fuzz/$name.corpus"
    if "build/fuzz/$name" -max_total_time="${FUZZ_SECONDS:-15}" -max_len=8192 -rss_limit_mb=2048 \
        -artifact_prefix="build/fuzz/$name." "build/fuzz/$name.corpus" >"build/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name: $(grep -c . "build/fuzz/$name.log") lines of log"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        tail -n 30 "build/fuzz/$name.log"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]

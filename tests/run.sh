#!/bin/bash
# Runs every test and counts what really ran. usage: run.sh OUT BIN full|units
# Each test prints TAP; a program that ends badly without a `not ok` line counts as one failure.
set -u
out=$1 bin=$2 scope=$3
cd "$(dirname "$0")/.." || exit 1
export MAILLON_SHARED="${MAILLON_SHARED:-../shared}" CMOCKA_MESSAGE_OUTPUT=tap
# Leaks are failures; so is the first finding of any sanitizer.
export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0" UBSAN_OPTIONS="print_stacktrace=1" TSAN_OPTIONS="halt_on_error=1"
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() { # name, seconds at most, command...
    local name=$1 limit=$2 ok bad skip
    shift 2
    timeout "$limit" "$@" >"$log" 2>&1
    local code=$?
    # A skipped test is "ok ... # SKIP" here and "not ok ... # SKIP" there (cmocka): neither a pass nor a failure.
    skip=$(grep -ciE '^(not )?ok .*# skip' "$log")
    ok=$(($(grep -c '^ok ' "$log") - $(grep -ciE '^ok .*# skip' "$log")))
    bad=$(($(grep -c '^not ok ' "$log") - $(grep -ciE '^not ok .*# skip' "$log")))
    if [ "$bad" -eq 0 ] && { [ "$code" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    if [ "$bad" -gt 0 ]; then
        echo "FAILED $name (exit $code)"
        grep -vE '^(ok |TAP version|1\.\.)' "$log" | tail -n 60
    else
        printf 'ok %-40s %4d passed%s\n' "$name" "$ok" "$([ "$skip" -gt 0 ] && echo ", $skip skipped: $(grep -m1 '^# skipped' "$log")")"
    fi
}

for program in "$out"/tests/unit/test_* "$out"/tests/conformance/test_* "$out"/tests/property/test_*; do
    [ -x "$program" ] && [ -f "$program" ] && case $program in *.o | *.d) ;; *) run "${program#"$out"/tests/}" 900 "$program" ;; esac
done
for program in "$out"/tests/fuzz/replay_*; do
    [ -x "$program" ] && case $program in *.o | *.d) ;; *)
        name=${program##*/replay_fuzz_}
        run "fuzz/$name" 300 "$program" "tests/fuzz/corpus/$name" ;;
    esac
done
if [ "$scope" = full ]; then
    run house 60 tests/house.sh
    [ -f tests/e2e/run.py ] && run e2e 1800 /usr/bin/python3 tests/e2e/run.py "$bin"
fi
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

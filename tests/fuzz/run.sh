#!/bin/bash
# Fuzzes each target for so many minutes from its seeds; what it learns stays in build/corpus. Fails on a finding.
# usage: run.sh MINUTES BIN...
set -u
minutes=$1
shift
cd "$(dirname "$0")/../.." || exit 1
code=0
for bin in "$@"; do
    name=${bin##*/fuzz_}
    learnt=build/corpus/$name
    mkdir -p "$learnt" build/findings
    printf '%s: ' "$name"
    if "$bin" -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/findings/$name-" "$learnt" "tests/fuzz/corpus/$name" >"build/findings/$name.log" 2>&1; then
        awk -F: '/stat::number_of_executed_units/ {printf "%d inputs", $4} END {print ", no finding"}' "build/findings/$name.log"
    else
        echo "FINDING, see build/findings/$name.log"
        tail -n 30 "build/findings/$name.log"
        code=1
    fi
done
exit $code

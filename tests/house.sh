#!/bin/bash
# The rules of the house that a compiler does not hold: who may include whom, what proto/ may not know, sizes, leftovers.
# Prints TAP.
shopt -s lastpipe
cd "$(dirname "$0")/.." || exit 1
n=0 code=0

holds() { # name; the offending lines come on standard input
    local lines
    n=$((n + 1))
    lines=$(cat)
    if [ -z "$lines" ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        echo "$lines" | head -n 20
        code=1
    fi
}

sources() { git ls-files -- "$@" | grep -E '\.(c|h|def)$'; }
includes() { # folder, pattern of what it may include of ours
    sources "$1" | xargs grep -nE '#include "' | grep -vE "#include \"($2)" || true
}

includes proto 'proto/' | holds "proto/ includes proto/ alone"
includes keys '(keys|proto)/' | grep -v 'node/net/os.h' | holds "keys/ includes keys/ and proto/ alone"
includes conf '(conf|proto)/' | holds "conf/ includes conf/ and proto/ alone"
includes node/store '(node/store|node/net/os|keys/signer|proto)' | holds "node/store knows no loop, API or peer"
includes node/net '(node/net|proto|keys/file)' | holds "node/net knows no store, API or peer"
includes node/import '(node/import|proto)/' | holds "node/import knows no other room"
includes node/catalogue '(node/catalogue|node/store/(store|publish)|conf/packs|proto)' | holds "node/catalogue reads the store and the packs alone"
sources proto | grep -v '^proto/err.c' | xargs grep -nE '#include <(sys/|unistd|fcntl|time\.h|pthread|event2|stdio|locale|sqlite3)' |
    holds "proto/ knows no files, sockets, clocks, threads or stdio"
sources proto | xargs grep -nE '\b(printf|snprintf|time|clock_gettime|rand|random|getenv|setlocale)\(' | grep -v 'env->random' |
    grep -v 'proto/err.c' | holds "proto/ calls no clock, randomness or locale"
sources proto keys conf node | xargs grep -nE '\b(strcpy|strcat|sprintf|gets|strtok|atoi|alloca)\(' | holds "no unbounded string functions"
git ls-files -- '*.c' '*.h' '*.def' '*.py' '*.sh' Makefile | grep -v tests/house.sh | xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b' | holds "nothing is left for later"
sources proto keys conf node tests | grep -E '\.(c|h)$' | xargs wc -l | awk '$2 != "total" && $1 > 800 {print $2 ": " $1 " lines"}' | holds "no file is longer than 800 lines"
sources proto keys conf node | grep '\.h$' | while read -r header; do
    guard="MAILLON_$(echo "${header%.h}" | tr 'a-z/.' 'A-Z__')_H"
    grep -q "#ifndef $guard" "$header" || echo "$header: its guard is $guard"
done | holds "every header has its guard"
git ls-files | grep -E '\.(o|a|so|pem|key)$|^build/' | holds "no build output and no key is committed"
git grep -nIE 'BEGIN [A-Z ]*PRIVATE KEY' -- . ':!tests/house.sh' ':!tests/vectors' | holds "no secret is committed"
echo "1..$n"
exit $code

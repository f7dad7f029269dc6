#!/bin/bash
# Three platforms on this machine, peered in a line: food <- mobility <- directory. Publishes sample records (or, with
# DATA=DIR, the real files of that folder), waits until all three hold everything, asks three questions, and stays up.
# usage: demo.sh BIN [ONESHOT] [DATA]
set -euo pipefail
bin=$(realpath "$1") oneshot=${2:-} data=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
top=$(mktemp -d "${TMPDIR:-/tmp}/maillon-demo.XXXXXX")
pids=()

stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$top"
}
trap stop EXIT
trap 'exit 130' INT TERM

await() { # what, seconds, command...
    local what=$1 limit=$2 since=$SECONDS
    shift 2
    until "$@"; do
        if [ $((SECONDS - since)) -ge "$limit" ]; then
            echo "demo: gave up waiting for $what" >&2
            cat "$top"/*.log >&2
            exit 1
        fi
        sleep 0.05
    done
}

status() { "$bin" status --dir "$top/$1" --json; }
field() { /usr/bin/python3 -c 'import json,sys; print(eval(sys.argv[1], {"s": json.load(sys.stdin)}))' "$1"; }
roots() { status "$1" | field 'sorted((l["origin"], l["size"], l["root"]) for l in s["logs"] if l["size"])'; }
all_equal() { [ "$(roots food)" = "$(roots directory)" ] && [ "$(roots food)" = "$(roots mobility)" ] && ! all_empty; }
all_empty() { [ "$(roots directory)" = "[]" ]; }
is_ready() { grep -qs '^ready ' "$top/$1.log"; }

start() { # folder, name
    "$bin" init --dir "$top/$1" --name "$2" --url https://localhost:0 >/dev/null
    "$bin" run --dir "$top/$1" >"$top/$1.log" 2>&1 &
    pids+=($!)
    await "$2 to start" 30 is_ready "$1"
    echo "  $2: $(status "$1" | field 's["url"]')"
}

publish_file() { # folder, schema, license, file, how...
    local node=$1 schema=$2 license=$3 file=$4
    shift 4
    echo "  $node: ${file##*/}: $("$bin" "$@" --dir "$top/$node" --schema "$schema" --license "$license" "$file" 2>&1 | tail -n 1)"
}

publish_samples() {
    local node kind
    for node in food:alimentation:food/product@1 mobility:mobilite:mobility/carpool-place@1 directory:annuaire:core/organisation@1; do
        IFS=: read -r node kind schema <<<"$node"
        /usr/bin/python3 "$here/demo.py" "$kind" >"$top/$kind.ndjson"
        publish_file "$node" "$schema" ODbL-1.0 "$top/$kind.ndjson" publish --id-from ref
    done
}

# Real files: by folder to the platform of that sector; those that are no records are refused with their place.
publish_folder() {
    local file node
    while IFS= read -r file; do
        case $file in
        */food/*) node=food ;;
        */mobility/*) node=mobility ;;
        *) node=directory ;;
        esac
        publish_file "$node" "$node/item@1" LicenseRef-source "$file" import || true
    done < <(find "$data" -type f \( -name '*.json' -o -name '*.geojson' -o -name '*.jsonld' -o -name '*.csv' -o -name '*.ndjson' \) | sort)
}

ask() { # words
    echo
    echo "\$ maillon search $*"
    "$bin" search --dir "$top/directory" --limit 3 "$@"
}

echo "Three nodes in $top:"
start food "Les Paniers du Rhône (food)"
start mobility "Roue libre (mobility)"
start directory "L'annuaire des communs (directory)"
echo "Publishing:"
if [ -n "$data" ]; then publish_folder; else publish_samples; fi

# A line and back: the directory hears of food through mobility alone, and food of the directory likewise.
peer() { "$bin" peer add --dir "$top/$1" "$("$bin" pairing --dir "$top/$2")" >/dev/null; }
peer mobility food
peer directory mobility
peer food mobility
peer mobility directory
await "the copies" 120 all_equal
echo "All three hold the same $(status directory | field 'len(s["logs"])') logs, $(status directory | field 'sum(l["records"] for l in s["logs"])') records:"
"$bin" status --dir "$top/directory"
ask marché
ask tomates anciennes
ask vélo
origin=$(status food | field 's["origin"]')
if [ -z "$data" ]; then
    echo
    echo "One record, with its proof, out of the directory's copy, verified offline:"
    "$bin" get --dir "$top/directory" "$origin/produits/1" --proof >"$top/proof.json"
    "$bin" verify "$top/proof.json"
    echo
    echo "The same record as schema.org has it:"
    "$bin" get --dir "$top/directory" "$origin/produits/1" --as schema.org
    echo
    echo "A record that does not fit its schema is refused, and told why:"
    echo '{"ref":"lieux/x","nom_lieu":"Parking","insee":"1053"}' |
        "$bin" publish --dir "$top/mobility" --schema mobility/carpool-place@1 --license ODbL-1.0 --id-from ref 2>&1 || true
fi
[ -n "$oneshot" ] && exit 0
cat <<EOF

They stay up until Ctrl-C. In another terminal:
  $bin status --dir $top/directory
  $bin search --dir $top/directory tomates
  curl -k $(status directory | field 's["url"]')/v1/catalogue?q=tomates
  curl --unix-socket $top/food/node.sock http://localhost/v1/changes?since=now
  echo '{"ref":"produits/fraises","dfc-b:name":"Fraises"}' | $bin publish --dir $top/food --schema food/product@1 --license ODbL-1.0 --id-from ref
  $bin schema list
EOF
wait "${pids[@]}"

#!/bin/sh
# Writes every file of a folder of packs as one bundle: "PATH BYTES" on a line, the bytes, a newline.
# The same files give the same bundle. usage: bundle.sh FOLDER OUT
set -eu
export LC_ALL=C
folder=$1 out=$2
mkdir -p "$(dirname "$out")"
if [ -d "$folder" ]; then
    find "$folder" -type f ! -name '.*' | sort | while read -r path; do
        printf '%s %d\n' "${path#"$folder"/}" "$(wc -c <"$path")"
        cat "$path"
        echo
    done
fi >"$out.new"
mv "$out.new" "$out"

#!/bin/sh
# Installs the Debian packages named that are missing; does nothing, and needs no rights, when all are there.
# PACKAGE=COMMAND is there when the command is, wherever it came from.
set -eu
missing=""
for package in "$@"; do
    case $package in *=*) command -v "${package#*=}" >/dev/null && continue; package=${package%%=*} ;; esac
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Missing packages:$missing. Install them as root: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$as_root apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 && exit 0
$as_root apt-get update -qq
# shellcheck disable=SC2086
exec $as_root apt-get install -y --no-install-recommends $missing

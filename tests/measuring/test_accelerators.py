from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgelab.measuring import accelerators


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty folder in place of the system's list of graphics cards; nothing else is there."""
    monkeypatch.setattr(accelerators.shutil, "which", lambda _name: None)
    monkeypatch.setattr(accelerators.platform, "system", lambda: "Linux")
    monkeypatch.setattr(accelerators, "_CARDS", tmp_path)
    monkeypatch.setattr(accelerators, "_NPUS", tmp_path / "accel")
    return tmp_path


def card(folder: Path, number: int, vendor: str) -> None:
    device = folder / f"card{number}" / "device"
    device.mkdir(parents=True)
    (device / "vendor").write_text(vendor + "\n")


def test_a_machine_without_any_has_none(bare: Path) -> None:
    card(bare, 0, "0x1af4")  # a virtual machine's
    assert accelerators.found() == ()


def test_graphics_cards_are_told_by_their_maker(bare: Path) -> None:
    card(bare, 0, "0x8086")
    card(bare, 1, "0x1002")
    (bare / "accel").mkdir()
    assert [a.kind for a in accelerators.found()] == ["amd", "intel", "npu"]


def test_the_driver_of_nvidia_is_asked(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = subprocess.CompletedProcess([], 0, "Tesla T4, 15360 MiB\n", "")
    monkeypatch.setattr(accelerators.shutil, "which", lambda _name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(accelerators.subprocess, "run", lambda *_args, **_settings: answer)
    (only,) = accelerators.found()
    assert (only.kind, only.name) == ("nvidia", "Tesla T4, 15360 MiB")


def test_a_driver_that_does_not_answer_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_args: object, **_settings: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 10)

    monkeypatch.setattr(accelerators.shutil, "which", lambda _name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(accelerators.subprocess, "run", hang)
    (only,) = accelerators.found()
    assert "does not answer" in only.name


def test_a_mac_with_apple_silicon_has_its_gpu(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(accelerators.platform, "machine", lambda: "arm64")
    assert [a.kind for a in accelerators.found()] == ["apple"]

from __future__ import annotations

from pathlib import Path

import pytest

from edgelab.measuring import energy


@pytest.fixture
def counters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a processor package with a counter, a part of it, and a zone that cannot be read."""
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    monkeypatch.setattr(energy, "SECONDS", 0.0)
    for zone, name, at in (("0", "package-0", 500), ("0:0", "core", 300), ("1", "package-1", None)):
        folder = tmp_path / f"intel-rapl:{zone}"
        folder.mkdir()
        (folder / "name").write_text(name + "\n")
        (folder / "max_energy_range_uj").write_text("100000\n")
        if at is not None:
            (folder / "energy_uj").write_text(f"{at}\n")
    return tmp_path / "intel-rapl:0" / "energy_uj"


def test_without_a_counter_energy_is_the_latency_times_a_stated_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "missing")
    runs: list[int] = []
    assert energy.of(lambda: runs.append(1), 2.0) == (2.0 * energy.ASSUMED_WATTS, "estimated")
    assert runs == []


def test_a_counter_is_read_before_and_after(counters: Path) -> None:
    found = energy.of(lambda: counters.write_text("12500\n"), 2.0)
    assert found == (12.0, "rapl")


def test_a_counter_that_begins_again_loses_nothing(counters: Path) -> None:
    counters.write_text("99000\n")
    assert energy.of(lambda: counters.write_text("2000\n"), 2.0) == (3.0, "rapl")


def test_only_whole_packages_that_can_be_read_count(counters: Path) -> None:
    assert list(energy.counters()) == ["intel-rapl:0"]

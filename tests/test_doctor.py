"""The doctor: every line is a fact of this environment, and what is missing is said."""

from __future__ import annotations

from importlib import metadata

import pytest

from edgelab import doctor, timetable, workspace
from edgelab.doctor import ABSENT, FAIL, OK, Item, Report


@pytest.fixture(scope="module")
def report() -> Report:
    return doctor.report()


def test_the_versions_are_those_of_the_installed_packages(report: Report) -> None:
    found = {item.name: item.found for item in report.group("packages")}
    for name in ("numpy", "tensorflow", "onnxruntime", "ai-edge-litert"):
        assert found[name] == metadata.version(name)


def test_every_extra_has_its_group(report: Report) -> None:
    groups = {item.group for item in report.items}
    extras = {"openvino", "olive", "imagenet", "serve", "dev"}
    assert {"machine", "runtimes", "packages", *(f"extra {e}" for e in extras)} <= groups


def test_the_machine_is_described(report: Report) -> None:
    found = {item.name: item.found for item in report.group("machine")}
    assert found["Python"].startswith("3.1")
    assert found["memory"].endswith(" GB")
    assert {"processor", "cores", "instructions for int8", "disk, free", "accelerators"} <= set(
        found
    )


def test_a_missing_core_package_fails_and_an_extra_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = ["numpy>=2", "a-package-of-nobody>=1", 'another-of-nobody; extra == "olive"']
    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    report = doctor.report()
    states = {item.name: item.state for item in report.items}
    assert states["numpy"] == OK
    assert states["a-package-of-nobody"] == FAIL
    assert states["another-of-nobody"] == ABSENT
    assert [item.name for item in report.failed] == ["a-package-of-nobody"]
    assert "Not ready: a-package-of-nobody. Install the course again" in repr(report)


def test_a_package_too_old_fails_with_the_version_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: ["numpy>=99"])
    (item,) = doctor.report().group("packages")
    assert item.state == FAIL
    assert ">=99" in item.advice


def test_llama_cpp_may_be_missing_and_the_advice_names_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: ["llama-cpp-python>=0.3"])
    monkeypatch.setattr(workspace, "versions", lambda *names: dict.fromkeys(names, "absent"))
    (item,) = doctor.report().group("packages")
    assert item.state == ABSENT
    assert "compiler" in item.advice


def test_a_requirement_of_another_system_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: ["nothing; sys_platform == 'plan9'"])
    assert doctor.report().group("packages") == ()


def test_expected_minutes_come_from_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"20": timetable.Run("What is left?", 600, 0.05, 2)}
    monkeypatch.setattr(timetable, "recorded", lambda: runs)
    monkeypatch.setattr(timetable, "probe", lambda: 0.05)
    (item,) = doctor.report().group("lessons")
    assert (item.name, item.found) == ("20 What is left?", "10 min to run")


def test_a_broken_package_is_found_by_importing_it() -> None:
    fine = Item("packages", "packaging", OK, "1")
    broken = Item("packages", "a-package-of-nobody", OK, "1")
    checked = doctor._imported([fine, broken])
    assert [item.state for item in checked] == [OK, FAIL]
    assert "No module named" in checked[1].advice


def test_the_page_escapes_what_it_shows() -> None:
    page = Report((Item("machine", "<b>", OK, "a & b"),))._repr_html_()
    assert "&lt;b&gt;" in page
    assert "a &amp; b" in page


def test_the_report_is_a_table_too(report: Report) -> None:
    table = report.table("machine", "runtimes")
    assert table.columns == ("state", "what", "found", "what to do")
    assert len(table.rows) == len(report.group("machine")) + len(report.group("runtimes"))

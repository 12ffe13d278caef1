from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.workflow import profiles
from edgelab.workflow.labels import FOLDER

WANTED = {"ios", "android", "cross_platform", "intel_server", "nvidia_server", "embedded"}
IOS = (FOLDER / "profiles" / "ios.yaml").read_text(encoding="utf-8")


def test_the_six_profiles_are_there() -> None:
    assert set(profiles.available()) == WANTED


@pytest.mark.parametrize("name", sorted(WANTED))
def test_a_profile_has_its_own_name_and_is_what_the_tree_recommends(name: str) -> None:
    profile = profiles.load(name)
    assert profile.id == name
    for kind, model in profile.models.items():
        found = profile.recommend(kind)
        assert (found.framework, found.quantization) == (model.framework, model.precision)
    for kind in profile.not_run:
        assert profile.recommend(kind).framework is None


@pytest.mark.parametrize("name", sorted(WANTED))
def test_the_tools_that_a_check_names_exist(name: str) -> None:
    for check in profiles.load(name).checks:
        if check.tool:
            module, function = check.tool.rsplit(".", 1)
            assert callable(getattr(importlib.import_module(module), function)), check.tool


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_table_holds_every_check(language: str) -> None:
    profile = profiles.load("intel_server")
    rows = profile.table(language).rows
    assert sum(row[next(iter(row))] in ("check", "vérifier") for row in rows) == len(profile.checks)
    assert repr(profile)


def test_threads_and_memory_follow_the_machine() -> None:
    profile = profiles.load("cross_platform")
    assert [profile.threads.on(cores) for cores in (1, 2, 16)] == [1, 2, 4]
    assert profiles.load("embedded").threads.on(8) == 1
    assert profile.memory.on(2e9) == 0.5e9
    assert profile.memory.on(64e9) == 1e9


def test_an_unknown_profile_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'android'"):
        profiles.load("androids")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("threads:\n", "theads:\n", "theads: this key is unknown here"),
        ("  most: 2\n", "  most: 2\n  least: 1\n", r"threads\.least: this key is unknown here"),
        ("most: 2", "most: 0", r"threads\.most"),
        ("share: 0.4", "share: 40", r"memory\.share"),
        ("framework: coreml", "framework: tensorrt", "tensorrt does not run on ios"),
        ("framework: coreml", "framework: caffe", "no framework 'caffe'"),
        ("precision: float16", "precision: int7", "coreml has no 'int7'"),
        ("format: .mlpackage", "format: .onnx", "coreml has '.mlpackage'"),
        ("processor: arm", "processor: intel", "the matrices know no ios, intel"),
        ("id: parity", "id: size", "an id stands twice"),
        ("  language:\n    framework", "  sound:\n    framework", "name each of image, language"),
    ],
)
def test_a_defect_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in IOS
    path = tmp_path / "mine.yaml"
    path.write_text(IOS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FormatError, match=fault):
        profiles.read(path)


def test_a_profile_of_your_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(IOS.replace("most: 2", "most: 1"), encoding="utf-8")
    assert profiles.read(path).threads.most == 1
    with pytest.raises(MissingFileError):
        profiles.read(tmp_path / "gone.yaml")

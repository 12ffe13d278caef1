from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgelab import workspace
from edgelab.errors import InputError, MissingFileError, StorageError


def test_a_bare_name_goes_to_the_workspace(own_workspace: Path) -> None:
    assert workspace.artefact_path("m.tflite") == own_workspace / "artefacts" / "m.tflite"


def test_a_path_with_a_folder_is_kept(tmp_path: Path) -> None:
    assert workspace.artefact_path(tmp_path / "here" / "m.tflite").parent == tmp_path / "here"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = workspace.atomic_write(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError, match="halfway"), workspace.storing(target) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("halfway")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if p.name != "workspace"] == ["a.txt"]


def test_a_full_disk_is_named_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = workspace.atomic_write(tmp_path / "a.txt", "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"No space left on device.*Free some space"):
        workspace.atomic_write(target, "new")
    assert target.read_text() == "old"


def test_a_workspace_that_is_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGELAB_WORKSPACE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="EDGELAB_WORKSPACE"):
        workspace.workspace()


def test_a_missing_file_says_where_it_was_looked_for(own_workspace: Path) -> None:
    with pytest.raises(MissingFileError, match=r"no file 'm\.tflite'.*artefacts"):
        workspace.existing("m.tflite")


def test_the_cache_makes_a_thing_once_and_again_when_the_input_changes() -> None:
    made: list[int] = []

    def make(path: Path) -> None:
        made.append(1)
        path.write_text("x")

    first = workspace.cached({"input": 1}, make, ".txt")
    assert workspace.cached({"input": 1}, make, ".txt") == first
    assert workspace.cached({"input": 2}, make, ".txt") != first
    assert len(made) == 2


def test_the_hash_of_a_folder_changes_with_any_file_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "a").write_text("1")
    before = workspace.file_hash(folder)
    (folder / "a").write_text("2")
    assert workspace.file_hash(folder) != before


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELAB_PROFILE", "quick")
    with pytest.raises(InputError, match=r"quick.*ci, class, full"):
        workspace.profile()


def test_versions_name_what_is_absent() -> None:
    found = workspace.versions("numpy", "no-such-package")
    assert found["no-such-package"] == "absent"
    assert found["numpy"][0].isdigit()
    assert os.environ["EDGELAB_PROFILE"] == "ci"


def test_two_that_store_the_same_folder_at_once_leave_a_whole_one(tmp_path: Path) -> None:
    target = tmp_path / "model"
    start = threading.Barrier(4)

    def store(which: int) -> None:
        for _ in range(20):
            start.wait()
            with workspace.storing(target) as temporary:
                temporary.mkdir()
                for name in ("a", "b"):
                    (temporary / name).write_text(str(which))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store, range(4)))
    assert (target / "a").read_text() == (target / "b").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["model"]

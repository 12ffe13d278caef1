from __future__ import annotations

import pytest

from edgelab.errors import FormatError, InputError
from edgelab.workflow import labels, matrices, matrix_tables
from edgelab.workflow.labels import FOLDER

TEXT = (FOLDER / "matrices.yaml").read_text(encoding="utf-8")
LESSONS = {"10", "20", "21", "22", "23", "24", "25", "30", "31", "32", "33", "34", "35"}


def test_every_kind_of_model_runs_on_every_target_but_language_models_on_microcontrollers() -> None:
    for platform, processor, accelerator in matrices.targets():
        for kind in ("image", "language"):
            found = matrices.runs(platform, kind, processor, accelerator)
            assert bool(found) == ((platform, kind) != ("embedded", "language"))


def test_what_runs_with_a_reserve_says_which() -> None:
    for platform, processor, accelerator in matrices.targets():
        for kind in ("image", "language"):
            for name, found in matrices.runs(platform, kind, processor, accelerator).items():
                assert (found.note is not None) or found.state == "yes", (name, platform)


def test_a_framework_without_use_for_an_accelerator_runs_partly() -> None:
    found = matrices.support("litert", "linux", "image", "intel", "nvidia")
    assert found.state == "partly"
    assert "idle" in found.note.en
    assert matrices.support("litert", "linux", "image", "intel").state == "yes"


def test_a_framework_that_needs_its_accelerator_does_not_run_without() -> None:
    assert matrices.support("tensorrt", "linux", "image", "intel").state == "no"
    assert matrices.support("tensorrt", "linux", "image", "intel", "nvidia").state == "yes"
    assert matrices.support("mlx", "macos", "language", "arm").state == "no"


def test_the_processor_counts_too() -> None:
    assert matrices.support("litert", "windows", "image", "arm").state == "no"
    assert matrices.support("openvino", "linux", "image", "amd").state == "partly"


def test_a_framework_without_a_format_for_a_kind_does_not_run_it() -> None:
    assert matrices.support("llama.cpp", "linux", "image", "intel").state == "no"


def test_what_is_called_measured_names_a_lesson_or_the_package_index() -> None:
    data = matrices.load()
    sources = [s.source for by in data.strategies.values() for k in by.values() for s in k.values()]
    sources += [need.source for needs in data.meets.values() for need in needs.values()]
    sources += [cell.source for row in data.frameworks.values() for cell in row.support.values()]
    measured = [source.where for source in sources if source.kind == "measured"]
    assert measured
    assert all(where in LESSONS or where.startswith("package index") for where in measured)


@pytest.mark.parametrize("kind", ["image", "language"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_tables_hold_every_framework_of_their_kind(kind: str, language: str) -> None:
    named = {row.name for row in matrices.load().frameworks.values() if kind in row.formats}
    assert set(matrix_tables.hardware_table(kind, language).column("Framework")) == named
    assert set(matrix_tables.strategy_table(kind, language).column("Framework")) <= named
    assert len(matrix_tables.requirement_table(language).rows) == len(matrices.load().frameworks)


def test_strategies_are_called_as_in_their_framework() -> None:
    assert matrices.strategy("llama.cpp", "language", "weights8").name == "Q8_0"
    with pytest.raises(InputError, match="no scheme of llama"):
        matrices.strategy("llama.cpp", "language", "static8")


@pytest.mark.parametrize(
    ("what", "name"),
    [("framework", "open vino"), ("platform", "linus"), ("kind", "images"), ("processor", "amd64")],
)
def test_an_unknown_name_is_refused_with_the_nearest(what: str, name: str) -> None:
    case = {"framework": "openvino", "platform": "linux", "kind": "image", "processor": "amd"}
    with pytest.raises(InputError, match=f"did you mean '{case[what]}'"):
        matrices.support(**case | {what: name})


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("name: Core ML\n", "name: Core ML\n    colour: blue\n", "colour: this key is unknown"),
        ('        state: "yes"\n', "        state: maybe\n", "support.linux.state"),
        ("formats: {image: .tflite}", "formats: {images: .tflite}", "there is no 'images'"),
        ("      android:\n", "      androit:\n", "there is no 'androit'"),
        ("apple: {state", "nvidia: {state", "there is no 'nvidia'"),
        ("      dynamic8:", "      dynamic9:", "there is no 'dynamic9'"),
        ("    offline: {state", "    of_line: {state", "must name exactly"),
        ("        state: partly\n        note: ", "        state: partly\n        notes: ", "note"),
    ],
)
def test_a_defect_in_the_file_is_named(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    with pytest.raises(FormatError, match=fault):
        labels.parse(TEXT.replace(old, new, 1), matrices.Matrices, "matrices.yaml")

"""The run that ships is told apart from what is measured here, wherever it is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgelab import slm, workspace
from edgelab.errors import FormatError, MissingDataError
from edgelab.slm import mlx_reference, pump_task, record
from edgelab.slm.memory import Footprint
from edgelab.slm.windows import Windows
from tests.slm.conftest import need

TEXT = Windows("noise", np.random.default_rng(0).integers(0, 512, (2, 48)))


@pytest.fixture(scope="module")
def run(gguf, tmp_path_factory):
    need("mlx")
    need("llama.cpp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGELAB_PROFILE", "ci")
        patch.setenv("EDGELAB_WORKSPACE", str(tmp_path_factory.mktemp("ws")))
        # A process of its own for each variant takes longer than all the rest; what it measures has its own tests.
        patch.setattr(mlx_reference.memory, "measure", footprint)
        return mlx_reference.measure(
            gguf,
            TEXT,
            variants=[mlx_reference.VARIANTS[0], mlx_reference.VARIANTS[2]],
            task=pump_task.data(train=4, validation=2, test=2),
            steps=2,
            batch=2,
        )


def footprint(model):
    """Return a record of memory for a model, its figures those of nothing."""
    figures = (
        "peak_bytes",
        "runtime_bytes",
        "import_ms",
        "load_ms",
        "first_token_ms",
        "prompt",
        "tokens",
    )
    return Footprint(**record.facts(model), **dict.fromkeys(figures, 1))


def test_a_run_measures_every_variant_and_the_tuning(run, gguf):
    kinds = [type(item).__name__ for item in run.records]
    assert kinds == [
        *("Perplexity", "Speed", "Speed", "Footprint"),
        *("Perplexity", "Divergence", "Speed", "Speed", "Footprint"),
    ]
    assert {item.engine for item in run.records} == {"mlx"}
    assert run.records[5].kl > 0.001
    assert run.source == workspace.file_hash(gguf)
    assert [step for step, _, _ in run.tuning.curve] == [0, 2]
    assert (run.tuning.right_before, run.tuning.asked) == (0, 2)
    assert all(item.measured_here for item in (*run.records, run.tuning))


def test_what_is_read_again_says_that_it_was_not_measured_here(run, tmp_path):
    file = mlx_reference.write(run, tmp_path / "run.json")
    again = mlx_reference.read(file)
    assert not any(item.measured_here for item in (*again.records, again.tuning))
    assert repr(again.tuning).endswith("not measured here.")
    assert again.tuning.curve == run.tuning.curve
    assert [r.to_dict() | {"measured_here": True} for r in again.records] == [
        r.to_dict() for r in run.records
    ]
    shown = str(slm.table(again.records, columns=("file_bytes", "generation", "perplexity", "kl")))
    assert shown.count(", not measured here") == 2
    assert "Not measured here: a shipped reference run of another machine." in shown


def test_a_missing_or_damaged_run_is_told(run, tmp_path):
    with pytest.raises(MissingDataError, match=r"python -m edgelab\.slm\.mlx_reference"):
        mlx_reference.read(tmp_path / "nothing.json")
    file = mlx_reference.write(run, tmp_path / "run.json")
    content = json.loads(file.read_text())
    for spoilt, message in (
        ({"records": [{"record": "Speed"}]}, "is damaged"),
        ({"records": [{"record": "Invented"}]}, "is damaged"),
        ({"tuning": content["tuning"] | {"measured_here": True}}, "measured here"),
    ):
        file.write_text(json.dumps(content | spoilt))
        with pytest.raises(FormatError, match=message):
            mlx_reference.read(file)
    file.write_text("{")
    with pytest.raises(FormatError, match="is damaged"):
        mlx_reference.read(file)


def test_the_command_says_what_it_needs(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(mlx_reference.course, "folder", lambda: tmp_path)
    assert mlx_reference.main(["--out", str(tmp_path / "run.json")]) == 1
    assert "is not here" in capsys.readouterr().out
    assert not (tmp_path / "run.json").exists()


def test_the_run_that_ships_is_of_the_course_s_model():
    try:
        shipped = mlx_reference.read()
    except MissingDataError:
        pytest.skip("the reference run is not made yet")
    assert shipped.source == slm.course.record()["sha256"]
    assert {item.engine for item in shipped.records} == {"mlx"}
    assert shipped.tuning.right_before == 0
    assert shipped.tuning.right_after >= 80

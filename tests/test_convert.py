from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, evaluate, keras, runtimes
from edgelab.errors import (
    FormatError,
    InputError,
    MissingFileError,
    MissingRuntimeError,
    ParityError,
    StorageError,
)


@pytest.mark.parametrize(
    ("verb", "file"), [(convert.to_tflite, "m.tflite"), (convert.to_onnx, "m.onnx")]
)
def test_a_conversion_computes_what_the_model_computes_for_any_batch(
    tiny_model: Any, tiny_images: np.ndarray, verb: Any, file: str
) -> None:
    path = verb(tiny_model, file)
    expected = np.asarray(tiny_model(tiny_images))
    with runtimes.load(path) as runner:
        assert runner.input_spec.shape == (None, 8, 8, 1)
        for n in (1, 5, 32):
            np.testing.assert_allclose(runner.run(tiny_images[:n]), expected[:n], atol=1e-5)


def test_a_saved_model_serves_the_same_answers(tiny_model: Any, tiny_images: np.ndarray) -> None:
    folder = convert.to_saved_model(tiny_model, "saved")
    loaded = keras.tf().saved_model.load(str(folder))
    np.testing.assert_allclose(
        loaded.serve(tiny_images), np.asarray(tiny_model(tiny_images)), atol=1e-5
    )


@pytest.mark.parametrize("source", ["m.keras", "m.onnx", "m.tflite"])
def test_openvino_takes_three_kinds_of_source(
    tiny_files: dict[str, Path], tiny_model: Any, tiny_images: np.ndarray, source: str
) -> None:
    pytest.importorskip("openvino")
    path = convert.to_openvino(tiny_files[source], "ir.xml")
    assert path.with_suffix(".bin").is_file()
    np.testing.assert_allclose(
        evaluate.predict(path, tiny_images[:1]), np.asarray(tiny_model(tiny_images[:1])), atol=1e-5
    )


def test_a_bare_name_goes_to_the_workspace(tiny_model: Any, own_workspace: Path) -> None:
    assert convert.to_tflite(tiny_model, "m.tflite") == own_workspace / "artefacts" / "m.tflite"


def test_the_second_time_nothing_is_converted(
    tiny_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = convert.to_tflite(tiny_model, "a.tflite").read_bytes()
    monkeypatch.setattr(convert, "tflite_bytes", lambda *_: b"")
    assert convert.to_tflite(tiny_model, "b.tflite").read_bytes() == first


def test_a_conversion_that_changed_the_model_is_thrown_away(
    tiny_model: Any, tiny_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = keras.clone(tiny_model)
    changed.set_weights([w * 1.01 for w in tiny_model.get_weights()])
    path = convert.to_tflite(tiny_model, "m.tflite")
    before = path.read_bytes()
    monkeypatch.setattr(convert, "tflite_bytes", lambda *_: before)
    with pytest.raises(ParityError, match=r"m\.tflite disagrees with .* allowed is"):
        convert.to_tflite(changed, "m.tflite")
    assert path.read_bytes() == before
    monkeypatch.undo()
    monkeypatch.setenv("EDGELAB_WORKSPACE", str(path.parent))
    convert.to_tflite(changed, "right.tflite")  # the wrong file was not kept in the cache


def test_a_runtime_that_is_not_installed_is_named(
    tiny_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingRuntimeError, match="pip install openvino"):
        convert.to_openvino(tiny_model, "m.xml")
    fresh = keras.clone(tiny_model)
    fresh.set_weights([w + 0.5 for w in tiny_model.get_weights()])
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(MissingRuntimeError, match="pip install tf2onnx"):
        convert.to_onnx(fresh, "m.onnx")


def test_bad_sources_are_refused(
    tiny_files: dict[str, Path], tmp_path: Path, tiny_model: Any
) -> None:
    with pytest.raises(MissingFileError):
        convert.to_tflite("gone.keras", "m.tflite")
    with pytest.raises(FormatError, match=r"as a \.keras file"):
        convert.to_tflite(tiny_files["m.tflite"], "m.tflite")
    with pytest.raises(InputError, match="this is a list"):
        convert.to_onnx([], "m.onnx")
    with pytest.raises(InputError, match=r"must end in \.onnx"):
        convert.to_onnx(tiny_model, "m.tflite")
    with pytest.raises(InputError, match="takes no suffix"):
        convert.to_saved_model(tiny_model, "folder.zip")
    with pytest.raises(InputError, match="samples must be a split or an array"):
        convert.to_onnx(tiny_model, "m.onnx", samples=[[1.0]])


def test_openvino_refuses_a_truncated_or_foreign_file(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(tiny_files["m.onnx"].read_bytes()[:3000])
    with pytest.raises(FormatError, match=r"cut\.onnx"):
        convert.to_openvino(cut, "m.xml")
    with pytest.raises(FormatError, match=r"no \.keras, \.onnx or \.tflite"):
        convert.to_openvino("model.gguf", "m.xml")


def test_a_place_that_cannot_be_written_is_a_storage_error(tiny_model: Any, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("a file, no folder")
    for verb, name in ((convert.to_tflite, "m.tflite"), (convert.to_saved_model, "m")):
        with pytest.raises(StorageError, match="could not be written"):
            verb(tiny_model, tmp_path / "note" / name)


def test_a_subclassed_model_is_refused(tiny_images: np.ndarray) -> None:
    k = keras.keras()

    class Own(k.Model):
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(InputError, match="one input and one output"):
        convert.to_tflite(Own(), "m.tflite")

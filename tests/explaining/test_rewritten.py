from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import convert, keras, quantize, runtimes
from edgelab.errors import MissingFileError
from edgelab.explaining import anatomy, rewritten


@pytest.fixture(scope="module")
def thin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a network with thin layers: branches that are added, a depthwise layer, a flattening."""
    k = keras.keras()
    image = k.Input((8, 8, 1))
    x = k.layers.Conv2D(3, 3, padding="same", activation="relu")(image)
    y = k.layers.DepthwiseConv2D(3, padding="same")(x)
    y = k.layers.BatchNormalization()(k.layers.Conv2D(3, 1)(y))
    x = k.layers.MaxPooling2D()(k.layers.ReLU()(k.layers.Add()([x, y])))
    x = k.layers.Dense(5, activation="relu")(k.layers.Flatten()(x))
    return k.Model(image, k.layers.Dense(2)(x), name="thin")


@pytest.fixture(scope="module")
def files(thin: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("thin")
    images = np.random.default_rng(0).random((8, 8, 8, 1), np.float32)
    return {
        "float32": convert.to_tflite(thin, folder / "thin.tflite"),
        "float16": quantize.float16(thin, folder / "thin16.tflite"),
        "int8": quantize.full_integer(thin, images, folder / "thin8.tflite"),
        "weights8": quantize.weights(
            convert.to_tflite(thin, folder / "thin.tflite"), folder / "thin8w.tflite", bits=8
        ),
        "onnx": convert.to_onnx(thin, folder / "thin.onnx"),
    }


@pytest.mark.parametrize("kind", ["float32", "float16", "int8", "onnx"])
def test_padded_layers_have_multiples_of_eight_and_run(
    files: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    file = rewritten.pad(files[kind], tmp_path / f"padded{files[kind].suffix}")
    assert file is not None
    before, after = anatomy.of(files[kind]), anatomy.of(file)
    assert [p.channels for p in before.parts] == [3, 3, 3, 5, 2]
    assert [p.channels for p in after.parts] == [8, 8, 8, 8, 2]
    assert [p.arithmetic for p in after.parts] == [p.arithmetic for p in before.parts]
    assert after.macs > 2 * before.macs
    with runtimes.load(file) as runner:
        assert runner.run(np.ones((1, 8, 8, 1), np.float32)).shape == (1, 2)


@pytest.mark.parametrize("kind", ["float16", "weights8"])
def test_weights_stored_as_floats_give_the_same_answers(
    files: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    file = rewritten.widen(files[kind], tmp_path / "floats.tflite")
    assert file is not None
    found = anatomy.of(file)
    assert (found.bits, found.share("float")) == (32, 1)
    image = np.random.default_rng(1).random((1, 8, 8, 1), np.float32)
    answers = []
    for path in (files[kind], file):
        with runtimes.load(path) as runner:
            answers.append(runner.run(image))
    assert answers[1] == pytest.approx(answers[0], abs=1e-3)


def test_onnx_weights_stored_as_floats_give_the_same_answers(
    files: dict[str, Path], tmp_path: Path
) -> None:
    stored = only_weights(files["onnx"], tmp_path / "weights8.onnx")
    assert anatomy.of(stored).share("widened") > 0.5
    file = rewritten.widen(stored, tmp_path / "floats.onnx")
    assert file is not None
    assert anatomy.of(file).share("float") == 1
    image = np.random.default_rng(1).random((1, 8, 8, 1), np.float32)
    answers = []
    for path in (stored, file):
        with runtimes.load(path) as runner:
            answers.append(runner.run(image))
    assert answers[1] == pytest.approx(answers[0], abs=1e-3)


def only_weights(source: Path, target: Path) -> Path:
    """Store the weights of every convolution in 8 bits, and leave the activations as they are."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(source)
    for node in [n for n in model.graph.node if n.op_type == "Conv"]:
        place = next(i for i in model.graph.initializer if i.name == node.input[1])
        values = numpy_helper.to_array(place)
        scale = np.abs(values).max(axis=tuple(range(1, values.ndim))) / 127
        codes = np.rint(values / scale[:, None, None, None]).astype(np.int8)
        names = [f"{place.name}_{x}" for x in ("codes", "scale", "zero")]
        for name, array in zip(
            names, (codes, scale.astype(np.float32), np.zeros(len(scale), np.int8)), strict=True
        ):
            model.graph.initializer.append(numpy_helper.from_array(array, name))
        wide = f"{place.name}_wide"
        model.graph.node.insert(0, helper.make_node("DequantizeLinear", names, [wide], axis=0))
        node.input[1] = wide
    onnx.save(model, target)
    return target


def test_where_there_is_nothing_to_rewrite_there_is_no_copy(
    files: dict[str, Path], tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    target = tmp_path / "copy.tflite"
    assert rewritten.widen(files["float32"], target) is None
    assert rewritten.pad(tiny_files["m.keras"], target) is None
    assert rewritten.widen(tiny_files["m.onnx"], target) is None
    padded = rewritten.pad(files["float32"], tmp_path / "padded.tflite")
    assert padded is not None
    assert rewritten.pad(padded, target) is None
    assert not target.exists()


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingFileError, match="absent"):
        rewritten.pad("absent.tflite", "copy.tflite")

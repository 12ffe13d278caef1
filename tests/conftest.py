"""What all tests share: a workspace and a cache of their own, and a few tiny real models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import keras, records
from edgelab.measuring import child
from tests import side_by_side
from tests.one_child import OneChild


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    items.sort(key=lambda item: side_by_side.place(item.path.name))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole files, and lessons; xdist's own groups need a pytest before 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return side_by_side.unit(nodeid)

    return Together(config, log)


@pytest.fixture(autouse=True)
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty workspace, so that none writes into the clone's."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("EDGELAB_WORKSPACE", str(folder))
    monkeypatch.setenv("EDGELAB_PROFILE", "ci")
    return folder


@pytest.fixture(autouse=True)
def own_history() -> Iterator[None]:
    """Give every test an empty history."""
    before = records.use(records.MemoryStore())
    yield
    records.use(before)


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Share one cache among the tests of a run, in all its processes, and none with the clone."""
    own = tmp_path_factory.getbasetemp()
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGELAB_CACHE", str(run / "cache"))
        yield


@pytest.fixture(scope="session")
def the_child() -> Iterator[OneChild]:
    """Start a process with one thread that lives as long as the tests, TensorFlow in it once."""
    with OneChild() as one:
        yield one


@pytest.fixture
def one_child(the_child: OneChild, monkeypatch: pytest.MonkeyPatch) -> OneChild:
    """Let `child.run` call in that process instead of a fresh one."""
    monkeypatch.setattr(child, "run", the_child.run)
    return the_child


@pytest.fixture(scope="session")
def tiny_model() -> Any:
    """Return an untrained Keras network of two convolutions and a dense layer on 8×8×1 images."""
    k = keras.keras()
    k.utils.set_random_seed(1)
    # Biases that are not zero: a converter may share or drop zeros, and counts would differ.
    common = {"padding": "same", "activation": "relu", "bias_initializer": "random_normal"}
    image = k.Input((8, 8, 1), name="image")
    x = k.layers.Conv2D(4, 3, name="first", **common)(image)
    x = k.layers.DepthwiseConv2D(3, name="depthwise", **common)(x)
    x = k.layers.Flatten()(x)
    scores = k.layers.Dense(10, bias_initializer="random_normal", name="last")(x)
    return k.Model(image, scores)


@pytest.fixture(scope="session")
def tiny_images() -> np.ndarray:
    """Return 32 random images for `tiny_model`."""
    return np.random.default_rng(0).random((32, 8, 8, 1), dtype=np.float32)


@pytest.fixture(scope="session")
def tiny_files(
    tiny_model: Any, tiny_images: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Return `tiny_model` as .keras, float .tflite, integer .tflite and .onnx files.

    Made by the frameworks themselves, so that tests of the runtimes do not depend on the verbs.
    """
    tf = keras.tf()
    folder = tmp_path_factory.mktemp("tiny")
    files = {name: folder / name for name in ("m.keras", "m.tflite", "int8.tflite", "m.onnx")}
    with keras.quiet():
        tiny_model.save(files["m.keras"])
        files["m.tflite"].write_bytes(
            tf.lite.TFLiteConverter.from_keras_model(tiny_model).convert()
        )
        converter = tf.lite.TFLiteConverter.from_keras_model(tiny_model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in tiny_images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        files["int8.tflite"].write_bytes(converter.convert())
        import tf2onnx

        signature = [tf.TensorSpec((None, 8, 8, 1), tf.float32, name="image")]
        tf2onnx.convert.from_keras(
            tiny_model, input_signature=signature, opset=17, output_path=str(files["m.onnx"])
        )
    return files


@pytest.fixture(scope="session")
def tiny_split(tiny_model: Any, tiny_images: np.ndarray) -> Any:
    """Return a function that makes a split of a role; the labels are `tiny_model`'s own answers."""
    from edgelab.images.splits import Split

    answers = np.asarray(tiny_model(tiny_images)).argmax(axis=1)

    def make(role: str) -> Split:
        names = tuple("abcdefghij")
        return Split("tiny", role, tiny_images, answers, names)

    return make

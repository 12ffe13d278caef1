from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgelab import models, runtimes
from edgelab.errors import FormatError, InputError, MissingFileError
from edgelab.serving import configuration, default_model, labels
from edgelab.serving.engine import Engine, softmax
from tests.serving import made


def engine(network, workers=2, **switches) -> Engine:
    model = configuration.Model(name="colours", path=network, classes=made.CLASSES)
    return Engine(model, workers, **switches)


def test_probabilities_are_those_that_are_computed_by_hand(network):
    batch = np.stack([made.noise(seed) for seed in range(5)])
    found = engine(network).run(batch)
    assert np.allclose(found, [made.by_hand(rgb) for rgb in batch], atol=1e-5)
    assert np.allclose(found.sum(axis=1), 1)


def test_the_input_range_of_a_model_is_kept(network):
    model = configuration.Model(path=network, classes=made.CLASSES, input_range=(-1, 1))
    white = np.full((1, 8, 8, 3), 255, np.uint8)
    expected = softmax(np.array([[1, 1, 1]], np.float32) @ made.WEIGHTS + made.BIAS)
    assert np.allclose(Engine(model, 1).run(white), expected, atol=1e-6)


@pytest.mark.parametrize("one_load", [True, False])
@pytest.mark.parametrize("interpreter_per_worker", [True, False])
def test_every_thread_gets_the_answer_to_its_own_images(network, one_load, interpreter_per_worker):
    shared = engine(network, one_load=one_load, interpreter_per_worker=interpreter_per_worker)

    def one(seed: int) -> bool:
        rgb = made.noise(seed)
        return np.allclose(shared.run(rgb[None])[0], made.by_hand(rgb), atol=1e-5)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(200)))


@pytest.mark.parametrize(
    ("switches", "loads"),
    [
        ({}, 3),  # one for each worker
        ({"interpreter_per_worker": False}, 1),
        ({"one_load": False}, 1 + 4),  # one to look at it, and one for every request
    ],
)
def test_how_often_a_model_is_loaded_is_what_the_switches_say(
    network, monkeypatch, switches, loads
):
    count = 0
    load = runtimes.load

    def counted(*arguments, **options):
        nonlocal count
        count += 1
        return load(*arguments, **options)

    monkeypatch.setattr(runtimes, "load", counted)
    loaded = engine(network, workers=3, **switches)
    for seed in range(4):
        loaded.run(made.noise(seed)[None])
    assert count == loads


def test_no_two_threads_are_in_one_interpreter_at_the_same_time(network, monkeypatch):
    inside: list[object] = []
    lock = threading.Lock()
    run = runtimes.Runner.run

    def watched(self, batch):
        with lock:
            assert self not in inside
            inside.append(self)
        try:
            return run(self, batch)
        finally:
            with lock:
                inside.remove(self)

    monkeypatch.setattr(runtimes.Runner, "run", watched)
    shared = engine(network, workers=2)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda seed: shared.run(made.noise(seed)[None]), range(100)))


def test_an_interpreter_comes_back_after_an_error(network):
    loaded = engine(network, workers=1)
    for _ in range(3):
        with pytest.raises(InputError):
            loaded.run(np.zeros((1, 4, 4, 3), np.uint8))
    assert loaded.run(made.noise(1)[None]).shape == (1, 4)


def test_a_model_with_other_classes_is_refused_at_the_start(network):
    with pytest.raises(InputError, match="10 names"):
        Engine(configuration.Model(path=network), 1)


def test_a_model_that_is_missing_or_damaged_is_refused_at_the_start(tmp_path):
    with pytest.raises(MissingFileError):
        Engine(configuration.Model(path=tmp_path / "none.onnx"), 1)
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(FormatError):
        Engine(configuration.Model(path=tmp_path / "bad.onnx"), 1)


def test_a_model_that_takes_no_square_pictures_is_refused(tmp_path):
    wide = made.network(tmp_path / "wide.onnx", size=(4, 8))
    with pytest.raises(InputError, match="three colours"):
        Engine(configuration.Model(path=wide), 1)


def test_very_large_logits_become_probabilities_and_nan_is_an_error():
    assert softmax(np.array([[800.0, -800.0]], np.float32)).tolist() == [[1.0, 0.0]]
    with pytest.raises(FormatError, match="NaN"):
        softmax(np.array([[np.nan, 1.0]], np.float32))


def test_the_default_model_knows_cifar_10_and_is_made_only_once():
    from edgelab.images import cifar

    sample = cifar.read_sample()["test"]()
    shipped = Engine(configuration.Model(), 1)
    right = shipped.run(sample.images).argmax(axis=1) == sample.labels
    # Four standard errors of an accuracy on 1,000 images.
    assert right.mean() == pytest.approx(models.info("resnet8").accuracy, abs=0.055)
    assert labels.CIFAR10 == cifar.CLASSES
    when = shipped.path.stat().st_mtime_ns
    assert default_model.path().stat().st_mtime_ns == when

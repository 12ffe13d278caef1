"""Transfer learning on a tiny base: both stages, interruptions, export; and the real base once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import data, evaluate, keras, models, workspace
from edgelab.errors import InputError
from edgelab.images.splits import Dataset, Split
from edgelab.networks import efficientnet, imagenet, lower_layers, resumable, transfer

CLASSES = ("left", "right", "top")
real_bases = transfer._bases


def tiny(size: int) -> Any:
    """Return a small network with random weights, as if it had been trained elsewhere."""
    k = keras.keras()
    k.utils.set_random_seed(7)
    image = k.Input((size, size, 3))
    x = k.layers.Conv2D(8, 3, strides=2, padding="same", name="first")(image)
    x = k.layers.BatchNormalization(name="first_norm")(x)
    x = k.layers.ReLU(name="cut")(x)
    x = k.layers.Conv2D(16, 3, strides=2, padding="same", name="second")(x)
    x = k.layers.BatchNormalization(name="second_norm")(x)
    x = k.layers.ReLU(name="second_relu")(x)
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(image, k.layers.Dense(1000, name="logits")(x), name="tiny")


def pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return stripes of three kinds: upright, lying, and none, with noise."""
    random = np.random.default_rng(seed)
    y = np.arange(count) % 3
    x = random.random((count, 16, 16, 3), np.float32) * 0.2
    x[y == 0, :, ::4] += 0.7
    x[y == 1, ::4] += 0.7
    x[y == 2] += 0.2
    return np.clip(x, 0, 1).astype(np.float32), y


@pytest.fixture
def stripes() -> Dataset:
    sizes = {"train": 90, "calibration": 12, "validation": 30, "test": 60}
    readers = {
        role: (lambda n=n, seed=seed: pictures(n, seed))
        for seed, (role, n) in enumerate(sizes.items())
    }
    return Dataset("stripes", CLASSES, "made here", readers)


@pytest.fixture(autouse=True)
def small_and_quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGELAB_DATA", raising=False)
    bases = {"tiny": transfer.Base(tiny, "cut", 2.0, -1.0)}
    monkeypatch.setattr(transfer, "_bases", lambda: bases)
    monkeypatch.setattr(lower_layers, "PIECE", 20)
    monkeypatch.setattr(transfer, "_HEAD_EPOCHS", 2)
    # To trace a graph takes longer than all the steps of a network of this size.
    functions = keras.tf().config
    functions.run_functions_eagerly(True)
    yield
    functions.run_functions_eagerly(False)


def learn(dataset: Dataset, **options: Any) -> Any:
    return transfer.fit(dataset, "tiny", **{"size": 32, "images": 30, "epochs": 2, **options})


def test_it_learns_the_classes_and_leaves_the_lower_layers_alone(
    stripes: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_HEAD_EPOCHS", 60)
    keras.tf().config.run_functions_eagerly(False)
    model = learn(stripes, images=90)
    right = evaluate.accuracy(model, stripes.test)
    assert right.correct / right.total > 0.7
    before, original = tiny(32), tiny(32).get_layer("second").get_weights()[0]
    assert np.array_equal(
        model.get_layer("first").get_weights()[0], before.get_layer("first").get_weights()[0]
    )
    assert models.info(model).weights == "trained"
    if "best: epoch 0" not in models.info(model).note:
        assert not np.array_equal(model.get_layer("second").get_weights()[0], original)


def test_stage_two_changes_the_upper_layers_and_no_average(stripes: Dataset) -> None:
    model, found = _trained_without_choice(stripes)
    before = tiny(32)
    assert not np.array_equal(
        found.get_layer("second").get_weights()[0], before.get_layer("second").get_weights()[0]
    )
    for ours, theirs in zip(
        found.get_layer("second_norm").get_weights(),
        before.get_layer("second_norm").get_weights(),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)
    assert model is not None


def _trained_without_choice(dataset: Dataset) -> tuple[Any, Any]:
    """Return the network as its last epoch left it, whichever was best."""
    kept: dict[str, Any] = {}

    class LastRun(resumable.Run):
        def restore_best(self) -> None:
            kept["upper"] = self.model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumable, "Run", LastRun)
        model = learn(dataset)
    return model, kept["upper"]


def test_without_stage_two_only_the_last_layer_is_new(stripes: Dataset) -> None:
    model = learn(stripes, epochs=0)
    before = tiny(32)
    for layer in before.layers:
        if layer.weights and layer.name != "logits":
            for ours, theirs in zip(
                model.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True
            ):
                assert np.array_equal(ours, theirs)
    right = evaluate.accuracy(model, stripes.validation)
    assert models.info(model).accuracy == pytest.approx(right.correct / right.total)


def test_the_accuracy_that_is_told_is_that_of_the_model(stripes: Dataset) -> None:
    model = learn(stripes)
    right = evaluate.accuracy(model, stripes.validation)
    assert models.info(model).accuracy == pytest.approx(right.correct / right.total)


def test_images_of_the_right_size_are_not_enlarged(stripes: Dataset) -> None:
    model = transfer._assembled(tiny(16), transfer._bases()["tiny"], stripes.train, 16)
    assert "resize" not in [layer.name for layer in model.layers]
    features = keras.keras().Model(model.input, model.get_layer("cut").output)
    theirs = tiny(16)
    cut = keras.keras().Model(theirs.input, theirs.get_layer("cut").output)
    x = stripes.validation.x[:3]
    assert features(x).numpy() == pytest.approx(cut(2 * x - 1).numpy(), abs=1e-5)


def test_the_real_base_sees_what_it_was_trained_to_see() -> None:
    base, original = real_bases()["efficientnet_lite0"], efficientnet.pretrained(64)
    x = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    split = Split("noise", "train", x, np.array([0, 1]), ("a", "b"))
    model = transfer._assembled(original, base, split, 64)
    ours = keras.keras().Model(model.input, model.get_layer("average").output)(x)
    theirs = keras.keras().Model(original.input, original.get_layer("average").output)
    expected = theirs(imagenet.scale_efficientnet_lite0(255 * x))
    assert ours.numpy() == pytest.approx(expected.numpy(), abs=1e-3)
    lower, upper = transfer._apart(model, base.cut)
    assert upper(lower(x)).numpy() == pytest.approx(model(x).numpy(), abs=1e-4)
    # The larger part of the weights is above the cut, the larger part of the work below.
    assert upper.count_params() > lower.count_params()


class Stop(BaseException):
    """An interruption: Ctrl+C, a kernel that is restarted."""


def interrupting(original: Callable[..., Any], calls: int) -> Callable[..., Any]:
    """Return the function; it is interrupted in its call of this number."""
    left = calls

    def call(*args: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stop
        return original(*args, **options)

    return call


def test_an_interrupted_training_goes_on_and_ends_in_the_same_weights(
    stripes: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = learn(stripes, epochs=3).get_weights()
    cache = tmp_path / "another"
    monkeypatch.setenv("EDGELAB_CACHE", str(cache))
    moments = [
        (workspace, "cached", 1),  # before the first piece of images
        (workspace, "cached", 4),  # among the pieces
        (transfer, "_stage1", 0),
        (transfer, "_right", 0),  # between the stages
        (transfer, "_right", 1),  # in the first epoch of stage 2
        (resumable.Run, "keep", 1),  # an epoch is done and not kept
        (resumable.Run, "keep", 1),
        (resumable.Run, "restore_best", 0),
        (np, "savez", 0),  # while the result is written
    ]
    for where, name, calls in moments:
        with monkeypatch.context() as broken:
            broken.setattr(where, name, interrupting(getattr(where, name), calls))
            with pytest.raises(Stop):
                learn(stripes, epochs=3)
        assert not list(cache.glob(".partial-*"))
    capsys.readouterr()
    resumed = learn(stripes, epochs=3)
    assert "Going on after epoch 3" in capsys.readouterr().out
    for ours, theirs in zip(resumed.get_weights(), whole, strict=True):
        assert np.array_equal(ours, theirs)


def test_no_image_is_looked_at_twice(stripes: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(stripes, epochs=0)
    made = []
    original = workspace.cached

    def counting(key: Any, make: Any, suffix: str) -> Path:
        def noted(target: Path) -> object:
            made.append(suffix)
            return make(target)

        return original(key, noted, suffix)

    monkeypatch.setattr(workspace, "cached", counting)
    learn(stripes, epochs=1)  # another training on the same images
    assert made == ["-transfer.npz"]
    learn(stripes, epochs=1)  # the same: nothing at all
    assert made == ["-transfer.npz"]


def test_it_is_exported_and_both_files_are_counted_on_test_images(stripes: Dataset) -> None:
    model = learn(stripes)
    exported = transfer.export(model, stripes, "stripes")
    assert exported.float32.name == "stripes-float32.tflite"
    assert exported.int8.stat().st_size < exported.float32.stat().st_size
    for name, path in (("float32", exported.float32), ("int8", exported.int8)):
        found = exported.accuracy[name]
        assert (found.split, found.total) == ("test", 60)
        assert (
            found.correct
            == (evaluate.predict(path, stripes.test.x).argmax(1) == stripes.test.y).sum()
        )
    assert "int8 − float32" in repr(exported)


def test_a_folder_of_class_folders_is_taken(tmp_path: Path) -> None:
    from PIL import Image

    for label, name in enumerate(CLASSES):
        x, y = pictures(60, 9)
        for number, image in enumerate(x[y == label]):
            target = tmp_path / "mine" / name / f"{number}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((image * 255).astype(np.uint8)).save(target)
    mine = data.folder(tmp_path / "mine", size=32)
    model = transfer.fit(mine, "tiny", size=32, images=30, epochs=1)
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 3)


def test_without_training_images_the_calibration_images_teach() -> None:
    model = transfer.fit(data.cifar10(sample=True), "tiny", size=32, images=20, epochs=0)
    assert "20 images" in models.info(model).note


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"base": "vgg"}, "no network 'vgg'"),
        ({"images": 2}, "one of each class"),
        ({"epochs": -1}, "epochs is -1"),
        ({"size": 8}, "size 8"),
    ],
)
def test_what_makes_no_sense_is_refused(stripes: Dataset, wrong: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        transfer.fit(stripes, **{"base": "tiny", "size": 32, "images": 90, "epochs": 0, **wrong})

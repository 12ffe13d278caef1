from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import combined, evaluate, prune, quantize, size
from edgelab.errors import InputError
from edgelab.files import tflite
from edgelab.pruning import finetune
from tests.small_nets import chain, dataset, dense

DATA = dataset()
SHARES = {"hidden": 0.8, "conv2": 0.5}


@pytest.fixture(scope="module")
def model() -> Any:
    return finetune.train(chain(), DATA, epochs=6, batch=16, rate=5e-3)


def kernel(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Return the codes of the kernel of this shape."""
    found = [t for t in tflite.read(file).tensors if t.shape == shape and t.data]
    assert len(found) == 1
    return found[0].codes()


def test_the_zeros_survive_training_for_int8() -> None:
    file = combined.prune_quantize(dense(), DATA, "pqat.tflite", {"hidden": 0.8}, epochs=(2, 1))
    assert {layer.bits for layer in tflite.layers(tflite.read(file))} == {8}
    codes = kernel(file, (12, 64))
    assert 0.79 < np.mean(codes == 0) < 0.99  # a tiny weight may round to zero as well


def test_clusters_survive_training_for_int8() -> None:
    file = combined.cluster_quantize(dense(), DATA, "cqat.tflite", clusters=6)
    assert len(np.unique(kernel(file, (12, 64)))) <= 6


def test_both_survive_and_the_download_is_the_smallest(model: Any) -> None:
    files = combined.stages(model, DATA, SHARES, clusters=6, epochs=(2, 1, 1))
    assert list(files) == [
        "float32",
        "int8",
        "pruned",
        "pruned and clustered",
        "pruned int8",
        "PCQAT",
    ]
    codes = kernel(files["PCQAT"], (12, 32))
    assert np.mean(codes == 0) > 0.79
    assert len(np.unique(codes)) <= 6
    sizes = {name: size.of(file).gzip_bytes for name, file in files.items()}
    assert sizes["pruned and clustered"] < sizes["pruned"] < sizes["float32"]
    assert sizes["PCQAT"] < sizes["int8"]
    assert evaluate.accuracy(files["PCQAT"], DATA.test).value > 0.6


def test_the_route_is_what_its_last_stage_gives(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = combined.stages(model, DATA, SHARES, clusters=6, epochs=(2, 1, 1))
    monkeypatch.setattr("edgelab.models.train", lambda *_, **__: pytest.fail("trained again"))
    same = combined.prune_cluster_quantize(model, DATA, "same.tflite", SHARES, 6, epochs=(2, 1, 1))
    assert same.read_bytes() == files["PCQAT"].read_bytes()


def test_one_number_spares_the_ends(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def noted(_model: Any, _data: Any, shares: dict[str, float], *_: Any, **__: Any) -> Any:
        seen.update(shares)
        raise InputError("stop here")

    monkeypatch.setattr(prune, "gradually", noted)
    with pytest.raises(InputError, match="stop here"):
        combined.prune_quantize(model, DATA, "a.tflite", 0.5)
    assert seen == {"conv2": 0.5, "hidden": 0.5}


def test_bad_input_is_refused(model: Any) -> None:
    with pytest.raises(InputError, match="must not undo"):
        combined.to_int8(model, DATA, "a.tflite", keep=())
    with pytest.raises(InputError, match="must not undo"):
        combined.to_int8(model, DATA, "a.tflite", keep=("signs",))
    with pytest.raises(InputError, match="epochs is 0"):
        combined.to_int8(model, DATA, "a.tflite", epochs=0)
    with pytest.raises(InputError, match=r"ends? in \.tflite"):
        combined.to_int8(model, DATA, "a.keras")
    with pytest.raises(InputError, match="wrapped already"):
        combined.to_int8(
            quantize.aware(model, DATA.train, epochs=1), DATA, "a.tflite", keep=("zeros",)
        )

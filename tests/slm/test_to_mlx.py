"""An MLX folder holds what it was made from, or its grid, and anyone who reads it gets the right rotary embedding."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from edgelab import slm
from edgelab.errors import InputError, MissingFileError, ParityError
from edgelab.slm import artefact, gguf_writer, grouped, hf_folder, mlx_library, parity, to_mlx
from tests.slm import tiny
from tests.slm.conftest import need

Q = "model.layers.1.self_attn.q_proj"


@pytest.fixture(autouse=True, scope="module")
def _mlx():
    need("mlx")


@pytest.fixture(scope="module")
def converted(folder, tmp_path_factory):
    """Return a function that converts the tiny model, once for each set of options."""
    made = {}

    def convert(**options):
        key = tuple(options.items())
        if key not in made:
            target = tmp_path_factory.mktemp("mlx") / "tiny-mlx"
            made[key] = to_mlx.convert(folder, target, **options)
        return made[key]

    return convert


def test_float_weights_stay_what_they_are(converted, folder):
    made = converted()
    assert artefact.kind(made) == "mlx"
    before, after = (load_file(p / "model.safetensors") for p in (folder, made))
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        np.testing.assert_array_equal(tensor, after[name])
    told = parity.read(made)
    assert told.max_abs < 1e-4
    assert told.reference == "tiny"
    with slm.load(made) as model:
        assert (model.engine, model.bits_per_weight) == ("mlx", 32)


def test_sixteen_bits_are_half_the_size_and_nearly_the_same(converted):
    made = converted(dtype="float16")
    assert {t.dtype.name for t in load_file(made / "model.safetensors").values()} == {"float16"}
    assert 1e-4 < parity.read(made).max_abs < 0.1
    with slm.load(made) as model:
        assert (model.settings["precision"], model.bits_per_weight) == ("float16", 16)


@pytest.mark.parametrize(
    "options",
    [
        {"bits": 4},
        {"bits": 8, "group": 32},
        {"bits": 4, "group": 32, "embedding": False},
    ],
)
def test_codes_in_the_file_are_those_computed_by_hand(converted, options):
    made = converted(**options)
    bits, group = options["bits"], options.get("group", 64)
    expected = grouped.quantize(tiny.checkpoint().tensors[f"{Q}.weight"], bits, group)
    found = load_file(made / "model.safetensors")
    np.testing.assert_array_equal(found[f"{Q}.weight"], expected.words)
    np.testing.assert_array_equal(found[f"{Q}.scales"], expected.scales)
    np.testing.assert_array_equal(found[f"{Q}.biases"], expected.biases)
    assert ("model.embed_tokens.scales" in found) == options.get("embedding", True)
    with slm.load(made) as model:
        assert {
            "bits": bits,
            "group": group,
            "precision": "float32",
        }.items() <= model.settings.items()
        in_file = 8 * sum(tensor.nbytes for tensor in found.values())
        assert model.bits_per_weight == pytest.approx(in_file / tiny.SHAPE.parameters)


def test_logits_of_a_rounded_model_are_those_of_the_grid_in_another_engine(
    converted, exact, tmp_path
):
    grid = grouped.rounded(tiny.checkpoint(), bits=4, group=64)
    simulated = gguf_writer.write(grid, tmp_path / "simulated.gguf", precision="f32")
    ids = np.random.default_rng(0).integers(0, 512, 100)
    with (
        slm.load(converted(bits=4)) as rounded,
        slm.load(simulated, keys="f32", values="f32") as other,
    ):
        found = rounded.logits(ids)
        np.testing.assert_allclose(found, other.logits(ids), atol=1e-4)
    assert np.abs(found - exact.logits(ids)).max() > 0.1


def test_the_base_of_the_rotary_embedding_is_where_mlx_lm_looks(tmp_path):
    # Without the mend mlx-lm takes 10,000, every test on a model of that base passes, and this one fails.
    shape = dataclasses.replace(tiny.SHAPE, rope_theta=100_000.0)
    source = tiny.folder(tmp_path / "source", shape=shape)
    config = json.loads((source / "config.json").read_text())
    del config["rope_theta"]  # as transformers 5 writes it
    (source / "config.json").write_text(json.dumps(config))
    made = to_mlx.convert(source, tmp_path / "made")
    alone = mlx_library.models("utils").load_model(made)[0]
    assert alone.args.rope_theta == 100_000
    mx = mlx_library.package()
    ids = np.random.default_rng(0).integers(0, 512, 64)
    with slm.load(source, engine="torch") as reference:
        found = np.array(alone(mx.array(ids)[None])[0])
        np.testing.assert_allclose(found, reference.logits(ids), atol=1e-4)


def test_a_gguf_file_gives_the_same_folder(converted, gguf, tmp_path):
    made = to_mlx.convert(gguf, tmp_path / "from gguf", bits=4)
    files = [load_file(p / "model.safetensors") for p in (made, converted(bits=4))]
    for name, tensor in files[0].items():
        np.testing.assert_array_equal(tensor, files[1][name])
    assert hf_folder.end_tokens(made) == {0}


def test_a_conversion_that_computes_something_else_is_no_result(folder, tmp_path, monkeypatch):
    written = hf_folder.write

    def spoilt(checkpoint, target, dtype):
        turned = {Q + ".weight": checkpoint.tensors[Q + ".weight"][::-1]}
        return written(checkpoint.with_tensors(turned), target, dtype)

    monkeypatch.setattr(to_mlx.hf_folder, "write", spoilt)
    monkeypatch.setenv("EDGELAB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ParityError, match="does not compute what it was made from"):
        to_mlx.convert(folder, tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bits": 3}, "bits is 3; use 2, 4, 8, or None"),
        ({"bits": 4, "group": 16}, "group is 16"),
        ({"dtype": "bfloat16"}, "dtype is 'bfloat16'"),
    ],
)
def test_what_can_t_be_made_is_refused(folder, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        to_mlx.convert(folder, tmp_path / "made", **options)


def test_a_row_that_no_group_divides_is_refused_and_not_left_in_float(tmp_path):
    shape = dataclasses.replace(tiny.SHAPE, feed_forward=96)
    source = tiny.folder(tmp_path / "odd", shape=shape)
    with pytest.raises(
        InputError, match=r"down_proj.weight has rows of 96 weights, which groups of 64"
    ):
        to_mlx.convert(source, tmp_path / "made", bits=4)
    assert to_mlx.convert(source, tmp_path / "made", bits=4, group=32).is_dir()


def test_an_mlx_folder_is_not_converted_again(converted, tmp_path):
    with pytest.raises(InputError, match="is a model for mlx"):
        to_mlx.convert(converted(bits=4), tmp_path / "made")
    with pytest.raises(MissingFileError):
        to_mlx.convert(tmp_path / "nothing", tmp_path / "made")

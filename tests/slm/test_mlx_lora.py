"""Tuning in MLX is tuning in PyTorch: the same gradient, one matrix afterwards, and a GGUF file at the end."""

from __future__ import annotations

import numpy as np
import pytest

from edgelab import slm
from edgelab.errors import InputError
from edgelab.slm import (
    gguf_writer,
    hf_folder,
    ladder,
    llama,
    lora,
    mlx_library,
    mlx_lora,
    pump_task,
)
from tests.slm import tiny
from tests.slm.conftest import need


@pytest.fixture(autouse=True, scope="module")
def _mlx():
    need("mlx")


@pytest.fixture(scope="module")
def few():
    return pump_task.data(train=4, validation=2, test=2)


@pytest.fixture(scope="module")
def tuned(few):
    return mlx_lora.tune(
        tiny.checkpoint(), few.train, few.train, steps=24, rate=2e-2, every=12, batch=4
    )


def test_the_loss_falls_and_so_few_numbers_learned(tuned):
    assert [step for step, _, _ in tuned.curve] == [0, 12, 24]
    (_, none, start), *_, (_, batch, end) = tuned.curve
    assert none is None
    assert batch < start
    assert end < start / 3
    assert set(tuned.down) == set(llama.matrices(tiny.SHAPE))
    sizes = [t.size for t in llama.tensors_of(tiny.SHAPE) if t.name in tuned.down]
    assert tuned.trainable == sum(8 * (outputs + inputs) for outputs, inputs in sizes)


def test_the_loss_before_and_after_a_step_is_pytorch_s(few, monkeypatch):
    need("torch")
    from edgelab.slm import torch_llama

    torch, seen = torch_llama.torch(), {}

    class Same(lora_linear()):
        # Both start from the A that NumPy draws, since their own random generators differ.
        def __init__(self, input_dims, output_dims, r=8, **others):
            super().__init__(input_dims, output_dims, r, **others)
            self.lora_a = mlx_library.package().array(start(input_dims, r).T)

        @staticmethod
        def from_base(linear, r, scale):
            made = Same(linear.weight.shape[1], linear.weight.shape[0], r, scale=scale)
            made.linear = linear
            return made

    def start(inputs, rank):
        return np.random.default_rng(inputs).normal(0, 0.1, (rank, inputs)).astype(np.float32)

    def attach(model, name, rank, scale, _generator):
        matrix = model.get_submodule(name.removesuffix(".weight"))
        down = torch.from_numpy(start(matrix.in_features, rank)).requires_grad_()
        up = torch.zeros(matrix.out_features, rank, requires_grad=True)
        matrix.register_forward_hook(lambda _m, x, y: y + scale * (x[0] @ down.T) @ up.T)
        seen[name] = down
        return down, up

    monkeypatch.setattr(lora, "_attach", attach)
    monkeypatch.setattr(mlx_library.models("tuner.lora"), "LoRALinear", Same)
    options = {"steps": 2, "every": 1, "rate": 1e-3, "batch": 2}
    one, two = (
        m.tune(tiny.checkpoint(), few.train, few.validation, **options) for m in (lora, mlx_lora)
    )
    assert len(seen) == 14
    np.testing.assert_allclose(
        [v for _, _, v in two.curve], [v for _, _, v in one.curve], rtol=1e-4
    )
    np.testing.assert_allclose(
        [t for _, t, _ in two.curve[1:]], [t for _, t, _ in one.curve[1:]], rtol=1e-4
    )
    for name, up in one.up.items():
        np.testing.assert_allclose(two.up[name], up, atol=1e-4)


def lora_linear():
    """Return the layer of mlx-lm."""
    return mlx_library.models("tuner.lora").LoRALinear


def test_merging_is_what_mlx_lm_calls_fusing(tuned, folder):
    network = mlx_library.network(folder)
    layer_class = lora_linear()
    mx, merged = mlx_library.package(), lora.merge(tiny.checkpoint(), tuned)
    name = "model.layers.1.mlp.down_proj.weight"
    layer = layer_class.from_base(network.layers[1].mlp.down_proj, r=8, scale=tuned.scale)
    layer.lora_a, layer.lora_b = mx.array(tuned.down[name].T), mx.array(tuned.up[name].T)
    np.testing.assert_allclose(merged.tensors[name], np.array(layer.fuse().weight), atol=1e-5)
    assert np.array_equal(
        merged.tensors[llama.EMBEDDING], tiny.checkpoint().tensors[llama.EMBEDDING]
    )


def test_a_frozen_matrix_answers_and_passes_gradients_on_as_a_plain_one():
    mx = mlx_library.package()
    random = np.random.default_rng(0)
    x, weight = (mx.array(random.normal(size=s).astype(np.float32)) for s in ((3, 5, 32), (16, 32)))
    frozen = mlx_lora._frozen(weight)
    for ours, plain in (
        (frozen(x), x @ weight.T),
        (
            mx.grad(lambda x: (frozen(x) ** 2).sum())(x),
            mx.grad(lambda x: ((x @ weight.T) ** 2).sum())(x),
        ),
    ):
        np.testing.assert_allclose(np.array(ours), np.array(plain), atol=1e-4)
    assert frozen.trainable_parameters() == {}


def test_the_tuned_model_goes_back_to_gguf_and_down_the_ladder(tuned, few, tmp_path):
    need("llama.cpp")
    merged = lora.merge(tiny.checkpoint(), tuned)
    folder = hf_folder.write(merged, tmp_path / "tuned")
    f32 = gguf_writer.write(folder, tmp_path / "tuned-f32.gguf", precision="f32")
    q8 = ladder.quantize(f32, "Q8_0", tmp_path / "tuned-q8.gguf")
    answers = []
    for path, options in (
        (folder, {"engine": "mlx"}),
        (f32, {"keys": "f32", "values": "f32"}),
        (q8, {}),
    ):
        with slm.load(path, **options) as model:
            answers.append([model.generate(example.question, 40) for example in few.train])
    assert answers[0] == answers[1]
    # So few lines teach a model without knowledge how an answer begins, and no more.
    assert all(answer.startswith('record = {"device"') for each in answers for answer in each)


def test_what_can_t_be_tuned_is_refused(few):
    for options, message in (
        ({"rank": 0}, "rank 0"),
        ({"steps": 0}, "0 steps"),
        ({"batch": 0}, "of 0"),
    ):
        with pytest.raises(InputError, match=message):
            mlx_lora.tune(tiny.checkpoint(), few.train, few.validation, **options)
    with pytest.raises(InputError, match="0 and 2 examples"):
        mlx_lora.tune(tiny.checkpoint(), (), few.validation)
    long = pump_task.Example("# " + "x" * 600, "y\n")
    with pytest.raises(InputError, match="context ends at 512"):
        mlx_lora.tune(tiny.checkpoint(), [long], few.validation)

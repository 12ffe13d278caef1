"""Multiply-accumulates against counts by hand, format by format, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelab import keras, quantize
from edgelab.errors import UncountableError
from edgelab.files import counts

# What tiny_model takes: a 3×3 convolution 1 → 4, a depthwise one, a dense layer, on 8×8 images.
TINY = 8 * 8 * 3 * 3 * 1 * 4 + 8 * 8 * 3 * 3 * 4 + 8 * 8 * 4 * 10


def onnx_file(path: Path, nodes: list[Any], weights: dict[str, np.ndarray], shape: Any) -> Path:
    """Write an ONNX graph that takes "x" (float32, this shape) and gives "y"."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * len(shape))],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def node(kind: str, given: str, made: str = "y", **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(kind, given.split(), made.split(), **attributes)


def ones(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.ones(shape, dtype)


def test_a_matrix_product_counts_every_position(tmp_path: Path) -> None:
    file = onnx_file(tmp_path / "m.onnx", [node("MatMul", "x w")], {"w": ones(16, 8)}, [1, 128, 16])
    assert counts.of(file).macs == 128 * 16 * 8 == 16_384
    assert counts.of(file).parameters == 16 * 8


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_the_count_is_for_one_image_whatever_the_batch(tmp_path: Path, batch: Any) -> None:
    # The batch and the positions are merged into one side on the way.
    nodes = [node("Reshape", "x flat", "rows"), node("MatMul", "rows w")]
    weights = {"flat": np.array([-1, 16]), "w": ones(16, 8)}
    file = onnx_file(tmp_path / "m.onnx", nodes, weights, [batch, 128, 16])
    assert counts.of(file).macs == 16_384


def test_integer_and_quantized_operators_count_as_their_float_ones(tmp_path: Path) -> None:
    scale, point = np.float32(0.1), np.uint8(3)
    constants = {"s": np.array(scale), "z": np.array(point)}
    quantized = node("QuantizeLinear", "x s z", "q")
    kernel, table = ones(6, 2, 3, 3, dtype="uint8"), ones(16, 8, dtype="uint8")
    made = [
        ([quantized, node("ConvInteger", "q w z z", "i"), node("Cast", "i", to=1)], kernel),
        (
            [quantized, node("QLinearConv", "q s z w s z s z b", "i"),
             node("DequantizeLinear", "i s z")], kernel),
        ([quantized, node("MatMulInteger", "q w z z", "i"), node("Cast", "i", to=1)], table),
        ([quantized, node("QLinearMatMul", "q s z w s z s z", "i"),
          node("DequantizeLinear", "i s z")], table),
    ]  # fmt: skip
    for nodes, weights in made:
        convolution = weights is kernel
        extra = {"b": ones(6, dtype="int32")} if "b" in nodes[1].input else {}
        file = onnx_file(
            tmp_path / f"{nodes[1].op_type}.onnx",
            nodes,
            constants | extra | {"w": weights},
            [1, 2, 10, 10] if convolution else [1, 5, 16],
        )
        found = counts.of(file)
        by_hand = 8 * 8 * 6 * 2 * 3 * 3 if convolution else 5 * 16 * 8
        assert (found.layers[0].kind, found.macs) == (nodes[1].op_type, by_hand)
        # Scales and zero points are no parameters; a bias is.
        assert found.parameters == weights.size + (6 if extra else 0)


def test_grouped_and_transposed_convolutions_and_gemm_are_counted_by_hand(tmp_path: Path) -> None:
    grouped = onnx_file(
        tmp_path / "g.onnx", [node("Conv", "x w", group=2)], {"w": ones(6, 2, 3, 3)}, [1, 4, 10, 10]
    )
    assert counts.of(grouped).macs == 8 * 8 * 6 * 2 * 9
    transposed = onnx_file(
        tmp_path / "t.onnx",
        [node("ConvTranspose", "x w", strides=[2, 2])],
        {"w": ones(4, 3, 2, 2)},
        [1, 4, 5, 5],
    )
    assert counts.of(transposed).macs == 5 * 5 * 4 * 3 * 4
    for side, weights in ((0, ones(16, 8)), (1, ones(8, 16))):
        gemm = onnx_file(
            tmp_path / f"{side}.onnx", [node("Gemm", "x w b", transB=side)],
            {"w": weights, "b": ones(8)}, ["n", 16],
        )  # fmt: skip
        assert (counts.of(gemm).macs, counts.of(gemm).parameters) == (128, 136)


def test_products_of_activations_count_without_parameters(tmp_path: Path) -> None:
    nodes = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t")]
    found = counts.of(onnx_file(tmp_path / "a.onnx", nodes, {}, ["n", 10, 16]))
    assert (found.macs, found.parameters) == (10 * 10 * 16, 0)


def test_weights_shared_by_two_nodes_are_parameters_once_and_work_twice(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w", "h"), node("Relu", "h", "r"), node("MatMul", "r w")]
    found = counts.of(onnx_file(tmp_path / "s.onnx", nodes, {"w": ones(16, 16)}, ["n", 16]))
    assert (found.macs, found.parameters) == (512, 256)


@pytest.mark.parametrize(
    ("nodes", "weights", "kind"),
    [
        ([("LSTM", "x w r", {"hidden_size": 4})], {"w": (1, 16, 8), "r": (1, 16, 4)}, "LSTM"),
        ([("Einsum", "x w", {"equation": "abc,cd->abd"})], {"w": (8, 4)}, "Einsum"),
    ],
)
def test_an_unknown_operator_with_weights_is_refused_by_name(
    tmp_path: Path, nodes: Any, weights: Any, kind: str
) -> None:
    made = [node(op, given, **attributes) for op, given, attributes in nodes]
    tables = {name: ones(*shape) for name, shape in weights.items()}
    file = onnx_file(tmp_path / "u.onnx", made, tables, [5, 1, 8])
    with pytest.raises(UncountableError, match=rf"\({kind}\) holds weights"):
        counts.of(file)


def test_a_shape_that_is_not_fixed_is_refused(tmp_path: Path) -> None:
    file = onnx_file(
        tmp_path / "f.onnx", [node("Conv", "x w")], {"w": ones(4, 3, 3, 3)}, ["n", 3, "h", "w"]
    )
    with pytest.raises(UncountableError, match="shape is not fixed"):
        counts.of(file)


def test_a_table_that_is_added_is_no_product(tmp_path: Path) -> None:
    file = onnx_file(tmp_path / "a.onnx", [node("Add", "x w")], {"w": ones(1, 8, 4)}, [1, 8, 4])
    assert counts.of(file).macs == 0


def test_quantized_files_take_as_many_multiplications_as_the_float_file(
    tiny_files: dict[str, Path], tiny_images: np.ndarray, tmp_path: Path
) -> None:
    source = tiny_files["m.onnx"]
    files = [
        tiny_files["int8.tflite"],
        quantize.onnx_dynamic(source, tmp_path / "dynamic.onnx"),
        quantize.onnx_static(source, tiny_images, tmp_path / "static.onnx"),
    ]
    assert [counts.of(file).macs for file in (source, *files)] == [TINY] * 4


def layers() -> Any:
    return keras.keras().layers


def model(shape: tuple[int | None, ...], *stack: Any) -> Any:
    k = keras.keras()
    return k.Sequential([k.Input(shape), *stack])


def lite(network: Any, path: Path) -> Path:
    with keras.quiet():
        path.write_bytes(keras.tf().lite.TFLiteConverter.from_keras_model(network).convert())
    return path


def test_a_separable_layer_has_two_kernels(tmp_path: Path) -> None:
    network = model((8, 8, 3), layers().SeparableConv2D(5, 3, strides=2, padding="same"))
    by_hand = 4 * 4 * (3 * 3 * 3 + 3 * 5)
    assert counts.of(network).macs == by_hand
    assert counts.of(lite(network, tmp_path / "s.tflite")).macs == by_hand


def test_a_transposed_convolution_works_at_every_input(tmp_path: Path) -> None:
    network = model((5, 5, 4), layers().Conv2DTranspose(3, 2, strides=2))
    assert counts.of(network).macs == 5 * 5 * 4 * 3 * 2 * 2
    assert counts.of(lite(network, tmp_path / "t.tflite")).macs == 5 * 5 * 4 * 3 * 2 * 2


def test_a_dense_layer_counts_every_position(tmp_path: Path) -> None:
    network = model((128, 16), layers().Dense(8))
    assert counts.of(network).macs == 16_384
    assert counts.of(lite(network, tmp_path / "d.tflite")).macs == 16_384


def test_a_network_inside_a_network_counts_with_all_its_layers(tiny_model: Any) -> None:
    k = keras.keras()
    image = k.Input((8, 8, 1))
    whole = k.Model(image, k.layers.Dense(3)(tiny_model(image)))
    assert counts.of(whole).macs == TINY + 10 * 3
    assert counts.of(whole).parameters == whole.count_params()


def test_a_layer_that_is_used_twice_works_twice() -> None:
    k = keras.keras()
    a, b = k.Input((16,)), k.Input((16,))
    shared = k.layers.Dense(8)
    network = k.Model([a, b], k.layers.Add()([shared(a), shared(b)]))
    assert (counts.of(network).macs, counts.of(network).parameters) == (256, 136)


def test_a_wrapped_layer_counts_as_what_it_wraps() -> None:
    network = model((6, 16), layers().TimeDistributed(layers().Dense(8)))
    assert counts.of(network).macs == 6 * 16 * 8


def test_normalizing_and_looking_up_multiply_no_matrices() -> None:
    network = model((6, 8, 3), layers().BatchNormalization(), layers().PReLU())
    assert counts.of(network).macs == 0
    assert counts.of(model((5,), layers().Embedding(10, 4))).macs == 0


@pytest.mark.parametrize("name", ["LSTM", "LocallyConnected1D"])
def test_an_unknown_layer_with_weights_is_refused_by_name(name: str) -> None:
    kind = getattr(layers(), name)
    network = model((6, 8), kind(4) if name == "LSTM" else kind(4, 2))
    with pytest.raises(UncountableError, match=name):
        counts.of(network)


def test_a_free_image_size_is_refused() -> None:
    with pytest.raises(UncountableError, match="free image size"):
        counts.of(model((None, None, 3), layers().Conv2D(4, 3)))


def test_an_uncountable_network_is_measured_all_the_same(tmp_path: Path) -> None:
    from edgelab import benchmark

    file = onnx_file(
        tmp_path / "e.onnx",
        [node("Einsum", "x w", equation="abc,cd->abd")],
        {"w": ones(8, 4)},
        [1, 6, 8],
    )
    found = benchmark.measure(file, memory=False)
    assert found["latency_ms"] is not None
    assert found["macs"] is None

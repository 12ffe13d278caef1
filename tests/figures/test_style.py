from __future__ import annotations

import pytest

from edgelab.figures import style


@pytest.mark.parametrize(
    ("name", "technique"),
    [
        ("float32", "float32"),
        ("ResNet50", "float32"),
        ("MobileNetV2", "float32"),
        ("EfficientNet-Lite0", "float32"),
        ("baseline", "float32"),
        ("float16", "float16"),
        ("dynamic range", "dynamic"),
        ("int8", "int8"),
        ("MobileNetV2 quantized", "int8"),
        ("int8 per tensor", "int8"),
        ("int16 activations", "int16"),
        ("4 bits", "int4"),
        ("int4 weights", "int4"),
        ("mixed recipe", "mixed"),
        ("quantization-aware int8", "aware"),
        ("QAT", "aware"),
        ("pruned 80 %, int8", "pruned"),
        ("clustered", "clustered"),
        ("distilled student", "distilled"),
        ("student alone", "float32"),
    ],
)
def test_a_name_tells_its_technique(name: str, technique: str) -> None:
    assert style.technique(name) == technique
    assert style.colour(name) == style.COLOURS[technique]


def test_every_technique_has_a_colour_of_its_own() -> None:
    assert len(set(style.COLOURS.values())) == len(style.COLOURS)


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("ResNet50 int8", "resnet50"),
        ("ResNet50", "resnet50"),
        ("MobileNetV2 quantized", "mobilenetv2"),
        ("mobilenet_v2_float32", "mobilenetv2"),
        ("int8", ""),
        ("float32", ""),
    ],
)
def test_variants_of_a_model_share_a_stem(name: str, shared: str) -> None:
    assert style.stem(name) == shared


def test_the_style_leaves_nothing_behind() -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 33.0, "axes.grid": False}):
        before = dict(mpl.rcParams)
        with style.canvas() as figure:
            figure.subplots().plot([1, 2])
            style.settle(figure)
        assert dict(mpl.rcParams) == before


def test_a_students_settings_do_not_reach_our_charts() -> None:
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 33.0}), style.canvas() as figure:
        assert figure.subplots().set_xlabel("x").get_fontsize() == 9.5


def test_a_figure_belongs_to_nobody_else() -> None:
    from matplotlib import pyplot as plt

    with style.canvas() as figure:
        figure.subplots()
    assert plt.get_fignums() == []


def test_names_that_share_a_colour_get_others() -> None:
    assert style.distinct(["float32", "int8"]) == [style.colour("float32"), style.colour("int8")]
    assert len(set(style.distinct(["A", "B", "C"]))) == 3


def test_labels_at_lines_do_not_overlap() -> None:
    with style.canvas() as figure:
        axes = figure.subplots()
        axes.set_ylim(0, 1)
        style.label_lines(axes, [(0.5, "one", "#000000"), (0.51, "two", "#000000")])
        style.settle(figure)
        boxes = [text.get_window_extent() for text in axes.texts]
    assert not boxes[0].overlaps(boxes[1])


def test_text_on_a_colour_is_readable() -> None:
    assert style.readable_on(style.COLOURS["pruned"]) == "black"
    assert style.readable_on(style.COLOURS["int8"]) == "white"

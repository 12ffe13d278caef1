"""What networks say about photographs, and how often they say the same.

    report.pictures(photos, predictions)              # three likeliest classes beside each picture
    report.agreement({"float32": answers, "int8": answers_of_int8})

Lesson 24.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.records import Comparison
from edgelab.reporting import results, tables
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 3
_ACROSS = 3
_CELL_INCHES = 2.35
_BAR_INCHES = 0.22

# One picture's answers: class and probability, likeliest first.
Answers = Sequence[tuple[str, float]]


def pictures(
    photos: Sequence[Any],
    predictions: Sequence[Answers] | Mapping[str, Sequence[Answers]] | None = None,
    titles: Sequence[str] | None = None,
) -> Chart:
    """Draw photographs, each with the likeliest classes and their probabilities below it.

    Args:
        photos: uint8 arrays (height, width, 3) or (height, width), or `Photo` records.
        predictions: for each photo its answers (class, probability), likeliest first, of which
            three are drawn; or those of several models by name.
        titles: above each photo; by default the record's name.

    Raises:
        InputError: no photo, another number of predictions or titles, or an array of another shape.
    """
    images = [_image(photo) for photo in photos]
    if not images:
        raise InputError("There is no photograph to show: the list is empty.")
    names = list(titles) if titles else [str(getattr(p, "name", "")) for p in photos]
    models = _models(predictions, len(images))
    if len(names) != len(images):
        raise InputError(f"{len(images)} photographs and {len(names)} titles: give one title each.")
    across = min(_ACROSS, len(images))
    down = math.ceil(len(images) / across)
    bars = len(models) * (TOP + (0.8 if len(models) > 1 else 0.3)) * _BAR_INCHES
    ratios = [1.75, *([max(bars, 0.01)] if models else [])]
    with style.canvas(style.WIDTH, down * (sum(ratios) + 0.35)) as figure:
        style.pack(figure)
        grid = figure.subplots(
            down * len(ratios), across, squeeze=False, height_ratios=ratios * down
        )
        for axes in grid.flatten():
            axes.set_axis_off()
        for i, (image, name) in enumerate(zip(images, names, strict=True)):
            row, column = divmod(i, across)
            picture = grid[row * len(ratios), column]
            picture.imshow(image, cmap="gray" if image.ndim == 2 else None)
            if name:
                picture.set_title(name, loc="center")
            if models:
                answers = {model: given[i] for model, given in models.items()}
                _answers(grid[row * len(ratios) + 1, column], answers)
    table = _answer_table(names, models)
    described = "; ".join(
        f"{name}: " + ", ".join(f"{label} {probability:.0%}" for label, probability in given[i][:1])
        for model, given in models.items()
        for i, name in enumerate(names)
    )
    alt = f"{len(images)} photographs: {', '.join(n for n in names if n)}. {described}".strip()
    return Chart(figure, table, alt, photographic=True)


def agreement(answers: Mapping[str, Sequence[int]] | Comparison, title: str | None = None) -> Chart:
    """Draw on which share of the images each two models give the same class.

    Args:
        answers: model → class numbers, all on the same images in the same order; or a comparison
            whose measurements hold their predictions.
        title: above the chart.

    Raises:
        InputError: fewer than two models, or different numbers of images.
    """
    given = _classes(answers)
    names = list(given)
    count = len(given[names[0]])
    shares = np.array([[float(np.mean(given[a] == given[b])) for b in names] for a in names])
    with style.canvas(style.WIDTH, 1.1 + 0.45 * (len(names) - 1)) as figure:
        axes = figure.subplots()
        lower = np.tril(np.ones_like(shares, bool), -1)
        shown = np.where(lower, shares, np.nan)[1:, :-1]
        axes.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row in range(len(names) - 1):
            for column in range(row + 1):
                share = shares[row + 1, column]
                axes.text(column, row, f"{written(100 * share, places=_places(count))} %",
                          ha="center", va="center", fontsize=10,
                          color="white" if share > 0.55 else style.INK)  # fmt: skip
        axes.set_xticks(range(len(names) - 1), [style.wrapped(n, 14) for n in names[:-1]])
        axes.set_yticks(range(len(names) - 1), [style.wrapped(n) for n in names[1:]])
        axes.grid(False)
        axes.tick_params(length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_title(title or f"How often two models give the same answer, {count} images")
    table = tables.of_rows(
        ("Model", "Compared with", "Same answer (%)", "Images that differ"),
        [
            (names[i], names[j], 100 * shares[i, j], round((1 - shares[i, j]) * count))
            for i in range(len(names))
            for j in range(i)
        ],
        write={"Same answer (%)": lambda v: written(v, places=_places(count))},
    )
    described = ", ".join(
        f"{names[i]} and {names[j]} {written(100 * shares[i, j], places=_places(count))} %"
        for i in range(len(names))
        for j in range(i)
    )
    return Chart(figure, table, f"Share of {count} images with the same answer: {described}.")


def _image(photo: Any) -> np.ndarray:
    image = np.asarray(getattr(photo, "rgb", photo))
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[-1] != 3):
        raise InputError(
            f"A photograph is an array (height, width, 3) or (height, width), not {image.shape}."
        )
    return image


def _models(
    predictions: Sequence[Answers] | Mapping[str, Sequence[Answers]] | None, count: int
) -> dict[str, Sequence[Answers]]:
    if predictions is None:
        return {}
    models = dict(predictions) if isinstance(predictions, Mapping) else {"": predictions}
    for name, given in models.items():
        if len(given) != count:
            raise InputError(
                f"{count} photographs and {len(given)} predictions"
                f"{f' of {name}' if name else ''}: give one list of answers for each photograph."
            )
    return models


def _answers(axes: Axes, answers: Mapping[str, Answers]) -> None:
    """Draw the bars of one picture, each class written inside its row so that none is cut off."""
    y = 0.0
    for model, given in answers.items():
        if model:
            axes.text(0, y, model, va="center", fontsize=8.5, fontweight="bold")
            y += 0.9
        for label, probability in list(given)[:TOP]:
            axes.barh(y, 1, height=0.8, color="#F2F2F2")
            axes.barh(y, probability, height=0.8, color=style.tint(style.colour(model or "int8")))  # fmt: skip
            axes.text(0.02, y, style.cut(label, 22), va="center", fontsize=8.5)
            axes.text(0.98, y, f"{100 * probability:.0f} %", va="center", ha="right", fontsize=8.5)
            y += 1
        y += 0.25
    axes.set_xlim(0, 1)
    axes.set_ylim(y - 0.55, -0.75)


def _answer_table(names: Sequence[str], models: Mapping[str, Sequence[Answers]]) -> tables.Table:
    rows = []
    for i, name in enumerate(names):
        for model, given in models.items() or {"": [()] * len(names)}.items():
            top = [*given[i][:TOP], *[("–", math.nan)] * TOP][:TOP]
            texts = [f"{a} {100 * p:.0f} %" if not math.isnan(p) else "–" for a, p in top]
            rows.append((name or str(i + 1), *((model,) if len(models) > 1 else ()), *texts))
    head = ("Picture", *(("Model",) if len(models) > 1 else ()))
    return tables.of_rows((*head, "First", "Second", "Third"), rows)


def _classes(answers: Mapping[str, Sequence[int]] | Comparison) -> dict[str, np.ndarray]:
    if isinstance(answers, Comparison):
        shown = results.view(answers)
        answers = {
            m.name: m.accuracy.predictions
            for m in shown.measurements
            if m.accuracy and m.weights != "none"
        }
    given = {name: np.asarray(values).ravel() for name, values in answers.items()}
    if len(given) < 2:
        raise InputError(
            f"Agreement needs the answers of two models; there are those of {len(given)}. Untrained "
            "models have none."
        )
    counts = {name: len(values) for name, values in given.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise InputError(f"The models answered for different numbers of images: {counts}.")
    return given


def _places(count: int) -> int:
    """Return the decimals of a percentage that one image of these can change."""
    return 1 if count > 100 else 0

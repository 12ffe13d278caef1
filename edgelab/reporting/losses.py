"""What each model of a comparison lost against the reference, image by image.

    report.losses(result, digits.test.y)

All models answered the same images, so only images on which two of them disagree tell anything about
the difference: the intervals are those of `evaluate.paired`, much narrower than those of the single
accuracies suggest. Lessons 20 and 24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelab import evaluate
from edgelab.errors import InputError
from edgelab.reporting import tables
from edgelab.reporting.quantities import written

if TYPE_CHECKING:
    import numpy as np

    from edgelab.records import Accuracy, Comparison
    from edgelab.reporting.tables import Table

_COLUMNS = ("Model", "Accuracy (%)", "Difference (points)", "Interval (points)", "Verdict")


def losses(result: Comparison, labels: np.ndarray) -> Table:
    """Return accuracies and their paired differences to the reference, one row a model.

    Args:
        result: a comparison on labelled images; the first model is the reference.
        labels: int (n,), the right answers to these images.

    Raises:
        InputError: a model without an accuracy, or labels of other images.
    """
    first = _accuracy(result, result.names[0])
    rows: list[tuple[object, ...]] = [(result.names[0], 100 * first.value, None, "", "reference")]
    for name in result.names[1:]:
        pair = evaluate.paired(first, _accuracy(result, name), labels)
        accuracy = 100 * (first.value + pair.difference)
        interval = f"{_signed(100 * pair.low)} to {_signed(100 * pair.high)}"
        rows.append((name, accuracy, 100 * pair.difference, interval, pair.verdict))
    note = f"95 % intervals of the paired difference on the same {first.total:,} images"
    return tables.of_rows(
        _COLUMNS,
        rows,
        write={
            "Accuracy (%)": lambda value: written(value, places=1),
            "Difference (points)": _signed,
        },
        caption=f"{note} ({first.dataset}, {first.split}).",
    )


def _accuracy(result: Comparison, name: str) -> Accuracy:
    found = result[name].accuracy
    if found is None:
        raise InputError(
            f"The accuracy of {name!r} was not measured: compare on a labelled split, as in "
            "benchmark.compare(files, on=digits.test)."
        )
    return found


def _signed(points: float) -> str:
    text = written(points, places=1)
    return f"+{text}" if points > 0 and any(c in "123456789" for c in text) else text

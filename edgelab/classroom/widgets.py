"""The comparison chart with controls: which figure, as a value or as a gain, in which order.

    comparison_chart(result)

The controls only change the arguments of `report.bars`; the picture, its description and its table are
those of the pure function. Without a running kernel (a saved notebook, GitHub, print, papermill) the
static twin stands in the same place: nothing is held by the widget alone. Lesson 24.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from edgelab import report
from edgelab.classroom.language import N_, _
from edgelab.figures.comparison import GAINS
from edgelab.reporting import results

if TYPE_CHECKING:
    from edgelab.figures.chart import Chart
    from edgelab.reporting.results import Result, View

METRICS = {
    "latency_ms": N_("Latency"),
    "size_file_bytes": N_("File size"),
    "size_gzip_bytes": N_("Compressed size (gzip)"),
    "size_nominal_bytes": N_("Nominal size"),
    "size_memory_bytes": N_("Weights in memory (calculated)"),
    "memory_bytes": N_("Peak memory"),
    "accuracy": N_("Accuracy"),
}
KINDS = {"value": N_("as measured"), "gain": N_("gain over the reference")}
SORTS = {
    "given": N_("as compared"),
    "value": N_("smallest first"),
    "name": N_("by name"),
}


def comparison_chart(comparison: Result) -> Any:
    """Return a chart of a comparison with controls beside it, and a static twin without a kernel.

    Args:
        comparison: what `benchmark.compare` returned, or several measurements.

    Returns:
        An ipywidgets container; `chart` is the picture shown now, and `metric`, `kind` and `sort`
        are its controls.

    Raises:
        InputError: nothing was measured, or a model is simulated.
    """
    return _widget_class()(results.view(comparison), comparison)


@functools.cache
def _widget_class() -> type[Any]:
    """Return the container's class, made when first wanted: ipywidgets takes time to import."""
    import ipywidgets

    class ComparisonChart(ipywidgets.VBox):
        """Controls above one picture; the class keeps no state but the controls' values."""

        def __init__(self, shown: View, comparison: Result) -> None:
            self._shown, self._comparison = shown, comparison
            measured = {
                key: label
                for key, label in METRICS.items()
                if any(shown.value(name, key) is not None for name in shown.names)
            }
            self.metric = dropdown(_("Figure"), measured, _("Which figure the bars show"))
            self.kind = dropdown(_("Shown"), KINDS, _("The figure itself, or how often better"))
            self.sort = dropdown(_("Order"), SORTS, _("In which order the models stand"))
            self.picture = ipywidgets.HTML()
            controls = ipywidgets.HBox(
                [self.metric, self.kind, self.sort], layout={"flex_flow": "row wrap"}
            )
            super().__init__([controls, self.picture])
            for control in (self.metric, self.kind, self.sort):
                control.observe(self._redraw, names="value")
            self._redraw()

        def _redraw(self, _change: object = None) -> None:
            has_gain = _gain_key(self._shown, self.metric.value) is not None
            self.kind.disabled = not has_gain
            kind = self.kind.value if has_gain else "value"
            self.chart = figure(self._comparison, self.metric.value, kind, self.sort.value)
            self.picture.value = self.chart.to_html(_("The numbers as a table"))

        def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
            live = super()._repr_mimebundle_(**options) or {}
            twin, _metadata = self.chart._repr_mimebundle_()
            return {**live, **twin}

    return ComparisonChart


def figure(comparison: Result, metric: str, kind: str = "value", sort: str = "given") -> Chart:
    """Return the chart that these settings of the controls show.

    Args:
        comparison: as for `comparison_chart`.
        metric: a key of `METRICS`.
        kind: a key of `KINDS`; a figure without a gain (accuracy) is shown as measured.
        sort: a key of `SORTS`.
    """
    key, title = metric, _(METRICS[metric])
    gain = _gain_key(results.view(comparison), metric)
    if kind == "gain" and gain:
        key, title = gain, f"{title}: {_(KINDS['gain'])}"
    return report.bars(comparison, by=key, sort=sort, labels={key: title})


def _gain_key(shown: View, metric: str) -> str | None:
    if len(shown.names) < 2 or (metric == "latency_ms" and not shown.compared):
        return None
    return GAINS.get(metric)


def dropdown(label: str, options: dict[str, str], tooltip: str) -> Any:
    """Return a dropdown of key → text, the texts translated.

    Args:
        label: before it, translated.
        options: key → text, marked for translation.
        tooltip: translated.
    """
    import ipywidgets

    return ipywidgets.Dropdown(
        description=label,
        options=[(_(text), key) for key, text in options.items()],
        tooltip=tooltip,
        style={"description_width": "initial"},
        layout={"width": "auto", "margin": "0 1em 0.4em 0"},
    )

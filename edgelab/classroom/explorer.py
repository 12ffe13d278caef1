"""The Pareto explorer: two axes of your choice, limits as sliders, and the model that they lead to.

    pareto_explorer(result)

The controls only change the arguments of `report.pareto`; the sentence below the chart is made of the
same choice (`edgelab.reporting.pareto.choose`). Without a running kernel the static twin stands in their place:
the chart as it is first shown, with its table. Lesson 24.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgelab import report
from edgelab.classroom import cards
from edgelab.classroom.language import N_, _, format_number, with_unit
from edgelab.classroom.widgets import METRICS, dropdown
from edgelab.figures.pareto import spread
from edgelab.reporting import pareto, results

if TYPE_CHECKING:
    from edgelab.figures.chart import Chart
    from edgelab.reporting.pareto import Choice
    from edgelab.reporting.results import Result

NO_LIMIT = 0.0  # a slider that is at rest; limits are above 0
AXES = ("size_gzip_bytes", "accuracy")
# What a limit can be set on, in this order of sliders.
LIMITED = ("size_gzip_bytes", "latency_ms", "accuracy")
LIMITS = {
    "size_gzip_bytes": N_("At most, compressed"),
    "latency_ms": N_("At most, for one image"),
    "accuracy": N_("At least, accuracy"),
}
MISSED = {
    "size_gzip_bytes": N_("compressed size"),
    "latency_ms": N_("latency"),
    "accuracy": N_("accuracy"),
}


def pareto_explorer(
    comparison: Result, limits: Mapping[str, float] | None = None, goal: str | None = None
) -> Any:
    """Return the explorer of a comparison, and a static twin without a kernel.

    Args:
        comparison: what `benchmark.compare` returned, or several measurements.
        limits: to begin with, as for `pareto.choose`; each is a step of its slider.
        goal: the figure to begin with that is to be best; None takes the vertical one.

    Returns:
        An ipywidgets container; `chart` is the picture shown now, `choice` the recommendation, and
        `x`, `y`, `goal` and `limits` (by figure) are its controls.

    Raises:
        InputError: fewer than two figures were measured, or a model is simulated.
        SplitError: an accuracy was measured on the test images: the explorer is there to choose.
    """
    return _widget_class()(comparison, dict(limits or {}), goal)


def figure(
    comparison: Result, x: str, y: str, goal: str, limits: Mapping[str, float] | None = None
) -> Chart:
    """Return the chart that these settings of the controls show.

    Args:
        comparison: as for `pareto_explorer`.
        x: a key of `widgets.METRICS`.
        y: another one.
        goal: the figure that is to be best.
        limits: figure → limit.
    """
    labels = {key: _(METRICS[key]) for key in (x, y)}
    return report.pareto(comparison, x, y, goal=goal, limits=limits, labels=labels)


def sentence(choice: Choice) -> str:
    """Return the recommendation in the student's language."""
    name = f"**{choice.name}**"
    goal = _(METRICS[choice.goal]).lower()
    if not choice.satisfied:
        missed = ", ".join(
            _("{figure} by {share} %").format(
                figure=_(MISSED[key]), share=format_number(100 * share, 2)
            )
            for key, share in choice.misses.items()
        )
        text = _("No model keeps all limits. {name} comes nearest; it misses: {missed}.")
        return text.format(name=name, missed=missed)
    if len(choice.fitting) == 1:
        return _("Only {name} keeps the limits.").format(name=name)
    best = _(
        "Of the {n} models that keep the limits, {name} is the best by this figure: {goal}."
    ).format(name=name, n=len(choice.fitting), goal=goal)
    if not choice.ties:
        return best
    tied = _("These can't be told apart from it by that figure: {names}.")
    return f"{best} {tied.format(names=', '.join(choice.ties))}"


@functools.cache
def _widget_class() -> type[Any]:
    """Return the container's class, made when first wanted: ipywidgets takes time to import."""
    import ipywidgets

    class ParetoExplorer(ipywidgets.VBox):
        """Controls above one picture and one sentence; no state but the controls' values."""

        def __init__(self, comparison: Result, start: dict[str, float], goal: str | None) -> None:
            self._comparison = comparison
            shown = results.view(comparison)
            measured = {
                key: label
                for key, label in METRICS.items()
                if any(shown.value(name, key) is not None for name in shown.names)
            }
            first = [key for key in AXES if key in measured]
            x, y = [*first, *(key for key in measured if key not in first)][:2]
            self.x = dropdown(_("Horizontal"), measured, _("Which figure runs to the right"))
            self.y = dropdown(_("Vertical"), measured, _("Which figure runs upwards"))
            self.goal = dropdown(_("Of those, the best"), measured, _("What the choice goes by"))
            self.x.value, self.y.value, self.goal.value = x, y, goal or y
            self.limits = {
                key: _slider(comparison, key, start.get(key)) for key in LIMITED if key in measured
            }
            self.picture, self.words = ipywidgets.HTML(), ipywidgets.HTML()
            wrap = {"flex_flow": "row wrap"}
            controls = (self.x, self.y, self.goal, *self.limits.values())
            super().__init__(
                [
                    ipywidgets.HBox(controls[:3], layout=wrap),
                    ipywidgets.HBox(controls[3:], layout=wrap),
                    self.picture,
                    self.words,
                ]
            )
            for control in controls:
                control.observe(self._redraw, names="value")
            self._redraw()

        def _redraw(self, _change: object = None) -> None:
            if self.x.value == self.y.value:  # a figure against itself says nothing
                self.words.value = cards.markup(_("Choose two different figures for the two axes."))
                return
            wish = {key: s.value for key, s in self.limits.items() if s.value != NO_LIMIT}
            self.choice = pareto.choose(self._comparison, self.goal.value, wish)
            self.chart = figure(self._comparison, self.x.value, self.y.value, self.goal.value, wish)
            self.picture.value = self.chart.to_html(_("The numbers as a table"))
            self.words.value = cards.markup(sentence(self.choice))

        def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
            live = super()._repr_mimebundle_(**options) or {}
            twin, _metadata = self.chart._repr_mimebundle_()
            return {**live, **twin}

    return ParetoExplorer


def _slider(comparison: Result, key: str, start: float | None) -> Any:
    import ipywidgets

    steps = [float(value) for value in spread(comparison, key)]
    if start is not None:
        steps = sorted({*steps, start})
    unit = results.view(comparison).unit(key)
    options = [(with_unit(value * unit.factor, unit.symbol), value) for value in steps]
    none = (_("no limit"), NO_LIMIT)
    # Sliding to the left makes the wish stricter, to the right looser; the accuracy's other way.
    options = [none, *options] if key in pareto.HIGHER_IS_BETTER else [*options, none]
    return ipywidgets.SelectionSlider(
        description=_(LIMITS[key]),
        options=options,
        value=NO_LIMIT if start is None else start,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "22em", "margin": "0 1em 0.4em 0"},
    )

"""The decision tree to play with: requirements as controls, the way to the answer as a picture.

    decision_explorer()                                    # begins at this machine
    decision_explorer(model=assess("model.gguf"))

The controls only change what `workflow.recommend` is asked; the pictures are those of the pure function
`report.decision_tree`, and the sentences those of the recommendation. Without a running kernel the static twin
stands in their place. Lesson 35.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from edgelab import report
from edgelab.classroom.cards import Card
from edgelab.classroom.language import N_, _, language, with_unit
from edgelab.classroom.widgets import dropdown
from edgelab.figures.chart import Chart
from edgelab.workflow import assess, hardware as machines, matrices, recommend, tree
from edgelab.workflow.assess import Model
from edgelab.workflow.hardware import Hardware
from edgelab.workflow.labels import Label
from edgelab.workflow.recommend import Recommendation
from edgelab.workflow.requirements import Requirements

SWITCHES = {
    "offline": N_("never sees a network"),
    "open_source": N_("open source only"),
    "compiler": N_("may compile"),
    "many_users": N_("many clients at once"),
    "long_prompts": N_("prompts are pages of text"),
    "calibration": N_("images to calibrate with"),
}
# Switches that say something about one kind of model only.
_ONLY = {"compiler": "language", "long_prompts": "language", "calibration": "image"}
MEMORY = (None, 64e6, 256e6, 512e6, 1e9, 2e9, 4e9, 8e9, 16e9)  # a process may take at the most


def decision_explorer(
    asked: Requirements | None = None, hardware: Hardware | None = None, model: Model | None = None
) -> Any:
    """Return the explorer, and a static twin without a kernel.

    Args:
        asked: to begin with; None asks for a language model on the hardware's platform.
        hardware: to begin with; None takes this machine.
        model: that is to run; its kind is then fixed.

    Returns:
        An ipywidgets container; `recommendation` is the answer shown now, `charts` its two pictures, and
        `kind`, `platform`, `processor`, `accelerator`, `priority`, `memory` and `switches` are its controls.

    Raises:
        InputError: hardware and requirements contradict each other, or the model is of another kind.
    """
    start = asked or Requirements("image" if model and model.kind == "image" else "language")
    here = hardware or assess()
    recommend(start, here if start.platform in (None, here.platform) else None, model)
    return _widget_class()(start, here, model)


def answer(found: Recommendation) -> Card:
    """Return a recommendation as a card in the student's language: the answer, why, what to mind, what else."""
    code = language()
    tone = "success" if found.framework else "attention"
    card = Card(found.headline(code), tone=tone)
    for reason in found.reasons:
        card.say(reason.say(code))
    if found.estimated_bytes is not None:
        size = with_unit(found.estimated_bytes / 1e6, "MB")
        card.say(_("The weights take about {size}.").format(size=size), quiet=True)
    for caution in found.cautions:
        card.say(_("Mind: {text}").format(text=caution.say(code)))
    for other in found.alternatives:
        name = _("{name} (ruled out)") if other.ruled_out else "{name}"
        against = " ".join(f"{reason.say(code)}." for reason in other.against)
        card.fold(name.format(name=other.name), against)
    return card


@functools.cache
def _widget_class() -> type[Any]:
    """Return the container's class, made when first wanted: ipywidgets takes time to import."""
    import ipywidgets

    class DecisionExplorer(ipywidgets.VBox):
        """Controls above a card and two pictures; no state but the controls' values."""

        def __init__(self, start: Requirements, here: Hardware, model: Model | None) -> None:
            data = matrices.load()
            self.here, self._model, self._quiet = here, model, False
            self.names = _named(data.processors), _named(data.accelerators)
            self.kind = dropdown(_("Model"), _named(data.kinds), _("What kind of model it is"))
            self.platform = dropdown(_("System"), _named(data.platforms), _("Where it runs"))
            self.processor = dropdown(_("Processor"), self.names[0], _("What computes"))
            self.accelerator = dropdown(_("Beside it"), self.names[1], _("What else computes"))
            priorities = _named(tree.load().values("priority"))
            self.priority = dropdown(_("Most important"), priorities, _("What counts most"))
            self.memory = _memory(start.memory_bytes)
            self.switches = _switches(start)
            self._size_bytes = start.size_bytes
            self.kind.value, self.priority.value = start.kind, start.priority
            self.kind.disabled = model is not None and model.kind in data.kinds
            self.platform.value = start.platform or here.platform
            _offer(self, home=True)
            self.words, self.pictures = ipywidgets.HTML(), ipywidgets.HTML()
            wrap = {"flex_flow": "row wrap"}
            first = (self.kind, self.platform, self.processor, self.accelerator)
            super().__init__(
                [
                    ipywidgets.HBox(first, layout=wrap),
                    ipywidgets.HBox((self.priority, self.memory), layout=wrap),
                    ipywidgets.HBox(tuple(self.switches.values()), layout=wrap),
                    self.words,
                    self.pictures,
                ]
            )
            for control in (*first, self.priority, self.memory, *self.switches.values()):
                control.observe(self._redraw, names="value")
            self._redraw()

        def _redraw(self, change: Any = None) -> None:
            if self._quiet:  # a control that another one has just changed
                return
            if change is not None and change["owner"] in (self.platform, self.processor):
                self._quiet = True
                _offer(self, home=change["owner"] is self.platform)
                self._quiet = False
            for name, kind in _ONLY.items():
                self.switches[name].disabled = kind != self.kind.value
            self.recommendation = recommend(self.asked(), self._hardware(), self._model)
            self.charts = _charts(self.recommendation)
            self.card = answer(self.recommendation)
            self.words.value = self.card.html
            self.pictures.value = self._drawn()

        def _drawn(self) -> str:
            return "".join(chart.to_html(_("All ways as a table")) for chart in self.charts)

        def asked(self) -> Requirements:
            """Return the requirements that the controls stand for."""
            return Requirements(
                self.kind.value,
                self.platform.value,
                self.priority.value,
                memory_bytes=self.memory.value,
                size_bytes=self._size_bytes,
                **{name: switch.value for name, switch in self.switches.items()},
            )

        def _hardware(self) -> Hardware:
            chosen = self.platform.value, self.processor.value, self.accelerator.value
            return _machine(self.here, chosen)

        def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
            live = super()._repr_mimebundle_(**options) or {}
            twin, _metadata = self.charts[0]._repr_mimebundle_()
            twin["text/html"] = self.card.html + self._drawn()
            twin["text/plain"] = "\n".join([self.card.text, *(repr(c) for c in self.charts)])
            return {**live, **twin}

    return DecisionExplorer


def _offer(widget: Any, home: bool) -> None:
    """Offer the processors and accelerators that the chosen system has.

    Args:
        widget: the explorer.
        home: choose the given machine's own ones where its system is chosen.
    """
    processors, accelerators = widget.names
    there = [t[1:] for t in matrices.targets() if t[0] == widget.platform.value]
    home = home and widget.platform.value == widget.here.platform
    _options(widget.processor, processors, [p for p, _a in there])
    if home:
        widget.processor.value = widget.here.processor
    beside = [a for p, a in there if p == widget.processor.value]
    _options(widget.accelerator, accelerators, beside)
    if home and widget.here.accelerator in beside:
        widget.accelerator.value = widget.here.accelerator


def _options(control: Any, names: dict[str, str], values: list[str]) -> None:
    """Give a dropdown other options, keeping its value where it is one of them."""
    allowed, before = list(dict.fromkeys(values)), control.value
    control.options = [(names[value], value) for value in allowed]
    control.value = before if before in allowed else allowed[0]


def _machine(here: Hardware, chosen: tuple[str, str, str]) -> Hardware:
    """Return the machine that was given where the controls still stand for it, else a typical one."""
    if chosen == (here.platform, here.processor, here.accelerator):
        return here
    return machines.typical(*chosen)


def _charts(found: Recommendation) -> list[Chart]:
    """Return the picture of the framework's way and, where one was chosen, that of the bits."""
    ways = {tree.FRAMEWORK: found.path, tree.QUANTIZATION: found.quantization_path}
    return [
        _picture(part, language(), tuple((step.fact, step.value) for step in way))
        for part, way in ways.items()
        if way
    ]


@functools.lru_cache(maxsize=32)
def _picture(part: str, code: str, way: tuple[tuple[str, str], ...]) -> Chart:
    # Drawing takes a second, and most controls leave the way as it is.
    return report.decision_tree(dict(way), part, language=code)


def _named(labels: Mapping[str, Label]) -> dict[str, str]:
    return {key: label.say(language()) for key, label in labels.items()}


def _switches(start: Requirements) -> dict[str, Any]:
    import ipywidgets

    layout = {"width": "auto", "margin": "0 1.2em 0 0"}
    return {
        name: ipywidgets.Checkbox(
            value=getattr(start, name), description=_(text), indent=False, layout=layout
        )
        for name, text in SWITCHES.items()
    }


def _memory(start: float | None) -> Any:
    import ipywidgets

    steps = [value for value in MEMORY if value is not None]
    if start is not None:
        steps = sorted({*steps, start})
    options = [(_("no limit"), None), *((_bytes(value), value) for value in steps)]
    return ipywidgets.Dropdown(
        description=_("Memory at most"),
        options=options,
        value=start,
        style={"description_width": "initial"},
        layout={"width": "auto", "margin": "0 1em 0.4em 0"},
    )


def _bytes(value: float) -> str:
    return with_unit(value / 1e9, "GB") if value >= 1e9 else with_unit(value / 1e6, "MB")

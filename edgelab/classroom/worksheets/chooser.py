"""Which models part 3 speaks of: one comparison of the journal, the model before, the model after.

    subjects(worksheet, act)      # three lists; a change fills the measured cells anew

Lesson 01.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgelab.classroom import cards
from edgelab.classroom.language import _
from edgelab.classroom.worksheets.questions import Part
from edgelab.classroom.worksheets.schema import Schema

if TYPE_CHECKING:
    from edgelab.classroom.worksheets.worksheet import Worksheet


def measured(schema: Schema, part: Part) -> bool:
    """Tell whether a part has cells that a measurement fills."""
    return any(
        field.part == part.id and field.source and field.source.figure for field in schema.fields
    )


def subjects(worksheet: Worksheet, act: Callable[..., None]) -> Any:
    """Return the three lists, or what to do where the journal has no comparison.

    Args:
        worksheet: whose part 3 it is.
        act: called with what a change does; shows how it went, then builds the part anew.
    """
    import ipywidgets

    offered = worksheet.comparisons()
    if not offered:
        text = _(
            "Your journal holds no comparison of two models yet. Lesson 01 makes a small one, lesson 24 a "
            "large one; then the cells below fill themselves."
        )
        return ipywidgets.HTML(cards.markup(text)).add_class("edgelab-subjects")
    now = worksheet.answers.subjects
    models = {compared.number: compared.models for compared in offered}
    record = _list(
        _("Comparison"), [(one.label, one.number) for one in reversed(offered)], now.record
    )
    names = [(name, name) for name in models.get(now.record or 0, ())]
    before = _list(_("Before"), names, now.original)
    after = _list(_("After"), names, now.optimised)

    def choose(change: dict[str, Any]) -> None:
        def answer() -> str:
            if change["owner"] is record:
                worksheet.subjects(record=record.value)
            else:
                worksheet.subjects(record.value, before.value, after.value)
            return _("The measured cells speak of these models now.")

        act(answer, again=True)

    for control in (record, before, after):
        control.observe(choose, names="value")
    return ipywidgets.HBox([record, before, after]).add_class("edgelab-subjects")


def _list(label: str, options: list[tuple[str, Any]], value: Any) -> Any:
    import ipywidgets

    there = [key for _text, key in options]
    return ipywidgets.Dropdown(
        description=label,
        options=options,
        value=value if value in there else None,
        tooltip=label,
        style={"description_width": "initial"},
        layout={"width": "auto", "margin": "0 1em 0.2em 0"},
    )

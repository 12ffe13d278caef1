"""The controls of the form: one for each place to write, and one box for each question.

    control = Control(schema.field("3.tests.load.result"), "fr", changed)
    control.show("12,4", Remark("record 12"))      # never reported as a change
    control.input.value = "13"                     # a person's change: changed(control.field, "13")

A control keeps nothing. What is typed goes to the worksheet, and what the worksheet makes of it comes back
in the line below. Every input has a label of its own for screen readers; the page hides it where a heading or
a table says the same (`marks.STYLE`). Lesson 01.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

from edgelab.classroom import cards
from edgelab.classroom.language import _, ngettext, speaking
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.remarks import Remark
from edgelab.classroom.worksheets.schema import Schema
from edgelab.classroom.worksheets.values import unit_text

Changed = Callable[[Field, Any], None]


class Control:
    """One field on the page: an input, its unit, and a line that says where its value comes from."""

    def __init__(self, field: Field, lang: str, changed: Changed, name: str = "") -> None:
        """Make the input of a field.

        Args:
            field: the place to write.
            lang: "en" or "fr".
            changed: called with the field and the new value when a person has changed it.
            name: the accessible name, by default the field's label.
        """
        import ipywidgets

        self.field = field
        self._changed, self._showing = changed, False
        self.input = _input(field, lang, name or field.label.say(lang))
        self.note = ipywidgets.HTML()
        unit = unit_text(field.unit, lang)
        shown = [self.input, ipywidgets.HTML(html.escape(unit))] if unit else [self.input]
        line = ipywidgets.HBox(shown).add_class("edgelab-line") if unit else self.input
        self.box = ipywidgets.VBox([line, self.note]).add_class("edgelab-place")
        self.input.observe(self._report, names="value")

    def show(self, value: Any, said: Remark) -> None:
        """Put a value and the line below it on the page; a person's change is not meant by it.

        Args:
            value: what the input takes: a text, the identifier of an option or None, True or False.
            said: where the value comes from, or what is wrong with it.
        """
        self._showing = True
        try:
            if self.input.value != value:
                self.input.value = value
        finally:
            self._showing = False
        look = _("Look here:")  # not by colour alone
        mark = f'<span class="edgelab-mark">{look}</span> ' if said.wrong else ""
        text = f'<span title="{html.escape(said.about)}">{mark}{cards.markup(said.text)}</span>'
        if self.note.value != text:
            self.note.value = text
        self.note.layout.display = None if said.text else "none"
        (self.box.add_class if said.wrong else self.box.remove_class)("edgelab-wrong")

    def _report(self, change: dict[str, Any]) -> None:
        if not self._showing:
            self._changed(self.field, change["new"])


def question_box(
    schema: Schema, name: str, lang: str, changed: Changed
) -> tuple[Any, dict[str, Control]]:
    """Return one question as it stands in the form, and its controls by field.

    Args:
        schema: the worksheet.
        name: the question with its part, "3.tests".
        lang: "en" or "fr".
        changed: as for `Control`.
    """
    import ipywidgets

    question: Any = dict(schema.questions())[name]
    fields = schema.fields_of(name)
    title = question.label.say(lang)
    inside = question.type in {"table", "checklist"}
    names = {
        field.id: f"{title}, {_cell_name(schema, field, lang)}" if inside else title
        for field in fields
    }
    controls = {field.id: Control(field, lang, changed, names[field.id]) for field in fields}
    match question.type:
        case "table":
            body = [_grid(question, name, lang, controls)]
        case "checklist":
            body = [control.box for control in controls.values()]
        case _:
            body = [controls[name].box]
    heading = ipywidgets.HTML(_heading(question, lang))
    return ipywidgets.VBox([heading, *body]).add_class("edgelab-question"), controls


def _input(field: Field, lang: str, name: str) -> Any:
    import ipywidgets

    wide: dict[str, Any] = {"width": "100%"}
    named: dict[str, Any] = {"description": name, "tooltip": name, "layout": wide}
    match field.kind:
        case "tick":
            label = field.label.say(lang)
            return ipywidgets.Checkbox(
                value=False, description=label, indent=False, tooltip=label, layout=wide
            )
        case "choice":
            options = [(option.label.say(lang), option.id) for option in field.options]
            return ipywidgets.RadioButtons(
                options=options, value=None, orientation="horizontal", **named
            )
        case "number":
            return ipywidgets.Text(continuous_update=False, **named)
        case _ if field.lines == 1:
            example = "2026-11-21" if field.form == "date" else ""
            return ipywidgets.Text(continuous_update=False, placeholder=example, **named)
        case _:
            asked = field.label.say(lang) if field.id.endswith(".how") else ""
            return ipywidgets.Textarea(
                continuous_update=False, rows=field.lines, placeholder=asked, **named
            )


def _grid(question: Any, name: str, lang: str, controls: dict[str, Control]) -> Any:
    import ipywidgets

    def cell(text: str, kind: str) -> Any:
        return ipywidgets.HTML(html.escape(text)).add_class(f"edgelab-{kind}")

    titled = any(row.label for row in question.rows)
    columns = list(question.columns)
    children: list[Any] = [cell("", "head")]
    children += [cell(column.label.say(lang), "head") for column in columns]
    for number, row in enumerate(question.rows, 1):
        children.append(cell(row.label.say(lang) if row.label else str(number), "row"))
        children += [controls[f"{name}.{row.id}.{column.id}"].box for column in columns]
    first = "minmax(7em, 13em)" if titled else "1.5em"
    return ipywidgets.GridBox(
        children, layout={"grid_template_columns": f"{first} {_widths(columns)}", "width": "100%"}
    ).add_class("edgelab-grid")


def _widths(columns: Sequence[Any]) -> str:
    return " ".join(
        "minmax(8em, 2fr)" if column.type == "number" else "minmax(8em, 3fr)" for column in columns
    )


def _cell_name(schema: Schema, field: Field, lang: str) -> str:
    """Return what tells a cell from its neighbours: its label, and where it says too little the row."""
    label = field.label.say(lang)
    if field.id.endswith(".how"):  # of a line to tick
        return f"{schema.field(field.id.removesuffix('.how')).label.say(lang)}, {label}"
    row = field.id.removeprefix(f"{field.question}.").split(".")[0][1:]
    if not row.isdigit():
        return label
    with speaking(lang):
        return _("row {n}, {label}").format(n=row, label=label)


def _heading(question: Any, lang: str) -> str:
    with speaking(lang):
        points = ngettext("{n} point", "{n} points", int(question.points))
        told = [points.format(n=f"{question.points:g}")] if question.points else []
        if question.lessons:
            lessons = ngettext("lesson {names}", "lessons {names}", len(question.lessons))
            told.append(lessons.format(names=", ".join(question.lessons)))
        if not question.required:
            told.append(_("optional"))
    more = f' <span class="edgelab-quiet">{html.escape(" · ".join(told))}</span>' if told else ""
    help_text = f"<div>{cards.markup(question.help.say(lang))}</div>" if question.help else ""
    return f"<b>{html.escape(question.label.say(lang))}</b>{more}{help_text}"

"""The worksheet's form in JupyterLab: everything that is asked, saved at every change.

    Worksheet("analysis").form()

The form keeps nothing: each change goes to the worksheet, which writes its file, and what the page then
shows is read from the worksheet again, the audit's findings included. So a new kernel shows the same page,
and no widget state has to be saved. Without a kernel the static twin (`twin.py`) stands in its place.
Lesson 01.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.classroom import cards
from edgelab.classroom.language import _, speaking
from edgelab.classroom.worksheets import chooser, handing_in, marks, remarks, twin
from edgelab.classroom.worksheets.controls import Control, question_box
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.questions import Part
from edgelab.errors import EdgelabError

if TYPE_CHECKING:
    from edgelab.classroom.worksheets.worksheet import Worksheet

LANGUAGES = (("English", "en"), ("Français", "fr"))


def form(worksheet: Worksheet) -> Form:
    """Return the form of a worksheet, filled from the journal, with a static twin.

    Args:
        worksheet: what is filled in; it saves itself at every change.
    """
    return Form(worksheet)


class Form:
    """A bar above, the parts on the left, one part on the right, what is left to do below.

    Args:
        worksheet: what is filled in; it saves itself at every change.

    Attributes:
        controls: of the part that is shown, by field.
        language: chooses English or French.
        subjects: the models that the measured cells speak of, where the part has such cells.
        status: one line: what was done last, or why it could not be done.
        box: the ipywidgets container.
    """

    def __init__(self, worksheet: Worksheet) -> None:
        import ipywidgets

        self.worksheet = worksheet
        self.controls: dict[str, Control] = {}
        self.subjects: Any = None
        self.current = worksheet.schema.parts[0]
        self.language = ipywidgets.ToggleButtons(
            options=LANGUAGES, value=worksheet.lang, tooltips=["English", "Français"]
        ).add_class("edgelab-languages")
        self.status, self._above, self._below = (ipywidgets.HTML() for _each in range(3))
        self.parts = ipywidgets.VBox().add_class("edgelab-parts")
        self.part = ipywidgets.VBox().add_class("edgelab-part")
        self.buttons = ipywidgets.HBox(layout={"flex_flow": "row wrap"})
        top = ipywidgets.HBox([self._above, self.language]).add_class("edgelab-top")
        body = ipywidgets.HBox([self.parts, self.part]).add_class("edgelab-body")
        style = ipywidgets.HTML(marks.STYLE, layout={"display": "none"})
        self.box = ipywidgets.VBox(
            [style, top, body, self.buttons, self.status, self._below]
        ).add_class("edgelab-worksheet")
        self.language.observe(self._speak, names="value")
        self._build()
        self._act(self._begin)

    def open(self, part: str) -> None:
        """Show one part of the worksheet, by its identifier ("3")."""
        self.current = next(p for p in self.worksheet.schema.parts if p.id == part)
        self._show_part()
        self.refresh()

    def refresh(self) -> None:
        """Show what the worksheet holds now."""
        sheet = self.worksheet
        sheet.refresh()  # another notebook may have it open as well
        lang = sheet.lang
        with speaking(lang):
            audit = sheet.audit()
            self._above.value = marks.headline(sheet.schema, audit, lang)
            for button, part in zip(self.parts.children, sheet.schema.parts, strict=True):
                marks.label(button, part, audit, part is self.current, lang)
            findings = marks.by_field(audit.findings)
            for name, control in self.controls.items():
                entry = sheet.answers.entries.get(name)
                said = remarks.remark(control.field, entry, findings.get(name, []), lang)
                value = remarks.writable(control.field, entry, lang)
                control.show(value, said)
            self._below.value = marks.to_do(audit)

    def _build(self) -> None:
        with speaking(self.worksheet.lang):
            self.parts.children = [self._part_button(p) for p in self.worksheet.schema.parts]
            self.buttons.children = [
                self._button(_("Take figures from the journal"), "refresh", self._fill),
                self._button(_("Save as a page to print"), "print", self._export),
                self._button(_("Make the file to hand in"), "paper-plane", self._hand_in),
            ]
        self._show_part()
        self.refresh()

    def _show_part(self) -> None:
        import ipywidgets

        sheet, part = self.worksheet, self.current
        self.controls, self.subjects = {}, None
        children = [ipywidgets.HTML(marks.part_heading(part, sheet.lang))]
        with speaking(sheet.lang):
            if chooser.measured(sheet.schema, part):
                self.subjects = chooser.subjects(sheet, self._act)
                children.append(self.subjects)
            for question in part.questions:
                name = f"{part.id}.{question.id}"
                box, own = question_box(sheet.schema, name, sheet.lang, self._change)
                self.controls |= own
                children.append(box)
            if following := self._following():
                children.append(self._next_button(following))
        self.part.children = children

    def _following(self) -> Part | None:
        parts = self.worksheet.schema.parts
        after = parts.index(self.current) + 1
        return parts[after] if after < len(parts) else None

    def _part_button(self, part: Part) -> Any:
        import ipywidgets

        button = ipywidgets.Button(layout={"width": "auto"})
        button.on_click(lambda _button: self.open(part.id))
        return button

    def _next_button(self, part: Part) -> Any:
        button = self._part_button(part).add_class("edgelab-next")
        title = marks.title(part, self.worksheet.lang)
        button.description = _("Next: {title}").format(title=title)
        button.icon = "arrow-right"
        return button

    def _button(self, text: str, icon: str, act: Callable[[], str]) -> Any:
        import ipywidgets

        button = ipywidgets.Button(description=text, icon=icon, layout={"width": "auto"})
        button.on_click(lambda _button: self._act(act))
        return button

    def _change(self, field: Field, value: Any) -> None:
        def answer() -> str:
            self.worksheet.answer(field.id, value, keep=True)
            return self._saved()

        self._act(answer)

    def _act(self, act: Callable[[], str], again: bool = False) -> None:
        """Do something and say how it went; whatever happens, the page goes on.

        Args:
            act: returns a sentence.
            again: whether the part is to be built anew.
        """
        with speaking(self.worksheet.lang):
            try:
                self.status.value = cards.markup(act())
            except (EdgelabError, OSError) as error:
                text = cards.markup(str(error))
                self.status.value = f'<span class="edgelab-mark">{text}</span>'
                return  # what was typed stays on the page
            if again:
                self._show_part()
            self.refresh()

    def _begin(self) -> str:
        self.worksheet.fill()
        return _("Every change is saved at once, in `{path}`.").format(
            path=_short(self.worksheet.path)
        )

    def _fill(self) -> str:
        changed = len(self.worksheet.fill())
        self._show_part()
        return _("Places that changed: {n}.").format(n=changed) + " " + self._saved()

    def _export(self) -> str:
        path = _short(self.worksheet.export("html"))
        return _("The page is `{path}`; open it in a browser to print it.").format(path=path)

    def _hand_in(self) -> str:
        path = self.worksheet.hand_in(show=False)
        says = _("Hand in `{path}`: it holds your answers and your journal.").format(
            path=_short(path)
        )
        return f"{says} {handing_in.told(self.worksheet.answers, path)}".strip()

    def _saved(self) -> str:
        time = datetime.now().astimezone().strftime("%H:%M:%S")
        path = _short(self.worksheet.path)
        return _("Saved at {time} in `{path}`.").format(time=time, path=path)

    def _speak(self, change: dict[str, Any]) -> None:
        self.worksheet.lang = change["new"]
        self._build()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        live = self.box._repr_mimebundle_(**options) or {}
        return {**live, **twin.bundle(self.worksheet)}


def _short(path: Path) -> str:
    """Return a path as far as it tells something: its folder and its name."""
    return "/".join(path.parts[-2:])

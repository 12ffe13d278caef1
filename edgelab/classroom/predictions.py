"""Guess first, measure then: the guess is recorded before the measurement, the gap shown after it.

    predict("int8_size", "How many times smaller is the int8 file?", unit="×", canned=2.0)
    ...                                             # the cells that measure
    reveal("int8_size", measured=3.6)

In JupyterLab `predict` shows a field; the notebook runs on whether it is filled or not. A kept guess
takes the field's place, so a saved notebook holds text instead of a dead widget. It lives in the
journal: a new kernel shows it again, and running the cell once more opens the field. Where nobody
can answer (`context.person_present`) the canned value is recorded, marked as such; the next person
is asked all the same. Nothing here is a score: a guess that was far off is the most useful one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgelab import records
from edgelab.classroom import cards
from edgelab.classroom.cards import Card
from edgelab.classroom.context import current_lesson, person_present
from edgelab.classroom.language import _, format_number, parse_number, with_unit
from edgelab.errors import InputError, JournalError

# What this kernel has asked: name → (text, unit). Asked again, a question opens its field.
_asked: dict[str, tuple[str, str]] = {}
# A measurement within this factor of the guess is called close.
CLOSE = 1.25
# Shares are compared by subtracting: 77 % measured after a guess of 95 % is 18 points off, and far
# away, though the ratio of the two is near 1. Points are won or lost, so fewer of them are much.
CLOSE_POINTS = {"%": 5.0, "points": 1.0}


@dataclass(frozen=True)
class Prediction:
    """One question with the guess and, once it was revealed, the measurement."""

    name: str
    text: str = ""
    unit: str = ""
    guess: float | None = None
    source: str = ""  # "person", "canned" or "code"
    measured: float | None = None
    guess_record: int | None = None
    outcome_record: int | None = None
    late: bool = False  # the guess was made or changed after the measurement had been shown

    @property
    def ratio(self) -> float | None:
        """Return measured / guess, or None where that says nothing."""
        if self.guess is None or self.measured is None or self.guess * self.measured <= 0:
            return None
        return None if self.unit in CLOSE_POINTS else self.measured / self.guess

    @property
    def difference(self) -> float | None:
        """Return measured - guess in points, or None where the unit is no share."""
        if self.guess is None or self.measured is None or self.unit not in CLOSE_POINTS:
            return None
        return self.measured - self.guess

    @property
    def gap(self) -> str:
        """Return in words how far the measurement is from the guess, "" where that says nothing."""
        if self.difference is not None:
            sign = "+" if self.difference > 0 else ""
            return sign + with_unit(round(self.difference, 1), "points")
        return "" if self.ratio is None else with_unit(self.ratio, "×", 2)


def predict(
    key: str,
    text: str,
    unit: str = "",
    canned: float | None = None,
    lesson: str | None = None,
) -> None:
    """Ask for a guess and record it; never waits for it.

    Args:
        key: names the guess within its lesson ("int8_size"); the journal calls it "20.int8_size".
        text: the question, as the student reads it.
        unit: of the number ("×", "ms", "%"); shown behind the field.
        canned: the guess where nobody is there to answer; recorded and marked as canned.
        lesson: two digits; by default the lesson that runs.

    Raises:
        InputError: the canned value is no finite number.
    """
    if canned is not None and not math.isfinite(canned):
        raise InputError(f"canned={canned!r} of prediction {key!r} is not a finite number.")
    name = full_name(key, lesson)
    again = name in _asked
    _asked[name] = text, unit
    earlier = _by_person(find(name))
    if person_present() and (again or earlier.guess is None):
        _ask(name, text, unit, earlier)
        return
    trouble = None
    if canned is not None and find(name).guess is None:
        trouble = _record(name, text, unit, float(canned), "canned")
    _card(find(name), text, unit, trouble).show()


def guess(
    key: str, value: float, text: str = "", unit: str = "", lesson: str | None = None
) -> None:
    """Record a guess from code, without a field.

    Raises:
        InputError: the value is no finite number.
        JournalError: the journal cannot be written.
    """
    if not math.isfinite(value):
        raise InputError(f"The guess {value!r} for {key!r} is not a finite number.")
    _publish_guess(full_name(key, lesson), text, unit, float(value), "code")


def reveal(
    key: str, measured: float | None, unit: str | None = None, lesson: str | None = None
) -> None:
    """Show the guess beside the measurement, and record that it was shown.

    Args:
        key: as given to `predict`.
        measured: the measured value in the guess's unit; None where it was not measured here.
        unit: only needed where no `predict` gave one.
        lesson: as given to `predict`.
    """
    name = full_name(key, lesson)
    text, known_unit = _asked.get(name, ("", ""))
    before = find(name)
    before = replace(before, text=before.text or text, unit=before.unit or known_unit or unit or "")
    trouble = None
    if measured is not None:
        measured = float(measured)
        if before.measured != measured:
            trouble = _record_outcome(before, measured)
    now = replace(find(name), text=before.text, unit=before.unit)
    card = Card(_("Your guess and the measurement"), tone="info")
    if now.text:
        card.say(now.text)
    _compare(card, now, measured)
    if trouble:
        card.say(trouble, quiet=True)
    card.show()


def full_name(key: str, lesson: str | None = None) -> str:
    """Return the name of a prediction in the journal: the key behind its lesson ("20.int8_size")."""
    found = lesson or current_lesson(key)
    return key if found is None or key.startswith(f"{found}.") else f"{found}.{key}"


def find(name: str, entries: Sequence[records.Record] | None = None) -> Prediction:
    """Return what was recorded about one prediction; its guess is None where there is none.

    Args:
        name: in full, see `full_name`.
        entries: records to look in; by default the history.
    """
    found = Prediction(name)
    for record in records.history(name=name) if entries is None else entries:
        payload = record.payload
        if record.name == name and record.kind == "prediction":
            # What was measured beside a canned guess was shown to nobody.
            found = replace(
                _by_person(found),
                text=payload.get("text", ""),
                unit=payload.get("unit", ""),
                guess=payload.get("value"),
                source=payload.get("source", ""),
                guess_record=record.number,
                late=found.measured is not None and found.source != "canned",
            )
        elif record.name == name and record.kind == "outcome":
            found = replace(
                found,
                text=found.text or payload.get("text", ""),
                unit=found.unit or payload.get("unit", ""),
                measured=payload.get("measured"),
                outcome_record=record.number,
            )
    return found


def _by_person(found: Prediction) -> Prediction:
    """Return what a person has guessed and seen: nothing where the guess is a canned one."""
    return Prediction(found.name) if found.source == "canned" else found


def _compare(card: Card, now: Prediction, measured: float | None) -> None:
    unit = now.unit
    shown_guess = "–" if now.guess is None else with_unit(now.guess, unit)
    shown_measure = _("not measured here") if measured is None else with_unit(measured, unit)
    header = [_("Your guess"), _("Measured")]
    row = [shown_guess, shown_measure]
    if measured is not None and now.gap:
        header.append(_("Measured ÷ guess") if now.ratio else _("Measured − guess"))
        row.append(now.gap)
    card.table(header, [row])
    if now.source == "canned":
        card.say(_("Nobody was there to guess: the guess is a canned one."), quiet=True)
    if now.guess is None:
        card.say(_("There was no guess this time. Next time, type one before you measure."))
    elif measured is None:
        card.say(_("Your guess is kept; this machine could not measure it."))
    else:
        card.say(_comment(now))
    if now.late:
        card.say(
            _("The guess was made or changed after the measurement had been shown."), quiet=True
        )


def _comment(now: Prediction) -> str:
    """Return what there is to say about the gap between a guess and its measurement."""
    close = _("Close. Which reason made you guess so? It is worth a line in the worksheet.")
    if now.difference is not None:
        if abs(now.difference) < CLOSE_POINTS[now.unit]:
            return close
        points = with_unit(round(abs(now.difference), 1), "points")
        low = _("Your guess was {points} too low. What could explain it?")
        high = _("Your guess was {points} too high. What could explain it?")
        return (low if now.difference > 0 else high).format(points=points)
    if now.ratio is None:
        return _("A ratio says nothing here. What did you expect, and what happened?")
    if 1 / CLOSE <= now.ratio <= CLOSE:
        return close
    large = _("The measurement is {n} times your guess. What could explain it?")
    small = _("Your guess was {n} times the measurement. What could explain it?")
    text = large if now.ratio > 1 else small
    return text.format(n=format_number(max(now.ratio, 1 / now.ratio), 2))


def _card(found: Prediction, text: str, unit: str, trouble: str | None = None) -> Card:
    card = Card(_("Prediction"), tone="info")
    card.say(text)
    if found.guess is None:
        card.say(_("No guess yet."))
    else:
        value = f"**{with_unit(found.guess, unit, 6)}**"
        card.say(_("Your guess: {value}").format(value=value))
        if found.source == "canned":
            card.say(_("Nobody was there to guess: the guess is a canned one."), quiet=True)
        elif not trouble:
            kept = _("Kept as record {number}. To change it, run this cell again.")
            card.say(kept.format(number=found.guess_record), quiet=True)
    if trouble:
        card.say(trouble, quiet=True)
    return card


def _ask(name: str, text: str, unit: str, earlier: Prediction) -> None:
    """Show the field, filled with the earlier guess; what it keeps goes to the journal at once."""
    import ipywidgets as widgets

    field = widgets.Text(
        value="" if earlier.guess is None else format_number(earlier.guess, 6),
        placeholder=_("a number"),
        continuous_update=False,
        layout={"width": "9em"},
    )
    button = widgets.Button(description=_("Keep my guess"), layout={"width": "auto"})
    question = widgets.HTML(f"<div style='line-height:1.45'>{cards.markup(text)}</div>")
    status = widgets.HTML()
    row = widgets.HBox(
        [field, widgets.Label(unit), button, status], layout={"align_items": "center"}
    )
    box = widgets.VBox([question, row], layout={"padding": "0.2em 0"})

    def keep(_cause: object) -> None:
        value = parse_number(field.value, unit)
        if value is None:
            wrong = _("“{text}” is not a number: type one such as {example}.")
            typed = field.value.strip()[:20]
            status.value = cards.markup(
                wrong.format(text=typed, example=format_number(2.5)) if typed else ""
            )
            return
        trouble = None
        if value != _by_person(find(name)).guess:
            trouble = _record(name, text, unit, value, "person")
        if handle is not None:
            # From here on the notebook holds the card: a saved widget would show an error.
            handle.update(_card(find(name), text, unit, trouble).bundle(), raw=True)

    static = _card(earlier, text, unit).bundle()
    handle = cards.display({**box._repr_mimebundle_(), **static}, changing=True)
    field.observe(keep, names="value")
    button.on_click(keep)


def _record(name: str, text: str, unit: str, value: float, source: str) -> str | None:
    """Publish a guess; return the trouble in words where it could not be written."""
    try:
        _publish_guess(name, text, unit, value, source)
    except JournalError as error:
        return str(error)
    return None


def _publish_guess(name: str, text: str, unit: str, value: float, source: str) -> None:
    payload = {"value": value, "unit": unit, "text": text, "source": source}
    records.publish("prediction", name, payload)


def _record_outcome(before: Prediction, measured: float) -> str | None:
    payload = {
        "measured": measured,
        "unit": before.unit,
        "text": before.text,
        "guess": before.guess,
        "guess_record": before.guess_record,
    }
    try:
        records.publish("outcome", before.name, payload)
    except JournalError as error:
        return str(error)
    return None

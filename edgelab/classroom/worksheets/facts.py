"""What a journal says about its models, for texts that cite it, and whether a condition on it holds.

    facts = Facts(entries, subjects)
    facts.value("int8", "ratio")                                # 2.013, measured in turn
    facts.written("[int8|ratio|times] times as long")           # "2.01 times as long"
    facts.holds("[int8|latency_ms] > 1.5 * [float32|latency_ms]")
    facts.holds("[pruned 90%|verdict] == cannot tell")
    facts.holds("[machine|int8] lacks VNNI")
    facts.holds("[distilled|accuracy] is the smallest")

Beside the models there are `machine` (its record), `models` (how many), `run` (what `measuring` did, which no
record holds) and `journal` (its date).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from edgelab.classroom.language import format_number, language, with_unit
from edgelab.classroom.worksheets import measuring
from edgelab.classroom.worksheets.answers import Subjects
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.classroom.worksheets.figures import FIGURES
from edgelab.classroom.worksheets.questions import Source
from edgelab.errors import InputError
from edgelab.records import Measurement, Record

_PLACE = re.compile(r"\[([^|\]]+)\|(\w+)\|([^|\]]+)\]")
_TERM = r"(?:([\d.]+) \* )?\[([^|\]]+)\|(\w+)\]|([\d.]+)"
_COMPARED = re.compile(rf"(?:{_TERM}) (<=|>=|==|<|>) (?:{_TERM})")
_WORDED = re.compile(r"\[([^|\]]+)\|(\w+)\] (==|has|lacks|is) (.+)")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
}
_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_ALL_DIGITS = 12


class Facts:
    """The facts of one comparison and of what was measured beside it.

    Args:
        entries: the sound records of the journal.
        subjects: the comparison, and its model before.
    """

    def __init__(self, entries: Sequence[Record], subjects: Subjects) -> None:
        self.entries = entries
        self.subjects = subjects
        self.evidence = Evidence(entries)
        compared = self.evidence.by_number[subjects.record or 0]
        self.record: dict[str, Any] = dict(compared.payload)
        self.names = [str(m["name"]) for m in self.record["measurements"]]

    def value(self, of: str, what: str) -> Any:
        """Return one fact in its base unit.

        Raises:
            InputError: the journal does not have it.
        """
        found = self._own(of, what) if of in _OTHERS else self._of_model(of, what)
        if found is None:
            raise InputError(
                f"The exemplars name [{of}|{what}], which their journal does not have."
            )
        return found

    def written(self, text: str) -> str:
        """Return a text with each `[model|figure|unit]` replaced, in the language of the moment."""
        return _PLACE.sub(lambda found: self._shown(*found.groups()), text)

    def holds(self, condition: str) -> bool:
        """Tell whether a condition holds.

        Raises:
            InputError: it is none, or names what the journal does not have.
        """
        if found := _COMPARED.fullmatch(condition):
            parts = found.groups()
            return _OPERATORS[parts[4]](self._term(*parts[:4]), self._term(*parts[5:]))
        worded = _WORDED.fullmatch(condition)
        if worded is None:
            raise InputError(f"{condition!r} is no condition; see {__name__}.")
        of, what, relation, word = worded.groups()
        value = self.value(of, what)
        if relation == "is":
            others = [self.value(name, what) for name in self.names if name != of]
            ends = {"the smallest": min(others) > value, "the largest": max(others) < value}
            return bool(ends[word])
        if relation == "==":
            return str(value) == word
        return any(word in str(item) for item in value) is (relation == "has")

    def _term(
        self, factor: str | None, of: str | None, what: str | None, number: str | None
    ) -> float:
        if of is None or what is None:
            return float(number or "nan")
        return float(factor or 1) * float(self.value(of, what))

    def _own(self, of: str, what: str) -> Any:
        if of == "journal":
            return self.entries[-1].when if what == "date" else None
        if of == "models":
            return len(self.names) if what == "count" else None
        if of == "run":
            return measuring.DONE.get(what)
        machine = {"busy": self.record["busy"], **self.record["machine"]}
        return machine.get(what)

    def _of_model(self, name: str, what: str) -> Any:
        model = self.evidence.model(self.evidence.by_number[self.subjects.record or 0], name)
        if model is None:
            return None
        if what in FIGURES:
            source = Source(figure=what, model="optimised")
            subjects = self.subjects.model_copy(update={"optimised": name})
            cited = self.evidence.measured(subjects, source, "")
            return cited.value if cited else None
        if what in ("macs", "parameters"):
            return model.value(what)
        if what in _OF_ACCURACY | _OF_LATENCY:
            return _part(model, what)
        if what in _OF_RATIO:
            listed = {r["name"]: r for r in self.record["ratios"]}
            return listed[name][_OF_RATIO[what]] if name in listed else None
        return self._rate(model.artefact_hash, what)

    def _rate(self, digest: str, what: str) -> float | None:
        """Return images per second in batches of a size, the best size, or the time of singles."""
        rates: dict[str, float] = next(
            (
                e.payload["images_per_second"]
                for e in reversed(self.entries)
                if e.kind == "throughput" and e.payload.get("artefact") == digest
            ),
            {},
        )
        sizes = {int(size): float(rate) for size, rate in rates.items()}
        if not sizes:
            return None
        best = max(sizes, key=lambda size: sizes[size])
        if what.startswith("rate_"):
            chosen = what.removeprefix("rate_")
            return sizes.get(best if chosen == "best" else int(chosen))
        return float(best) if what == "best_batch" else None

    def _shown(self, of: str, what: str, unit: str) -> str:
        if unit in ("iso", "dmy", "words"):
            return _date(str(self.value(of, what)), unit)
        value = float(self.value(of, what))
        if unit in ("n", "about"):  # a count; to three digits
            return format_number(value if unit == "n" else float(f"{value:.3g}"), _ALL_DIGITS)
        original = str(self.subjects.original)
        if unit == "times":
            if what in _OF_RATIO:
                return format_number(value)
            return format_number(float(self.value(original, what)) / value, 2)
        if unit == "saved":
            return with_unit(100 * (1 - value / float(self.value(original, what))), "%", 2)
        source = Source(figure=what, model="optimised")
        subjects = self.subjects.model_copy(update={"optimised": of})
        cited = self.evidence.measured(subjects, source, unit)
        return with_unit(float(cited.value) if cited and cited.value is not None else value, unit)


_OTHERS = frozenset({"machine", "models", "run", "journal"})
_OF_ACCURACY = frozenset({"images", "accuracy_low", "accuracy_high"})
_OF_LATENCY = frozenset({"instances"})
_OF_RATIO = {"ratio": "value", "ratio_low": "low", "ratio_high": "high", "verdict": "verdict"}


def _part(model: Measurement, what: str) -> float | None:
    if what in _OF_LATENCY:
        return model.latency.instances if model.latency else None
    if model.accuracy is None:
        return None
    parts = {"images": model.accuracy.total, "accuracy_low": model.accuracy.low}
    return {**parts, "accuracy_high": model.accuracy.high}[what]


def _date(when: str, form: str) -> str:
    day = datetime.fromisoformat(when).date()
    if form == "iso":
        return day.isoformat()
    if form == "dmy":
        return f"{day:%d/%m/%Y}"
    month = _MONTHS[day.month - 1] if language() == "fr" else f"{day:%B}"
    return f"{day.day} {month} {day.year}"

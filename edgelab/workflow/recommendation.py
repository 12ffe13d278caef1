"""What a recommendation says: the choice, the way to it, its reasons, what to mind, and what else there is.

    recommendation.table()                   # questions and answers, reasons and cautions below
    recommendation.alternatives_table("fr")

`recommend` makes it. Lesson 35.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgelab.reporting.tables import Table, of_rows
from edgelab.workflow import matrices, tree
from edgelab.workflow.labels import DOCUMENTED, Label, Source, spoken
from edgelab.workflow.matrices import Strategy, Support
from edgelab.workflow.tree import Step


@dataclass(frozen=True)
class Reason:
    """A sentence with what it rests on."""

    text: Label
    source: Source

    def say(self, language: str | None = None) -> str:
        """Return the sentence and its source."""
        return f"{self.text.say(language)} ({self.source.say(language)})"


@dataclass(frozen=True)
class Alternative:
    """Another framework that runs there, and what speaks against it.

    Attributes:
        framework: its key in the matrices.
        name: its name.
        ruled_out: whether a requirement forbids it.
        against: what speaks against it, what forbids it first.
    """

    framework: str
    name: str
    ruled_out: bool
    against: tuple[Reason, ...]


@dataclass(frozen=True)
class Recommendation:
    """What to use, why, and what else there is.

    Attributes:
        framework: its key in the matrices; None where nothing runs such a model there.
        name: its name, "" for none.
        format: of the file or folder, "" for none.
        quantization: the scheme, a key of the matrices' schemes; None for none.
        strategy: what the scheme is called and made with in this framework.
        path: the questions that led to the framework.
        quantization_path: those that led to the scheme.
        reasons: for the framework, then for the scheme.
        alternatives: other frameworks that run there, those that no requirement forbids first.
        cautions: what to look out for.
        estimated_bytes: about the size of the file, where the model is known.
        support: what the matrix says about the framework there.
        facts: everything that was decided on.
    """

    framework: str | None
    name: str
    format: str
    quantization: str | None
    strategy: Strategy | None
    path: tuple[Step, ...]
    quantization_path: tuple[Step, ...]
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]
    cautions: tuple[Reason, ...]
    estimated_bytes: int | None
    support: Support | None
    facts: dict[str, str]

    @property
    def measured(self) -> bool:
        """Tell whether every reason rests on something that the course measures."""
        return all(reason.source.kind != DOCUMENTED for reason in self.reasons)

    def headline(self, language: str | None = None) -> str:
        """Return the answer in one line."""
        if self.framework is None or self.strategy is None or self.quantization is None:
            return "aucun" if spoken(language) == "fr" else "none"
        scheme = matrices.load().schemes[self.quantization].say.say(language)
        own = "" if self.strategy.name == scheme else f" ({self.strategy.name})"
        return f"{self.name}, {self.format}, {scheme}{own}"

    def table(self, language: str | None = None) -> Table:
        """Return the way to the answer as a table: question, answer; then reasons and cautions below."""
        french = spoken(language) == "fr"
        rows = [
            (step.question.say(language), step.answer.say(language))
            for step in (*self.path, *_later(self.path, self.quantization_path))
        ]
        notes = [reason.say(language) for reason in self.reasons]
        label = "Attention\N{NO-BREAK SPACE}:" if french else "Mind:"
        notes += [f"{label} {caution.say(language)}" for caution in self.cautions]
        head = ("Question", "Réponse") if french else ("Question", "Answer")
        return of_rows(head, rows, caption=self.headline(language), notes=notes)

    def alternatives_table(self, language: str | None = None) -> Table:
        """Return the other frameworks that run there, and what speaks against each."""
        french = spoken(language) == "fr"
        head = (
            ("Autre choix", "Exclu", "Contre")
            if french
            else ("Other choice", "Ruled out", "Against")
        )
        yes, no = ("oui", "non") if french else ("yes", "no")
        rows = [
            # Each reason in a line of its own; the name stands at the first.
            (*((a.name, yes if a.ruled_out else no) if first else ("", "")), reason.say(language))
            for a in self.alternatives
            for first, reason in zip((True, *[False] * len(a.against)), a.against, strict=False)
        ]
        return of_rows(head, rows)

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _later(first: tuple[Step, ...], second: tuple[Step, ...]) -> list[Step]:
    """Return the steps of the second path that say something new."""
    asked = {step.fact for step in first} | {tree.FRAMEWORK}
    return [step for step in second if step.fact not in asked]

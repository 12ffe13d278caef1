"""The decision tree as a picture: every question and answer, and the way that was taken.

    report.decision_tree(recommend(Requirements("image", platform="ios")))
    report.decision_tree(kind="language", part="quantization")

One row for each answer, indented below its question, so that it reads like a list from top to bottom; the way
taken is thick and bold. Lesson 35.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgelab.errors import InputError
from edgelab.figures import style
from edgelab.figures.chart import Chart
from edgelab.reporting import tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgelab.workflow.recommend import Recommendation
    from edgelab.workflow.tree import Leaf, Question, Tree

_ROW = 0.262  # inches
_INDENT = 0.24
_TAKEN, _LINE = "#0072B2", "#BBBBBB"
_WORDS = {
    "en": {
        "framework": "Which framework", "quantization": "How many bits", "none": "none",
        "columns": ("Way", "Choice", "Why", "Rests on", "Taken"), "yes": "yes", "no": "no",
        "alt": "Decision tree, {kind}: {title}; {n} ends.", "taken": "The way taken: {way}: {choice}.",
    },
    "fr": {
        "framework": "Quel framework", "quantization": "Combien de bits", "none": "aucun",
        "columns": ("Chemin", "Choix", "Pourquoi", "Repose sur", "Pris"), "yes": "oui", "no": "non",
        "alt": "Arbre de décision, {kind}\u00a0: {title}\u00a0; {n} fins.",
        "taken": "Le chemin pris\u00a0: {way}\u00a0: {choice}.",
    },
}  # fmt: skip


@dataclass(frozen=True)
class _Row:
    """One answer in the picture: how deep it stands, what it says, and what comes after it."""

    depth: int
    parent: int  # the row of its question, -1 for the first
    answer: str
    question: str  # "" at an end
    leaf: Leaf | None
    taken: bool
    way: tuple[str, ...]


def decision_tree(
    case: Recommendation | Mapping[str, str] | None = None,
    part: str = "framework",
    kind: str = "image",
    language: str | None = None,
) -> Chart:
    """Draw one half of the decision tree for one kind of model, with the way of a case marked.

    Args:
        case: a recommendation, or facts (fact → value), whose way is marked; None marks none.
        part: "framework" or "quantization".
        kind: "image" or "language", where the case does not say it.
        language: "en" or "fr", by default `EDGELAB_LANG`'s.

    Raises:
        InputError: another part or kind.
    """
    from edgelab.workflow import labels, matrices, names, tree

    names.known("part of the decision tree", part, (tree.FRAMEWORK, tree.QUANTIZATION))
    facts: Mapping[str, str] = case if isinstance(case, Mapping) else case.facts if case else {}
    kind = names.known("kind of model", facts.get("kind", kind), matrices.load().kinds)
    code = labels.spoken(language)
    rows = list(_rows(tree.load(), part, kind, facts, code))
    words: dict[str, Any] = _WORDS[code]
    title = f"{words[part]}: {matrices.load().kinds[kind].say(code)}"
    if code == "fr":
        title = title.replace(": ", "\N{NO-BREAK SPACE}: ", 1)
    with style.canvas(style.WIDTH, 0.42 + _ROW * len(rows)) as figure:
        style.pack(figure, 0.02)
        axes = figure.subplots()
        axes.set_title(title)
        axes.set_axis_off()
        axes.set_xlim(0, style.WIDTH)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        for place, row in enumerate(rows):
            _draw(axes, rows, place, row, _choice(part, row.leaf, code))
    ends = [row for row in rows if row.leaf is not None]
    table = tables.of_rows(
        words["columns"],
        [
            (
                " > ".join(row.way),
                _choice(part, row.leaf, code),
                row.leaf.why.say(code),
                row.leaf.source.say(code),
                words["yes" if row.taken else "no"],
            )
            for row in ends
            if row.leaf is not None
        ],
    )
    alt = words["alt"].format(
        kind=matrices.load().kinds[kind].say(code), title=words[part], n=len(ends)
    )
    taken = next((row for row in ends if row.taken), None)
    if taken is not None:
        way, choice = ", ".join(taken.way), _choice(part, taken.leaf, code)
        alt = f"{alt} {words['taken'].format(way=way, choice=choice)}"
    return Chart(figure, table, alt)


def _rows(whole: Tree, part: str, kind: str, facts: Mapping[str, str], code: str) -> Iterator[_Row]:
    """Yield the rows from top to bottom, beginning below the question for the kind of model."""
    from edgelab.workflow.tree import Question

    start = next(a.then for a in whole.question(part).answers if kind in a.when)
    if not isinstance(start, Question):
        raise InputError(f"There is nothing to ask about a model of the kind {kind!r}.")
    numbers = iter(range(10_000))

    def below(
        here: Question, parent: int, depth: int, taken: bool, way: tuple[str, ...]
    ) -> Iterator[_Row]:
        named = whole.values(here.ask)
        for answer in here.answers:
            text = ", ".join(named[value].say(code) for value in answer.when)
            follows = taken and facts.get(here.ask) in answer.when
            then = answer.then
            own = next(numbers)
            if isinstance(then, Question):
                asked = _asked(whole, then.ask, code)
                yield _Row(depth, parent, text, asked, None, follows, (*way, text))
                yield from below(then, own, depth + 1, follows, (*way, text))
            else:
                yield _Row(depth, parent, text, "", then, follows, (*way, text))

    first = next(numbers)
    kind_text = whole.values("kind")[kind].say(code)
    yield _Row(0, -1, kind_text, _asked(whole, start.ask, code), None, bool(facts), (kind_text,))
    yield from below(start, first, 1, bool(facts), ())


def _asked(whole: Tree, fact: str, code: str) -> str:
    asked = whole.facts[fact].ask
    return "" if asked is None else asked.say(code)


def _choice(part: str, leaf: Leaf | None, code: str) -> str:
    from edgelab.workflow import matrices

    if leaf is None:
        return ""
    if leaf.choose is None:
        return str(_WORDS[code]["none"])
    data = matrices.load()
    if part == "framework":
        return data.frameworks[leaf.choose].name
    return data.schemes[leaf.choose].say.say(code)


def _draw(axes: Axes, rows: list[_Row], place: int, row: _Row, choice: str) -> None:
    x = 0.1 + _INDENT * row.depth
    hue, width, order = (_TAKEN, 2.4, 3) if row.taken else (_LINE, 0.9, 2)
    if row.parent >= 0:
        rail = x - _INDENT + 0.06
        axes.plot([rail, rail, x - 0.06], [row.parent + 0.34, place, place], color=hue,
                  linewidth=width, zorder=order, solid_capstyle="round",
                  solid_joinstyle="round")  # fmt: skip
    ink = style.INK if row.taken or not any(r.taken for r in rows) else style.MUTED
    weight = "bold" if row.taken else "normal"
    text: Any = axes.text(
        x, place, row.answer, va="center", fontsize=9, color=ink, fontweight=weight
    )
    after = {"xycoords": text, "textcoords": "offset points", "va": "center", "fontsize": 9}
    if row.question:
        axes.annotate(
            row.question, (1, 0.5), (7, 0), color=ink, style="italic", fontweight=weight, **after
        )
    elif row.taken:
        box = {"boxstyle": "round,pad=0.22", "facecolor": _TAKEN, "edgecolor": _TAKEN}
        axes.annotate(
            choice, (1, 0.5), (11, 0), color="white", fontweight="bold", bbox=box, **after
        )
    else:
        box = {"boxstyle": "round,pad=0.22", "facecolor": "#F2F2F2", "edgecolor": _LINE}
        axes.annotate(choice, (1, 0.5), (11, 0), color=ink, bbox=box | {"linewidth": 0.7}, **after)

"""The matrices as tables: who runs where, who meets which requirement, what "4 bits" is called.

    matrix_tables.hardware_table("language")
    matrix_tables.requirement_table("fr")
    matrix_tables.strategy_table("image")

Lesson 35.
"""

from __future__ import annotations

from edgelab.reporting.tables import Table, of_rows
from edgelab.workflow import matrices
from edgelab.workflow.names import known


def hardware_table(kind: str, language: str | None = None) -> Table:
    """Return framework × platform for a kind of model, at its best processor, accelerators named.

    Args:
        kind: "image" or "language".
        language: "en" or "fr", by default `EDGELAB_LANG`'s.

    Raises:
        InputError: another kind.
    """
    data = matrices.load()
    known("kind of model", kind, data.kinds)
    platforms = [name for name in data.platforms if name != "any"]
    rows = []
    for name, row in data.frameworks.items():
        if kind in row.formats:
            rows.append((row.name, *(_best(name, p, kind, language) for p in platforms)))
    head = ("Framework", *(data.platforms[p].say(language) for p in platforms))
    return of_rows(head, rows, caption=data.kinds[kind].say(language).capitalize())


def requirement_table(language: str | None = None) -> Table:
    """Return framework × requirement: yes, partly with the reserve as a note, no."""
    data = matrices.load()
    rows, notes = [], []
    for name, needs in data.meets.items():
        rows.append(
            (data.frameworks[name].name, *(_word(needs[n].state, language) for n in data.needs))
        )
        notes += [
            f"{data.frameworks[name].name}, {data.needs[n].say(language)}: {need.note.say(language)}."
            for n, need in needs.items()
            if need.note
        ]
    head = ("Framework", *(n.say(language) for n in data.needs.values()))
    return of_rows(head, rows, notes=notes)


def strategy_table(kind: str, language: str | None = None) -> Table:
    """Return framework × scheme for a kind of model: what "8 bits" and "4 bits" mean in each.

    Raises:
        InputError: another kind.
    """
    data = matrices.load()
    known("kind of model", kind, data.kinds)
    rows = []
    for name, by_kind in data.strategies.items():
        for scheme, found in by_kind.get(kind, {}).items():
            if scheme != "keep":
                said = data.schemes[scheme].say.say(language)
                source = found.source.say(language)
                rows.append((data.frameworks[name].name, said, found.name, found.tool, source))
    english = ("Framework", "Scheme", "Its name there", "Tool", "Source")
    french = ("Framework", "Schéma", "Son nom", "Outil", "Source")
    return of_rows(french if language == "fr" else english, rows)


def _best(framework: str, platform: str, kind: str, language: str | None) -> str:
    """Return the best state on a platform, and the accelerators that are used there."""
    data = matrices.load()
    states: dict[str, matrices.State] = {}
    for where, processor, accelerator in matrices.targets():
        if where == platform:
            state = matrices.support(framework, platform, kind, processor, accelerator).state
            states[accelerator] = max(
                state, states.get(accelerator, "no"), key=matrices.ORDER.index
            )
    best = max(states.values(), key=matrices.ORDER.index)
    used = [
        data.accelerators[a].say(language).split(" ")[-1 if language == "fr" else 0]
        for a, state in states.items()
        if a != "none" and state == "yes"
    ]
    text = _word(best, language)
    return f"{text} (+ {', '.join(used)})" if used and platform in ("linux", "windows") else text


def _word(state: str, language: str | None) -> str:
    if language == "fr":
        return {"yes": "oui", "partly": "en partie", "no": "non"}[state]
    return state

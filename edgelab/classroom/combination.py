"""The choice among combinations as a paragraph, tested once, and kept in the journal.

    defend_combination(result, my_choice, limits, tested)

The choice was made on validation images, so the paragraph adds what the test images say, which are looked
at after it; who chooses another model then has seen them before, and the paragraph says so. Its figures
are the measured ones, whatever the student wrote. The student's own choice becomes a record that the
worksheet can cite. Lesson 24.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from edgelab import records
from edgelab.classroom import choices
from edgelab.classroom.cards import Card
from edgelab.classroom.language import N_, _, format_number, with_unit
from edgelab.errors import InputError
from edgelab.evaluate import Paired
from edgelab.records import Comparison

CHOICE = "24.combination"  # its name in the journal
REASON = N_("Of the combinations that keep both limits, or come nearest, it is the fastest.")


def library_choice(
    result: Comparison, goal: str, limits: Mapping[str, float]
) -> tuple[str, float, float, str]:
    """Return what the library chooses: name, kB to download, accuracy in percent, reason.

    Args:
        result: the comparison to choose from.
        goal: the figure that is to be best.
        limits: figure → limit, as for `pareto.choose`.
    """
    from edgelab.reporting import pareto

    name = pareto.choose(result, goal, limits).name
    return name, *_measured(result, name), REASON


def defend_combination(
    result: Comparison,
    choice: tuple[str, float, float, str],
    limits: Mapping[str, float],
    tested: Paired,
) -> Card:
    """Return the paragraph that defends a combination, and keep the student's own in the journal.

    Args:
        result: the comparison that was chosen from, on validation images.
        choice: name, kB to download, accuracy in percent, and the reason; the two figures are taken
            from the comparison instead.
        limits: with "size_gzip_bytes" and "accuracy".
        tested: the chosen model against the float one on the test images.

    Raises:
        InputError: the chosen model was not compared, or without labelled images.
    """
    name, *_typed, reason = choice
    if name not in result.names:
        raise InputError(f"{name!r} was not compared; these were: {', '.join(result.names)}.")
    size_kb, accuracy = _measured(result, name)
    by_library = reason == REASON
    chosen = _(
        "With at most {limit} to download and at least {least} % right on the validation images, I choose "
        "{name}: it takes {size} compressed and has {accuracy} % right. {reason}"
    ).format(
        limit=with_unit(limits["size_gzip_bytes"] / 1e3, "kB"),
        least=format_number(100 * limits["accuracy"]),
        name=f"**{name}**",
        size=with_unit(size_kb, "kB"),
        accuracy=format_number(accuracy),
        reason=_(REASON) if by_library else str(reason).strip(),
    )
    verdicts = {
        "better": _("better than the float network"),
        "worse": _("worse than the float network"),
        "cannot tell": _("not to be told apart from the float network"),
    }
    seen = _(
        "On {n} test images, looked at after the choice, it is {verdict}: {points} points "
        "[{low}, {high}]."
    ).format(
        n=tested.total,
        verdict=verdicts[tested.verdict],
        points=format_number(100 * tested.difference, 2),
        low=format_number(100 * tested.low, 2),
        high=format_number(100 * tested.high, 2),
    )
    card = Card(_("A choice to defend"), tone="info")
    card.say(chosen)
    if by_library:
        kept = _("The library chose; once exercise 24.7 passes, your own choice stands here.")
    else:
        if (number := _number_of_choice(name)) > 1:
            again = _("This is choice number {k}: the test images had been seen before it.")
            seen = f"{seen} {again.format(k=number)}"
        kept = choices.kept(CHOICE, result, name, f"{chosen} {seen}", str(reason))
    card.say(seen)
    card.say(kept, quiet=True)
    return card


def _measured(result: Comparison, name: str) -> tuple[float, float]:
    """Return the kB to download and the accuracy in percent."""
    size, share = result[name]["size_gzip_bytes"], result[name]["accuracy"]
    if size is None or share is None:
        raise InputError(
            f"{name!r} was compared without its compressed size or its accuracy: compare files, on "
            "labelled images."
        )
    return size / 1e3, 100 * share


def _number_of_choice(name: str) -> int:
    """Return how many times the journal's choice went to another model, the first and this included."""
    models = [record.payload.get("model") for record in records.history("choice", CHOICE)]
    changes = [
        after for before, after in itertools.pairwise([None, *models, name]) if after != before
    ]
    return len(changes)

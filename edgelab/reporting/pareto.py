"""Which models are worth choosing: those that no other beats in everything.

    pareto.front(result, ("size_gzip_bytes", "accuracy"))
    pareto.choose(result, goal="latency_ms", limits={"size_gzip_bytes": 20_000, "accuracy": 0.93})

A model is *dominated* when another is at least as good in every figure and better in one; a lead that
the measurements can't tell from none is not called better. What is left is the Pareto front: there
every gain costs something, and a wish decides. A wish is a goal and limits; where no model keeps all
limits, the answer is the nearest one, with what it misses. All of this is choosing, so accuracies on
the test images are refused. Lesson 24.

Source: Pareto, Manuale di economia politica, 1906; Miettinen, Nonlinear Multiobjective Optimization,
1999, chapter 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgelab.errors import InputError, SplitError
from edgelab.records import Comparison
from edgelab.reporting import claims, rebase, results
from edgelab.reporting.quantities import quantity
from edgelab.reporting.results import Result, View

HIGHER_IS_BETTER = ("accuracy",)


@dataclass(frozen=True)
class Choice:
    """The model that a wish leads to, and how it got there.

    Attributes:
        name: of the model.
        goal: the figure that was to be best.
        limits: figure → the most (of the accuracy: the least) that is allowed.
        fitting: the models that keep all limits.
        misses: limit → by which share the model misses it; empty where it keeps all.
        ties: other fitting models whose goal can't be told from the chosen one's.
        front: the models on the front of the goal and the limited figures.
        left_out: models for which one of these figures was not measured.
    """

    name: str
    goal: str
    limits: dict[str, float]
    fitting: tuple[str, ...]
    misses: dict[str, float]
    ties: tuple[str, ...]
    front: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def satisfied(self) -> bool:
        """Tell whether some model keeps all limits."""
        return bool(self.fitting)

    def __repr__(self) -> str:
        goal = quantity(self.goal).label.lower()
        if self.satisfied:
            best = "highest" if self.goal in HIGHER_IS_BETTER else "lowest"
            if len(self.fitting) == 1:
                return f"{self.name}: the only one that keeps the limits."
            text = f"{self.name}: the {best} {goal} of {len(self.fitting)} that keep the limits"
            tied = f"; not told apart from {', '.join(self.ties)}" if self.ties else ""
            return text + tied + "."
        missed = ", ".join(
            f"{quantity(key).label.lower()} by {share:.1%}" for key, share in self.misses.items()
        )
        return f"Nothing keeps all limits. {self.name} comes nearest and misses {missed}."


def beats(a: Sequence[float], b: Sequence[float]) -> bool:
    """Tell whether a is nowhere worse than b and somewhere better.

    Args:
        a: figures of one model, small being good in each.
        b: the same figures of another, in the same order.
    """
    pairs = list(zip(a, b, strict=True))
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)


def front(result: Result, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the models that no other beats, ordered by the first figure.

    Args:
        result: what `benchmark.compare` returned, or several measurements.
        keys: the figures that count, two or more keys of `quantities.QUANTITIES`. Small is good,
            except for the accuracy.

    Returns:
        Their names. Models for which one of the figures was not measured are left out.

    Raises:
        InputError: fewer than two figures, one that is no number, or no model that has them all.
        SplitError: the accuracy is among them and was measured on the test images.
    """
    shown = results.view(result)
    return _front(result, shown, _wanted(shown, keys, at_least=2))


def choose(result: Result, goal: str, limits: Mapping[str, float] | None = None) -> Choice:
    """Choose the best model by one figure among those that keep the limits.

    Args:
        result: what `benchmark.compare` returned, or several measurements.
        goal: the figure that is to be smallest (the accuracy: largest).
        limits: figure → the most that is allowed (of the accuracy: the least, 0 to 1), in the
            record's own unit (bytes, milliseconds, shares).

    Returns:
        The choice; where nothing keeps all limits, the model whose misses, as shares of the limits,
        have the smallest sum.

    Raises:
        InputError: an unknown figure, a limit that is not above 0, or no model that has all figures.
        SplitError: the accuracy is the goal or limited, and was measured on the test images.
    """
    shown, wish = results.view(result), dict(limits or {})
    for key, limit in wish.items():
        if not limit > 0:
            raise InputError(f"The limit of {key} is {limit}; it must be above 0.")
    keys = _wanted(shown, (goal, *wish), at_least=1)
    names = _complete(shown, keys)
    misses = {name: _misses(shown, name, wish) for name in names}
    fitting = tuple(name for name in names if not misses[name])

    def rank(name: str) -> tuple[float, ...]:
        return sum(misses[name].values()), _cost(shown, name, goal)

    name = min(fitting or names, key=rank)
    ties = tuple(n for n in fitting if n != name and _tied(result, shown, name, n, goal))
    return Choice(
        name=name,
        goal=goal,
        limits=wish,
        fitting=fitting,
        misses=misses[name],
        ties=ties,
        front=_front(result, shown, keys),
        left_out=tuple(n for n in shown.names if n not in names),
    )


def _wanted(shown: View, keys: Sequence[str], at_least: int) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(keys))
    if len(wanted) < at_least:
        raise InputError(f"A front needs {at_least} different figures; given: {', '.join(wanted)}.")
    for key in wanted:
        if quantity(key).kind in ("text", "ratio"):
            raise InputError(
                f"{key!r} can't be weighed against others; use a measured figure such as latency_ms."
            )
    shown.refuse_simulated(wanted)
    if "accuracy" in wanted:
        _refuse_test(shown)
    if not _complete(shown, wanted):
        raise InputError(
            f"No model has all of {', '.join(wanted)} measured. Measure them in one "
            "benchmark.compare, with labelled images where the accuracy counts."
        )
    return wanted


def _refuse_test(shown: View) -> None:
    for name in shown.names:
        found = shown[name].accuracy
        if found and found.split == "test" and shown.value(name, "accuracy") is not None:
            raise SplitError(
                f"The accuracy of {name!r} is that on the test images of {found.dataset!r}. Choosing by "
                "it would make the chosen model look better there than it will be on new images. Measure "
                "on the validation split, choose, and look at the test images once, afterwards."
            )


def _complete(shown: View, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(n for n in shown.names if all(shown.value(n, key) is not None for key in keys))


def _cost(shown: View, name: str, key: str) -> float:
    """Return a figure so that less is better."""
    value = float(shown.value(name, key))  # type: ignore[arg-type]  # `_complete` saw to it
    return -value if key in HIGHER_IS_BETTER else value


def _front(result: Result, shown: View, keys: Sequence[str]) -> tuple[str, ...]:
    costs = {n: tuple(_cost(shown, n, key) for key in keys) for n in _complete(shown, keys)}

    def surely_beats(a: str, b: str) -> bool:
        better = (key for key, x, y in zip(keys, costs[a], costs[b], strict=True) if x < y)
        return beats(costs[a], costs[b]) and not all(
            _tied(result, shown, a, b, key) for key in better
        )

    kept = (name for name in costs if not any(surely_beats(other, name) for other in costs))
    return tuple(sorted(kept, key=lambda n: costs[n]))


def _misses(shown: View, name: str, limits: Mapping[str, float]) -> dict[str, float]:
    """Return by which share of each limit a model misses it."""
    found = {}
    for key, limit in limits.items():
        value = float(shown.value(name, key))  # type: ignore[arg-type]
        share = 1 - value / limit if key in HIGHER_IS_BETTER else value / limit - 1
        if share > 0:
            found[key] = share
    return found


def _tied(result: Result, shown: View, chosen: str, other: str, goal: str) -> bool:
    """Tell whether two models' figures can't be told apart; those without an interval are exact."""
    rounds = isinstance(result, Comparison) and any(ratio.estimates for ratio in result.ratios)
    if goal == "latency_ms" and rounds:
        return rebase.steps(result, [chosen, other])[0].verdict == "cannot tell"  # type: ignore[arg-type]
    a, b = shown[chosen].accuracy, shown[other].accuracy
    if goal == "accuracy" and a and b:
        _points, low, high = claims.loss_in_points(a, b)
        return low <= 0 <= high
    ours, theirs = shown.interval(chosen, goal), shown.interval(other, goal)
    if ours and theirs:
        return ours[0] <= theirs[1] and theirs[0] <= ours[1]
    return shown.value(chosen, goal) == shown.value(other, goal)

"""What goes wrong when people measure by hand, and how it shows.

Each function compares an answer of lesson 10 with the right one; where they differ it looks for the
misconception that would give just this answer, and raises `Wrong` with its name.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgelab.classroom.exercises.answers import Wrong
from edgelab.classroom.language import _, format_number
from edgelab.measuring.stopwatch import ORDERS

_RELATIVE = 1e-6
# From two loads on the interval knows that loads differ. (With two it is so wide that it hardly errs.)
_FEW_LOADS = 2


@dataclass(frozen=True)
class Bench:
    """A made-up network: milliseconds of its first runs, and of those after the warm-up."""

    cold: tuple[float, ...]
    warm: tuple[float, ...]

    def network(self) -> Network:
        """Return the network, never run so far, with its clock."""
        return Network(self)


class Network:
    """Pretends to take time: each run moves its clock, and nothing else does."""

    def __init__(self, bench: Bench) -> None:
        self._costs = (*bench.cold, *bench.warm)
        self.calls = self.readings = 0
        self._seconds = 1000.0  # a clock need not start at 0

    def __call__(self) -> None:
        """Run once."""
        self._seconds += self._costs[self.calls % len(self._costs)] / 1e3
        self.calls += 1

    def clock(self) -> float:
        """Return the seconds on the clock."""
        self.readings += 1
        return self._seconds


def judge_bench(got: float, bench: Bench, network: Network) -> None:
    """Raise `Wrong` unless got is the median of the warm runs in milliseconds."""
    _judge_calls(bench, network)
    warm, every = bench.warm, (*bench.cold, *bench.warm)
    right = statistics.median(warm)
    if _near(got, right):
        return
    if any(_near(got, f(every)) for f in (statistics.median, statistics.fmean, sum)):
        raise Wrong(
            "warm-up-counted",
            _("The warm-up runs are among the times that you use."),
            _("Run them in a loop of their own, without the clock."),
        )
    if any(_near(got, right * factor) for factor in (1e-3, 1e3, 1e6)):
        raise Wrong(
            "unit",
            _("The number is right and its unit is not: the clock gives seconds."),
            _("One second is 1,000 milliseconds."),
        )
    if any(_near(got, statistics.fmean(warm) * factor) for factor in (1, 1e-3)):
        raise Wrong(
            "mean",
            _("This is the mean: one slow run, when another program had the core, moves it."),
            _("Keep the time of each run in a list, and take the one in the middle."),
        )
    if any(_near(got, sum(warm) * factor) for factor in (1, 1e-3)):
        raise Wrong(
            "total",
            _("This is the time of all runs together."),
            _("Read the clock before and after every single run."),
        )
    if any(_near(got, f(warm)) for f in (min, max)):
        raise Wrong(
            "extreme",
            _("This is the fastest or the slowest run: a single one decides."),
            _("`median` takes the run in the middle."),
        )
    if _near(got, warm[len(warm) // 2]):
        raise Wrong(
            "unsorted-middle",
            _("This is the run in the middle of time, not the one in the middle of the sizes."),
            _("Sort the times first, or use `median`."),
        )
    if _near(got, warm[-1]):
        raise Wrong(
            "last-run",
            _("Only the last run is left: each run replaces the one before."),
            _("Start with `times = []` and append."),
        )
    raise Wrong(
        "wrong-time",
        _("The result is {got} ms; the median of the timed runs is {right} ms.").format(
            got=format_number(got), right=format_number(right)
        ),
        _("Print the list of times for `warmup=0, runs=3`."),
    )


def judge_chance(got: float, faster: float, runs: int) -> None:
    """Raise `Wrong` unless got is the chance of no or one slower run among several."""
    none = faster**runs
    one = runs * (1 - faster) * faster ** (runs - 1)
    if _near(got, none + one):
        return
    if _near(got, none):
        raise Wrong(
            "none-only",
            _("That is the chance that no run is slower. Exactly one is allowed as well."),
            _("Add the chance of exactly one."),
        )
    if _near(got, one):
        raise Wrong(
            "one-only",
            _("That is the chance that exactly one run is slower. None at all is allowed as well."),
            _("Add the chance of none."),
        )
    if runs > 1 and any(
        _near(got, first + (1 - faster) * faster ** (runs - 1)) for first in (none, 0.0)
    ):
        raise Wrong(
            "which-run",
            _("You let one certain run be the slow one; any of the {n} may be it.").format(n=runs),
            _("How many possibilities are there? Multiply."),
        )
    if _near(got, none + runs * (1 - faster) * faster**runs):
        raise Wrong(
            "one-run-too-many",
            _("If one run is slower, only {n} of {all} are faster.").format(n=runs - 1, all=runs),
            _("Look at the exponent in the chance of exactly one."),
        )
    slower = 1 - faster
    swapped = slower**runs + runs * faster * slower ** (runs - 1)
    if faster != slower and _near(got, swapped):
        raise Wrong(
            "swapped",
            _("Faster and slower are exchanged."),
            _("A p90 is a time that 90 of 100 runs stay below."),
        )
    if _near(got, 1 - none - one):
        raise Wrong(
            "complement",
            _("That is the chance of the contrary: at least two runs are slower."),
            _("Subtract it from 1."),
        )
    if not 0 <= got <= 1:
        raise Wrong(
            "no-chance",
            _("A chance lies between 0 and 1; this one is {got}.").format(got=format_number(got)),
            _("Is `faster` a share such as 0.9, and not 90?"),
        )
    raise Wrong(
        "wrong-chance",
        _("For {n} runs and the p{p} the chance is {right}; yours is {got}.").format(
            n=runs, p=round(100 * faster), right=format_number(none + one), got=format_number(got)
        ),
        _("Try two runs by hand: none slower, or the first, or the second."),
    )


def judge_macs(got: float, kernel: Sequence[int], output: Sequence[int]) -> None:
    """Raise `Wrong` unless got is the kernel's weights times the output's positions."""
    weights, positions = math.prod(kernel), output[0] * output[1]
    right = weights * positions
    if _near(got, right):
        return
    if _near(got, weights * math.prod(output)):
        if kernel[-1] == 1:
            raise Wrong(
                "depthwise",
                _(
                    "Right for ordinary layers. A depthwise kernel says 1 where the output says more."
                ),
                _("Take all four numbers of the kernel, and only height and width of the output."),
            )
        raise Wrong(
            "filters-twice",
            _("The number of filters is in your product twice: once from each shape."),
            _("Of the output, only height and width count positions."),
        )
    if _near(got, 2 * right):
        raise Wrong(
            "operations",
            _("You counted multiplications and additions: that is twice the MACs."),
            _("One MAC is one multiplication together with its addition."),
        )
    if _near(got, weights):
        raise Wrong(
            "weights-only",
            _("These are the weights: the work at one position."),
            _("At how many positions is the kernel applied?"),
        )
    if _near(got, positions) or _near(got, math.prod(output)):
        raise Wrong(
            "output-only",
            _("This counts the numbers in the output. Each of them needs many MACs."),
            _("How many weights does one position use?"),
        )
    if any(_near(got, weights * side) for side in (output[0], output[1], sum(output[:2]))):
        raise Wrong(
            "one-side",
            _("A position has a row and a column; you used one of them."),
            _("Multiply by height and width."),
        )
    if any(_near(got, right / part) for part in kernel if part > 1):
        raise Wrong(
            "part-missing",
            _("One number of the kernel's shape is missing from your product."),
            _("All four belong to it: height, width, channels in, filters."),
        )
    if _near(got, right + math.prod(output)):
        raise Wrong(
            "bias",
            _("You counted the bias as well. By custom it is left out: it is an addition only."),
            _("Leave it out."),
        )
    raise Wrong(
        "wrong-count",
        _("For kernel {kernel} and output {output} it is {right}; yours is {got}.").format(
            kernel=tuple(kernel), output=tuple(output), right=format_number(right, 12),
            got=format_number(got, 12),
        ),
        _("Start with one position of the output: how many weights does it use?"),
    )  # fmt: skip


def judge_plan(given: Any, fair: Mapping[str, Any]) -> str:
    """Return praise for a plan that breaks one rule and names it; else raise `Wrong`."""
    plan, rule = _plan_and_rule(given, fair)
    changed = [key for key in fair if plan[key] != fair[key]]
    if not changed:
        raise Wrong(
            "nothing-changed",
            _("The plan is still the fair one."),
            _("Change one entry: `plan[...] = ...`."),
        )
    if len(changed) > 1:
        raise Wrong(
            "several-changes",
            _("{n} entries differ. If the result is wrong, nobody knows which one did it.").format(
                n=len(changed)
            ),
            _("Change exactly one, and leave the others fair."),
        )
    entry = changed[0]
    _spoils(entry, plan[entry])
    rules = {"loads": "loading", "warm_up": "warm-up", "order": "turns"}
    if rule not in rules.values():
        raise Wrong(
            "unknown-rule",
            _("The rules are called {names}; yours is {rule}.").format(
                names=", ".join(f"`{name}`" for name in rules.values()), rule=f"`{rule}`"
            ),
            _("Give back the plan and one of these words."),
        )
    if rule != rules[entry]:
        raise Wrong(
            "wrong-reason",
            _("You changed {entry}, and gave the reason {rule}.").format(
                entry=f"`{entry}`", rule=f"`{rule}`"
            ),
            _("Which rule does this entry stand for?"),
        )
    praise = {
        "loads": _("One load is luck: it keeps its own speed, and the interval does not know it."),
        "warm_up": _("The side with less warm-up is timed while it is still slow, in every trial."),
        "order": _(
            "What changes with time hits one side only: caches, clock rate, other programs."
        ),
    }
    return praise[entry]


def _judge_calls(bench: Bench, network: Network) -> None:
    expected = len(bench.cold) + len(bench.warm)
    if network.readings == 0:
        raise Wrong(
            "another-clock",
            _("Your function never calls `clock()`."),
            _("Read the time with `clock()`: the check hands in a clock of its own."),
        )
    if network.calls == len(bench.warm):
        raise Wrong(
            "no-warm-up",
            _("There is no warm-up: the first runs, which are slower, are among the timed ones."),
            _("Call `inference()` `warmup` times before the first timed run."),
        )
    if network.calls != expected:
        raise Wrong(
            "wrong-number-of-runs",
            _("The network ran {n} times; warm-up and timed runs together are {right}.").format(
                n=network.calls, right=expected
            ),
            _("Use `warmup` and `runs`, and call `inference()` once in each turn of a loop."),
        )


def _plan_and_rule(given: Any, fair: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    pair = isinstance(given, tuple | list) and len(given) == 2
    if not pair or not isinstance(given[0], Mapping) or set(given[0]) != set(fair):
        raise Wrong(
            "not-plan-and-rule",
            _("Your function should give back the whole plan, and the word for the rule."),
            _('End with `return plan, "..."`, and keep the plan\'s three entries.'),
        )
    return dict(given[0]), str(given[1]).strip().lower()


def _spoils(entry: str, value: Any) -> None:
    """Raise `Wrong` unless this value of an entry can be run and is unfair."""
    runnable = {
        "loads": lambda: isinstance(value, int) and 1 <= value <= 60,
        "warm_up": lambda: len(value) == 2 and all(isinstance(v, int) and v >= 0 for v in value),
        "order": lambda: value in ORDERS,
    }
    try:
        possible = runnable[entry]()
    except TypeError:
        possible = False
    if not possible:
        raise Wrong(
            "not-runnable",
            _("With {entry} = {value} the trial cannot run.").format(
                entry=f"`{entry}`", value=f"`{value!r}`"
            ),
            _("Look at the fair plan: keep the kind of value, change the value."),
        )
    if entry == "warm_up" and value[0] == value[1]:
        raise Wrong(
            "still-fair",
            _("The warm-up is shorter or longer, and still equal for both: that is fair."),
            _("Give one side less than the other."),
        )
    if entry == "warm_up" and min(value) >= 10:
        raise Wrong(
            "still-fair",
            _("Both sides are warm after that many runs: nobody will see the difference."),
            _("How many runs has the side that should look slow?"),
        )
    if entry == "loads" and value >= _FEW_LOADS:
        raise Wrong(
            "still-fair",
            _("With {n} loads the interval is wider, and still over loads: that is fair.").format(
                n=value
            ),
            _("When does a single load decide everything?"),
        )


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=_RELATIVE)

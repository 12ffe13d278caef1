"""Running a student's answer: safely, on copies, with errors explained in two sentences.

A check receives an `Answer` and calls it like the function that the student wrote:

    got = answer.number(values, 8)         # a finite number, or the check ends with the reason
    codes = answer.array(values, 0.01, 8)  # a NumPy array of numbers

A check ends early by raising `Wrong` with the misconception that it recognised.
"""

from __future__ import annotations

import inspect
import linecache
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelab.classroom.language import _

_PACKAGE = str(Path(__file__).parents[2])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Wrong(Exception):  # noqa: N818 - it is a verdict, not an error
    """The answer is wrong, and this is the probable misconception.

    Args:
        misconception: a short name in English, the same for everybody ("signed-maximum"): it is
            what the journal keeps and a class's statistics count.
        text: what seems to have happened, in the student's language.
        next_step: what to try next, in the student's language.
        code: the student's line that it is about, if there is one.
    """

    def __init__(self, misconception: str, text: str, next_step: str = "", code: str = "") -> None:
        super().__init__(text)
        self.misconception = misconception
        self.text = text
        self.next_step = next_step
        self.code = code


class Unanswered(Exception):  # noqa: N818 - a state, not an error
    """The stub is still there: the answer is None or `...`."""


class Answer:
    """What a student handed to `check`: a function to be called, or a value."""

    def __init__(self, given: Any) -> None:
        self._given = given
        self._answered = False

    def __call__(self, *args: Any) -> Any:
        """Call the student's function with copies of the arguments and return what it gives.

        Raises:
            Unanswered: it gives None or `...`, or is not there.
            Wrong: it is no function, takes other arguments, stops with an error, or changes its
                input.
        """
        function = self._function()
        _fits(function, args)
        copies = tuple(_copy(arg) for arg in args)
        try:
            result = function(*copies)
        except (Exception, SystemExit) as error:
            raise _stopped(error) from error
        if result is None or result is ...:
            if not self._answered:
                raise Unanswered
            raise Wrong(
                "sometimes-nothing",
                _("For some inputs your function gives back nothing (None)."),
                _("Does every path through it end with a `return`?"),
            )
        self._answered = True
        if any(_differs(copy, arg) for copy, arg in zip(copies, args, strict=True)):
            raise Wrong(
                "changes-its-input",
                _("Your function changes the array that it is given."),
                _("Compute a new array: `values / scale` makes one, `values /= scale` does not."),
            )
        return result

    @property
    def value(self) -> Any:
        """Return the student's value.

        Raises:
            Unanswered: it is None or `...`.
            Wrong: it is a function.
        """
        if self._given is None or self._given is ...:
            raise Unanswered
        if callable(self._given):
            raise Wrong(
                "function-instead-of-value",
                _("This check wants a value, and got a function."),
                _("Call your function first and give its result to `check`."),
            )
        return self._given

    def number(self, *args: Any) -> float:
        """Call the function and return its result as one finite number.

        Raises:
            Unanswered: see `__call__`.
            Wrong: see `__call__`; or the result is not one finite number.
        """
        return as_number(self(*args))

    def array(self, *args: Any) -> Any:
        """Call the function and return its result as a NumPy array of finite numbers.

        Raises:
            Unanswered: see `__call__`.
            Wrong: see `__call__`; or the result does not consist of finite numbers.
        """
        return as_array(self(*args))

    def _function(self) -> Callable[..., Any]:
        if self._given is None or self._given is ...:
            raise Unanswered
        if not callable(self._given):
            raise Wrong(
                "value-instead-of-function",
                _("This check wants your function itself, and got a value."),
                _('Write its name without parentheses: `check("…", my_function)`.'),
            )
        return self._given  # type: ignore[no-any-return]


def as_number(result: Any) -> float:
    """Return a result as one finite number.

    Raises:
        Wrong: it is text, several numbers, or no finite number.
    """
    array = as_array(result)
    if array.size != 1:
        raise Wrong(
            "not-one-number",
            _("Your function gives {n} numbers where one is wanted.").format(n=array.size),
            _("Which single number says it for all of them?"),
        )
    return float(array.reshape(()))


def as_array(result: Any) -> Any:
    """Return a result as a NumPy array of finite numbers.

    Raises:
        Wrong: it holds something else.
    """
    import numpy as np

    try:
        array = np.asarray(result)
        numbers = array.dtype.kind in "iuf" or array.dtype.kind == "V"  # V: bfloat16 and the like
        array = array.astype(np.float64) if array.dtype.kind == "V" else array
    except (ValueError, TypeError):
        numbers = False
    if not numbers or array.size == 0:
        raise Wrong(
            "not-numbers",
            _("Your function should give numbers; it gives {kind}.").format(
                kind=f"`{type(result).__name__}`"
            ),
            _("Print what it returns for a small input and look."),
        )
    if not np.isfinite(array).all():
        raise Wrong(
            "not-finite",
            _("The result holds a value that is infinite or not a number."),
            _("Is there a division by zero?"),
        )
    return array


def _fits(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return  # some built-in functions do not tell; calling them will
    try:
        signature.bind(*args)
    except TypeError as error:
        raise Wrong(
            "signature",
            _("The check calls your function with {n} values; yours takes `{signature}`.").format(
                n=len(args), signature=signature
            ),
            _("Keep the first line of the function as the exercise gave it."),
        ) from error


def _stopped(error: BaseException) -> Wrong:
    explanations = {
        NameError: _("A name is not known here: is it spelt right, and did its cell run?"),
        ZeroDivisionError: _("Something is divided by zero: print the divisor."),
        IndexError: _("An index lies outside: print the `shape`."),
        KeyError: _("A key is missing: print the dictionary's keys."),
        AttributeError: _("This object has no such attribute: print its `type`."),
        TypeError: _("A function or an operator got a type that it cannot use: print the types."),
        ValueError: _("The shapes or values do not fit together: print the shapes."),
        RecursionError: _("The function calls itself without an end."),
    }
    nearest = next((text for kind, text in explanations.items() if isinstance(error, kind)), "")
    message = f"{type(error).__name__}: {error}".strip().rstrip(":")
    return Wrong(
        type(error).__name__,
        _("Your code stopped with {error}").format(error=f"`{_short(message)}`"),
        nearest or _("Run your function on a small input in a cell of its own."),
        _guilty_line(error),
    )


def _guilty_line(error: BaseException) -> str:
    """Return the last line of the student's own code that the error went through."""
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        own = not frame.filename.startswith((_PACKAGE, *_LIBRARIES))
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        if own and line:
            found = _("line {n}: {code}").format(n=frame.lineno, code=line)
    return found


def _short(text: str, limit: int = 160) -> str:
    first = " ".join(text.split()).replace("`", "'")
    return first if len(first) <= limit else first[: limit - 1] + "…"


def _copy(arg: Any) -> Any:
    return arg.copy() if hasattr(arg, "copy") else arg


def _differs(copy: Any, original: Any) -> bool:
    import numpy as np

    if not isinstance(original, np.ndarray):
        return False
    return copy.shape != original.shape or not np.array_equal(copy, original)

"""Progress of long work, readable in a terminal, in a notebook, and in a saved notebook.

A bar counts, a task only tells how long it has been going on:

    for layer in progress.bar(layers, "Scanning layers", unit="layers"):
        ...
    with progress.task("Converting to int8"):
        ...

Nothing shows for work that ends within a second, and one line remains of longer work. A notebook
updates one text output in place (no widget state, no carriage returns), so the executed notebook, its
HTML page and GitHub show that line. Where nobody watches (a log file), only the last line is written.
"""

from __future__ import annotations

import contextlib
import contextvars
import io
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from tqdm.std import tqdm

SHOW_AFTER_S = 1.0
_TICK_S = 0.5
_COLUMNS = 88


class Bar(tqdm):  # type: ignore[type-arg]
    """A tqdm bar that leaves one line; `update(n)` and `set_postfix_str(text)` work as in tqdm."""

    monitor_interval = 0  # no watcher thread: a step of the course takes seconds at most

    def __init__(
        self, iterable: Iterable[Any] | None, text: str, total: int | None, unit: str
    ) -> None:
        self._text, self._screen, self._shown = text, _screen(), False
        super().__init__(
            iterable,
            desc=text,
            total=total,
            unit=f" {unit}",
            leave=False,
            delay=SHOW_AFTER_S,
            mininterval=_TICK_S,
            ncols=_COLUMNS,
            file=io.StringIO(),
        )

    def display(self, msg: str | None = None, pos: int | None = None) -> None:  # noqa: ARG002
        """Show the present state (called by tqdm)."""
        if not self.disable and time.time() - self.start_t > SHOW_AFTER_S:
            self._shown = True
            self._screen.show(str(self) if msg is None else msg)

    def close(self) -> None:
        """End the bar; one line remains if it was worth showing."""
        if self.disable:
            return
        seconds = time.time() - self.start_t
        super().close()
        if self._shown or seconds > SHOW_AFTER_S:
            count = f"{self.n}" if self.total in (None, self.n) else f"{self.n} of {self.total}"
            extra = f", {self.postfix}" if self.postfix else ""
            unit = self.unit if self.unit.endswith("s") else f"{self.unit}s"
            self._screen.end(f"{self._text}: {count}{unit} in {_clock(seconds)}{extra}")
        else:
            self._screen.end(None)


def bar(
    iterable: Iterable[Any] | None = None,
    description: str = "",
    total: int | None = None,
    unit: str = "steps",
) -> Bar:
    """Return an iterable that counts its steps on the screen.

    Args:
        iterable: what to go through; None for a bar that is moved by `update()` in a `with` block.
        description: what is being done, as a phrase: "Scanning layers".
        total: number of steps where the iterable has no length.
        unit: what the steps are called.
    """
    return Bar(iterable, description, total, unit)


@contextlib.contextmanager
def task(description: str) -> Iterator[None]:
    """Show how long the block has been running; one line remains if it took over a second.

    Args:
        description: what is being done, as a phrase: "Converting to int8".
    """
    screen, start, done = _screen(), time.perf_counter(), threading.Event()

    def tick() -> None:
        wait = SHOW_AFTER_S
        while not done.wait(wait):
            screen.show(f"{description} … {_clock(time.perf_counter() - start)}")
            wait = _TICK_S

    context = contextvars.copy_context()  # a notebook finds the running cell in it
    ticker = threading.Thread(target=context.run, args=(tick,), daemon=True)
    ticker.start()
    outcome = "stopped after"
    try:
        yield
        outcome = "done in"
    finally:
        done.set()
        ticker.join()
        seconds = time.perf_counter() - start
        line = f"{description}: {outcome} {_clock(seconds)}"
        screen.end(line if seconds > SHOW_AFTER_S else None)


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


class _Screen:
    """Where a line of progress goes when nobody watches: only the last one is written."""

    def show(self, line: str) -> None:
        """Replace the line on the screen."""

    def end(self, line: str | None) -> None:
        """Leave this line, or nothing."""
        if line:
            print(line, file=sys.stderr)


class _Terminal(_Screen):
    """A line that is overwritten in place."""

    def __init__(self, stream: TextIO) -> None:
        # Converters are silenced by turning the descriptors away (`keras.quiet`): a duplicate made
        # before that still reaches the person who waits.
        self._stream = os.fdopen(os.dup(stream.fileno()), "w", encoding="utf-8", errors="replace")

    def show(self, line: str) -> None:
        self._stream.write(f"\r\x1b[2K{line}")
        self._stream.flush()

    def end(self, line: str | None) -> None:
        with self._stream as stream:
            stream.write("\r\x1b[2K" + (f"{line}\n" if line else ""))


class _Notebook(_Screen):
    """One text output that is updated in place; a saved notebook keeps its last state only."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, line: str) -> None:
        from IPython.display import DisplayHandle

        content = {"text/plain": line}
        if self._handle is None:
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display(content, raw=True)
        else:
            self._handle.update(content, raw=True)

    def end(self, line: str | None) -> None:
        if line:
            self.show(line)


def _screen() -> _Screen:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return _Notebook()
    try:
        if sys.stderr.isatty():
            return _Terminal(sys.stderr)
    except (AttributeError, ValueError, OSError):  # no stream, or one that was closed
        pass
    return _Screen()

"""Assessing many hand-ins in parallel processes, with a progress bar, in bounded memory.

    for graded in assessed(submissions, course):
        graded.decided.total

A process reads one hand-in at a time and gives back marks and traces only. A hand-in that kills its process
is graded again alone, and if it does so twice it gets a row that says so; the others go on.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from edgelab import progress
from edgelab.classroom.grading import assessment
from edgelab.classroom.grading.assessment import Course, Graded
from edgelab.classroom.grading.submissions import Submission
from edgelab.classroom.language import _, speaking
from edgelab.errors import InputError, StorageError
from edgelab.measuring import machine

_CHUNK = 8  # hand-ins that a process takes at a time
_AHEAD = 2  # chunks that wait for each process
_FEW = 12  # below this, starting processes takes longer than grading here
MOST_PROCESSES = 16
_NO_PROCESSES = (
    "Grading starts processes, and none could be started from here. In a script, put what it does under "
    '`if __name__ == "__main__":`, or grade with processes=1.'
)


def assessed(
    found: Sequence[Submission], course: Course, processes: int | None = None
) -> Iterator[Graded]:
    """Yield the hand-ins as they are done, in any order.

    Args:
        found: what was handed in.
        course: what it is held against.
        processes: how many work at once; the cores of this machine by default.

    Raises:
        StorageError: the folder of results can't be written.
        InputError: no process can be started, as from a script without `if __name__ == "__main__":`.
    """
    count = min(processes or machine.cores(), MOST_PROCESSES, max(1, len(found) // 2))
    with progress.bar(total=len(found), description="Grading", unit="hand-ins") as bar:
        if count == 1 or (processes is None and len(found) < _FEW):
            for submission in found:
                yield _one(submission, course)
                bar.update()
            return
        for graded in _parallel(found, course, count):
            bar.update()
            yield graded


def _parallel(found: Sequence[Submission], course: Course, count: int) -> Iterator[Graded]:
    """Grade in several processes; what dies with its process is tried again alone."""
    chunks = [found[i : i + _CHUNK] for i in range(0, len(found), _CHUNK)]
    dead: list[Submission] = []
    waiting = iter(chunks)
    open_chunks = True
    while open_chunks:
        # Spawned, not forked: forking a kernel with threads of its own is not safe.
        context = multiprocessing.get_context("spawn")
        running: dict[Future[list[Graded]], Sequence[Submission]] = {}
        with ProcessPoolExecutor(count, context, _begin, (course,)) as pool:
            begun = pool.submit(_begun)
            broken = False
            while not broken:
                while len(running) < count * _AHEAD and (chunk := next(waiting, None)) is not None:
                    running[pool.submit(_chunk, chunk)] = chunk
                if not running:
                    open_chunks = False
                    break
                done, _rest = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    chunk = running.pop(future)
                    try:
                        yield from future.result()
                    except BrokenProcessPool as error:
                        if begun.exception():  # no hand-in's fault: nothing of ours ever ran there
                            raise InputError(_NO_PROCESSES) from error
                        dead += chunk
                        broken = True
            for chunk in running.values():
                dead += chunk
    for submission in dead:
        yield _alone(submission, course)


def _alone(submission: Submission, course: Course) -> Graded:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _begin, (course,)) as pool:
        try:
            return pool.submit(_chunk, [submission]).result()[0]
        except BrokenProcessPool:
            with speaking(course.language):
                problem = _(
                    "Grading this hand-in ended its process twice; look at its files by hand."
                )
            return assessment.failed(submission, course, problem)


_courses: list[Course] = []  # of this process, which grades for one


def _begin(course: Course) -> None:
    _courses[:] = [course]


def _begun() -> bool:
    return True


def _chunk(chunk: Sequence[Submission]) -> list[Graded]:
    return [_one(submission, _courses[0]) for submission in chunk]


def _one(submission: Submission, course: Course) -> Graded:
    try:
        return assessment.assess(submission, course)
    except StorageError:
        raise  # the folder of results: no hand-in will do better
    except Exception as error:  # noqa: BLE001 - one hand-in must not end a whole class's grading
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
        with speaking(course.language):
            problem = _("The grader stumbled over this hand-in ({what}); look at it by hand.")
        return assessment.failed(submission, course, problem.format(what=what))

"""Which lesson is running, and is a person there to answer?

A lesson says once, in its first code cell, where it is:

    begin("20", PROFILE)

Every record of the journal then carries the lesson and the profile. `person_present` decides
whether a prediction or a question asks, or goes on with a canned answer.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from edgelab import workspace
from edgelab.classroom.cards import in_notebook
from edgelab.errors import InputError

_LESSON = re.compile(r"\d\d")
_VARIABLE = "EDGELAB_LESSON"  # for this kernel and the processes that it starts


def begin(lesson: str, profile: str | None = None) -> None:
    """Say which lesson runs in this kernel and, optionally, under which profile.

    Args:
        lesson: two digits, "20".
        profile: "ci", "class" or "full"; kept as it is when not given.

    Raises:
        InputError: the lesson is not two digits, or there is no such profile.
    """
    if not _LESSON.fullmatch(lesson):
        raise InputError(f'A lesson is named by two digits, such as "20"; this one is {lesson!r}.')
    os.environ[_VARIABLE] = lesson
    if profile is not None:
        workspace.use_profile(profile)


def current_lesson(name: str = "") -> str | None:
    """Return the lesson that a record belongs to, or None outside of lessons.

    Taken from the name where it says so ("20.1 scale"), else from `begin`, else from the notebook
    that the Jupyter server opened.
    """
    if re.match(r"\d\d\.", name):
        return name[:2]
    if os.environ.get(_VARIABLE):
        return os.environ[_VARIABLE]
    notebook = Path(os.environ.get("JPY_SESSION_NAME", "")).name
    return notebook[:2] if re.match(r"\d\d_", notebook) else None


def person_present() -> bool:
    """Tell whether somebody can answer a question now.

    `EDGELAB_HEADLESS` decides where it is set (1: nobody, 0: somebody). Else somebody is there when
    a notebook front end that can ask for input runs this cell: JupyterLab, Notebook and VS Code say
    so in every request, papermill, nbclient and nbval say the contrary. The profile says nothing
    about it: a student may choose `ci` to see a lesson quickly.
    """
    forced = os.environ.get("EDGELAB_HEADLESS", "")
    if forced:
        if forced not in ("0", "1"):
            raise InputError(f"EDGELAB_HEADLESS is {forced!r}; set it to 1 (nobody there) or 0.")
        return forced == "0"
    if not in_notebook():
        return False
    shell = sys.modules["IPython"].get_ipython()
    request = shell.kernel.get_parent("shell")
    return bool(request.get("content", {}).get("allow_stdin", False))

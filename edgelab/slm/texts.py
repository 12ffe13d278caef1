"""The texts that language models are asked to predict: the same for every engine and every rung of a ladder.

    texts.prose()                    # English, from descriptions of data sets in scikit-learn
    texts.windows(model)             # the text that suits a model, cut into windows: this one, or passages of
                                     # Python's library that the course's model never saw

Both are on every student's machine, offline. A file that changed would change the figures, so records keep a
hash of the tokens.
"""

from __future__ import annotations

import re
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab import workspace
from edgelab.errors import InputError, MissingDataError
from edgelab.slm import course, windows as _windows
from edgelab.slm.windows import Windows

if TYPE_CHECKING:
    from edgelab.slm.model import LanguageModel

WINDOW = 512
# Windows by profile: the course's model reads ten thousand tokens a second, the other some hundred, and four windows
# are all that the prose holds.
_WINDOWS = {
    "prose": {"ci": 1, "class": 4, "full": 4},
    "held-out": {"ci": 4, "class": 16, "full": 16},
}
_FEWEST_WORDS = 10
# Tables, lists, fields, directives, headings and code are no prose.
_MARKUP = re.compile(r"^(\s|:|\.\. |- |\* |=+|-+$|~+$|>>>|\||\d+\.)|^https?://\S+$")


def prose() -> str:
    """Return English prose: the paragraphs of scikit-learn's descriptions of data sets.

    Raises:
        MissingDataError: scikit-learn is not installed.
    """
    # Found and not imported: importing takes seconds, and only its files are wanted.
    package = util.find_spec("sklearn")
    folder = Path(package.origin or "").parent / "datasets" / "descr" if package else None
    files = sorted(folder.glob("*.rst")) if folder else []
    if not files:
        raise MissingDataError(
            "The shared English text is made from files of scikit-learn, which is not installed: "
            "`pip install scikit-learn -c constraints.txt`."
        )
    paragraphs = [p for file in files for p in _paragraphs(file.read_text(encoding="utf-8"))]
    return "\n\n".join(paragraphs) + "\n"


def windows(
    model: LanguageModel,
    text: str | None = None,
    window: int | None = None,
    count: int | None = None,
) -> Windows:
    """Return the windows of a shared text in a model's own tokens.

    Args:
        model: its tokenizer is used; two models share windows only if they share it.
        text: "prose" or "held-out"; None takes held-out for the course's model, prose for any other.
        window: tokens of one window; None takes 512, or the model's context where that is shorter.
        count: windows, spread evenly over the text; None takes the profile's number.

    Raises:
        InputError: another text, one shorter than a window, or held-out passages for a model with other tokens.
        MissingDataError: the text is not on this machine.
    """
    chosen = text or ("held-out" if model.vocabulary == course.SHAPE.vocabulary else "prose")
    if chosen not in _WINDOWS:
        raise InputError(f"There is no shared text {chosen!r}; choose from {', '.join(_WINDOWS)}.")
    length = min(WINDOW, model.context) if window is None else window
    number = _WINDOWS[chosen][workspace.profile()] if count is None else count
    if chosen == "prose":
        return _windows.cut(chosen, model.encode(prose()), length, number)
    return _held_out(model, length, number)


def _held_out(model: LanguageModel, length: int, number: int) -> Windows:
    """Return the beginnings of passages that the course's model never saw, evenly spread over them."""
    passages = course.held_out()
    shipped = passages.ids
    if not 2 <= length <= shipped.shape[1] or not 1 <= number <= len(shipped):
        raise InputError(
            f"The held-out text has {len(shipped)} windows of 2 to {shipped.shape[1]} tokens; {number} of "
            f"{length} were asked for."
        )
    # The tokens are shipped, so that every engine reads the same; a model with other tokens would read noise.
    if model.encode(passages.texts[0])[: shipped.shape[1]] != shipped[0].tolist():
        raise InputError(
            f"{model.name} has another tokenizer than the course's model, whose held-out text this is. Use "
            "text='prose'."
        )
    chosen = np.linspace(0, len(shipped) - 1, number).astype(int)
    return Windows("held-out", shipped[chosen, :length])


def _paragraphs(source: str) -> list[str]:
    found = []
    for block in re.split(r"\n\s*\n", source):
        lines = block.strip("\n").splitlines()
        if not lines or any(_MARKUP.match(line) for line in lines):
            continue
        paragraph = " ".join(" ".join(lines).split())
        # A role such as :func:`fetch` reads as its word.
        paragraph = re.sub(r":\w+:`~?([^`]+)`", r"\1", paragraph)
        if len(paragraph.split()) >= _FEWEST_WORDS:
            found.append(paragraph)
    return found

"""The texts that language models are asked to predict: the same for every engine and every rung of a ladder.

    texts.prose()                    # English, from descriptions of data sets in scikit-learn
    texts.held_out()                 # modules of Python's library that the course's model never saw
    texts.windows(model)             # the one that suits a model, cut into windows

Both are on every student's machine, offline. A file that changed would change the figures, so records keep a
hash of the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab import workspace
from edgelab.errors import InputError, MissingDataError
from edgelab.slm import windows as _windows
from edgelab.slm.windows import Windows

if TYPE_CHECKING:
    from edgelab.slm.model import LanguageModel

# The vocabulary of the course's own model; any other model is asked for English.
COURSE_VOCABULARY = 4096
HELD_OUT_FILE = "stdlib-4m-held-out.txt"
WINDOW = 512
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


def held_out() -> str:
    """Return the modules of Python's standard library that the course's model was not trained on.

    Raises:
        MissingDataError: the file is not in the course's data.
    """
    file = workspace.data_dir() / "models" / HELD_OUT_FILE
    if not file.is_file():
        raise MissingDataError(
            f"The held-out text is not at {file}. It belongs to the course's repository: get it again with "
            "`git checkout -- data/models`."
        )
    return file.read_text(encoding="utf-8")


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
        InputError: another text, or one shorter than a window.
        MissingDataError: the text is not on this machine.
    """
    chosen = text or ("held-out" if model.vocabulary == COURSE_VOCABULARY else "prose")
    if chosen not in _TEXTS:
        raise InputError(f"There is no shared text {chosen!r}; choose from {', '.join(_TEXTS)}.")
    source, counts = _TEXTS[chosen]
    ids = model.encode(source())
    length = min(WINDOW, model.context) if window is None else window
    return _windows.cut(
        chosen, ids, length, counts[workspace.profile()] if count is None else count
    )


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


# What each text is read with, and its windows by profile: the course's model reads ten thousand tokens a second,
# the other some hundred, and four windows are all that the prose holds.
_TEXTS: Mapping[str, tuple[Callable[[], str], Mapping[str, int]]] = {
    "prose": (prose, {"ci": 1, "class": 4, "full": 4}),
    "held-out": (held_out, {"ci": 4, "class": 16, "full": 32}),
}

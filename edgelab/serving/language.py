"""The two languages of the application: English in the source, French in a catalogue beside it.

    with language.speaking(language.chosen("fr-FR, en;q=0.5")):
        _("The image is empty.")

A web server speaks to many people at once, so the language belongs to a request, not to the program.
`python -m edgelab.classroom.translations` collects the texts and compiles the catalogue. Lesson 43.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import gettext
import os
from collections.abc import Iterator
from pathlib import Path

from edgelab.errors import MissingFileError

AVAILABLE = ("en", "fr")
DOMAIN = "serving"
CATALOGUES = Path(__file__).parent / "locale"

_spoken: contextvars.ContextVar[str] = contextvars.ContextVar("serving_language")


def language() -> str:
    """Return the language of this request; outside of one, that of `EDGELAB_LANG`, else English."""
    return _spoken.get(_default())


@contextlib.contextmanager
def speaking(code: str) -> Iterator[None]:
    """Use a language inside the block."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def chosen(accept_language: str) -> str:
    """Return the language that a browser's header `Accept-Language` prefers, of those that we speak."""
    from werkzeug.datastructures import LanguageAccept
    from werkzeug.http import parse_accept_header

    accepted = parse_accept_header(accept_language, LanguageAccept)
    return accepted.best_match(AVAILABLE) or _default()


def _(message: str) -> str:
    """Return the message in the language of this request."""
    return _catalogue(language()).gettext(message)


def N_(message: str) -> str:  # noqa: N802 - gettext's customary name
    """Mark a text for translation and return it unchanged; `_` translates it where it is shown."""
    return message


def _default() -> str:
    given = os.environ.get("EDGELAB_LANG", "en")[:2].lower()
    return given if given in AVAILABLE else "en"


@functools.cache
def _catalogue(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    try:
        return gettext.translation(DOMAIN, CATALOGUES, languages=[code])
    except OSError as error:
        raise MissingFileError(
            f"The catalogue of language {code!r} is not in {CATALOGUES}. Restore it with git, or call "
            "`python -m edgelab.classroom.translations`."
        ) from error

"""The text of a file, in whichever encoding an editor saved it.

    text_of(raw, "analysis.fr.md")

UTF-8 and UTF-16 are known for certain. Without either, the old Windows encoding is taken only where every
letter that results is one of French, English and their neighbours: a wrong guess would change words.
"""

from __future__ import annotations

import codecs

from edgelab.classroom.language import _
from edgelab.errors import FormatError

# What French, English and near languages write beyond ASCII, as far as cp1252 has it.
_EXPECTED = frozenset(
    "àâäáãåçéèêëîïíìñôöóòõøùûüúýÿœæßÀÂÄÁÃÅÇÉÈÊËÎÏÍÌÑÔÖÓÒÕØÙÛÜÚÝŸŒÆ«»‘’“”„–—…•€£§°±²³µ·¹º½¼¾×÷©®™\u00a0"
)
_ZEROS = 0.3  # of all bytes: Latin text in two bytes a letter has a zero in every second


def text_of(raw: bytes, name: str) -> str:
    """Return the text of a file.

    Raises:
        FormatError: its encoding can't be told for certain; says what to do.
    """
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if raw.startswith(mark):
            return _decoded(raw, "utf-8-sig" if mark == codecs.BOM_UTF8 else "utf-16", name)
    wide = raw[:4_000]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if wide and wide[first::2].count(0) > _ZEROS * len(wide):
            return _decoded(raw, encoding, name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    text = _decoded(raw, "cp1252", name)
    strange = next((c for c in text if ord(c) > 127 and c not in _EXPECTED), "")
    # "Ã©" is how "é" in UTF-8 looks in cp1252: then the file is UTF-8 with a damaged place.
    if strange or any(lead in text for lead in ("Ã©", "Ã¨", "Ãª", "Ã§", "â€")):
        raise _unknown(name)
    return text


def utf8(raw: bytes, name: str) -> bytes:
    """Return the bytes of a file in UTF-8 without a mark, or as they are where its encoding is unknown."""
    try:
        return text_of(raw, name).encode("utf-8", "surrogatepass")
    except FormatError:
        return raw


def _decoded(raw: bytes, encoding: str, name: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unknown(name) from error


def _unknown(name: str) -> FormatError:
    says = _(
        "{file} is no text in UTF-8, and its encoding can't be told for certain. Open it in the editor "
        "that wrote it and save it as UTF-8."
    )
    return FormatError(says.format(file=name))

"""Reading ZIP files from strangers: in memory, within limits, and nothing is ever extracted to disk.

    with open_archive(path) as archive:
        for member in members(archive):
            content = archive_bytes(archive, member, limit)

Names with `..`, absolute names and links are refused by name; a member is read up to its limit whatever size
it declares, so a bomb costs no more than the limit.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from struct import error as struct_error

from edgelab.classroom.language import _, with_unit
from edgelab.errors import FormatError

MOST_MEMBERS = 50_000
LONGEST_NAME = 1_000
_BLOCK = 1 << 16
_ENCRYPTED = 0x1
_SPACES = "\t\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct_error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


@dataclass(frozen=True)
class Member:
    """One file in an archive: the parts of its name, and why it is refused ("" where it is not)."""

    name: str  # as the archive has it; only ever used to read it again
    parts: tuple[str, ...]
    refused: str = ""


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a ZIP file.

    Raises:
        FormatError: it is none, it is damaged, or it lists too many files.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        says = _("{file} is no readable ZIP file ({error}).")
        raise FormatError(says.format(file=shown(path.name), error=error)) from error
    if len(archive.infolist()) > MOST_MEMBERS:
        archive.close()
        says = _("{file} lists more than {n} files; it was not opened.")
        raise FormatError(says.format(file=shown(path.name), n=MOST_MEMBERS))
    return archive


def members(archive: zipfile.ZipFile) -> Iterator[Member]:
    """Yield the files of an archive, folders left out, those that are refused with their reason."""
    seen: set[str] = set()
    for info in archive.infolist():
        if info.is_dir():
            continue
        parts = tuple(PurePosixPath(info.filename.replace("\\", "/")).parts)
        refused = _refusal(info, parts)
        if not refused and info.filename in seen:
            refused = _("the archive holds this name twice")
        seen.add(info.filename)
        yield Member(info.filename, tuple(p for p in parts if p not in ("/", "..")), refused)


def archive_bytes(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return the content of one file of an archive.

    Args:
        archive: as `open_archive` gave it.
        name: a member's.
        limit: in bytes; reading stops there, whatever the archive declares.

    Raises:
        FormatError: it is longer, encrypted, or damaged.
    """
    blocks: list[bytes] = []
    size = 0
    try:
        with archive.open(name) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > limit:
                    raise FormatError(_too_large(name, limit))
                blocks.append(block)
    except (*_BROKEN, KeyError) as error:
        says = _("{file} cannot be read from its archive ({error}).")
        raise FormatError(says.format(file=shown(name), error=error)) from error
    return b"".join(blocks)


def file_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a file.

    Raises:
        FormatError: it is longer than the limit, a link, or cannot be read.
    """
    try:
        if path.is_symlink() or not path.is_file():
            says = _("{file} is a link or no plain file; it was not followed.")
            raise FormatError(says.format(file=shown(path.name)))
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        says = _("{file} cannot be read ({error}).")
        raise FormatError(says.format(file=shown(path.name), error=error.strerror)) from error
    if len(content) > limit:
        raise FormatError(_too_large(path.name, limit))
    return content


def shown(name: str, width: int = 80) -> str:
    """Return a name as it can be shown: on one line, without control characters, cut."""
    spaced = "".join(" " if c in _SPACES else c for c in name[: 2 * width])
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in spaced)
    return clean if len(clean) <= width else clean[: width - 1] + "…"


def _too_large(name: str, limit: int) -> str:
    says = _("{file} is larger than {size}, the limit for a hand-in.")
    return says.format(file=shown(name), size=with_unit(limit / 1e6, "MB"))


def _refusal(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return _("it is a link or a device")
    if info.flag_bits & _ENCRYPTED:
        return _("it is encrypted")
    if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in info.filename[:3]:
        return _("its name points outside of the archive")
    if len(info.filename) > LONGEST_NAME:
        return _("its name is too long")
    return ""

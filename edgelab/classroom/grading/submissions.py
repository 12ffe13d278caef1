"""What was handed in: every folder, file and archive in a folder of submissions, readable or not.

    for found in find(Path("submissions")):
        found.student.name, found.sources, found.problem

Three forms are taken, also mixed: a folder a student, a JSON file a student, and ZIP files, either a student's
own or the one that Moodle or Canvas makes of all. Nothing is read here but names; `read` reads one submission,
within limits, and never raises for what is in it.
"""

from __future__ import annotations

import functools
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgelab.classroom.grading import archives, handed, keys, students
from edgelab.classroom.grading.archives import Member, shown
from edgelab.classroom.grading.handed import FORMS, MOST_FILES, Source, Submission, old_results
from edgelab.classroom.grading.students import Student
from edgelab.classroom.language import _
from edgelab.errors import FormatError, InputError, MissingFileError

MOST_BYTES = 24_000_000  # of one file; a journal of a whole course has about 1 MB
MOST_READ = 8  # of these, hand-ins that are read
DEEPEST = 4  # folders below a student's own
__all__ = ["Source", "Submission", "find", "old_results", "read"]
# Not every name with a dot in front: a student may be called that, and must not get lost.
_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini", ".ds_store", ".localized", ".trashes", ".git"} | {
    ".gitignore", ".gitkeep", ".ipynb_checkpoints", ".vscode", ".idea",
}  # fmt: skip


@dataclass(frozen=True)
class _Found:
    parts: tuple[str, ...]
    source: Source
    refused: str = ""


def find(
    folder: Path, leave_out: Iterable[Path] = (), kept: Mapping[str, str] | None = None
) -> list[Submission]:
    """Return everything in a folder of submissions, ordered by the students' keys.

    Args:
        folder: of submissions; or one ZIP file of all.
        leave_out: folders that belong to the grader, should they lie inside. Those of earlier runs are
            known by what is in them (see `old_results`).
        kept: keys that earlier runs gave, by origin (see `keys`).

    Raises:
        MissingFileError: there is no such folder.
        InputError: it is a file, and no ZIP file.
    """
    if not folder.exists():
        raise MissingFileError(f"There is no folder of submissions {str(folder)!r}.")
    if folder.is_file():
        if folder.suffix.lower() != ".zip":
            raise InputError(f"{folder} is neither a folder of submissions nor a ZIP file of them.")
        found = list(_of_archive(folder))
    else:
        own = {path.resolve() for path in (*leave_out, *old_results(folder))}
        found = []
        for entry in sorted(folder.iterdir(), key=lambda path: path.name):
            if not _hidden(entry.name) and (entry.is_symlink() or entry.resolve() not in own):
                found += _of_entry(entry)
    found = handed.merged(found)
    found.sort(key=lambda s: (s.student.key, s.student.name, s.origin))
    named = keys.distinct([(s.student, s.origin) for s in found], kept)
    return [replace(s, student=student) for s, student in zip(found, named, strict=True)]


def read(source: Source) -> bytes:
    """Return the content of one file of a submission.

    Raises:
        FormatError: it is too large, damaged, or gone.
    """
    if source.member:
        return archives.archive_bytes(_archive(source.path), source.member, MOST_BYTES)
    return archives.file_bytes(Path(source.path), MOST_BYTES)


@functools.lru_cache(maxsize=2)
def _archive(path: str) -> zipfile.ZipFile:
    # Kept open: one archive of a thousand students would otherwise be listed a thousand times.
    return archives.open_archive(Path(path))


def _of_entry(entry: Path) -> list[Submission]:
    if entry.is_symlink():
        problem = _("It is a link, which is not followed.")
        student = students.of_folder(entry.name)
        return [Submission(student, problem=problem, origin=_origin(student, entry.name))]
    if entry.is_dir():
        return [_of_folder(entry)]
    if entry.suffix.lower() == ".zip":
        return list(_of_archive(entry))
    found = _Found((entry.name,), Source(str(entry), shown=shown(entry.name)))
    student = students.of_file(entry.name)
    return [_submission(student, [found], _origin(student, entry.name))]


def _of_folder(folder: Path) -> Submission:
    student = students.of_folder(folder.name)
    found: list[_Found] = []
    notes: list[str] = []
    for path in _walk(folder, DEEPEST):
        parts = path.relative_to(folder).parts
        source = Source(str(path), shown=shown("/".join(parts)))
        if path.is_symlink():
            notes.append(_("{file} is a link, which is not followed.").format(file=source.shown))
        elif path.suffix.lower() == ".zip":
            inner, problem = _listed(path)
            found += inner
            notes += [problem] if problem else []
        else:
            found.append(_Found(parts, source))
        if len(found) > MOST_FILES:
            says = _("More than {n} files: the rest was not looked at.")
            notes.append(says.format(n=MOST_FILES))
            break
    return _submission(student, found[:MOST_FILES], _origin(student, f"{folder.name}/"), notes)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        return
    for entry in entries:
        if _hidden(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            if depth:
                yield from _walk(entry, depth - 1)
        else:
            yield entry


def _of_archive(path: Path) -> Iterator[Submission]:
    """Yield the submissions in an archive: one, or those of a whole class."""
    own = students.of_file(path.name)
    found, problem = _listed(path)
    if problem:
        yield Submission(own, problem=problem, origin=_origin(own, path.name))
        return
    found = _unwrapped([f for f in found if not any(_hidden(part) for part in f.parts)])
    groups: dict[tuple[bool, str], list[_Found]] = {}
    for one in found:
        in_folder = len(one.parts) > 1
        groups.setdefault((in_folder, one.parts[0] if one.parts else ""), []).append(one)
    folders = [name for in_folder, name in groups if in_folder]
    of_all = any(students.from_platform(name) for _, name in groups) or (
        len(folders) > 1 and len(folders) == len(groups)
    )
    if not of_all:
        yield _submission(own, found, _origin(own, path.name))
        return
    by_student: dict[str, tuple[Student, list[_Found]]] = {}
    for (in_folder, name), group in groups.items():
        student = students.of_folder(name) if in_folder else students.of_file(name)
        # Canvas and Moodle may give several files of one student side by side.
        same = _origin(student, f"{name}/" if in_folder else name)
        by_student.setdefault(same, (student, []))[1].extend(group)
    for origin, (student, group) in by_student.items():
        yield _submission(student, group[:MOST_FILES], origin)


def _unwrapped(found: list[_Found]) -> list[_Found]:
    """Drop one folder around everything, unless its name is a student's."""
    roots = {one.parts[0] for one in found if one.parts}
    deeper = all(len(one.parts) > 2 for one in found)
    if len(roots) == 1 and deeper and not students.from_platform(next(iter(roots))):
        return [_Found(one.parts[1:], one.source, one.refused) for one in found]
    return found


def _listed(path: Path) -> tuple[list[_Found], str]:
    try:
        with archives.open_archive(path) as archive:
            return [_member(path, member) for member in archives.members(archive)], ""
    except FormatError as error:
        return [], str(error)


def _member(path: Path, member: Member) -> _Found:
    refused = member.refused
    if not refused and member.parts and member.parts[-1].lower().endswith(".zip"):
        refused = _("it is an archive in an archive: unpack the outer one first")
    label = shown("/".join(member.parts) or member.name)
    return _Found(member.parts, Source(str(path), member.name, label), refused)


def _origin(student: Student, name: str) -> str:
    """Return what tells this hand-in from all others at every run; "martin/" is a folder."""
    if student.number:
        return f"{student.platform} {student.number} {student.name}"
    plain = students.first_name(unicodedata.normalize("NFC", name))
    told = shown(plain, 200)
    return told if told == plain else f"{told} {students.short_hash(plain)}"


def _submission(
    student: Student, found: list[_Found], origin: str, notes: Iterable[str] = ()
) -> Submission:
    notes = list(notes)
    sources = []
    others = []
    for one in found:
        if one.refused:
            says = _("{file} was refused: {reason}.")
            notes.append(says.format(file=one.source.shown, reason=one.refused))
        elif one.source.suffix in (*FORMS, ".jsonl"):
            sources.append(one.source)
        else:
            others.append(one.source.shown)
    problem = ""
    if not any(s.suffix in FORMS for s in sources):
        parts = [_("There is no worksheet file (analysis-….json).")]
        parts += [_("Found: {files}.").format(files=", ".join(others[:5]))] if others else []
        problem = " ".join([*parts, *notes[:3]])
    return Submission(student, tuple(sources), problem, tuple(notes), origin)


def _hidden(name: str) -> bool:
    """Tell whether a name is an operating system's or an editor's own."""
    return name.lower() in _SYSTEM or name.startswith(("._", ".~lock", ".partial-"))

"""Where files live: the student's workspace, the course's data, and the cache.

Nothing is ever half written: a file appears under its name only once it is complete.

    from edgelab import workspace
    workspace.atomic_write(workspace.artefact_path("notes.txt"), "done")

Everything expensive (a conversion, a training) is kept in a cache keyed by its content: what went
in, the code that made it, and the versions. A changed input is never served from the cache.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from edgelab.errors import InputError, MissingDataError, MissingFileError, StorageError

PROFILES = ("ci", "class", "full")
_ATTEMPTS = 10  # to put a folder where another process puts one
_HASH_BLOCK_BYTES = 1 << 20


def profile() -> str:
    """Return the profile of this run: "ci", "class" or "full" (`EDGELAB_PROFILE`, else "class").

    Raises:
        InputError: the variable holds another word.
    """
    name = os.environ.get("EDGELAB_PROFILE", "class")
    if name not in PROFILES:
        raise InputError(f"EDGELAB_PROFILE is {name!r}; use one of {', '.join(PROFILES)}.")
    return name


def use_profile(name: str) -> str:
    """Set the profile for the rest of this process and return it (lessons call it once)."""
    os.environ["EDGELAB_PROFILE"] = name
    return profile()


def data_dir() -> Path:
    """Return the folder `data/` of the clone that edgelab was installed from.

    Raises:
        MissingDataError: edgelab was installed without its clone.
    """
    folder = Path(__file__).resolve().parent.parent / "data"
    if not folder.is_dir():
        raise MissingDataError(
            f"The course's data folder is not at {folder}. edgelab runs from a clone of its "
            "repository: install it there with `pip install -e .`."
        )
    return folder


def workspace() -> Path:
    """Return the folder of the student's own files, created when missing.

    It is `EDGELAB_WORKSPACE`, else `data/workspace/` in the clone.
    """
    given = os.environ.get("EDGELAB_WORKSPACE")
    return _folder(Path(given).expanduser() if given else data_dir() / "workspace")


def cache_dir() -> Path:
    """Return the cache folder (`EDGELAB_CACHE`, else `data/cache/` in the clone)."""
    given = os.environ.get("EDGELAB_CACHE")
    return _folder(Path(given).expanduser() if given else data_dir() / "cache")


def artefact_path(name: str | os.PathLike[str]) -> Path:
    """Return where an artefact of this name goes, with its folder created.

    A bare file name goes to the workspace's `artefacts/`; a path with a folder in it is kept.
    """
    path = Path(name).expanduser()
    if path.parent == Path():
        path = workspace() / "artefacts" / path
    _folder(path.parent)
    return path


def existing(path: str | os.PathLike[str]) -> Path:
    """Return the path of an artefact that must exist: as given, or in the workspace.

    Raises:
        MissingFileError: it is in neither place.
    """
    given = Path(path).expanduser()
    if given.exists():
        return given
    if given.parent == Path():
        inside = workspace() / "artefacts" / given
        if inside.exists():
            return inside
        raise MissingFileError(
            f"There is no file {given.name!r} here nor in {inside.parent}. "
            "Run the cell that makes it, or give its full path."
        )
    raise MissingFileError(f"There is no file {str(given)!r}. Check the path, or make it first.")


def atomic_write(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write a whole file at once: to a temporary name beside it, then renamed.

    Raises:
        StorageError: the folder is not writable or the disk is full; the old file is untouched.
    """
    target = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    with storing(target) as temporary:
        temporary.write_bytes(data)
    return target


@contextlib.contextmanager
def storing(target: Path) -> Iterator[Path]:
    """Give a temporary path of the same suffix; on success it replaces `target`.

    Works for files and for folders. On any error the temporary is removed and `target` stays.

    Raises:
        StorageError: the file system refused.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    except OSError as error:
        raise _refused(target, error) from error
    temporary = holder / target.name
    try:
        yield temporary
        if temporary.is_dir():
            _replace_folder(temporary, target)
        else:
            temporary.replace(target)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def _replace_folder(new: Path, target: Path) -> None:
    """Rename a folder onto another, which steps aside first; another process may do the same."""
    for attempt in range(_ATTEMPTS):
        try:
            if target.exists():
                target.rename(new.parent / f"old-{attempt}")
            new.rename(target)
        except OSError as error:
            met_another = error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)
            if not met_another or attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def file_hash(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file, or of a folder's files in sorted order, as 64 hex digits."""
    source = existing(path)
    digest = hashlib.sha256()
    files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    for file in files:
        if source.is_dir():
            digest.update(file.relative_to(source).as_posix().encode())
        with file.open("rb") as stream:
            while block := stream.read(_HASH_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def code_hashes(*modules: str) -> list[str]:
    """Return short hashes of modules of edgelab, for a cache that must not outlive the code that filled it.

    Args:
        modules: files under `edgelab/`: "convert.py", "pruning/masks.py".
    """
    return [file_hash(Path(__file__).parent / module)[:16] for module in modules]


def cached(key: Mapping[str, Any], make: Callable[[Path], object], suffix: str) -> Path:
    """Return the cached result of `make`, making it when this exact input was never seen.

    Args:
        key: everything that the result depends on: hashes of the inputs, options, a version of the
            code, package versions (see `versions`). JSON values.
        make: writes the result to the path that it is given.
        suffix: of the file or folder, dot included.

    Returns:
        The path of the result, complete.
    """
    text = json.dumps(key, sort_keys=True, default=str)
    result = cache_dir() / (hashlib.sha256(text.encode()).hexdigest()[:32] + suffix)
    if not result.exists():
        with storing(result) as temporary:
            make(temporary)
    return result


def copy_to(source: Path, target: Path) -> Path:
    """Copy a file or folder so that the target appears complete or not at all."""
    with storing(target) as temporary:
        if source.is_dir():
            shutil.copytree(source, temporary)
        else:
            shutil.copyfile(source, temporary)
    return target


def versions(*packages: str) -> dict[str, str]:
    """Return the installed version of each package ("absent" where there is none)."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(path, error) from error
    return path


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} could not be written ({error.strerror or error}). Free some space, or choose a "
        "folder that you may write to with EDGELAB_WORKSPACE (your files) or EDGELAB_CACHE."
    )

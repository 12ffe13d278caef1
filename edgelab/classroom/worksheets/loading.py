"""Where worksheets are found and read: one YAML file each, every place that is wrong named.

    schema = load("analysis")                 # worksheets/analysis.yaml

Lesson 01.
"""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import ValidationError

from edgelab import workspace
from edgelab.classroom.worksheets.schema import Schema
from edgelab.errors import InputError, MissingFileError

_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is not built everywhere


def load(source: str | Path) -> Schema:
    """Read a worksheet's schema.

    Args:
        source: a name ("analysis", in the folder `worksheets/`) or the path of a YAML file.

    Raises:
        MissingFileError: there is no such file.
        InputError: it is no YAML, or no schema; every place that is wrong is named.
    """
    path = find(source)
    return _load(path, path.read_bytes())


@functools.lru_cache(maxsize=8)
def _load(path: Path, raw: bytes) -> Schema:
    # Reading YAML takes tenths of a second, and every cell of a notebook may open the worksheet.
    try:
        content = yaml.load(raw.decode("utf-8"), _YAML)  # noqa: S506 - both are safe loaders
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {error}") from error
    try:
        return Schema.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path} is no worksheet schema:\n{wrong(error)}") from error


def known() -> tuple[str, ...]:
    """Return the names of the worksheets that this course has."""
    folder = workspace.data_dir().parent / "worksheets"
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def solutions() -> Path:
    """Return the folder of rubrics and exemplars, which is the instructor's."""
    return workspace.data_dir().parent / "solutions" / "worksheets"


def find(source: str | Path) -> Path:
    """Return the path of a schema, given its name or its path.

    Raises:
        MissingFileError: there is no such file.
    """
    path = Path(source)
    if path.suffix not in {".yaml", ".yml"}:
        path = workspace.data_dir().parent / "worksheets" / f"{source}.yaml"
    if not path.is_file():
        raise MissingFileError(
            f"There is no worksheet schema {path}. Give a name such as 'analysis', or the path of a YAML file."
        )
    return path


def wrong(error: ValidationError) -> str:
    """Return every place of a file that is wrong, a line each."""
    lines = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(step) for step in problem["loc"]) or "the whole file"
        lines.append(f"  {place}: {problem['msg']}")
    return "\n".join(lines)

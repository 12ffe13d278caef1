"""Olive's own process: reads a configuration, runs it, writes in one line how it ended.

python -m edgelab.olive.process workflow.json answer.json
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any


def main(request: str, answer: str) -> None:
    """Run the configuration of a file; results go to its folder."""
    place = Path(request).parent
    configuration: dict[str, Any] = json.loads(Path(request).read_text(encoding="utf-8"))
    cache = place / "cache"
    try:
        from olive.workflows import run

        _mend()
        run({**configuration, "output_dir": str(place), "cache_dir": str(cache)})
        ended: dict[str, str] = {}
        if not (place / "footprint.json").is_file():
            # It goes on after a pass that raised, and says so in the log only.
            ended = (
                {"failed": "a pass could not be run"}
                if configuration.get("passes")
                else {"refused": "it holds no pass, so there is nothing to do"}
            )
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent process tells it
        import traceback

        traceback.print_exc()
        ended = _told(error)
    shutil.rmtree(cache, ignore_errors=True)
    Path(answer).write_text(json.dumps(ended), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    # Olive's threads would hold the process for seconds.
    os._exit(0)


def _mend() -> None:
    """Let Olive 0.13's enumerations take None, which its own evaluator gives them."""
    from olive.common.config_utils import CaseInsensitiveEnum as Names

    of_text = Names._missing_.__func__
    Names._missing_ = classmethod(lambda cls, value: None if value is None else of_text(cls, value))


def _told(error: Exception) -> dict[str, str]:
    """Say in one sentence what went wrong, and whether the configuration was at fault."""
    import pydantic

    if isinstance(error, pydantic.ValidationError):
        found: dict[str, str] = {}
        for one in error.errors():
            # "per_channel.bool", "per_channel.str-enum[…]": one line for each key, its first complaint.
            keys = [str(key) for key in one["loc"] if "[" not in str(key)]
            given = one.get("input")
            shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
            found.setdefault(
                keys[0] if keys else error.title, f"{'.'.join(keys)}: {one['msg']}{shown}"
            )
        return {"refused": f"{error.title}: " + "; ".join(list(found.values())[:3])}
    text = " ".join(str(error).split())[:300]
    if "Package configuration for pass" in text:
        return {"refused": f"there is no such pass ({text})"}
    return {"failed": f"{type(error).__name__}: {text}"}


if __name__ == "__main__":
    main(*sys.argv[1:])

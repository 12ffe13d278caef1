"""A clone with one lesson, small enough to be executed in a test."""

from __future__ import annotations

from pathlib import Path

from edgelab.classroom import factory

SOURCE = '''\
# %% [markdown]
# # 20 · What is left of a half?
#
# You will be able to halve.

# %% tags=["parameters"]
PROFILE = "class"

# %%
import os

print(PROFILE, os.environ["EDGELAB_PROFILE"], "EDGELAB_WORKSPACE" in os.environ)

# %%
def half(x):
    """Return half of a number."""
    ### BEGIN SOLUTION
    y = x / 2
    return y
    ### END SOLUTION


# %% [markdown]
# An exercise without an answer goes on: $x/2$.

# %% tags=["result"]
half(3)
'''


def make_clone(folder: Path) -> Path:
    """Write the lesson's source and an empty README into a folder and return it."""
    for name in ("solutions", "notebooks", "data"):
        (folder / name).mkdir(parents=True)
    source_of(folder).write_text(SOURCE)
    begin, end = factory.README_MARKERS
    (folder / "README.md").write_text(f"before\n{begin}\n{end}\nafter\n")
    return folder


def source_of(clone: Path) -> Path:
    return clone / "solutions" / "20_half.py"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

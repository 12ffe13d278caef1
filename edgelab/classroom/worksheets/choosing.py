"""Which comparison of the journal a worksheet speaks of, and which of its models before and after."""

from __future__ import annotations

from edgelab.classroom.worksheets.answers import Subjects
from edgelab.classroom.worksheets.evidence import Evidence
from edgelab.errors import InputError


def chosen(
    evidence: Evidence, record: int | None, original: str | None, optimised: str | None
) -> Subjects:
    """Return a choice of subjects that the journal has, completed.

    Raises:
        InputError: it has none such.
    """
    offered = evidence.comparisons()
    wanted = {name for name in (original, optimised) if name is not None}
    fitting = [c for c in offered if record in (None, c.number) and wanted <= set(c.models)]
    if not fitting:
        there = "; ".join(f"record {c.number}: {', '.join(c.models)}" for c in offered) or "none"
        asked = f"record {record}" if record else "any comparison"
        models = f" of {' and '.join(map(repr, sorted(wanted)))}" if wanted else ""
        raise InputError(
            f"The journal has no comparison like {asked}{models} with two models that were measured here. "
            f"The comparisons are: {there}."
        )
    compared = fitting[-1]
    before = original or next(name for name in compared.models if name != optimised)
    after = optimised or evidence.smallest(compared, besides=before)
    if before == after:
        raise InputError(f"The model before and the model after are both {before!r}; choose two.")
    return Subjects(record=compared.number, original=before, optimised=after, chosen=True)

"""What is refused when somebody types it, and why, with the unit that the place counts in.

wrong(field, values.understand(field, "12,4 Mo"))   # "“12,4 Mo” is no number. … It is counted in ms. …"
"""

from __future__ import annotations

from edgelab.classroom.language import _, unit_name
from edgelab.classroom.worksheets import agreement
from edgelab.classroom.worksheets.fields import Field
from edgelab.classroom.worksheets.values import Understood


def wrong(field: Field, understood: Understood) -> str:
    """Return what is wrong with what was typed, in the language of the moment; "" when nothing is.

    Args:
        field: the place to write.
        understood: what `values.understand` made of it.
    """
    told = [understood.problem, _negative(field, understood)]
    if not any(told):
        return ""
    if field.kind == "number" and field.unit:
        told.append(_("This place is counted in {unit}.").format(unit=unit_name(field.unit)))
    return " ".join([*(text for text in told if text), _("Nothing was changed.")])


def _negative(field: Field, understood: Understood) -> str:
    """Name a time, a size or a share below zero; what follows from two others may well be."""
    value = agreement.as_number(understood.value)
    measured = field.source is not None and field.source.figure is not None
    if value is None or value >= 0 or not measured or field.derived is not None:
        return ""
    return _("What was measured can't be below zero.")

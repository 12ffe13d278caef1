"""The analysis worksheet: what it asks, where answers are kept, how they are filled, audited and shown.

    from edgelab.classroom.worksheets import Worksheet
    Worksheet("analysis").form()

`schema.py` says what is asked, `answers.py` what a hand-in holds. Lesson 01.
"""

from edgelab.classroom.worksheets.worksheet import Worksheet

__all__ = ["Worksheet"]

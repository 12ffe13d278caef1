"""The analysis worksheet: what it asks, where answers are kept, how they are filled, audited and shown.

    from edgelab.classroom.worksheets import Worksheet
    Worksheet("analysis").form()

`questions.py` says what can be asked, `answers.py` what a hand-in holds. Lesson 01.
"""

from edgelab.classroom.worksheets.worksheet import Worksheet

__all__ = ["Worksheet"]

"""What can go wrong, and what to do about it.

Every error that edgelab raises on purpose is an `EdgelabError`. Its message says what was
given, what was expected, and what to do next:

    EdgelabError
    ├── MissingFileError      the artefact or file is not there
    ├── FormatError           the file is there but is not what its suffix says (truncated, wrong format)
    ├── InputError            a value of the wrong shape, dtype or range; NaN; an empty data set
    │   └── UncountableError  a network with an operator whose multiply-accumulates are not known
    ├── SplitError            calibrating or selecting on the test split
    ├── MissingRuntimeError   the package that runs this format is not installed
    ├── MissingDataError      weights or data that this machine does not have
    ├── StorageError          a file could not be written (no permission, disk full)
    ├── JournalError          the journal cannot be written or has been altered
    ├── ParityError           a converted model disagrees with its source
    ├── ServerError           a server that edgelab started did not come up, or ended
    ├── KerasError            TensorFlow was imported with Keras 3 before edgelab
    ├── LessonError           a lesson's source breaks a rule of the lesson factory
    └── NotSolvedError        a grader asked for a right answer to an exercise, and it is none
"""

from __future__ import annotations


class EdgelabError(Exception):
    """Base of every error that edgelab raises on purpose."""


class MissingFileError(EdgelabError):
    """An artefact or a file is not where it was said to be."""


class FormatError(EdgelabError):
    """A file is not what its suffix says: truncated, or another format."""


class InputError(EdgelabError):
    """A value has the wrong shape, dtype or range, holds NaN, or is empty."""


class UncountableError(InputError):
    """A network holds an operator whose multiply-accumulates edgelab does not know."""


class SplitError(EdgelabError):
    """The test split was about to be used for calibration or selection."""


class MissingRuntimeError(EdgelabError):
    """The package that runs this format is not installed here."""


class MissingDataError(EdgelabError):
    """Weights or data are not on this machine."""


class StorageError(EdgelabError):
    """A file could not be written."""


class JournalError(EdgelabError):
    """The journal cannot be written, or a record in it has been altered."""


class ParityError(EdgelabError):
    """A converted model disagrees with its source beyond the stated tolerance."""


class ServerError(EdgelabError):
    """A server that edgelab started did not come up, or ended; its last lines are in the message."""


class KerasError(EdgelabError):
    """TensorFlow runs with Keras 3 where edgelab needs the legacy Keras."""


class LessonError(EdgelabError):
    """A lesson's source breaks a rule of the lesson factory."""


class NotSolvedError(EdgelabError):
    """A grader asked for a right answer to an exercise; the message is the check's feedback."""

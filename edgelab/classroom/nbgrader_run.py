"""How a lesson is run while nbgrader grades it: quickly, and apart from everything else.

`nbgrader_config.py` of an exported course puts `Apart` before nbgrader's own preprocessor that
executes the notebook. It writes profile `ci` where a lesson sets its profile, says that nobody is
there to answer, and gives every notebook an empty workspace: one student's journal must not answer for
another's, and none may end in the instructor's.
"""

from __future__ import annotations

import os
import re
import tempfile
from typing import Any

from nbconvert.preprocessors import Preprocessor
from traitlets import Bool, Unicode


class Apart(Preprocessor):
    """Prepare notebook and environment for one graded run."""

    enabled = Bool(True).tag(config=True)
    profile = Unicode("ci", help="the profile that lessons are graded in").tag(config=True)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write the profile into the parameters cell and open an empty workspace."""
        for cell in nb.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = re.sub(
                    r"^PROFILE = .*$",
                    f'PROFILE = "{self.profile}"',
                    cell.source,
                    flags=re.MULTILINE,
                )
        # The workspace before goes away: models of a whole class would fill the disk.
        if Apart._folder is not None:
            Apart._folder.cleanup()
        Apart._folder = tempfile.TemporaryDirectory(
            prefix="edgelab-graded-", ignore_cleanup_errors=True
        )
        os.environ.update(
            EDGELAB_WORKSPACE=Apart._folder.name,
            EDGELAB_PROFILE=self.profile,
            EDGELAB_HEADLESS="1",
        )
        return nb, resources

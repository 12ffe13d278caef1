"""Small language models: the course's own, and one from a package, in every framework of phase 3.

    from edgelab import slm
    with slm.load(slm.course_model()) as model:
        print(model.generate("def read_file(path):"))
        slm.table([model.perplexity(), model.prompt_speed(), model.generation_speed()])

Lessons 30 to 35 use it.
"""

from edgelab.slm.course import course_model
from edgelab.slm.engines import available, load, register
from edgelab.slm.memory import Footprint
from edgelab.slm.model import LanguageModel
from edgelab.slm.perplexity import Divergence, Perplexity, Reference, compare
from edgelab.slm.speed import Speed
from edgelab.slm.tables import table
from edgelab.slm.windows import Windows

__all__ = [
    "Divergence",
    "Footprint",
    "LanguageModel",
    "Perplexity",
    "Reference",
    "Speed",
    "Windows",
    "available",
    "compare",
    "course_model",
    "load",
    "register",
    "table",
]

"""Small language models: the course's own, and one from a package, in every framework of phase 3.

from edgelab import slm
with slm.load("stdlib-4m-f16.gguf") as model:
    print(model.generate("def read_file(path):"))
    model.perplexity()
"""

from edgelab.slm.engines import available, load, register
from edgelab.slm.model import LanguageModel

__all__ = ["LanguageModel", "available", "load", "register"]

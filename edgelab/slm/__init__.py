"""Small language models: the course's own, and one from a package, in every framework of phase 3."""

from edgelab.slm.course import course_model

__all__ = ["course_model"]

"""Small language models: the course's own, and one from a package, in every framework of phase 3."""

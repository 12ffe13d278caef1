"""How long, how much memory, how sure: the instruments behind `edgelab.benchmark`."""

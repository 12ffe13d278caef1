"""Fewer weights, fewer filters, shared values: what stands behind `edgelab.prune`."""

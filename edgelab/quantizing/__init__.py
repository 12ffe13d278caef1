"""Fewer bits for each number: what stands behind `edgelab.quantize`."""

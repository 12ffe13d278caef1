"""Students, their teachers and their controls: what stands behind `edgelab.distill`."""

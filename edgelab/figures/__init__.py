"""The charts of the course, one idea a module; use them through `edgelab.report`."""

"""The networks of the course, how they are built and how they are trained."""

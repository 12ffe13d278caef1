"""Grading a folder of worksheets: find them, audit and mark them in parallel, put the rest to a person.

Every module answers one question: `submissions` (what was handed in, and by whom), `marking` (which points
can be proposed), `sheets` (what a person decided), `alike` (what is too similar), `gradebook`, `feedback`,
`lms` and `machines` (what comes out), `batch` (all of it). A submission is never trusted: not its name, not
its size, not a word in it.
"""

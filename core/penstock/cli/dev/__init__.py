"""``penstock dev``: everything on one machine, watched over by one process."""

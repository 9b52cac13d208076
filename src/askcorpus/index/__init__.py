"""Documents, passages and vectors on disk: the catalog, and the two indexes built from it."""

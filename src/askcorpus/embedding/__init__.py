"""Text as vectors, and what unrelated texts score: the scale that similarities are read on."""

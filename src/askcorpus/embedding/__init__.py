"""Texts as vectors, and the scores of unrelated texts, which similarities are compared with."""

"""Checking the quotations in a text against the corpus: exact, altered, curtailed, misattributed, or not found."""

"""Texts and languages: words, sentences, dates, and what is known about each language."""

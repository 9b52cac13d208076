"""What a text quotes, held against the corpus: word for word there, altered, curtailed, another's, or not there."""

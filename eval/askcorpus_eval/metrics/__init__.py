"""The metrics: a small function each, with its definition, formula and source."""

"""The evaluator: question sets in, figures out, versions compared. It imports the product, never the reverse."""

"""Ask a corpus in any language; get an answer with the passages that prove it, or be told that it does not say."""

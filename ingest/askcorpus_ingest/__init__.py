"""Files to documents to passages to the store; safe to run twice, and to stop at any moment."""

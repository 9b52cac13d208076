"""From passages to an answer: which sentences say it, whether they suffice, and the proof of every claim."""

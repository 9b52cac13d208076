"""What is known of texts and of the languages that they are in."""

"""The server and its addresses: REST, the OpenAI-compatible ones, measurements, the source page."""

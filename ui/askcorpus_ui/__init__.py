"""The doors over one assistant: command line, HTTP API and chat page."""

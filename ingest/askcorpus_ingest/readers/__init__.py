"""From a file to the records in it, one format a module."""

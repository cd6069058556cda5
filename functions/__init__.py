"""Lambda handlers, one job a file."""

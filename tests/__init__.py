"""The tests; a package, so that what they share is imported by name (some library installs a `tests` of its own)."""

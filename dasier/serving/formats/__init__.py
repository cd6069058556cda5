"""Wire formats: a module each, with how its requests are read and its answers written."""

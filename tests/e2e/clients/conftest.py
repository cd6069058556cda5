"""The scripts here run in environments of their own; there is nothing in them to collect."""

collect_ignore_glob = ["*.py"]

from tests.cli.conftest import build, served, serving, terminal

__all__ = ["build", "served", "serving", "terminal"]

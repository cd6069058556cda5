from tests.cli.conftest import build, serving, terminal

__all__ = ["build", "serving", "terminal"]

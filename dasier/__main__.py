"""``python -m dasier`` is ``dasier``."""

from __future__ import annotations

from dasier.cli import main

if __name__ == "__main__":
    main()

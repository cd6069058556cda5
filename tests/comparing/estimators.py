"""Estimators that do as they are told, importable where they are rehearsed."""

from __future__ import annotations

from typing import Any

import numpy as np

ISLES = ("Biscoe", "Dream", "Torgersen", "Wiencke")


class Sizes:
    """Says large from 4,000 on; the other way round on some isles; refuses the rows of others."""

    def __init__(self, *, turned: tuple[str, ...] = (), refused: tuple[str, ...] = ()) -> None:
        self.turned, self.refused = turned, refused
        self.classes_ = np.array(["large", "small"], dtype=object)

    def predict_proba(self, matrix: Any) -> Any:
        isles, masses = matrix[:, 0], matrix[:, 1].astype(float)
        if np.isin(isles, self.refused).any():
            raise ValueError("an isle that the encoder never saw")
        large = (masses >= 4000) ^ np.isin(isles, self.turned)
        likely = np.where(large, 0.9, 0.2)
        return np.stack([likely, 1 - likely], axis=1)

    def predict(self, matrix: Any) -> Any:
        return self.classes_[self.predict_proba(matrix).argmax(axis=1)]


class Prices:
    """A tenth of the mass, and more on some isles."""

    def __init__(self, *, more: float = 0.0, on: tuple[str, ...] = ISLES) -> None:
        self.more, self.on = more, on

    def predict(self, matrix: Any) -> Any:
        return matrix[:, 1].astype(float) / 10 + self.more * np.isin(matrix[:, 0], self.on)


class Groups:
    """Three groups by mass, numbered as one likes."""

    def __init__(
        self, *, numbers: tuple[int, ...] = (0, 1, 2), edges: tuple[float, ...] = (3500, 4500)
    ) -> None:
        self.numbers, self.edges = np.array(numbers), edges

    def predict(self, matrix: Any) -> Any:
        return self.numbers[np.digitize(matrix[:, 1].astype(float), self.edges)]


class Alarms:
    """Raises an alarm from a mass on."""

    def __init__(self, *, above: float) -> None:
        self.above = above

    def decision_function(self, matrix: Any) -> Any:
        return self.above - matrix[:, 1].astype(float) - 1

    def predict(self, matrix: Any) -> Any:
        return np.where(self.decision_function(matrix) < 0, -1, 1)

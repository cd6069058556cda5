"""Every rung, the nearest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.rungs.cloud import CloudRung
from tests.e2e.rungs.emulator import EmulatorRung
from tests.e2e.rungs.gateway import GatewayRung
from tests.e2e.rungs.handlers import HandlersRung
from tests.e2e.rungs.image import ImageRung, ServerRung
from tests.e2e.rungs.ministack import MiniStackRung

if TYPE_CHECKING:
    from tests.e2e.rungs import Rung

RUNGS: tuple[Rung, ...] = (
    HandlersRung(),
    GatewayRung(),
    EmulatorRung(),
    ImageRung(),
    ServerRung(),
    CloudRung(),
    MiniStackRung(),
)

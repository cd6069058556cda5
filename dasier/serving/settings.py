"""What the functions read from their environment, checked at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dasier.errors import SettingsInvalid
from dasier.personal import PersonalKey, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MB = 1024 * 1024

PREDICTION_LOGS = ("stdout", "store", "off")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a function serves.

    Attributes
    ----------
    registry : str
        ``DASIER_REGISTRY``: ``s3://bucket/prefix`` or ``file:///folder``.
    trusted_keys : tuple of str
        ``DASIER_TRUSTED_KEYS``: public keys (base64 of DER), separated by commas.
    refresh_s : float
        ``DASIER_REFRESH_S``: how old the knowledge of what serves may grow.
    model_budget_bytes : int
        ``DASIER_MODEL_BUDGET_MB``: how much memory loaded models may take together.
    body_limit_bytes, answer_limit_bytes : int
        ``DASIER_BODY_LIMIT_BYTES``, ``DASIER_ANSWER_LIMIT_BYTES``. The default of 4 MB stays below
        Lambda's 6 MB, base64 counted.
    default_model : str or None
        ``DASIER_DEFAULT_MODEL``: what ``/invocations`` at the root of the Docker server answers with.
    prediction_log : str
        ``DASIER_PREDICTION_LOG``: where a record of each prediction goes: ``stdout`` (Lambda, whose log is
        brought into the store), ``store``, or ``off``.
    metrics_namespace : str
        ``DASIER_METRICS_NAMESPACE``: under which CloudWatch files what it reads from those records.
    metrics_folder : Path or None
        ``DASIER_METRICS_FOLDER``: where a server's processes count for Prometheus; `dasier serve` sets it.
    personal_key : PersonalKey or None
        ``DASIER_PERSONAL_KEY``: what hashes the columns that a recipe says to hash; without it they are left out.
    fan_out_bytes : int
        ``DASIER_FAN_OUT_BYTES``: from what size on a job's input is left to many workers at once; 0 for never.
    links_endpoint : str or None
        ``DASIER_LINKS_ENDPOINT``: where callers reach S3 for what they upload and download, if it is elsewhere than
        for the functions, as behind an emulator.
    log_share : float
        ``DASIER_LOG_SHARE``: in what share of the records the rows and answers stand, 0 to 1. All requests are counted.
    """

    registry: str
    trusted_keys: tuple[str, ...]
    refresh_s: float = 2.0
    model_budget_bytes: int = 512 * _MB
    body_limit_bytes: int = 4_000_000
    answer_limit_bytes: int = 4_000_000
    default_model: str | None = None
    prediction_log: str = "off"
    log_share: float = 1.0
    personal_key: PersonalKey | None = None
    metrics_namespace: str = "DASIER"
    metrics_folder: Path | None = None
    fan_out_bytes: int = 0
    links_endpoint: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read an environment.

        Raises
        ------
        SettingsInvalid
            Listing every problem.
        """
        problems: list[str] = []

        def number(name: str, default: float) -> Any:
            text = environment.get(name, str(default))
            try:
                value = type(default)(text)
            except ValueError:
                value = -1
            if not 0 <= value < float("inf"):  # NaN is neither
                problems.append(f"{name} is {text!r}: give a number of at least 0")
            return value

        share = number("DASIER_LOG_SHARE", cls.log_share)
        if share > 1:
            problems.append(f"DASIER_LOG_SHARE is {share:g}: give a share, 0 to 1")
        logged = environment.get("DASIER_PREDICTION_LOG", cls.prediction_log)
        if logged not in PREDICTION_LOGS:
            problems.append(f"DASIER_PREDICTION_LOG is {logged!r}: give {', '.join(PREDICTION_LOGS)}")
        registry = environment.get("DASIER_REGISTRY", "")
        if not registry:
            problems.append("DASIER_REGISTRY is not set: give s3://bucket/prefix or file:///folder")
        keys = tuple(
            key.strip() for key in environment.get("DASIER_TRUSTED_KEYS", "").split(",") if key.strip()
        )
        if not keys:
            problems.append("DASIER_TRUSTED_KEYS is not set: give the public keys whose models are believed")
        try:
            personal_key = key_of(environment)
        except ValueError as error:
            personal_key = None
            problems.append(str(error))
        settings = cls(
            registry=registry,
            trusted_keys=keys,
            refresh_s=number("DASIER_REFRESH_S", cls.refresh_s),
            model_budget_bytes=number("DASIER_MODEL_BUDGET_MB", cls.model_budget_bytes // _MB) * _MB,
            body_limit_bytes=number("DASIER_BODY_LIMIT_BYTES", cls.body_limit_bytes),
            answer_limit_bytes=number("DASIER_ANSWER_LIMIT_BYTES", cls.answer_limit_bytes),
            default_model=environment.get("DASIER_DEFAULT_MODEL") or None,
            prediction_log=logged,
            personal_key=personal_key,
            log_share=share,
            metrics_namespace=environment.get("DASIER_METRICS_NAMESPACE") or cls.metrics_namespace,
            metrics_folder=Path(counted) if (counted := environment.get("DASIER_METRICS_FOLDER")) else None,
            fan_out_bytes=number("DASIER_FAN_OUT_BYTES", cls.fan_out_bytes),
            links_endpoint=environment.get("DASIER_LINKS_ENDPOINT") or None,
        )
        if problems:
            raise SettingsInvalid(problems)
        return settings

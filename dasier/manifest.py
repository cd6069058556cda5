"""The description of one version: signed, canonical, and all that is needed to load it.

`FORMAT` is the manifest's format number. To change it:

1. Raise `FORMAT` by one, and read the older format in `Manifest.from_document` (a reader
   reads every format up to its own; a writer writes the newest).
2. Keep a manifest of the old format in ``tests/formats/`` and a test that reads it.
3. Deploy the readers (the functions) before the writers (``dasier publish``).
4. Say so in the CHANGELOG.

Adding a key that an old reader may ignore needs no new number.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dasier.errors import BindingInvalid, DocumentInvalid, FormatUnknown, SignatureInvalid
from dasier.schema import Schema, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.signing import Signer, TrustedKeys

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Blob:
    """Immutable bytes that belong to a version, named by their SHA-256."""

    sha256: str
    size_bytes: int
    media_type: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Blob:
        """Describe bytes."""
        return cls(hashlib.sha256(content).hexdigest(), len(content), media_type)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Blob:
        """Read a manifest's; keys that a later release added are ignored."""
        return cls(document["sha256"], document["size_bytes"], document["media_type"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeChoice:
    """What executes the model, and why.

    Attributes
    ----------
    name : str
        ``arrays``, ``onnx`` or ``sklearn``. A reader that lacks it refuses the version (`dasier.runtimes`), so
        that a new one needs no new format: only readers that are deployed first.
    reason : Text
        Why this one, for people.
    requires : mapping
        Library to the version that the model was built with.
    tolerance : float
        How far numbers may be from the fitted estimator's: absolute for probabilities,
        relative for regressions. 0 means bit for bit.
    memory_bytes : int
        Measured when it was built: what a process grows by when it loads and answers.
    refused : tuple of mapping
        Each other runtime that was tried: ``{"name", "reason"}``.
    parity : mapping
        What the proof found: ``rows`` that were compared, of which ``kinds``, and the largest ``deviations``.
    lazily : bool
        Whether imports may be put off when it is loaded (`dasier.runtimes.sklearn`): it was rehearsed so. A
        reader that does not know the key loads it with all imports, which is right too, and so does everyone
        where the key is absent.
    costs : mapping from runtime to mapping
        What decided between several that were proved: ``{"start_ms", "row_us"}`` of each.
    """

    name: str
    reason: Text
    requires: Mapping[str, str]
    tolerance: float = 0.0
    memory_bytes: int = 0
    refused: tuple[Mapping[str, str], ...] = ()
    parity: Mapping[str, Any] = field(default_factory=dict)
    lazily: bool = False
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One version of one model.

    Attributes
    ----------
    name, version
        What it is bound to; version 0 is not published yet.
    id : str
        Random, one a publication; empty until then.
    created : str
        ISO 8601, UTC.
    created_by : str
    title, summary, limits : Text
    about : mapping
        What else was stated for people: ``use``, ``out_of_scope`` and ``data`` (texts), ``licence`` and ``source`` of the
        data, ``model_licence``. What nobody stated is not there.
    source : mapping
        ``kind`` (recipe, import, csv), recipe, git commit.
    data : mapping
        ``sha256`` and ``rows`` of the training table; how many ``nulls`` stood in a column that the estimator was fitted
        on, and how many rows each of the ``classes`` had, fitted and held out.
    seed : int or None
    environment : mapping
        Python and library versions at build time.
    estimator : mapping
        ``class``, a one-line ``summary``, and its ``steps`` with the parameters that were set.
    schema : Schema
    metrics : mapping
        On held-out rows, with the split.
    runtime : RuntimeChoice
    golden : mapping
        ``inputs`` (column to cells) and exact ``outputs`` of a few rows. In the manifest and not
        in a blob of their own: one request less in every cold start.
    blobs : mapping of role to Blob
        ``model``, ``holdout``, ``card.md``, ``card.html``, …
    gate : mapping
        The recipe's rules for the gate.
    notes : tuple of Text
        What a reader must know, e.g. that the model holds training rows.
    """

    name: str
    version: int
    id: str
    created: str
    created_by: str
    title: Text
    summary: Text
    limits: Text = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any]
    data: Mapping[str, Any]
    seed: int | None
    environment: Mapping[str, str]
    estimator: Mapping[str, Any]
    schema: Schema
    metrics: Mapping[str, Any]
    runtime: RuntimeChoice
    golden: Mapping[str, Any]
    blobs: Mapping[str, Blob]
    gate: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()
    format: int = FORMAT

    def to_document(self) -> dict[str, Any]:
        """Give the unsigned document: JSON types only."""
        document: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        document["schema"] = self.schema.to_dict()
        runtime = {name: getattr(self.runtime, name) for name in RuntimeChoice.__dataclass_fields__}
        document["runtime"] = runtime | {"refused": list(self.runtime.refused)}
        document["blobs"] = {
            role: {"sha256": blob.sha256, "size_bytes": blob.size_bytes, "media_type": blob.media_type}
            for role, blob in self.blobs.items()
        }
        document["notes"] = list(self.notes)
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Manifest:
        """Read a document whose signature was checked, or that was just built.

        Raises
        ------
        FormatUnknown
            If a later release of DASIER wrote it.
        DocumentInvalid
            If it lacks what a manifest has.
        """
        found = document.get("format")
        if type(found) is not int or not 1 <= found <= FORMAT:
            raise FormatUnknown(found, known=FORMAT)
        try:
            return cls._read(document)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DocumentInvalid("manifest") from error

    @classmethod
    def _read(cls, document: Mapping[str, Any]) -> Manifest:
        known = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        runtime = {k: v for k, v in document["runtime"].items() if k in RuntimeChoice.__dataclass_fields__}
        known["schema"] = Schema.from_dict(document["schema"])
        known["runtime"] = RuntimeChoice(**(runtime | {"refused": tuple(runtime.get("refused", ()))}))
        known["blobs"] = {role: Blob.read(blob) for role, blob in document["blobs"].items()}
        known["notes"] = tuple(document.get("notes", ()))
        return cls(**known)

    def bound_to(self, version: int, *, publication: str) -> Manifest:
        """Give the manifest of a build, bound to the version that it is published as.

        Parameters
        ----------
        version : int
        publication : str
            A random id. Without it two publishers of the same build would write the same bytes,
            and each would take the other's version for its own.
        """
        return replace(self, version=version, id=publication)


def canonical(document: Mapping[str, Any]) -> bytes:
    r"""Give the one spelling of a document: UTF-8, sorted keys, no blanks, shortest floats.

    Raises
    ------
    ValueError
        If it holds a number that is not finite.

    >>> canonical({"b": 1.0, "a": "é"})
    b'{"a":"\xc3\xa9","b":1.0}'
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def signed(manifest: Manifest, signer: Signer) -> bytes:
    """Give the bytes of a manifest, signed."""
    document = manifest.to_document()
    return canonical(document | {"signature": signer.sign(canonical(document)).to_dict()})


def verified(content: bytes, *, name: str, version: int, trusted: TrustedKeys) -> Manifest:
    """Give a manifest whose signature and binding hold.

    Raises
    ------
    SignatureInvalid
        If it is not a signed document, was changed, or no trusted key signed it.
    BindingInvalid
        If it is of another model or version than was asked for.
    FormatUnknown
        If a later release of DASIER wrote it.
    DocumentInvalid
        If it is signed, but no manifest.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SignatureInvalid("the manifest is not JSON") from error
    signature = document.pop("signature", None) if isinstance(document, dict) else None
    if not isinstance(signature, dict):
        raise SignatureInvalid("there is none")
    try:
        payload = canonical(document)
        respelled = canonical(document | {"signature": signature})
    except (ValueError, RecursionError) as error:
        raise SignatureInvalid("the manifest has no canonical form") from error
    trusted.verify(payload, signature)
    if respelled != content:
        raise SignatureInvalid("the manifest is not in canonical form")
    manifest = Manifest.from_document(document)
    if (manifest.name, manifest.version) != (name, version):
        raise BindingInvalid(
            asked=f"{name} version {version}", found=f"{manifest.name} version {manifest.version}"
        )
    return manifest

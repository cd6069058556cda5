"""Write the artifact of the manifest format that is written now, to be kept for ever.

    python -m tests.formats.generate

Run it once for each format number, when `dasier.manifest.FORMAT` is raised, and commit the folder
``tests/formats/v<format>/`` that it writes; never write it again. The key pair is made for it and
thrown away: only the public key is kept.
"""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dasier.manifest import FORMAT
from dasier.registry import Registry
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import open_store
from tests import models

FOLDER = Path(__file__).parent


def generate(folder: Path) -> None:
    """Publish one small model, release it, and write down what it answers."""
    folder.mkdir()
    signer = LocalSigner(Ed25519PrivateKey.generate())
    trusted = TrustedKeys.parse([signer.public_key()])
    registry = Registry(open_store(f"file://{folder}/store"), trusted)
    built = models.built("gulls")
    version = registry.publish(built, signer).version
    registry.record_verdict("gulls", version, {"passed": True, "rules": []})
    registry.append("gulls", models.entry(1, version))
    table = models.fitted("gulls")
    few = table.held_out[table.features].head(6)
    expected = {
        "rows": json.loads(few.to_json(orient="records", double_precision=15)),
        "probabilities": table.estimator.predict_proba(few).tolist(),
        "predictions": table.estimator.predict(few).tolist(),
    }
    (folder / "public_key.txt").write_text(signer.public_key() + "\n")
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    generate(FOLDER / f"v{FORMAT}")

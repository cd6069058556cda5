"""moto, as a server in a process of its own: ``python -m tests.cloud.moto_server`` prints its address and serves.

Of its own, because moto keeps all that it holds in one place: a test that starts again from an empty
account would empty the buckets of the tests beside it.
"""

from __future__ import annotations

import sys

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer


def _sign(key: ECDSAPrivateKey, message: bytes, signing_algorithm: str) -> bytes:
    """Sign a digest as one, as KMS does: moto takes no notice of `MessageType`, and hashes a digest again."""
    if signing_algorithm != "ECDSA_SHA_256" or len(message) != 32:
        raise NotImplementedError
    return key.private_key.sign(message, ECDSA(Prehashed(SHA256())))


def main() -> None:
    ECDSAPrivateKey.sign = _sign  # type: ignore[method-assign]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    sys.stdin.read()  # until whoever started it goes
    server.stop()


if __name__ == "__main__":
    main()

"""What does nothing: what the emulator, Python and the runtime client cost by themselves, and what a server does."""

from typing import Any


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer as a Lambda."""
    return {"statusCode": 200, "body": "{}"}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer as an ASGI application that reads its request."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})

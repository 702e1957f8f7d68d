"""How the page is served."""

from __future__ import annotations

from dataclasses import dataclass

PORT = 8421
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Options:
    """What was asked for when the page was started."""

    host: str = "127.0.0.1"
    port: int = PORT
    token: str = ""
    """Whoever has it may look; empty on loopback only, where no token is asked for."""
    read_only: bool = False
    """Nothing can be changed."""
    offline: bool = False
    """Saved histories are shown, and no engine is asked."""

    @property
    def is_loopback(self) -> bool:
        """Whether nobody from another machine can reach it."""
        return self.host in LOOPBACK

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if host in ("0.0.0.0", "[::]"):  # noqa: S104 - only what a browser is told
            host = "127.0.0.1"
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")

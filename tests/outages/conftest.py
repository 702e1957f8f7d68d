"""Fixtures: an embedded SWF, and a front before it that fails as it is told."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import config
import logs
from config import Settings
from local_swf.testing import LocalSWF
from setup import ensure_registered
from swf_client import Patience, SwfClient
from tests.outages.front import Front, make_certificate

QUICK = Patience(ordinary=20.0, refused=20.0, poll=0.02, first_wait=0.001, longest_wait=0.02)
"""Tries as long as others do, at short intervals."""
BRIEF = Patience(ordinary=0.05, refused=0.05, poll=0.02, first_wait=0.001, longest_wait=0.02)
"""Gives up soon."""

OURS, BOTO3S = "our own transport", "boto3's transport"

Connect = Callable[..., SwfClient]


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    """Changes that last for a module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a front over TLS shows; boto3 is told to believe it."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module", autouse=True)
def folder(
    patched: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, certificate: Path
) -> Path:
    """A machine with keys in the environment, and nothing else of AWS; the folder of its files."""
    made = tmp_path_factory.mktemp("machine")
    for name in [name for name in os.environ if name.startswith(("AWS_", "SWF_"))]:
        patched.delenv(name)
    patched.setenv("AWS_CONFIG_FILE", str(made / "config"))
    patched.setenv("AWS_SHARED_CREDENTIALS_FILE", str(made / "credentials"))
    patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patched.setenv("AWS_ACCESS_KEY_ID", "AKIAOUTAGES")
    patched.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")
    patched.setenv("AWS_CA_BUNDLE", str(certificate))
    patched.setenv("DATA_DIR", str(made / "data"))
    patched.chdir(made)
    return made


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What commands and workers set up in their process is as before at the end of a test."""
    monkeypatch.setattr(config, "_current", None)
    names = ("", "swf_client", *logs.QUIET, logs.SELDOM)
    before = {name: logging.getLogger(name).level for name in names}
    handlers = list(logging.getLogger().handlers)
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[LocalSWF]:
    """An embedded SWF that has domain and types; its clock stands still but for `advance`."""
    with LocalSWF(virtual_clock=True, skipping=False) as swf:
        ensure_registered(SwfClient(config.load({"SWF_ENDPOINT": swf.url})))
        yield swf


def _fronted(engine: LocalSWF, certificate: Path | None) -> Iterator[Front]:
    made = Front(engine.url, certificate)
    yield made
    made.close()


@pytest.fixture(scope="module")
def plain(engine: LocalSWF) -> Iterator[Front]:
    """The way to it over plain HTTP: our own transport."""
    yield from _fronted(engine, None)


@pytest.fixture(scope="module")
def secure(engine: LocalSWF, certificate: Path) -> Iterator[Front]:
    """The way to it over TLS: boto3's transport and chain of credentials, as for Amazon SWF."""
    yield from _fronted(engine, certificate)


@pytest.fixture(params=[OURS, BOTO3S])
def front(request: pytest.FixtureRequest) -> Iterator[Front]:
    """Both ways, one after the other."""
    found: Front = request.getfixturevalue("plain" if request.param == OURS else "secure")
    found.asked.clear()
    yield found
    found.mend()


@pytest.fixture(scope="module")
def settings_of(folder: Path) -> Callable[..., Settings]:
    """Settings of a process that reaches the engine at an address."""

    def make(url: str, **more: str) -> Settings:
        return config.load({"SWF_ENDPOINT": url, "DATA_DIR": str(folder / "data"), **more})

    return make


@pytest.fixture(scope="module")
def connect(settings_of: Callable[..., Settings]) -> Connect:
    """The client of an address: the same one for a module."""
    made: dict[tuple[str, Patience], SwfClient] = {}

    def make(url: str, patience: Patience = QUICK) -> SwfClient:
        if (url, patience) not in made:
            made[url, patience] = SwfClient(settings_of(url), patience=patience)
        return made[url, patience]

    return make

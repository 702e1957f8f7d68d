"""Making a client: which engine, which credentials, and nothing before it is needed."""

from __future__ import annotations

import os
import socket
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import RefreshableCredentials

import config
from errors import ConfigurationError, CredentialsError, EngineUnreachableError
from swf import credentials as swf_credentials
from swf_client import Patience, SwfClient
from tests.unit.scripted_swf import ScriptedSwf, answer, drop, unused_port

DESCRIPTION = answer({"domainInfo": {"name": "d", "status": "REGISTERED"}, "configuration": {}})


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An account-less machine: no AWS variables, no files, no metadata service."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def swf() -> Iterator[ScriptedSwf]:
    with ScriptedSwf(any=[DESCRIPTION]) as peer:
        yield peer


def client(**settings: str) -> SwfClient:
    return SwfClient(config.load({"DATA_DIR": str(Path.cwd() / "data"), **settings}))


def credentials(of: SwfClient) -> Any:
    return of.client._request_signer._credentials  # type: ignore[attr-defined]


class TestConstruction:
    def test_touches_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("no network, no boto3 at construction")

        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(swf_credentials, "session", refuse)
        made = client()
        assert made.domain == "business-process-domain"
        assert not made.settings.data_dir.exists()

    def test_takes_the_process_settings_by_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(config, "_current", config.load({"SWF_DOMAIN": "chosen"}))
        assert SwfClient().domain == "chosen"

    def test_identities_tell_workers_apart(self) -> None:
        first, second = client().identity, client().identity
        assert first != second
        assert f":{os.getpid()}:" in first
        assert len(SwfClient(config.load({}), identity="x" * 300).identity) == 256

    def test_the_boto3_client_is_made_once(self, swf: ScriptedSwf) -> None:
        made = client(SWF_ENDPOINT=swf.url)
        assert made.client is made.client
        assert made.client.meta.service_model.service_name == "swf"


class TestCredentialsNearby:
    """An engine without TLS asks for none, and nobody waits for any."""

    def test_made_up_ones_where_there_are_none(
        self, swf: ScriptedSwf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        made = client(SWF_ENDPOINT=swf.url)
        made.describe_domain()
        assert "Credential=local/" in swf.requests[0].headers["authorization"]

    def test_the_environments_where_they_are_real(
        self, swf: ScriptedSwf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        client(SWF_ENDPOINT=swf.url).describe_domain()
        assert "Credential=AKIAENV/" in swf.requests[0].headers["authorization"]

    def test_a_profile_that_is_missing_does_not_matter(
        self, swf: ScriptedSwf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "missing")
        client(SWF_ENDPOINT=swf.url).describe_domain()


PLACEHOLDERS = [("", ""), ("your-access-key", "your-secret"), ("AKIAREAL", "<secret>")]


class TestCredentialsOnAws:
    def test_those_of_the_settings_file_come_first(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text(
            "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=s\nAWS_SESSION_TOKEN=t\n"
        )
        found = credentials(client())
        assert (found.access_key, found.secret_key, found.token) == ("AKIAFILE", "s", "t")

    def test_then_boto3s_own_chain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        assert credentials(client(SWF_ENDPOINT="aws")).access_key == "AKIAENV"

    @pytest.mark.parametrize(("key", "secret"), PLACEHOLDERS)
    def test_placeholders_of_the_environment_are_passed_over(
        self, key: str, secret: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        (tmp_path / "credentials").write_text(
            "[default]\naws_access_key_id=AKIASHARED\naws_secret_access_key=s\n"
        )
        assert credentials(client(SWF_ENDPOINT="aws")).access_key == "AKIASHARED"

    @pytest.mark.parametrize(("key", "secret"), PLACEHOLDERS)
    def test_none_at_all_is_one_clear_line(
        self, key: str, secret: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        with pytest.raises(CredentialsError, match="no AWS credentials") as raised:
            client(SWF_ENDPOINT="aws").describe_domain()
        assert "SWF_ENDPOINT=local" in str(raised.value)
        assert raised.value.exit_code == 3

    def test_placeholders_in_aws_files_are_told_too(self, tmp_path: Path) -> None:
        (tmp_path / "credentials").write_text(
            "[default]\naws_access_key_id=YOUR_KEY\naws_secret_access_key=YOUR_SECRET\n"
        )
        with pytest.raises(CredentialsError, match="no AWS credentials"):
            client(SWF_ENDPOINT="aws").describe_domain()

    def test_temporary_ones_are_not_read_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A role's keys may be refreshed over the network; boto3 does that when it signs."""

        def refresh() -> dict[str, str]:
            return {
                "access_key": "ASIAROLE",
                "secret_key": "s",
                "token": "t",
                "expiry_time": "2999-01-01T00:00:00Z",
            }

        role = RefreshableCredentials.create_from_metadata(refresh(), refresh, "iam-role")
        monkeypatch.setattr("boto3.Session.get_credentials", lambda _: role)
        assert client(SWF_ENDPOINT="aws").client is not None

    def test_a_missing_profile_is_a_mistake_in_the_settings(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "missing")
        with pytest.raises(ConfigurationError, match="missing"):
            client(SWF_ENDPOINT="aws").describe_domain()


class TestEndpoint:
    def test_swf_endpoint_beats_the_aws_variable(
        self, swf: ScriptedSwf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", f"http://127.0.0.1:{unused_port()}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        client(SWF_ENDPOINT=swf.url).describe_domain()
        amazon = client(SWF_ENDPOINT="aws", AWS_REGION="eu-west-1").client
        assert amazon.meta.endpoint_url == "https://swf.eu-west-1.amazonaws.com"

    def test_nothing_retries_twice_and_polls_are_waited_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
        callers = client(SWF_ENDPOINT="aws")._connection._ready()
        for made in (callers.calls, callers.polls):
            retries: Any = made.meta.config.retries  # type: ignore[attr-defined]
            assert retries["total_max_attempts"] == 1
        poll_config: Any = callers.polls.meta.config
        assert poll_config.read_timeout > 60


class TestEmbedded:
    """`SWF_ENDPOINT=local`: found or started when first needed, and brought back."""

    @pytest.fixture
    def ensure(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
        """Let the daemon be 'found' at these URLs, one after the other."""

        def found(*urls: str) -> list[Path]:
            left, asked = list(urls), []

            def ensure(folder: Path) -> Any:
                asked.append(folder)
                return types.SimpleNamespace(url=left.pop(0) if len(left) > 1 else left[0])

            monkeypatch.setattr("local_swf.daemon.ensure", ensure)
            return asked

        return found

    def test_is_looked_for_once(self, swf: ScriptedSwf, ensure: Callable[..., list[Path]]) -> None:
        asked = ensure(swf.url)
        made = client(SWF_ENDPOINT="local")
        assert asked == []
        made.describe_domain()
        made.describe_domain()
        assert asked == [made.settings.swf_dir]
        assert "authorization" not in swf.requests[0].headers

    def test_one_that_is_back_on_another_port_is_followed(
        self, swf: ScriptedSwf, ensure: Callable[..., list[Path]]
    ) -> None:
        gone = f"http://127.0.0.1:{unused_port()}"
        ensure(gone, swf.url)
        made = client(SWF_ENDPOINT="local")
        assert made.client.meta.endpoint_url == gone
        assert made.describe_domain()["domainInfo"]["name"] == "d"
        assert made.client.meta.endpoint_url == swf.url

    def test_so_is_one_that_broke_off(self, ensure: Callable[..., list[Path]]) -> None:
        with ScriptedSwf(any=[drop, DESCRIPTION]) as swf:
            asked = ensure(swf.url)
            client(SWF_ENDPOINT="local").describe_domain()
            assert len(asked) == 2

    def test_a_poll_brings_it_back_too(self, ensure: Callable[..., list[Path]]) -> None:
        with ScriptedSwf(any=[answer({"startedEventId": 0})]) as swf:
            ensure(f"http://127.0.0.1:{unused_port()}", swf.url)
            assert client(SWF_ENDPOINT="local").poll_activity_task("l") is None
            assert swf.operations == ["PollForActivityTask"]

    def test_one_that_cannot_be_started_says_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: Path) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr("local_swf.daemon.ensure", fail)
        with pytest.raises(EngineUnreachableError, match="cannot be started: the disk is full"):
            client(SWF_ENDPOINT="local").describe_domain()


def test_patience_can_be_chosen() -> None:
    assert Patience(ordinary=1.0).refused == 10.0

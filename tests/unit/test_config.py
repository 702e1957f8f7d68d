"""Settings: where they come from, what they refuse, and which keys they keep to themselves."""

from __future__ import annotations

import base64
import re
from dataclasses import fields
from pathlib import Path

import pytest

import config
from errors import ConfigurationError


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without settings file, and a project without one too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "HOME", tmp_path)
    return tmp_path


def write_env(folder: Path, text: str, name: str = ".env") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestSources:
    def test_defaults_when_nothing_is_given(self) -> None:
        settings = config.load({})
        assert settings.swf_domain == "business-process-domain"
        assert settings.swf_task_list == "business-process-tasks"
        assert settings.aws_region == "us-east-1"
        assert settings.workflow_version == "1.0"
        assert settings.max_attempts == 3
        assert settings.retry_backoff_rate == 2.0

    def test_the_environment_beats_the_file_and_the_file_the_default(self, nowhere: Path) -> None:
        write_env(nowhere, "SWF_DOMAIN=from-file\nSWF_TASK_LIST=from-file\n")
        settings = config.load({"SWF_DOMAIN": "from-environment"})
        assert settings.swf_domain == "from-environment"
        assert settings.swf_task_list == "from-file"

    def test_an_empty_value_counts_as_none(self, nowhere: Path) -> None:
        write_env(nowhere, "SWF_DOMAIN=from-file\n")
        assert config.load({"SWF_DOMAIN": " "}).swf_domain == "from-file"

    def test_another_file_may_be_named(self, nowhere: Path) -> None:
        path = write_env(nowhere, "SWF_DOMAIN=other\n", "test.env")
        assert config.load({"ENV_FILE": str(path)}).swf_domain == "other"
        assert config.load({}, path).swf_domain == "other"

    def test_a_named_file_must_exist(self) -> None:
        with pytest.raises(ConfigurationError, match=r"missing\.env does not exist"):
            config.load({"ENV_FILE": "missing.env"})

    def test_an_unreadable_file_is_named(self, nowhere: Path) -> None:
        (nowhere / ".env").write_bytes(b"SWF_DOMAIN=\xff\xfe")
        with pytest.raises(ConfigurationError, match="cannot be read"):
            config.load({})

    def test_older_names_still_work_and_newer_ones_win(self) -> None:
        older = {"ACTIVITY_TASK_TIMEOUT": "60"}
        assert config.load(older).activity_start_to_close_timeout == "60"
        both = {**older, "ACTIVITY_START_TO_CLOSE_TIMEOUT": "90"}
        assert config.load(both).activity_start_to_close_timeout == "90"


class TestModuleAttributes:
    def test_each_setting_is_an_attribute_under_its_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chosen = config.load({"SWF_DOMAIN": "here", "ACTIVITY_TASK_TIMEOUT": "70"})
        monkeypatch.setattr(config, "_current", chosen)
        assert config.SWF_DOMAIN == "here"
        assert config.ACTIVITY_TASK_TIMEOUT == config.ACTIVITY_START_TO_CLOSE_TIMEOUT == "70"

    def test_what_is_no_setting_is_no_attribute(self) -> None:
        with pytest.raises(AttributeError, match="NO_SUCH_SETTING"):
            _ = config.NO_SUCH_SETTING


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SWF_DOMAIN", "a:b", "without : /"),
        ("SWF_DOMAIN", "arn", "not 'arn'"),
        ("SWF_TASK_LIST", "x" * 257, "1 to 256"),
        ("WORKFLOW_VERSION", "x" * 65, "at most 64"),
        ("SWF_ENDPOINT", "ftp://x", "local, aws, or a URL"),
        ("SWF_ENDPOINT", "http://x:port", "local, aws, or a URL"),
        ("ACTIVITY_START_TO_CLOSE_TIMEOUT", "0", "whole seconds from 1 to 31536000"),
        ("ACTIVITY_START_TO_CLOSE_TIMEOUT", "soon", "or NONE"),
        ("ACTIVITY_HEARTBEAT_TIMEOUT", "29", "at least 30 seconds"),
        ("WORKFLOW_EXECUTION_TIMEOUT", "NONE", "whole seconds"),
        ("WORKFLOW_EXECUTION_TIMEOUT", "31536001", "31536000"),
        ("MAX_ATTEMPTS", "0", "from 1 to 1000"),
        ("MAX_ATTEMPTS", "\u0663", "a whole number"),
        ("RETRY_BACKOFF_RATE", "0.5", "from 1.0 to 100.0"),
        ("RETRY_BACKOFF_RATE", "nan", "from 1.0 to 100.0"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG"),
        ("LOG_FORMAT", "xml", "one of console, json"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        config.load({name: value})
    assert name in str(refused.value)
    assert repr(value) in str(refused.value)
    assert allowed in str(refused.value)


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"MAX_ATTEMPTS.*; LOG_LEVEL"):
        config.load({"MAX_ATTEMPTS": "none", "LOG_LEVEL": "none"})


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("SWF_ENDPOINT", "AWS", "swf_endpoint", "aws"),
        ("SWF_ENDPOINT", "http://h:1/", "swf_endpoint", "http://h:1"),
        ("DECISION_TASK_TIMEOUT", "NONE", "decision_task_timeout", "NONE"),
        ("DECISION_TASK_TIMEOUT", "007", "decision_task_timeout", "7"),
        ("ACTIVITY_HEARTBEAT_TIMEOUT", "30", "activity_heartbeat_timeout", "30"),
    ],
)
def test_values_are_taken_in_one_form(
    name: str, value: str, attribute: str, expected: object
) -> None:
    assert getattr(config.load({name: value}), attribute) == expected


class TestEndpoint:
    def test_without_keys_of_ours_it_is_local_whatever_lies_around(self) -> None:
        around = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real"}
        assert config.load(around).swf_endpoint == "local"

    def test_keys_written_in_the_file_mean_aws(self, nowhere: Path) -> None:
        write_env(nowhere, "AWS_ACCESS_KEY_ID=AKIAREAL\nAWS_SECRET_ACCESS_KEY=real\n")
        assert config.load({}).swf_endpoint == "aws"
        assert config.load({"SWF_ENDPOINT": "local"}).swf_endpoint == "local"

    @pytest.mark.parametrize(
        "text",
        [
            "AWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=\n",
            "AWS_ACCESS_KEY_ID=your-access-key\nAWS_SECRET_ACCESS_KEY=real\n",
            "AWS_ACCESS_KEY_ID=AKIAREAL\nAWS_SECRET_ACCESS_KEY=<secret>\n",
        ],
    )
    def test_placeholder_keys_are_no_keys(self, nowhere: Path, text: str) -> None:
        write_env(nowhere, text)
        settings = config.load({})
        assert settings.swf_endpoint == "local"
        assert settings.aws_access_key_id == settings.aws_secret_access_key == ""

    @pytest.mark.parametrize(
        ("endpoint", "says"),
        [
            ("aws", "Amazon SWF in us-east-1"),
            ("local", "embedded SWF in "),
            ("http://127.0.0.1:9", "SWF at http://127.0.0.1:9"),
        ],
    )
    def test_one_line_says_which_engine_it_is(self, endpoint: str, says: str) -> None:
        engine = config.load({"SWF_ENDPOINT": endpoint}).engine
        assert engine.startswith(says)
        assert "business-process-domain" in engine


class TestCredentials:
    def test_keys_of_the_environment_are_left_to_boto3(self, nowhere: Path) -> None:
        write_env(nowhere, "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=file\n")
        settings = config.load({"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env"})
        assert settings.aws_access_key_id == ""

    def test_secrets_are_not_shown(self, nowhere: Path) -> None:
        write_env(
            nowhere,
            "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=hush\nAWS_SESSION_TOKEN=hush2\n",
        )
        settings = config.load({})
        assert settings.aws_secret_access_key == "hush"
        assert "hush" not in repr(settings)

    @pytest.mark.parametrize(
        "value",
        [None, "", "  ", "your-key", "YOUR_KEY", "<key>", "xxxx", "changeme", "AKIAEXAMPLE"],
    )
    def test_placeholders(self, value: str | None) -> None:
        assert config.is_placeholder(value)

    def test_a_real_key_is_none(self) -> None:
        assert not config.is_placeholder("AKIAIOSFODNN7ABCDEFG")


def test_folders_are_the_projects_unless_absolute(nowhere: Path) -> None:
    assert config.load({}).payload_dir == nowhere / ".data" / "payloads"
    assert config.load({"DATA_DIR": "/elsewhere"}).swf_dir == Path("/elsewhere/swf")


class TestPayloads:
    KEY = base64.b64encode(b"k" * 32).decode()

    @pytest.mark.parametrize("value", ["s3://bucket", "s3://my-bucket.x/a/b", "s3://abc/"])
    def test_a_bucket(self, value: str) -> None:
        assert config.load({"PAYLOAD_STORE": value}).payload_store == value.rstrip("/")

    def test_a_folder_is_the_projects_unless_absolute(self, nowhere: Path) -> None:
        assert config.load({"PAYLOAD_STORE": "big"}).payload_dir == nowhere / "big"

    @pytest.mark.parametrize("value", ["s3://", "s3://B_x", "s3://a", "https://x", "s3://abc/a b"])
    def test_nothing_else(self, value: str) -> None:
        with pytest.raises(ConfigurationError, match="a folder, or s3://BUCKET/PREFIX"):
            config.load({"PAYLOAD_STORE": value})

    def test_keys_in_their_order(self) -> None:
        other = base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("=")
        keys = config.load({"PAYLOAD_KEYS": f"new:{self.KEY}, old.1:{other},"}).payload_keys
        assert keys == (("new", b"k" * 32), ("old.1", b"\xff" * 32))

    @pytest.mark.parametrize(
        "value",
        ["SECRET", "k:SECRET", "k:U0VDUkVU", f"SECRET !:{KEY}", f":{KEY}", f"k:{KEY},k:{KEY}"],
    )
    def test_wrong_keys_are_refused_and_not_shown(self, value: str) -> None:
        with pytest.raises(ConfigurationError, match="PAYLOAD_KEYS is not usable") as raised:
            config.load({"PAYLOAD_KEYS": value})
        assert "SECRET" not in str(raised.value)
        assert self.KEY not in str(raised.value)

    def test_right_ones_are_not_shown_either(self) -> None:
        assert "kkkk" not in repr(config.load({"PAYLOAD_KEYS": f"k:{self.KEY}"}))


class TestExampleFile:
    def test_it_names_every_setting_with_its_default(self, nowhere: Path) -> None:
        example = Path(__file__).parents[2] / ".env.example"
        lines = [line.lstrip("# ") for line in example.read_text().splitlines()]
        written = "\n".join(line for line in lines if re.match(r"[A-Z_]+=", line))
        path = write_env(nowhere, written, "all.env")
        assert config.load({}, path) == config.load({})
        names = {item.metadata["name"] for item in fields(config.Settings)}
        assert names == {line.partition("=")[0] for line in written.splitlines()}

    def test_a_plain_copy_changes_nothing(self, nowhere: Path) -> None:
        example = Path(__file__).parents[2] / ".env.example"
        write_env(nowhere, example.read_text())
        assert config.load({}) == config.load({}, write_env(nowhere, "", "empty.env"))

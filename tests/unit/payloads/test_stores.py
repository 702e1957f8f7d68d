"""What every store promises, on a folder and on S3; and what each says when it is away."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import config
import payloads
from errors import PayloadError, PayloadStoreError
from payloads import DirectoryStore, PayloadStore, S3Store
from payloads.s3 import connect
from payloads.stores import name_of, place

BUCKET = "payloads"
DATA = b"\x00some bytes\xff" * 100
NAME = name_of(DATA)
FUTURE = time.time() + 1_000
PAST = time.time() - 1_000


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def on_s3(bucket: Any) -> S3Store:
    return S3Store(BUCKET, "some/prefix", lambda: connect(config.load({})))


@pytest.fixture
def in_a_folder(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "payloads")


@pytest.fixture(params=["in_a_folder", "on_s3"])
def store(request: pytest.FixtureRequest) -> PayloadStore:
    found: PayloadStore = request.getfixturevalue(request.param)
    return found


def names(store: PayloadStore) -> set[str]:
    return {item.name for item in store.list()}


class TestEveryStore:
    @pytest.mark.parametrize("data", [b"", b"x", DATA, bytes(3_000_000)])
    def test_gives_back_what_was_put(self, store: PayloadStore, data: bytes) -> None:
        store.put(name_of(data), data)
        assert store.get(name_of(data)) == data

    def test_keeps_one_of_what_is_put_twice(self, store: PayloadStore) -> None:
        store.put(NAME, DATA)
        store.put(NAME, DATA)
        (found,) = store.list()
        assert (found.name, found.size) == (NAME, len(DATA))
        assert abs(found.modified - time.time()) < 60

    def test_lists_what_it_keeps(self, store: PayloadStore) -> None:
        kept = {name_of(bytes([n])): bytes([n]) for n in range(20)}
        for name, data in kept.items():
            store.put(name, data)
        assert names(store) == set(kept)

    def test_an_empty_one_lists_nothing(self, store: PayloadStore) -> None:
        assert names(store) == set()

    def test_says_what_is_missing_and_why(self, store: PayloadStore) -> None:
        store.put(NAME, DATA)
        with pytest.raises(PayloadError, match=r"0{64} is not .* PAYLOAD_STORE") as raised:
            store.get("0" * 64)
        assert not isinstance(raised.value, PayloadStoreError)

    def test_removes_what_is_old(self, store: PayloadStore) -> None:
        store.put(NAME, DATA)
        assert store.delete(NAME, unless_since=FUTURE) is True
        assert names(store) == set()
        assert store.delete(NAME, unless_since=FUTURE) is False

    def test_but_not_what_was_put_since(self, store: PayloadStore) -> None:
        store.put(NAME, DATA)
        assert store.delete(NAME, unless_since=PAST) is False
        assert store.get(NAME) == DATA
        assert names(store) == {NAME}


class TestFolder:
    def test_nothing_but_the_files_is_left(self, in_a_folder: DirectoryStore) -> None:
        in_a_folder.put(NAME, DATA)
        in_a_folder.delete(NAME, unless_since=PAST)
        files = [path for path in in_a_folder.folder.rglob("*") if path.is_file()]
        assert files == [in_a_folder.folder / place(NAME)]

    def test_the_same_bytes_are_written_once_and_count_as_new(
        self, in_a_folder: DirectoryStore
    ) -> None:
        in_a_folder.put(NAME, DATA)
        path = in_a_folder.folder / place(NAME)
        os.utime(path, (PAST, PAST))
        before = path.stat().st_ino
        in_a_folder.put(NAME, DATA)
        assert path.stat().st_ino == before
        assert path.stat().st_mtime > PAST

    def test_what_was_torn_is_written_again(self, in_a_folder: DirectoryStore) -> None:
        in_a_folder.put(NAME, DATA)
        (in_a_folder.folder / place(NAME)).write_text("torn")
        in_a_folder.put(NAME, DATA)
        assert in_a_folder.get(NAME) == DATA

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
    def test_others_may_not_read_it(self, in_a_folder: DirectoryStore) -> None:
        in_a_folder.put(NAME, DATA)
        mode = stat.S_IMODE((in_a_folder.folder / place(NAME)).stat().st_mode)
        assert mode & stat.S_IRWXO == 0

    def test_what_is_not_ours_is_not_listed(self, in_a_folder: DirectoryStore) -> None:
        in_a_folder.put(NAME, DATA)
        (in_a_folder.folder / place(NAME)).with_name("README").write_text("")
        (in_a_folder.folder / place(NAME)).with_name(".new-abc").write_text("")
        assert names(in_a_folder) == {NAME}

    def test_what_a_killed_writer_left_is_removed_as_its_value_is(
        self, in_a_folder: DirectoryStore
    ) -> None:
        left = (in_a_folder.folder / place(NAME)).with_name(f".new-{NAME}-abc_1")
        left.parent.mkdir(parents=True)
        left.write_bytes(DATA[:5])
        assert names(in_a_folder) == {NAME}
        with pytest.raises(PayloadError):
            in_a_folder.get(NAME)
        assert not in_a_folder.delete(NAME, unless_since=PAST)
        assert left.exists()
        assert in_a_folder.delete(NAME, unless_since=FUTURE)
        assert names(in_a_folder) == set()
        assert not left.exists()

    def test_a_writer_names_its_unfinished_file_after_its_value(
        self, in_a_folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []

        def killed(path: Path, _: Path) -> Path:
            seen.append((path.name, names(in_a_folder)))
            return path

        monkeypatch.setattr(Path, "replace", killed)
        in_a_folder.put(NAME, DATA)
        ((name, listed),) = seen
        assert name.startswith(f".new-{NAME}-")
        assert listed == {NAME}

    def test_a_removal_that_was_killed_has_lost_nothing(self, in_a_folder: DirectoryStore) -> None:
        in_a_folder.put(NAME, DATA)
        path = in_a_folder.folder / place(NAME)
        left = path.rename(path.with_name(f".old-{NAME}"))
        assert in_a_folder.get(NAME) == DATA
        assert names(in_a_folder) == {NAME}
        assert not in_a_folder.delete(NAME, unless_since=PAST)
        assert path.exists()
        path.rename(left)
        assert in_a_folder.delete(NAME, unless_since=FUTURE)
        assert not left.exists()

    def test_one_that_is_away_is_told(self, in_a_folder: DirectoryStore) -> None:
        in_a_folder.put(NAME, DATA)
        shutil.rmtree(in_a_folder.folder)
        with pytest.raises(PayloadStoreError, match="is not there; mount it"):
            in_a_folder.get(NAME)

    def test_an_unreadable_file_is_told(self, in_a_folder: DirectoryStore) -> None:
        (in_a_folder.folder / place(NAME)).mkdir(parents=True)
        with pytest.raises(PayloadStoreError, match="cannot be read"):
            in_a_folder.get(NAME)

    def test_one_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(PayloadStoreError, match="set PAYLOAD_STORE"):
            DirectoryStore(tmp_path / "file" / "payloads").put(NAME, DATA)


class TestS3:
    def test_objects_lie_below_the_prefix(self, on_s3: S3Store, bucket: Any) -> None:
        on_s3.put(NAME, DATA)
        (found,) = bucket.list_objects_v2(Bucket=BUCKET)["Contents"]
        assert found["Key"] == f"some/prefix/{NAME[:2]}/{NAME[2:4]}/{NAME}"

    def test_a_bucket_may_hold_other_things(self, on_s3: S3Store, bucket: Any) -> None:
        for key in (NAME, f"some/prefix/{NAME}", "some/prefix/README", f"other/{place(NAME)}"):
            bucket.put_object(Bucket=BUCKET, Key=key, Body=b"")
        assert names(on_s3) == set()

    def test_without_prefix_they_lie_at_its_top(self, bucket: Any) -> None:
        store = S3Store(BUCKET, "", lambda: bucket)
        store.put(NAME, DATA)
        assert names(store) == {NAME}
        assert bucket.list_objects_v2(Bucket=BUCKET)["Contents"][0]["Key"] == place(NAME)

    def test_what_is_put_again_is_new(self, on_s3: S3Store, bucket: Any) -> None:
        on_s3.put(NAME, DATA)
        first = bucket.head_object(Bucket=BUCKET, Key=f"some/prefix/{place(NAME)}")
        on_s3.put(NAME, DATA)
        again = bucket.head_object(Bucket=BUCKET, Key=f"some/prefix/{place(NAME)}")
        assert first["LastModified"] <= again["LastModified"] <= datetime.now(timezone.utc)

    @pytest.mark.parametrize(
        "do",
        [
            lambda store: store.put(NAME, DATA),
            lambda store: store.get(NAME),
            lambda store: list(store.list()),
            lambda store: store.delete(NAME, unless_since=PAST),
        ],
    )
    def test_one_that_is_away_is_told(self, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        settings = config.load({"AWS_REGION": "us-east-1"})

        def unreachable() -> Any:
            made = connect(settings)
            made.meta.events.register("before-send.s3", _no_network)
            return made

        with pytest.raises(PayloadStoreError, match=r"s3://payloads/p is away: .*try again"):
            do(S3Store(BUCKET, "p", unreachable))

    @pytest.mark.parametrize(
        ("code", "advice"), [("NoSuchBucket", "create the bucket"), ("AccessDenied", "allow s3:")]
    )
    def test_a_refusal_says_what_to_do(self, code: str, advice: str) -> None:
        with pytest.raises(PayloadStoreError, match=advice):
            S3Store(BUCKET, "", lambda: _Refusing(code)).get(NAME)

    def test_making_one_needs_neither_network_nor_credentials(self) -> None:
        S3Store(BUCKET, "", lambda: pytest.fail("asked for a client"))


class _Refusing:
    def __init__(self, code: str) -> None:
        self.code = code

    def get_object(self, **_: Any) -> None:
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "GetObject")


def _no_network(**_: Any) -> None:
    from botocore.exceptions import EndpointConnectionError

    raise EndpointConnectionError(endpoint_url="https://s3")


def test_what_the_package_offers_is_a_closed_list() -> None:
    assert sorted(payloads.__all__) == [
        "Codec",
        "DirectoryStore",
        "PayloadStore",
        "Payloads",
        "S3Store",
        "Stored",
    ]

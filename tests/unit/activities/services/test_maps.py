import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from errors import TaskFailedError
from tests.unit.activities.services.conftest import Run
from wire import Json

Put = Callable[..., None]
GET, LIST = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"
PUT = "arn:aws:states:::s3:putObject"


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> Any:
    client = aws("s3")
    client.create_bucket(Bucket="bucket")
    return client


@pytest.fixture
def put(s3: Any) -> Put:
    def write(key: str, body: str | bytes, **more: Any) -> None:
        s3.put_object(Bucket="bucket", Key=key, Body=body, **more)

    return write


@pytest.fixture
def read(run: Run) -> Callable[..., Json]:
    def items(key: str, **config: Json) -> Json:
        place = {"Bucket": "bucket", "Key": key}
        return run("aws.map.items", {"Resource": GET, "ReaderConfig": config, "Parameters": place})

    return items


# --- items ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "config", "items"),
    [
        ("[1, null, {}]", {}, [1, None, {}]),
        ("[1, 2, 3]", {"InputType": "JSON", "MaxItems": 2}, [1, 2]),
        ("[1, 2]", {"MaxItems": 0}, [1, 2]),
        ('{"a": 1, "b": [2]}', {}, [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]),
        ('{"x": {"y/z": [7]}}', {"ItemsPointer": "/x/y~1z"}, [7]),
        ('\ufeff[1]', {}, [1]),
        ('{"a": "\u2028"}\n\n[2]\n', {"InputType": "JSONL"}, [{"a": "\u2028"}, [2]]),
        (
            'id,name\r\n1,"A, ""a"""\r\n\r\n2\r\n3,C,more\r\n',
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            [{"id": "1", "name": 'A, "a"'}, {"id": "2", "name": ""}, {"id": "3", "name": "C"}],
        ),
        (
            "1|x\n2|y\n",
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"],
             "CSVDelimiter": "PIPE"},
            [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}],
        ),
        ("a;b\n1;2", {"InputType": "CSV", "CSVDelimiter": "SEMICOLON"}, [{"a": "1", "b": "2"}]),
        ("a b\n1 2", {"InputType": "CSV", "CSVDelimiter": "SPACE"}, [{"a": "1", "b": "2"}]),
        ("a\tb\n1\t2", {"InputType": "CSV", "CSVDelimiter": "TAB"}, [{"a": "1", "b": "2"}]),
        ("", {"InputType": "CSV"}, []),
        ("", {"InputType": "JSONL"}, []),
    ],
)  # fmt: skip
def test_a_file_is_read_as_its_configuration_says(
    put: Put, read: Callable[..., Json], body: str, config: dict[str, Json], items: Json
) -> None:
    put("file", body.encode())
    assert read("file", **config) == items


def test_a_packed_file_is_unpacked(put: Put, read: Callable[..., Json]) -> None:
    packed = gzip.compress(b"[1]")
    put("file.json.gz", packed)
    put("file", packed, ContentEncoding="gzip")
    assert read("file.json.gz") == read("file") == [1]


def test_objects_are_listed_page_by_page(put: Put, run: Run) -> None:
    for number in range(5):
        put(f"in/{number}", "x" * number)
    put("out/1", "x")
    place = {"Bucket": "bucket", "Prefix": "in/", "MaxKeys": 2}
    reader = {"Resource": LIST, "Parameters": place}
    items = run("aws.map.items", reader)
    assert [(item["Key"], item["Size"]) for item in items] == [(f"in/{n}", n) for n in range(5)]
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert isinstance(items[0]["LastModified"], int)
    assert len(run("aws.map.items", {**reader, "ReaderConfig": {"MaxItems": 3}})) == 3


def test_the_files_of_an_inventory_are_read(put: Put, read: Callable[..., Json]) -> None:
    put("data/1.csv.gz", gzip.compress(b'"source","k1","5"\n'))
    put("data/2.csv.gz", gzip.compress(b'"source","k2","6"\n'))
    manifest = {
        "sourceBucket": "source",
        "destinationBucket": "arn:aws:s3:::bucket",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz"}, {"key": "data/2.csv.gz"}],
    }
    put("manifest.json", json.dumps(manifest))
    assert read("manifest.json", InputType="MANIFEST") == [
        {"Bucket": "source", "Key": "k1", "Size": "5"},
        {"Bucket": "source", "Key": "k2", "Size": "6"},
    ]
    put("manifest.json", json.dumps({**manifest, "fileFormat": "ORC"}))
    with pytest.raises(TaskFailedError, match="ORC"):
        read("manifest.json", InputType="MANIFEST")


def test_the_files_of_a_list_of_addresses_are_read(put: Put, read: Callable[..., Json]) -> None:
    put("1.jsonl", "1\n2\n")
    put("2.jsonl", "3\n")
    put("list", "s3://bucket/1.jsonl\ns3://bucket/2.jsonl\n")
    assert read("list", InputType="JSONL", ManifestType="ATHENA_DATA") == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "config"),
    [
        ("{", {}),
        ("5", {}),
        ("{}", {"ItemsPointer": "/a"}),
        ("[1]", {"ItemsPointer": "/0/a"}),
        ("{}\n{", {"InputType": "JSONL"}),
        (b"\xff", {}),
        (b"\x1f\x8bbroken", {"InputType": "CSV"}),
        ("a\n1", {"InputType": "CSV", "CSVDelimiter": "COLON"}),
        ("a\n1", {"InputType": "CSV", "CSVHeaderLocation": "LAST_ROW"}),
        ("a\n1", {"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}),
        ("[]", {"InputType": "PARQUET"}),
        ("[]", {"MaxItems": -1}),
        ("[]", {"MaxItems": "1"}),
        ("no address", {"ManifestType": "ATHENA_DATA"}),
    ],
)
def test_what_cannot_be_read_fails_by_its_name(
    put: Put, read: Callable[..., Json], body: str | bytes, config: dict[str, Json]
) -> None:
    put("file.gz", body)
    with pytest.raises(TaskFailedError) as caught:
        read("file.gz", **config)
    assert caught.value.error == "States.ItemReaderFailed"
    assert caught.value.cause


@pytest.mark.parametrize(
    "reader",
    [
        {"Resource": GET, "Parameters": {"Bucket": "bucket", "Key": "gone"}},
        {"Resource": GET, "Parameters": {"Bucket": "bucket"}},
        {"Resource": LIST, "Parameters": {"Bucket": "no-such-bucket"}},
        {"Resource": PUT},
        [],
    ],
)
def test_what_is_not_there_fails_by_its_name(s3: Any, run: Run, reader: Json) -> None:
    with pytest.raises(TaskFailedError) as caught:
        run("aws.map.items", reader)
    assert caught.value.error == "States.ItemReaderFailed"


# --- results --------------------------------------------------------------------------------


def result(status: str, output: Json, **more: Json) -> dict[str, Json]:
    return {
        "Status": status,
        "Input": '"i"',
        "Output": json.dumps(output),
        "ExecutionArn": "arn:execution",
        "Name": "n",
        "StartDate": "2024-03-01T00:00:00.000Z",
        "StopDate": "2024-03-01T00:00:01.000Z",
        **more,
    }


RESULTS = [
    result("SUCCEEDED", {"n": 1}),
    result("FAILED", None, Error="E", Cause="c"),
    result("SUCCEEDED", [2, 3]),
    result("TIMED_OUT", None),
]


def object_of(s3: Any, key: str) -> str:
    text: str = s3.get_object(Bucket="bucket", Key=key)["Body"].read().decode()
    return text


@pytest.mark.parametrize(("prefix", "folder"), [("run/a/", "run/a/"), (None, "")])
def test_results_are_written_by_status_and_named_in_the_manifest(
    s3: Any, run: Run, key: str, prefix: str | None, folder: str
) -> None:
    parameters = {
        "Resource": PUT,
        "Parameters": {"Bucket": "bucket", "Prefix": prefix},
        "MapRunArn": "arn:run",
        "Results": RESULTS,
    }
    where = f"{folder}{key}"
    for attempt in (1, 2):
        assert run("aws.map.results", parameters, attempt=attempt) == {
            "MapRunArn": "arn:run",
            "ResultWriterDetails": {"Bucket": "bucket", "Key": f"{where}/manifest.json"},
        }
    manifest = json.loads(object_of(s3, f"{where}/manifest.json"))
    files = manifest["ResultFiles"]
    assert manifest == {
        "DestinationBucket": "bucket", "MapRunArn": "arn:run", "ResultFiles": files,
    }  # fmt: skip
    assert files["PENDING"] == []
    for status in ("SUCCEEDED", "FAILED"):
        ((file,),) = [files[status]]
        text = object_of(s3, file["Key"])
        assert file == {"Key": f"{where}/{status}_0.json", "Size": len(text)}
        assert len(json.loads(text)) == 2
    assert len(s3.list_objects_v2(Bucket="bucket")["Contents"]) == 3
    first = json.loads(object_of(s3, f"{where}/SUCCEEDED_0.json"))[0]
    assert first["InputDetails"] == first["OutputDetails"] == {"Included": True}
    assert (first["Input"], first["Output"]) == ('"i"', '{"n": 1}')


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"Transformation": "COMPACT"}, '[{"n":1},[2,3]]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSON"}, '[{"n":1},2,3]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, '{"n":1}\n2\n3'),
    ],
)
def test_outputs_alone_are_written_where_the_writer_is_told_so(
    s3: Any, run: Run, key: str, config: dict[str, Json], text: str
) -> None:
    parameters = {"Parameters": {"Bucket": "bucket"}, "Results": RESULTS, "WriterConfig": config}
    run("aws.map.results", parameters)
    suffix = config.get("OutputType", "JSON").lower()
    assert object_of(s3, f"{key}/SUCCEEDED_0.{suffix}") == text
    assert '"Error":"E"' in object_of(s3, f"{key}/FAILED_0.{suffix}")


def test_without_a_place_the_results_come_back(run: Run) -> None:
    writer = {"Results": RESULTS[:1], "WriterConfig": {"Transformation": "COMPACT"}}
    assert run("aws.map.results", writer) == [{"n": 1}]
    (whole,) = run("aws.map.results", {**writer, "WriterConfig": {}})
    assert whole["Status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "more",
    [
        {"Parameters": {"Bucket": "no-such-bucket"}},
        {"Parameters": {"Prefix": "p"}},
        {"WriterConfig": {"Transformation": "SQUASH"}},
        {"WriterConfig": {"OutputType": "CSV"}},
    ],
)
def test_what_cannot_be_written_fails_by_its_name(s3: Any, run: Run, more: Json) -> None:
    with pytest.raises(TaskFailedError) as caught:
        run("aws.map.results", {"Results": RESULTS, **more})
    assert caught.value.error == "States.ResultWriterFailed"


def test_the_owner_of_the_bucket_is_checked_by_s3(
    stubbed: Callable[[str], Stubber], run: Run
) -> None:
    s3 = stubbed("s3")
    s3.add_client_error("put_object", "AccessDenied", "another's", 403)
    place = {"Bucket": "bucket", "ExpectedBucketOwner": "123456789012"}
    with pytest.raises(TaskFailedError, match="another's"):
        run("aws.map.results", {"Parameters": place, "Results": []})

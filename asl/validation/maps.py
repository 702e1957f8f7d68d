"""Map states: where items come from, how many at once, how they are read, batched, written."""

from __future__ import annotations

import re

from asl.diagnostics import DUPLICATE_LABEL, INVALID_LABEL
from asl.validation import fields, jsonata, values
from asl.validation.report import Node, quoted

LABEL = 40
"""Characters of a Label."""

ITEMS = 100_000_000
"""Items that MaxItems may allow."""

INPUT_TYPES = ("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")

_LABEL = re.compile(r"""[^\s?*<>{}\[\]"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]+""")
_READER = re.compile(r"arn:[^:]+:states:::s3:(?:getObject|listObjectsV2)")
_WRITER = re.compile(r"arn:[^:]+:states:::s3:putObject")

_READER_FIELDS = fields.names("Resource ReaderConfig Parameters Arguments Comment")
_CONFIG_FIELDS = fields.names(
    "InputType CSVHeaderLocation CSVHeaders CSVDelimiter MaxItems MaxItemsPath ManifestType "
    "Transformation ItemsPointer Comment"
)
_BATCHER_FIELDS = fields.names(
    "MaxItemsPerBatch MaxItemsPerBatchPath MaxInputBytesPerBatch MaxInputBytesPerBatchPath "
    "BatchInput Comment"
)
_WRITER_FIELDS = fields.names("Resource Parameters Arguments WriterConfig Comment")


def check(node: Node, labels: set[str]) -> None:
    """Check a Map, but for its processor's states; `labels` are those that others have."""
    values.only_one(node, "ItemProcessor", "Iterator")
    values.only_one(node, "ItemSelector", "Parameters")
    if "ItemProcessor" not in node.members and "Iterator" not in node.members:
        node.error("These fields are required: [ItemProcessor]")
    values.payload(node, "ItemSelector")
    if node.jsonata:
        _items(node)
    else:
        values.template(node, "Parameters")
        values.path(node, "ItemsPath")
    _limits(node)
    _label(node, labels)
    _reader(node)
    _batcher(node)
    _writer(node)


def is_distributed(processor: Node) -> bool:
    """Whether a processor's iterations are executions of their own."""
    config = processor.members.get("ProcessorConfig")
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"


def processor(node: Node) -> None:
    """Check the configuration of an ItemProcessor."""
    config = node.object("ProcessorConfig")
    if config is None:
        return
    values.one_of(config, "Mode", "INLINE", "DISTRIBUTED")
    values.one_of(config, "ExecutionType", "STANDARD", "EXPRESS")
    fields.check(config, frozenset(["Mode", "ExecutionType", "Comment"]), sure=False)
    if is_distributed(node) and node.report.express:
        message = "an Express machine has no distributed Map"
        config.warn(message, "Mode")


def _items(node: Node) -> None:
    items = node.members.get("Items", [])
    if not isinstance(items, list | dict) and not jsonata.is_expression(items):
        node.warn("Items is a list, or an expression that gives one", "Items")
    values.expression(node, "Items")


def _limits(node: Node) -> None:
    _count(node, "MaxConcurrency")
    _count(node, "ToleratedFailureCount")
    name = "ToleratedFailurePercentage"
    values.number(node, name, 0.0, 100.0)
    _either(node, name)


def _count(node: Node, name: str, most: int | None = None) -> None:
    """Check a limit: a number from 0, an expression, or a path under another name."""
    values.whole(node, name, 0, most)
    _either(node, name)


def _either(node: Node, name: str) -> None:
    values.only_one(node, name, f"{name}Path")
    values.expression(node, name)
    if not node.jsonata:
        values.reference(node, f"{name}Path", context=False)


def _label(node: Node, labels: set[str]) -> None:
    label = values.text(node, "Label")
    if label is None:
        return
    if len(label) > LABEL or not _LABEL.fullmatch(label):
        message = f"a Label has 1 to {LABEL} characters, without blanks and special characters"
        node.error(message, "Label", INVALID_LABEL)
    elif label in labels:
        node.error(f"Duplicate Label: {quoted(label)}", "Label", DUPLICATE_LABEL)
    labels.add(label)


def _reader(node: Node) -> None:
    reader = node.object("ItemReader")
    if reader is None:
        return
    _service(reader, _READER, _READER_FIELDS)
    values.required(reader, "Resource")
    config = reader.object("ReaderConfig")
    if config is None:
        return
    fields.check(config, _CONFIG_FIELDS, sure=False)
    values.one_of(config, "InputType", *INPUT_TYPES)
    values.one_of(config, "CSVHeaderLocation", "FIRST_ROW", "GIVEN")
    headers = config.members.get("CSVHeaders", [])
    if not isinstance(headers, list) or not all(isinstance(name, str) for name in headers):
        config.error("Expected value of type [ARRAY] of [STRING]", "CSVHeaders")
    _count(config, "MaxItems", ITEMS)


def _batcher(node: Node) -> None:
    batcher = node.object("ItemBatcher")
    if batcher is None:
        return
    fields.check(batcher, _BATCHER_FIELDS, sure=False)
    _count(batcher, "MaxItemsPerBatch")
    _count(batcher, "MaxInputBytesPerBatch")
    values.payload(batcher, "BatchInput")


def _writer(node: Node) -> None:
    writer = node.object("ResultWriter")
    if writer is None:
        return
    destination = "Arguments" if node.jsonata else "Parameters"
    if not writer.members.keys() - {"Comment"}:
        node.error(
            f"The field 'ResultWriter' must have WriterConfig, or Resource with {destination}",
            "ResultWriter",
        )
    elif "Resource" in writer.members and destination not in writer.members:
        writer.error(f"These fields are required: [{destination}]")
    _service(writer, _WRITER, _WRITER_FIELDS)
    config = writer.object("WriterConfig")
    if config is not None:
        values.one_of(config, "Transformation", "NONE", "COMPACT", "FLATTEN")
        values.one_of(config, "OutputType", "JSON", "JSONL")


def _service(node: Node, resource: re.Pattern[str], allowed: frozenset[str]) -> None:
    """Check what reads or writes items: the call and what it is given."""
    fields.check(node, allowed, sure=False)
    name = values.text(node, "Resource")
    if name is not None and not resource.fullmatch(name):
        node.error("The field 'Resource' does not match any of the allowed values", "Resource")
    values.payload(node, "Arguments" if node.jsonata else "Parameters")

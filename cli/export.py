"""`export`: a definition in plain States Language, for AWS Step Functions."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import asl
import config
import process
from arguments import safe
from asl.arns import ACCOUNT, REGION
from asl.export import export
from cli import sources
from cli.command import Arguments, Command
from cli.output import Output
from cli.yaml_text import to_yaml
from errors import DefinitionError
from starter.definitions import validating

if TYPE_CHECKING:
    from workflow_starter import WorkflowStarter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which definition, for whose account, in which form."""
    parser.add_argument(
        "definition", metavar="FILE|NAME[@VERSION]", help="a file, or a published definition"
    )
    parser.add_argument("--region", default=REGION, help=f"in ARNs (default {REGION})")
    parser.add_argument("--account", default=ACCOUNT, help=f"in ARNs (default {ACCOUNT})")
    parser.add_argument("--format", choices=("json", "yaml"), default="json", help="default json")


def run(_: WorkflowStarter, arguments: Arguments, output: Output) -> int:
    """Print the definition; say on standard error what is not the same on AWS."""
    output.offline()
    document = sources.document(arguments.definition)
    _check(arguments.definition, document)
    exported = export(
        document,
        region=arguments.region,
        account=arguments.account,
        policy=process.policy_of(config.settings()),
    )
    _check(arguments.definition, exported.document)
    for note in exported.notes:
        output.remark(safe(note))
    if arguments.format == "yaml" and not output.as_json:
        output.write(to_yaml(exported.document).rstrip("\n"))
    else:
        output.write(json.dumps(exported.document, ensure_ascii=False, indent=2))
    return 0


def _check(name: str, document: object) -> None:
    """Refuse what AWS would refuse, whatever its `${NAME}` will be."""
    text = json.dumps(document, ensure_ascii=False)
    problems = asl.errors_of(validating.diagnostics(text, "STANDARD", {}))
    if problems:
        told = "; ".join(f"{item.message} at {item.pointer or '/'}" for item in problems)
        raise DefinitionError(f"{name} cannot be exported: {told}")


COMMAND = Command(
    name="export",
    help="print a definition in plain States Language, for AWS Step Functions",
    example="export BusinessProcess --region eu-west-1 --account 123456789012",
    fields="the definition itself, as without it.\n"
    "What AWS does otherwise is told on standard error, a line each",
    add_arguments=add_arguments,
    run=run,
)

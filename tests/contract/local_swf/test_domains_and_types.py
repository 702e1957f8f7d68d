"""Domains, types and tags: every state rule of both."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.contract.local_swf.swf_world import (
    ACTIVITY,
    COMPLETE,
    WORKFLOW,
    decision,
    last,
    schedule,
)
from tests.contract.local_swf.test_children import child


def code(call, **members):
    with pytest.raises(ClientError) as refused:
        call(**members)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def client(swf):
    client = swf.client()
    client.register_domain(name="d", workflowExecutionRetentionPeriodInDays="NONE", description="x")
    return client


def test_a_domain_is_described_as_registered(client):
    described = client.describe_domain(name="d")
    assert described["domainInfo"] == {
        "arn": "arn:aws:swf:us-east-1:123456789012:/domain/d",
        "description": "x",
        "name": "d",
        "status": "REGISTERED",
    }
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": "NONE"}


def test_an_arn_names_the_region_that_the_caller_signed_for(client, swf, raw):
    abroad = swf.client(region_name="eu-west-1")
    arn = "arn:aws:swf:eu-west-1:123456789012:/domain/d"
    assert abroad.describe_domain(name="d")["domainInfo"]["arn"] == arn
    listed = abroad.list_domains(registrationStatus="REGISTERED")["domainInfos"]
    assert [info["arn"] for info in listed] == [arn]
    abroad.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    assert abroad.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]
    unsigned = raw.call("DescribeDomain", {"name": "d"})[1]["domainInfo"]["arn"]
    assert unsigned == "arn:aws:swf:us-east-1:123456789012:/domain/d"


def test_the_states_of_a_domain(client):
    register = {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"}
    assert code(client.register_domain, **register) == ("DomainAlreadyExistsFault", "d")
    assert code(client.undeprecate_domain, name="d") == ("DomainAlreadyExistsFault", "d")
    client.deprecate_domain(name="d")
    assert code(client.deprecate_domain, name="d") == ("DomainDeprecatedFault", "d")
    assert code(client.register_domain, **register) == ("DomainAlreadyExistsFault", "d")
    client.undeprecate_domain(name="d")
    assert client.describe_domain(name="d")["domainInfo"]["status"] == "REGISTERED"
    for call in (client.describe_domain, client.deprecate_domain, client.undeprecate_domain):
        assert code(call, name="no") == ("UnknownResourceFault", "Unknown domain: no")


def test_domains_are_listed_by_name_in_pages_either_way_round(client):
    for name in "cab":
        client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")

    def names(**options):
        pages = client.get_paginator("list_domains").paginate(
            registrationStatus="REGISTERED", PaginationConfig={"PageSize": 2}, **options
        )
        return [info["name"] for page in pages for info in page["domainInfos"]]

    assert names() == ["a", "b", "c", "d"]
    assert names(reverseOrder=True) == ["d", "c", "b", "a"]


def test_a_page_token_is_good_for_its_own_question_only(client):
    client.register_domain(name="e", workflowExecutionRetentionPeriodInDays="1")
    page = client.list_domains(registrationStatus="REGISTERED", maximumPageSize=1)
    token = page["nextPageToken"]
    for arguments in (
        {"registrationStatus": "DEPRECATED", "nextPageToken": token},
        {"registrationStatus": "REGISTERED", "nextPageToken": token, "reverseOrder": True},
        {"registrationStatus": "REGISTERED", "nextPageToken": token[:-4] + "AAAA"},
        {"registrationStatus": "REGISTERED", "nextPageToken": "x"},
    ):
        assert code(client.list_domains, **arguments) == ("ValidationException", "Invalid token")


def test_a_page_token_lasts_a_day(swf, client):
    client.register_domain(name="e", workflowExecutionRetentionPeriodInDays="1")
    question = {"registrationStatus": "REGISTERED", "maximumPageSize": 1}
    token = client.list_domains(**question)["nextPageToken"]
    swf.clock.advance(86_401)
    assert code(client.list_domains, nextPageToken=token, **question) == (
        "ValidationException",
        "Specified token has exceeded its maximum lifetime",
    )


def test_tags_are_added_overwritten_and_removed(client):
    arn = client.describe_domain(name="d")["domainInfo"]["arn"]
    client.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b"}])
    client.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "a", "value": "2"},
        {"key": "b", "value": ""},
    ]
    client.untag_resource(resourceArn=arn, tagKeys=["b", "zzz"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "2"}]
    many = [{"key": str(number)} for number in range(50)]
    assert code(client.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTagsFault"
    for wrong in (
        "arn:aws:swf:x",
        arn + "x",
        arn.replace("us-east-1", "eu-west-1"),
        arn.replace(":swf:", ":sqs:"),
        arn.replace("/domain/", "domain/"),
    ):
        assert code(client.list_tags_for_resource, resourceArn=wrong)[0] == "UnknownResourceFault"


KINDS = ("workflow", "activity")


class Types:
    """The operations on types of one kind, by verb."""

    def __init__(self, client, kind):
        self._client, self._kind = client, kind
        self.shown = f"{kind.capitalize()}Type=[name=n, version=1]"

    def __call__(self, verb):
        call = getattr(self._client, f"{verb}_{self._kind}_type")
        named = {"name": "n", "version": "1"}
        if verb == "register":
            return lambda: call(domain="d", **named)
        return lambda: call(domain="d", **{f"{self._kind}Type": named})


@pytest.mark.parametrize("kind", KINDS)
def test_the_states_of_a_type(client, kind):
    types = Types(client, kind)
    unknown = ("UnknownResourceFault", f"Unknown type: {types.shown}")
    for verb in ("describe", "deprecate", "undeprecate", "delete"):
        assert code(types(verb)) == unknown
    types("register")()
    assert code(types("register")) == ("TypeAlreadyExistsFault", types.shown)
    assert code(types("undeprecate")) == ("TypeAlreadyExistsFault", types.shown)
    assert code(types("delete"))[0] == "TypeNotDeprecatedFault"
    types("deprecate")()
    assert code(types("deprecate")) == ("TypeDeprecatedFault", types.shown)
    assert types("describe")()["typeInfo"]["status"] == "DEPRECATED"
    assert "deprecationDate" in types("describe")()["typeInfo"]
    types("undeprecate")()
    assert "deprecationDate" not in types("describe")()["typeInfo"]
    types("deprecate")()
    types("delete")()
    assert code(types("describe")) == unknown
    types("register")()


@pytest.mark.parametrize("kind", KINDS)
def test_types_are_listed_by_name_and_version(client, kind):
    register = getattr(client, f"register_{kind}_type")
    for name, version in [("b", "1"), ("a", "2"), ("a", "1")]:
        register(domain="d", name=name, version=version)

    def listed(**options):
        pages = client.get_paginator(f"list_{kind}_types").paginate(
            domain="d",
            registrationStatus="REGISTERED",
            PaginationConfig={"PageSize": 2},
            **options,
        )
        infos = [info[f"{kind}Type"] for page in pages for info in page["typeInfos"]]
        return [(info["name"], info["version"]) for info in infos]

    assert listed() == [("a", "1"), ("a", "2"), ("b", "1")]
    assert listed(reverseOrder=True) == [("b", "1"), ("a", "2"), ("a", "1")]
    assert listed(name="a") == [("a", "1"), ("a", "2")]


def test_the_defaults_of_a_type_are_described_as_registered(client):
    client.register_workflow_type(
        domain="d",
        name="n",
        version="1",
        defaultTaskList={"name": "l"},
        defaultChildPolicy="ABANDON",
        defaultTaskPriority="-5",
        defaultLambdaRole="arn:aws:iam::1:role/r",
    )
    named = {"name": "n", "version": "1"}
    assert client.describe_workflow_type(domain="d", workflowType=named)["configuration"] == {
        "defaultChildPolicy": "ABANDON",
        "defaultLambdaRole": "arn:aws:iam::1:role/r",
        "defaultTaskList": {"name": "l"},
        "defaultTaskPriority": "-5",
    }


def test_a_deprecated_domain_takes_its_types_along_and_nothing_new(world):
    client = world.client
    run_id = world.start()
    client.deprecate_domain(name="d")
    listed = client.list_workflow_types(domain="d", registrationStatus="DEPRECATED")
    assert len(listed["typeInfos"]) == 1
    assert code(client.register_workflow_type, domain="d", name="x", version="1")[0] == (
        "DomainDeprecatedFault"
    )
    start = {"domain": "d", "workflowId": "x", "workflowType": {"name": "order", "version": "1"}}
    assert code(client.start_workflow_execution, **start)[0] == "DomainDeprecatedFault"
    world.decide()
    assert world.describe(run_id)["executionInfo"]["executionStatus"] == "OPEN"


def test_a_deprecated_domain_goes_on_with_what_is_open(world):
    client = world.client
    run_id = world.start()
    world.decide(schedule())
    client.deprecate_domain(name="d")
    client.respond_activity_task_completed(taskToken=world.activity()["taskToken"])
    client.signal_workflow_execution(domain="d", workflowId="w", signalName="s")
    since = {"domain": "d", "startTimeFilter": {"oldestDate": 0}}
    assert client.count_open_workflow_executions(**since)["count"] == 1
    world.decide(schedule("b"), child())
    events = world.history(run_id)
    assert last(events, "ScheduleActivityTaskFailed")["cause"] == "ACTIVITY_TYPE_DEPRECATED"
    assert last(events, "StartChildWorkflowExecutionFailed")["cause"] == "WORKFLOW_TYPE_DEPRECATED"
    world.decide(COMPLETE)
    assert world.describe(run_id)["executionInfo"]["closeStatus"] == "COMPLETED"


def test_types_stay_deprecated_when_their_domain_is_taken_up_again(world):
    world.client.deprecate_domain(name="d")
    world.client.undeprecate_domain(name="d")
    assert code(world.start)[0] == "TypeDeprecatedFault"
    world.client.undeprecate_workflow_type(domain="d", workflowType=WORKFLOW)
    world.start()


def test_what_runs_outlives_its_deleted_type_and_the_name_may_be_used_again(world):
    client = world.client
    run_id = world.start()
    world.decide(schedule())
    for kind, named in (("workflow", WORKFLOW), ("activity", ACTIVITY)):
        for verb in ("deprecate", "delete"):
            getattr(client, f"{verb}_{kind}_type")(domain="d", **{f"{kind}Type": named})
    task = world.activity()
    assert task["activityType"] == ACTIVITY
    client.respond_activity_task_completed(taskToken=task["taskToken"])
    world.decide(schedule("b"))
    failed = last(world.history(run_id), "ScheduleActivityTaskFailed")
    assert failed["cause"] == "ACTIVITY_TYPE_DOES_NOT_EXIST"
    world.decide(decision("ContinueAsNewWorkflowExecution"))
    failed = last(world.history(run_id), "ContinueAsNewWorkflowExecutionFailed")
    assert failed["cause"] == "WORKFLOW_TYPE_DOES_NOT_EXIST"
    client.register_workflow_type(domain="d", **WORKFLOW)
    described = client.describe_workflow_type(domain="d", workflowType=WORKFLOW)
    assert described["configuration"] == {}

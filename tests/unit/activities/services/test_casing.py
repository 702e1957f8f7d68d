import pytest

from activities.services import casing, naming


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("stateMachineArn", "StateMachineArn"),
        ("TableName", "TableName"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("KMSKeyId", "KmsKeyId"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("ETag", "ETag"),
        ("privateIpv4Address", "PrivateIpv4Address"),
    ],
)
def test_names_in_results_are_spelled_as_the_java_sdk_does(name: str, spelled: str) -> None:
    assert casing.pascal(name) == spelled


@pytest.mark.parametrize(
    ("service_id", "prefix"),
    [
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("S3", "S3"),
        ("ACM PCA", "AcmPca"),
        ("Secrets Manager", "SecretsManager"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("Config Service", "Config"),
        ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
        ("SESv2", "SesV2"),
        ("WAFV2", "Wafv2"),
        ("ApiGatewayV2", "ApiGatewayV2"),
        ("FSx", "FSx"),
        ("IoT", "Iot"),
        ("IoTAnalytics", "IoTAnalytics"),
        ("SageMaker A2I Runtime", "SageMakerA2IRuntime"),
        ("Route 53", "Route53"),
        ("CodeStar connections", "CodeStarConnections"),
    ],
)
def test_errors_begin_with_the_documented_prefix(service_id: str, prefix: str) -> None:
    found = naming.of_service_id(service_id)
    assert (found.prefix, found.other) == (prefix, f"{prefix}Exception")


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("dynamodb", "dynamodb"),
        ("sfn", "stepfunctions"),
        ("cloudwatchlogs", "logs"),
        ("eventbridge", "events"),
        ("cognitoidentityprovider", "cognito-idp"),
        ("secretsmanager", "secretsmanager"),
        ("acmpca", "acm-pca"),
        ("databasemigration", "dms"),
        ("nosuch", None),
    ],
)
def test_a_service_is_found_by_its_name_in_a_resource(service: str, name: str | None) -> None:
    known = ["acm-pca", "dms", "dynamodb", "secretsmanager", "stepfunctions"]
    assert naming.botocore_name(service, known) == name


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("NoSuchBucket", "NoSuchBucketException"),
        ("DBInstanceNotFoundFault", "DBInstanceNotFoundException"),
    ],
)
def test_a_modelled_error_ends_in_exception(shape: str, name: str) -> None:
    assert naming.exception_name(shape) == name

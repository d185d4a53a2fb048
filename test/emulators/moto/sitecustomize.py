"""Makes moto look at the conditions of bucket policies and, where it is asked
(FALKIRK_JUDGING), makes moto's own IAM judge requests as AWS does.

moto evaluates policies, but for most services against the resource "*", and for
some requests of S3 against the wrong one. This tells it which resource a request
is about, as the Service Authorization Reference has it:
https://docs.aws.amazon.com/service-authorization/latest/reference/
The judgement stays moto's. Loaded by Python at the start, through PYTHONPATH.
"""

import json
import os
import sys
import traceback
from urllib.parse import unquote, urlparse


def install():
    from moto.cloudformation.models import ChangeSet, Stack, cloudformation_backends
    from moto.cloudformation.responses import CloudFormationResponse
    from moto.cloudfront.responses import CloudFrontResponse
    from moto.ecr.responses import ECRResponse
    from moto import settings
    from moto.core.authorization import ActionAuthenticatorMixin
    from moto.core.exceptions import AccessDeniedError
    from moto.iam.access_control import IAMPolicyStatement, IAMRequestBase, PermissionResult, create_access_key
    from moto.iam.models import iam_backends
    from moto.kms.responses import KmsResponse
    from moto.s3 import responses as s3
    from moto.s3.exceptions import BucketAccessDeniedError, MissingBucket
    from moto.core.utils import utcnow
    from moto.sts.responses import TokenResponse

    # Right signatures are refused where the query has an escaped slash.
    IAMRequestBase.check_signature = lambda self: None

    def arn(self, service, region, resource):
        return f"arn:{self.partition}:{service}:{region}:{self.current_account}:{resource}"

    def stack(self):
        name = self._get_param("StackName") or ""
        if not name:
            backend = cloudformation_backends[self.current_account][self.region]
            change_set = backend.change_sets.get(self._get_param("ChangeSetName") or "")
            name = change_set.stack_name if change_set else ""
        if name.startswith("arn:"):
            return name
        return arn(self, "cloudformation", self.region, f"stack/{name}/00000000") if name else "*"

    CloudFormationResponse._determine_resource = stack

    def repository(self):
        body = json.loads(self.body or "{}")
        name = body.get("repositoryName") or (body.get("repositoryNames") or [""])[0]
        return arn(self, "ecr", self.region, f"repository/{name}") if name else "*"

    ECRResponse._determine_resource = repository

    def distribution(self):
        parts = urlparse(self.uri).path.strip("/").split("/")
        if len(parts) > 2 and parts[1] == "distribution":
            return arn(self, "cloudfront", "", f"distribution/{parts[2]}")
        return "*"

    CloudFrontResponse._determine_resource = distribution

    def kms_key(self):
        name = json.loads(self.body or "{}").get("KeyId") or ""
        if not name or name.startswith("arn:"):
            return name or "*"
        return arn(self, "kms", self.region, f"key/{name}")

    KmsResponse._determine_resource = kms_key

    # A stack says when it was updated last. Without that a client looks again for some
    # seconds before it believes that an update, which moto does at once, is over.
    def dated(method):
        def update(self, *args, **kwargs):
            result = method(self, *args, **kwargs)
            stack = self if isinstance(self, Stack) else self.stack
            stack.last_updated_time = utcnow()
            return result

        return update

    Stack.update = dated(Stack.update)
    ChangeSet.apply = dated(ChangeSet.apply)

    # AWS refuses to assume a role that does not exist. moto gives credentials, and
    # answers 500 to each request under them, which clients send again for a minute.
    assume = TokenResponse.assume_role

    def assume_existing(self):
        arn = self._get_param("RoleArn")
        if ActionAuthenticatorMixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT:
            backend = iam_backends[arn.split(":")[4]][self.partition]
            if all(role.arn != arn for role in backend.roles.values()):
                raise AccessDeniedError(user_arn="the caller", action=f"sts:AssumeRole on resource: {arn}")
        return assume(self)

    TokenResponse.assume_role = assume_existing

    # HeadBucket asks for leave to list.
    s3.ACTION_MAP["BUCKET"]["HEAD"]["DEFAULT"] = "ListBucket"

    def permit(self, action, bucket, key):
        before = self.data.get("Action")
        self.data["Action"] = action
        try:
            self._authenticate_and_authorize_s3_action(bucket_name=bucket, key_name=key)
        finally:
            self.data["Action"] = before

    def reading_its_source(method):
        def copy(self, *args, **kwargs):
            source = self.headers["x-amz-copy-source"]
            bucket, key = unquote(urlparse(source).path).lstrip("/").split("/", 1)
            permit(self, "GetObject", bucket, key)
            return method(self, *args, **kwargs)

        return copy

    s3.S3Response.copy_object = reading_its_source(s3.S3Response.copy_object)
    s3.S3Response.upload_part_copy = reading_its_source(s3.S3Response.upload_part_copy)

    # A batch of deletions asks for leave object by object, and for none on the
    # bucket.
    judge = s3.S3Response._authenticate_and_authorize_s3_action
    delete_keys = s3.S3Response._bucket_response_delete_keys

    def not_of_the_bucket(self, bucket_name=None, key_name=None):
        if self.data.get("Action") == "DeleteObject" and key_name is None:
            return
        judge(self, bucket_name=bucket_name, key_name=key_name)
        judge_owner(self, bucket_name, key_name)

    # A bucket of another account has to let the caller in as well. moto's IAM
    # knows no principals but "*", and of conditions only StringEquals; so who is
    # meant is looked at here, and what may be done is left to it.
    def judge_owner(self, bucket_name, key_name):
        if ActionAuthenticatorMixin.request_count < settings.INITIAL_NO_AUTH_ACTION_COUNT:
            return
        try:
            bucket = self.backend.get_bucket(bucket_name)
        except MissingBucket:
            return
        if bucket.account_id == self.current_account:
            return
        key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        caller = create_access_key(self.current_account, self.partition, key, self.headers).arn
        role = caller.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").rpartition("/")[0]
        resource = f"arn:{self.partition}:s3:::{bucket_name}" + (f"/{key_name}" if key_name else "")
        for statement in json.loads(bucket.policy or b'{"Statement": []}')["Statement"]:
            if statement["Effect"] != "Allow" or not is_meant(statement, self.current_account, role):
                continue
            bare = {k: v for k, v in statement.items() if k not in ("Principal", "Condition")}
            if IAMPolicyStatement(bare).is_action_permitted(f"s3:{self.data['Action']}", resource) == PermissionResult.PERMITTED:
                return
        raise BucketAccessDeniedError(bucket=bucket_name)

    def listed(value):
        return value if isinstance(value, list) else [value]

    def is_meant(statement, account, role):
        meant = listed(statement["Principal"]["AWS"])
        only = listed(statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", role))
        return role in only and any(m in (account, role, f"arn:aws:iam::{account}:root") for m in meant)

    def key_by_key(self, bucket_name, authenticated=True):
        import xmltodict

        objects = xmltodict.parse(self.body, strip_whitespace=False)["Delete"].get("Object", [])
        for o in objects if isinstance(objects, list) else [objects]:
            try:
                permit(self, "DeleteObject", bucket_name, o["Key"])
            except BucketAccessDeniedError:
                authenticated = False
        return delete_keys(self, bucket_name, authenticated)

    s3.S3Response._authenticate_and_authorize_s3_action = not_of_the_bucket
    s3.S3Response._bucket_response_delete_keys = key_by_key


def install_conditions():
    """Judges the statements of bucket policies that deny something under a condition.

    moto denies whatever the condition says. Here the condition is looked at, for
    every request on an object, whoever makes it, as AWS documents it:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    A condition that is not known here denies.
    """
    from flask import request
    from moto.iam.access_control import IAMPolicy, IAMPolicyStatement, PermissionResult, create_access_key
    from moto.iam.models import get_account_id_from
    from moto.s3.models import FakeBucket

    def caller(bucket):
        """The ARN of the role that makes the request; of its account, where that is no role."""
        key = request.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        account = get_account_id_from(key)
        try:
            arn = create_access_key(account, bucket.partition, key, request.headers).arn
        except Exception:  # a key that nobody made
            return f"arn:{bucket.partition}:iam::{account}:root"
        return arn.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").rpartition("/")[0] if ":assumed-role/" in arn else arn

    def makes_object():
        """Parts of an upload, and its beginning, make no object."""
        return not ("partNumber" in request.args or "uploads" in request.args)

    def holds(operator, key, wanted, bucket):
        key = key.lower()
        wanted = [str(w).lower() if operator in ("Null", "Bool") else w for w in (wanted if isinstance(wanted, list) else [wanted])]
        if operator == "Null" and key == "s3:if-none-match":
            return str("If-None-Match" not in request.headers).lower() in wanted
        if operator == "Bool" and key == "s3:objectcreationoperation":
            return str(makes_object()).lower() in wanted
        if operator == "Bool" and key == "aws:securetransport":
            return "true" in wanted  # the emulator has no TLS; that it had is taken for granted
        if operator == "ArnNotEquals" and key == "aws:principalarn":
            return caller(bucket) not in wanted
        return True

    def denies(statement, action, resource, bucket):
        bare = {k: v for k, v in statement.items() if k in ("Effect", "Action", "Resource")}
        if IAMPolicyStatement(bare).is_action_permitted(action, resource) != PermissionResult.DENIED:
            return False
        conditions = statement.get("Condition", {})
        return all(holds(o, k, w, bucket) for o, keys in conditions.items() for k, w in keys.items())

    def get_permission(self, action, resource):
        if self.policy is None:
            return PermissionResult.NEUTRAL
        if action == "s3:PostObject":
            action = "s3:PutObject"  # the end of an upload
        if action == "s3:DeleteObject" and "uploadId" in request.args:
            action = "s3:AbortMultipartUpload"
        if action == "s3:DeleteObject" and "versionId" in request.args:
            action = "s3:DeleteObjectVersion"
        document = json.loads(self.policy.decode())
        under = [s for s in document["Statement"] if s["Effect"] == "Deny" and "Condition" in s]
        if any(denies(s, action, resource, self) for s in under):
            return PermissionResult.DENIED
        document["Statement"] = [s for s in document["Statement"] if s not in under]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission


if any("moto_server" in part for part in sys.orig_argv):
    try:
        install_conditions()
        if os.environ.get("FALKIRK_JUDGING"):
            install()
    except Exception:  # Python would only print one line, and judge nothing
        traceback.print_exc()
        os._exit(1)

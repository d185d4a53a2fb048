"""Packages templates with the AWS CLI, in one process, and says what each upload
means: the template as the CLI's own parser reads it, with every file in a bucket
replaced by a digest of its content. It reads jobs from stdin, a JSON document a
line, and answers one line for each. A job without a folder asks for the
properties that the CLI looks at."""
import contextlib, hashlib, io, json, os, sys, urllib.parse, zipfile

import botocore.session
from awscli.clidriver import create_clidriver
from awscli.customizations.cloudformation.artifact_exporter import METADATA_EXPORT_LIST, RESOURCES_EXPORT_LIST
from awscli.customizations.cloudformation.yamlhelper import yaml_parse

s3 = botocore.session.get_session().create_client("s3")
driver = create_clidriver()
BUCKETS = ("cli", "ours")


def content(bucket, key):
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as z:
            body = json.dumps(sorted((n, hashlib.sha256(z.read(n)).hexdigest()) for n in z.namelist() if not n.endswith("/"))).encode()
    return "content " + hashlib.sha256(body).hexdigest()


def meaning(value):
    if isinstance(value, list):
        return [meaning(v) for v in value]
    if isinstance(value, dict):
        for bucket, key in (("S3Bucket", "S3Key"), ("Bucket", "Key")):
            if set(value) == {bucket, key} and value[bucket] in BUCKETS:
                return content(value[bucket], value[key])
        return {str(k): meaning(v) for k, v in value.items()}
    if isinstance(value, str):
        parts = urllib.parse.urlparse(value)
        if parts.scheme == "s3" and parts.netloc in BUCKETS:
            return content(parts.netloc, parts.path[1:])
        bucket, _, key = parts.path[1:].partition("/")
        if parts.scheme == "http" and bucket in BUCKETS:
            return ["template", read(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())]
        return value
    return value if isinstance(value, (int, float)) or value is None else repr(value)


def read(text):
    return meaning(yaml_parse(text))


def package(folder):
    out = os.path.join(folder, ".packaged")
    said = io.StringIO()
    os.chdir(folder)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = driver.main(["cloudformation", "package", "--template-file", "app.yaml", "--s3-bucket", "cli", "--output-template-file", out])
    if code:
        raise RuntimeError(said.getvalue())
    with open(out) as f:
        return f.read()


for line in sys.stdin:
    job, answer = json.loads(line), {}
    if not job["folder"]:
        answer["properties"] = [[r.RESOURCE_TYPE, r.PROPERTY_NAME, "Resources"] for r in RESOURCES_EXPORT_LIST] + [
            [r.RESOURCE_TYPE, r.PROPERTY_NAME, "Metadata"] for r in METADATA_EXPORT_LIST]
        print(json.dumps(answer), flush=True)
        continue
    try:
        answer["cli"] = read(package(job["folder"]))
    except Exception as e:  # what the CLI refuses
        answer["refused"] = str(e)
    if job["ours"]:
        try:
            answer["ours"] = read(job["ours"])
        except Exception as e:
            answer["unreadable"] = str(e)
    print(json.dumps(answer, sort_keys=True), flush=True)

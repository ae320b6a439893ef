"""s3-echoer with boto3: everything about credentials comes from the pod's environment."""

import json
import os

import boto3
from botocore.config import Config

bucket, key = os.environ["BUCKET"], os.environ["KEY"]
# With a trailing checksum boto3 sends the body in chunks; now and then this gateway answers before it has read the last,
# and takes that for the beginning of the next request.
s3 = boto3.client("s3", config=Config(request_checksum_calculation="when_required"))
s3.put_object(Bucket=bucket, Key=key, Body=b"put by boto3")
found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
print(json.dumps({"keys": [item["Key"] for item in found]}))

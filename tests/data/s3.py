"""An S3 server on this machine (moto's) that has the files of a folder in a bucket, until its input ends.

Usage: s3.py FOLDER. Prints one line of JSON: the address of the bucket, and a presigned address for each file.
"""
import json
import logging
import os
import sys

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
# Anonymous requests are refused, as a private bucket does.
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host, port = server.get_host_and_port()
origin = f"http://{host}:{port}"
style = Config(signature_version="s3v4", s3={"addressing_style": "path"})
keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
client = boto3.client("s3", endpoint_url=origin, config=style, **keys)
client.create_bucket(Bucket="faces")
signed = []
for name in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], name)
    client.upload_file(path, "faces", name)
    asked = {"Bucket": "faces", "Key": name}
    signed.append(client.generate_presigned_url("get_object", Params=asked, ExpiresIn=3600))
print(json.dumps({"bucket": f"{origin}/faces", "signed": signed}), flush=True)
sys.stdin.read()
server.stop()

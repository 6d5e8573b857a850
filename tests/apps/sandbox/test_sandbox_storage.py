"""The sandbox's S3 through boto3."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.routing import Mount

from apps.sandbox.storage import create_app
from services.platform.tls import trusted
from tests.apps.sandbox.running_world import running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with running(Starlette(routes=[Mount("/storage", create_app(tmp_path / "storage"))])) as url:
        yield f"{url}/storage"


def connect(url: str, access_key: str = "sandbox", **config: Any) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key="sandbox-secret",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}, **config),
    )


@pytest.fixture
def s3(url: str) -> "Iterator[S3Client]":
    client = connect(url)
    yield client
    client.close()


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer: Any = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_comes_back_as_it_was(s3: "S3Client") -> None:
    content = bytes(range(256)) * 5000
    put = s3.put_object(
        Bucket="kiosk", Key="фото/чек 1.jpg", Body=content, ContentType="image/jpeg", Metadata={"user": "7"}
    )
    assert put["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    got = s3.get_object(Bucket="kiosk", Key="фото/чек 1.jpg")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (content, "image/jpeg", {"user": "7"})
    head = s3.head_object(Bucket="kiosk", Key="фото/чек 1.jpg")
    assert (head["ContentLength"], head["ETag"]) == (len(content), put["ETag"])
    s3.delete_object(Bucket="kiosk", Key="фото/чек 1.jpg")
    s3.delete_object(Bucket="kiosk", Key="фото/чек 1.jpg")
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket="kiosk", Key="фото/чек 1.jpg")
    assert code(missing) == ("NoSuchKey", 404)
    with pytest.raises(ClientError) as missing:
        s3.head_object(Bucket="kiosk", Key="фото/чек 1.jpg")
    assert code(missing) == ("404", 404)


def test_lists_have_prefixes_and_pages(s3: "S3Client") -> None:
    for number in range(5):
        s3.put_object(Bucket="kiosk", Key=f"backups/{number} & more", Body=b"x" * number)
    s3.put_object(Bucket="kiosk", Key="other", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="kiosk", Prefix="backups/", PaginationConfig={"PageSize": 2}
    )
    found = [(one["Key"], one["Size"]) for page in pages for one in page["Contents"]]
    assert found == [(f"backups/{number} & more", number) for number in range(5)]
    assert s3.list_objects_v2(Bucket="kiosk", Prefix="none")["KeyCount"] == 0


def test_buckets_are_created_once_asked(s3: "S3Client") -> None:
    with pytest.raises(ClientError) as missing:
        s3.put_object(Bucket="backups", Key="x", Body=b"")
    assert code(missing) == ("NoSuchBucket", 404)
    s3.create_bucket(Bucket="backups")
    s3.head_bucket(Bucket="backups")
    with pytest.raises(ClientError) as refused:
        s3.create_bucket(Bucket="a..")
    assert code(refused)[1] == 400


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls_need_no_client(url: str, version: str) -> None:
    s3 = connect(url, signature_version=version)
    place = {"Bucket": "kiosk", "Key": "receipt.jpg"}
    with httpx.Client(verify=trusted(), trust_env=False) as browser:
        put = s3.generate_presigned_url("put_object", Params=place, ExpiresIn=60)
        assert browser.put(put, content=b"picture").status_code == 200
        get = s3.generate_presigned_url("get_object", Params=place, ExpiresIn=60)
        assert browser.get(get).content == b"picture"
        expired = s3.generate_presigned_url("get_object", Params=place, ExpiresIn=-1)
        assert browser.get(expired).status_code == 403
        assert browser.get(get.partition("?")[0]).status_code == 403
    s3.close()


def test_a_wrong_access_key_is_refused(url: str) -> None:
    stranger = connect(url, "somebody")
    with pytest.raises(ClientError) as refused:
        stranger.list_objects_v2(Bucket="kiosk")
    stranger.close()
    assert code(refused) == ("InvalidAccessKeyId", 403)


def test_chunked_uploads_are_put_together_and_checked(url: str, s3: "S3Client") -> None:
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=sandbox/20261121/us-east-1/s3/aws4_request, Signature=0",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
    }
    chunks = b"5\r\nhello\r\n6;chunk-signature=00\r\n\r\nworl\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n"
    with httpx.Client(verify=trusted(), trust_env=False) as client:
        good = client.put(f"{url}/kiosk/chunked", content=chunks % b"7PPbrQ==", headers=headers)
        bad = client.put(f"{url}/kiosk/broken", content=chunks % b"AAAAAA==", headers=headers)
        cut = client.put(f"{url}/kiosk/broken", content=b"5\r\nhel", headers=headers)
    assert (good.status_code, bad.status_code, cut.status_code) == (200, 400, 400)
    assert s3.get_object(Bucket="kiosk", Key="chunked")["Body"].read() == b"hello\r\nworl"


def test_objects_survive_a_restart(tmp_path: Path) -> None:
    for moment in ("before", "after"):
        with running(create_app(tmp_path)) as url:
            client = connect(url)
            if moment == "before":
                client.put_object(Bucket="kiosk", Key="x", Body=b"kept")
            assert client.get_object(Bucket="kiosk", Key="x")["Body"].read() == b"kept"
            client.close()

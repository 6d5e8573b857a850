"""Files, in anything that speaks S3 (source: Amazon S3 API, path-style addresses)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from services.platform.errors import Misconfigured, NotFound, TryLater

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NoSuchFile(NotFound):
    code: ClassVar[str] = "no_such_file"


LONGEST_LINK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`size` is in bytes; `etag` names the content."""

    size: int
    etag: str


class Storage:
    """boto3 is imported on first use: it costs 0.6 s and 38 MB, and most processes never store a file."""

    def __init__(self, *, endpoint: str, bucket: str, access_key: str, secret_key: str, region: str) -> None:
        self._endpoint, self._region = endpoint, region
        self._access_key, self._secret_key = access_key, secret_key
        self._bucket = bucket
        self._made: S3Client | None = None

    @property
    def origin(self) -> str:
        """Where its addresses are: scheme, host and port."""
        parts = urlsplit(self._endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def put(self, key: str, body: bytes | IO[bytes], content_type: str) -> None:
        self._call("put_object", Key=key, Body=body, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """Raises NoSuchFile."""
        body: bytes = self._call("get_object", Key=key)["Body"].read()
        return body

    def look(self, key: str) -> StoredFile:
        """Without its content. Raises NoSuchFile."""
        found = self._call("head_object", Key=key)
        return StoredFile(int(found["ContentLength"]), str(found["ETag"]).strip('"'))

    def presign(self, key: str, *, name: str, lives: timedelta) -> str:
        """An address by which anybody may download the file, called `name`, for a few minutes (SigV4 in the query).
        Made here, without asking; never to be kept."""
        if not timedelta() < lives <= LONGEST_LINK:
            raise ValueError("such an address lives for minutes")
        plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
        disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
        asked = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": disposition}
        return self._client().generate_presigned_url("get_object", Params=asked, ExpiresIn=int(lives.total_seconds()))

    def delete(self, key: str) -> None:
        """A file that is not there counts as deleted."""
        self._call("delete_object", Key=key)

    def check(self) -> None:
        """Raises Misconfigured or TryLater when the bucket cannot be used."""
        self._call("head_bucket")

    def _call(self, operation: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client(), operation)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = error.response.get("Error", {}).get("Code", "")
            if code == "NoSuchKey" or (operation == "head_object" and code == "404"):  # a HEAD brings no code
                raise NoSuchFile from None
            kind = TryLater if status >= 500 else Misconfigured
            raise kind(f"storage: {operation}: {code or status}") from None
        except BotoCoreError as error:
            raise TryLater(f"storage: {operation}: {type(error).__name__}") from None

    def _client(self) -> S3Client:
        if self._made is None:
            import boto3
            from botocore.config import Config

            limits = Config(
                connect_timeout=3,
                read_timeout=20,
                retries={"max_attempts": 2},
                s3={"addressing_style": "path"},
                signature_version="s3v4",  # presigned addresses would be of version 2 otherwise
            )
            self._made = boto3.client(
                "s3",
                endpoint_url=self._endpoint,
                aws_access_key_id=self._access_key,
                aws_secret_access_key=self._secret_key,
                region_name=self._region,
                config=limits,
            )
        return self._made

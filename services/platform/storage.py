"""Files, in anything that speaks S3 (source: Amazon S3 API, path-style addresses)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from services.platform.errors import Misconfigured, NotFound, TryLater

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NoSuchFile(NotFound):
    code: ClassVar[str] = "no_such_file"


class Storage:
    """boto3 is imported on first use: it costs 0.6 s and 38 MB, and most processes never store a file."""

    def __init__(self, *, endpoint: str, bucket: str, access_key: str, secret_key: str, region: str) -> None:
        self._endpoint, self._region = endpoint, region
        self._access_key, self._secret_key = access_key, secret_key
        self._bucket = bucket
        self._made: S3Client | None = None

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._call("put_object", Key=key, Body=body, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """Raises NoSuchFile."""
        body: bytes = self._call("get_object", Key=key)["Body"].read()
        return body

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
            if code == "NoSuchKey":
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
                connect_timeout=3, read_timeout=20, retries={"max_attempts": 2}, s3={"addressing_style": "path"}
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

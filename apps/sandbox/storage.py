"""A small S3 on disk, path style: `/{bucket}/{key}` (source: Amazon S3 API).

Buckets: create, head, ListObjectsV2. Objects: put, get, head, delete, by header or by presigned URL. A request must
name the right access key and carry intact content; its signature is not computed again.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.sandbox.pages import empty, page
from apps.sandbox.shelf import Shelf, write_atomically
from services.platform.clock import wall_clock

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CREDENTIAL = re.compile(r"Credential=([^/]+)/")


class _Refused(Exception):
    """An error of S3: an HTTP status, a code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Bucket:
    """The objects of one bucket: their content and, on a shelf, what is known about each."""

    def __init__(self, directory: Path) -> None:
        self.known = Shelf(directory / "known")
        self._content = directory / "content"
        self._content.mkdir(exist_ok=True)

    def put(self, key: str, content: bytes, headers: dict[str, str]) -> str:
        """Returns the ETag."""
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        write_atomically(self._path(key), content)
        modified = wall_clock().isoformat()
        self.known.put(key, {"etag": etag, "size": len(content), "modified": modified, "headers": headers})
        return etag

    def content(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def remove(self, key: str) -> None:
        self.known.remove(key)
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._content / hashlib.sha256(key.encode()).hexdigest()


class Storage:
    def __init__(self, directory: Path, access_key: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory, self._access_key = directory, access_key
        self.buckets = {path.name: Bucket(path) for path in sorted(directory.iterdir()) if path.is_dir()}

    def create(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise _Refused(400, "InvalidBucketName", "The specified bucket is not valid.")
        if name not in self.buckets:
            self.buckets[name] = Bucket(self._directory / name)

    async def bucket(self, request: Request) -> Response:
        try:
            self._authorize(request)
            name = request.path_params["bucket"]
            if request.method == "PUT":
                self.create(name)
                return Response(headers={"Location": f"/{name}"})
            bucket = self._bucket(name)
            if request.method == "HEAD":
                return Response()
            if request.query_params.get("list-type") != "2":
                raise _Refused(501, "NotImplemented", "Only ListObjectsV2 is known to the sandbox.")
            return _listing(name, bucket, request)
        except _Refused as refused:
            return _error(refused, request)

    async def object(self, request: Request) -> Response:
        try:
            self._authorize(request)
            bucket, key = self._bucket(request.path_params["bucket"]), request.path_params["key"]
            if {"uploads", "uploadId", "tagging", "acl"} & set(request.query_params):
                raise _Refused(501, "NotImplemented", "The sandbox has plain objects only.")
            if request.method == "PUT":
                content = _content(request, await request.body())
                return Response(headers={"ETag": bucket.put(key, content, _kept_headers(request))})
            if request.method == "DELETE":
                bucket.remove(key)
                return Response(status_code=204)
            if (known := bucket.known.get(key)) is None:
                raise _Refused(404, "NoSuchKey", "The specified key does not exist.")
            content = bucket.content(key)
            headers = _headers(known)
            if (asked := request.query_params.get("response-content-disposition")) is not None:
                headers["content-disposition"] = asked
            return Response(content if request.method == "GET" else b"", headers=headers)
        except _Refused as refused:
            return _error(refused, request)

    async def index(self, request: Request) -> Response:
        """What is stored, for people."""
        body = "".join(f"<section><h2>{name}</h2>{_rows(bucket)}</section>" for name, bucket in self.buckets.items())
        return page("Storage", body or empty("No bucket yet."))

    def _bucket(self, name: str) -> Bucket:
        if name not in self.buckets:
            raise _Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
        return self.buckets[name]

    def _authorize(self, request: Request) -> None:
        query = request.query_params
        signed = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        # Presigned URLs come in two kinds: boto3 makes the old one (version 2) unless it is told otherwise.
        given = signed[1] if signed else query.get("AWSAccessKeyId", query.get("X-Amz-Credential", "").split("/")[0])
        if not given:
            raise _Refused(403, "AccessDenied", "Access Denied")
        if not secrets.compare_digest(given.encode(), self._access_key.encode()):
            raise _Refused(403, "InvalidAccessKeyId", "The AWS access key Id you provided does not exist.")
        if not signed and wall_clock() > _expiry(query):
            raise _Refused(403, "AccessDenied", "Request has expired")


def create_app(
    directory: Path,
    *,
    access_key: str = "sandbox",
    secret_key: str = "sandbox-secret",
    buckets: Sequence[str] = ("kiosk",),
) -> Starlette:
    """`directory` keeps everything; `buckets` are there from the start. `/` is a page for people."""
    storage = Storage(directory, access_key)
    for name in buckets:
        storage.create(name)
    return Starlette(
        routes=[
            Route("/", storage.index),
            Route("/{bucket}", storage.bucket, methods=["PUT", "HEAD", "GET"]),
            Route("/{bucket}/{key:path}", storage.object, methods=["PUT", "HEAD", "GET", "DELETE"]),
        ]
    )


def _expiry(query: Mapping[str, str]) -> datetime:
    """When a presigned URL ends: Expires of version 2, X-Amz-Date and X-Amz-Expires of version 4."""
    try:
        if "Expires" in query:
            return datetime.fromtimestamp(int(query["Expires"]), UTC)
        begins = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return begins + timedelta(seconds=int(query["X-Amz-Expires"]))
    except (KeyError, ValueError):
        raise _Refused(403, "AccessDenied", "The presigned URL has no expiry") from None


def _content(request: Request, body: bytes) -> bytes:
    """The object in a request's body, out of its chunks if need be. Raises _Refused when a checksum is wrong."""
    checksums = {name: value for name, value in request.headers.items() if name.startswith("x-amz-checksum-")}
    declared = request.headers.get("x-amz-content-sha256", "")
    if declared.startswith("STREAMING-"):
        body, trailers = _unchunked(body)
        checksums |= trailers
    elif len(declared) == 64 and hashlib.sha256(body).hexdigest() != declared:
        raise _Refused(400, "XAmzContentSHA256Mismatch", "The provided x-amz-content-sha256 does not match the body.")
    expected = checksums.get("x-amz-checksum-crc32")
    if expected is not None and b64encode(crc32(body).to_bytes(4)).decode() != expected:
        raise _Refused(400, "BadDigest", "The CRC32 you specified did not match the calculated checksum.")
    return body


def _unchunked(body: bytes) -> tuple[bytes, dict[str, str]]:
    """aws-chunked: `size[;chunk-signature=...]CRLF data CRLF` until size 0, then trailers as header lines."""
    content = bytearray()
    while True:
        line, _, body = body.partition(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise _Refused(400, "IncompleteBody", "The chunks of the body are broken.") from None
        if size == 0:
            break
        content += body[:size]
        if body[size : size + 2] != b"\r\n":
            raise _Refused(400, "IncompleteBody", "The chunks of the body are broken.")
        body = body[size + 2 :]
    lines = (line.partition(b":") for line in body.split(b"\r\n") if line)
    return bytes(content), {name.decode().strip().lower(): value.decode().strip() for name, _, value in lines}


def _kept_headers(request: Request) -> dict[str, str]:
    kept = ("content-type", "content-disposition", "cache-control")
    headers = {name: value for name, value in request.headers.items() if name in kept or name.startswith("x-amz-meta-")}
    return {"content-type": "binary/octet-stream"} | headers


def _headers(known: dict[str, Any]) -> dict[str, str]:
    modified = format_datetime(datetime.fromisoformat(known["modified"]), usegmt=True)
    # A HEAD says how long the object is though it comes without a body.
    own = {"ETag": known["etag"], "Last-Modified": modified, "Content-Length": str(known["size"])}
    return {**known["headers"], **own}


def _listing(name: str, bucket: Bucket, request: Request) -> Response:
    """ListObjectsV2; the continuation token is the last key of the page before."""
    query = request.query_params
    prefix, limit = query.get("prefix", ""), min(int(query.get("max-keys", "1000")), 1000)
    after = query.get("continuation-token", query.get("start-after", ""))
    keys = sorted(key for key in bucket.known if key.startswith(prefix) and key > after)
    shown = keys[:limit]
    more = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if shown and len(keys) > limit else ""
    contents = "".join(_entry(key, bucket.known.get(key) or {}) for key in shown)
    return _xml(
        "ListBucketResult",
        f"<Name>{name}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>{limit}</MaxKeys>"
        f"<KeyCount>{len(shown)}</KeyCount><IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{contents}",
    )


def _entry(key: str, known: dict[str, Any]) -> str:
    modified = f"{datetime.fromisoformat(known['modified']):%Y-%m-%dT%H:%M:%S.000Z}"
    return (
        f"<Contents><Key>{escape(key)}</Key><LastModified>{modified}</LastModified><ETag>{escape(known['etag'])}</ETag>"
        f"<Size>{known['size']}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def _error(refused: _Refused, request: Request) -> Response:
    if request.method == "HEAD":
        return Response(status_code=refused.status)
    body = f"<Code>{refused.code}</Code><Message>{escape(str(refused))}</Message><RequestId>SANDBOX</RequestId>"
    return _xml("Error", body, refused.status)


def _xml(root: str, body: str, status: int = 200) -> Response:
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{body}</{root}>'
    return Response(document, status, media_type="application/xml")


def _rows(bucket: Bucket) -> str:
    rows = "".join(
        f'<li><div class="row"><b>{escape(key)}</b><span class="text">{escape(known["headers"]["content-type"])}</span>'
        f'<span class="chip">{known["size"]:,} bytes</span>'
        f"<time>{datetime.fromisoformat(known['modified']):%d.%m %H:%M:%S}</time></div></li>"
        for key in sorted(bucket.known)
        if (known := bucket.known.get(key))
    )
    return f'<ul class="rows">{rows}</ul>' if rows else empty("Nothing is stored yet.")

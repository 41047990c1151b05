"""django-storages' S3 storage with our needs: short time-outs, signature version 4, uploads in
parts, and the same links from every process."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

from app.utils.links import window_start
from protocol.previews import CACHE_CONTROL

# A file up to this size goes up as one streamed request; a larger one in parts of 8 MB.
SINGLE_REQUEST_BYTES = 16 * 1024 * 1024


class _SameLinks(S3SigV4QueryAuth):
    """Dates links for reading back to the start of their window, whoever signs them when."""

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        if request.method == "GET":
            start = datetime.fromtimestamp(window_start(self._expires), UTC)
            request.context["timestamp"] = start.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)


# botocore has no option for the time of a signature.
AUTH_TYPE_MAPS["s3v4-query"] = _SameLinks


class PrivateS3Storage(S3Storage):
    """A private bucket: files are read only through signed links."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            client_config=Config(
                signature_version="s3v4",
                # Bucket names as sub-domains need DNS entries that self-hosted servers do not have.
                s3={"addressing_style": "path" if options.get("endpoint_url") else "auto"},
                connect_timeout=3,
                read_timeout=10,
                retries={"total_max_attempts": 3, "mode": "standard"},
                # Servers other than Amazon's do not all know the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            # Threads of its own would hold parts of the file in memory side by side.
            transfer_config=TransferConfig(
                use_threads=False, multipart_threshold=SINGLE_REQUEST_BYTES
            ),
            default_acl=None,
            querystring_auth=True,
            file_overwrite=True,
            object_parameters={"CacheControl": CACHE_CONTROL},
            **options,
        )

    def fetch(self, name: str) -> IO[bytes]:
        """A copy of the file on this machine's disk, which is gone when it is closed.

        One plain request: not every server takes the range beyond the file's end that boto's own
        downloads ask for. Raises what boto raises.
        """
        answer = self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=name)
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        with contextlib.closing(answer["Body"]) as body:
            shutil.copyfileobj(body, copy, 1 << 18)
        copy.seek(0)
        return copy

    def copy(self, source: str, target: str) -> bool:
        """Have the server copy a file. Returns False when there is none. Raises what boto
        raises."""
        try:
            self.connection.meta.client.copy_object(
                Bucket=self.bucket_name,
                Key=target,
                CopySource={"Bucket": self.bucket_name, "Key": source},
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def ping(self) -> None:
        """Ask for the bucket once, without patience. Raises what boto raises."""
        client = self.connection.meta.client
        hurried = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=client.meta.region_name,
            # Those that everything else is asked with; without any, boto looks for them itself.
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.security_token,
            config=self.client_config.merge(
                Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
            ),
        )
        try:
            hurried.head_bucket(Bucket=self.bucket_name)
        finally:
            hurried.close()

    def upload_link(self, name: str, *, content_type: str, seconds: int) -> str:
        """A signed link that takes one PUT of ``content_type`` to ``name``."""
        return str(
            self.connection.meta.client.generate_presigned_url(
                "put_object",
                Params={"Bucket": self.bucket_name, "Key": name, "ContentType": content_type},
                ExpiresIn=seconds,
            )
        )

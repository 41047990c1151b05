"""``manage.py prepare_files``: create the storage for files, unless it exists."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Create the S3 bucket, or the folder for files, if it does not exist."
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        if not settings.S3_BUCKET:
            folder = Path(settings.MEDIA_ROOT)
            folder.mkdir(parents=True, exist_ok=True)
            self.stdout.write(f"Files are kept in {folder}.")
            return
        from boto3 import client
        from botocore.exceptions import ClientError

        s3 = client("s3", endpoint_url=settings.S3_ENDPOINT_URL or None)
        try:
            s3.head_bucket(Bucket=settings.S3_BUCKET)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            s3.create_bucket(Bucket=settings.S3_BUCKET)
            self.stdout.write(f"Made the bucket {settings.S3_BUCKET}.")
        else:
            self.stdout.write(f"The bucket {settings.S3_BUCKET} is there.")

"""``manage.py make_certificates``: the certificates and keys that sign pictures."""

import argparse
import os
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from provenance import certificates

ONLY_HERE = "Keep authority/ off-line: it is needed for the next signer only."


class Command(BaseCommand):
    """Run by ``manage.py`` itself: production does not start before it has certificates."""

    help = (
        "Make a root, an intermediate and a signer in CERTIFICATES_DIR; with --renew, another"
        " signer of the same root. Existing files are never changed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        folder = os.environ.get("CERTIFICATES_DIR") or None
        parser.add_argument("--folder", default=folder, help="default: CERTIFICATES_DIR")
        parser.add_argument("--organization", default=certificates.ORGANIZATION)
        parser.add_argument(
            "--days",
            type=int,
            default=certificates.SIGNER_DAYS,
            help="how long the signer is valid",
        )
        parser.add_argument("--renew", action="store_true", help="add a signer, which signs next")

    def handle(self, *args: object, **options: object) -> None:
        if not options["folder"]:
            raise CommandError("Set CERTIFICATES_DIR, or give --folder.")
        folder = Path(str(options["folder"])).absolute() / certificates.FOLDER
        days = int(str(options["days"]))
        if days < 1:
            raise CommandError("--days is a whole number of at least 1.")
        organization = str(options["organization"]).strip()
        if not 0 < len(organization.encode()) <= certificates.ORGANIZATION_BYTES:
            raise CommandError(
                f"--organization is a name of at most {certificates.ORGANIZATION_BYTES} bytes."
            )
        try:
            if options["renew"]:
                name = certificates.add_signer(folder, days=days)
                self.stdout.write(f"Made the signer {name}. Restart web processes and relays.")
            else:
                certificates.make(folder, organization=organization, days=days)
                self.stdout.write(f"Made root, intermediate and signer in {folder}. {ONLY_HERE}")
        except certificates.KeysExist as error:
            raise CommandError(
                f"{folder} has certificates already; --renew adds a signer."
            ) from error
        except certificates.NoAuthority as error:
            raise CommandError(f"{folder} has no authority/, which makes signers.") from error
        except (ValueError, TypeError) as error:
            raise CommandError(f"{folder}/authority is damaged: it makes no signer.") from error
        except OSError as error:
            raise CommandError(f"{folder} cannot be used: {error.strerror}.") from error

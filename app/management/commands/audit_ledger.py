"""``manage.py audit_ledger``: check the ledger, and print every error in it."""

from django.core.management.base import BaseCommand

from app.services import audit_service, measure_service


class Command(BaseCommand):
    help = "Check every balance and every generation against the ledger; exit 1 if any differs."

    def handle(self, *args: object, **options: object) -> None:
        findings = audit_service.audit()
        measure_service.record(measure_service.LEDGER_FINDINGS, len(findings))
        for finding in findings:
            self.stderr.write(f"{finding.row}: {finding.problem}")
        if findings:
            self.stderr.write(f"The ledger is wrong in {len(findings)} places.")
            raise SystemExit(1)
        self.stdout.write("The ledger is right: every balance and every picture adds up.")

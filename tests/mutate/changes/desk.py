"""Reports, the desk, statements of reasons and appeals on pages; what is kept of people."""

from tests.mutate.mutation import Mutation, in_file

DESK = "web/tests/test_desk.py"
KEPT = "app/tests/test_kept_no_longer.py"
MAILS = "web/tests/test_report_mails.py"
IMAGES = "web/tests/test_held_images.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "web/access.py",
        (
            "desk-is-for-moderators",
            "if not rights.has(user, Right.MODERATE):",
            "if not user.is_staff:",
            f"{DESK}::TestTheDesk::test_it_is_for_whoever_may_moderate",
        ),
    ),
    *in_file(
        "web/views/desk.py",
        (
            "two-presses",
            '        if "sure" not in request.POST:\n            return _ask(request, form, found',
            "        if False:\n            return _ask(request, form, found",
            f"{DESK}::TestTheDesk::test_two_presses_and_a_reason",
        ),
        (
            "decided-is-decided-further",
            'further=given["further"]',
            "further=False",
            f"{DESK}::TestTheDesk::test_two_presses_and_a_reason",
        ),
        (
            "what-was-shown-open-is-decided-once",
            'further=given["further"]',
            "further=not found.is_open",
            f"{DESK}::TestTheDesk::test_two_decide_once",
        ),
        (
            "two-presses-for-what-checks-hold",
            '        if "sure" not in request.POST:\n            return _ask(request, form, None',
            "        if False:\n            return _ask(request, form, None",
            IMAGES,
        ),
        (
            "shown-again-is-not-refused",
            'is_lifted = form.cleaned_data["action"] == Action.PARDON',
            'is_lifted = form.cleaned_data["action"] == Action.TAKE',
            IMAGES,
        ),
        (
            "late-presses-lead-on",
            '    if request.method != "POST":\n        raise NotFound(said)',
            "    raise NotFound(said)",
            IMAGES,
        ),
    ),
    *in_file(
        "web/views/statements.py",
        (
            "appeal-once-on-the-page",
            '"may_appeal": made is None and not is_over',
            '"may_appeal": not is_over',
            f"{DESK}::TestWhomItConcerns::test_reads_why_and_appeals_and_has_it_back",
        ),
    ),
    *in_file(
        "app/services/safety/records.py",
        (
            "programs-close-no-open-case",
            "    if why.is_automated:\n        return case_apart(",
            "    if False:\n        return case_apart(",
            "app/tests/safety/test_open_cases.py",
        ),
        (
            "nobody-decides-about-themselves",
            "if staff.pk in people:",
            "if False:",
            "app/tests/safety/test_ones_own.py",
        ),
    ),
    *in_file(
        "app/services/moderation_service.py",
        (
            "nobody-lifts-their-own",
            "    records.require_another(staff, check.user_id)\n",
            "",
            "app/tests/safety/test_ones_own.py",
        ),
    ),
    *in_file(
        "app/services/earnings.py",
        (
            "what-a-payout-left-out-is-not-paid",
            "paid = paid.exclude(held_styles__contains=[style_id])",
            "paid = paid.all()",
            "app/tests/safety/test_holds.py",
        ),
    ),
    *in_file(
        "web/views/reports.py",
        (
            "reports-show-no-blurred-file",
            "thing = looking.thing_seen_by(request.user, kind, thing_id)",
            "thing = looking.thing_of(kind, thing_id)",
            f"{DESK}::TestReporting",
        ),
        (
            "reports-are-limited-on-the-site",
            "if wait := _seconds_to_wait(request):",
            "if wait := 0:",
            f"{DESK}::TestReporting::test_it_shares_its_limit_with_the_api",
        ),
    ),
    *in_file(
        "app/services/payments/noting.py",
        (
            "payment-events-are-kept-90-days",
            "timedelta(days=90)",
            "timedelta(days=91)",
            KEPT,
        ),
    ),
    *in_file(
        "app/delivery/outbox.py",
        (
            "what-waits-is-not-forgotten",
            "filter(pk__in=ids, sent_at__lt=since)",
            "filter(pk__in=ids)",
            KEPT,
        ),
    ),
    *in_file(
        "app/services/safety/mailing.py",
        (
            "decided-meanwhile-stays-due",
            "mine.filter(mail_due_at=report.mail_due_at).update(mail_due_at=None)",
            "mine.update(mail_due_at=None)",
            MAILS,
        ),
        (
            "put-off-does-not-undo-what-is-due",
            "    mine = Report.objects.filter(pk=report.pk, mail_due_at=report.mail_due_at)\n"
            "    mine.update(mail_due_at=later)",
            "    Report.objects.filter(pk=report.pk).update(mail_due_at=later)",
            MAILS,
        ),
        (
            "what-is-not-taken-does-not-count",
            "    rate_limit_service.give_back(MAILS, _counted_as(report.email))\n",
            "",
            MAILS,
        ),
        (
            "addresses-are-counted-by-a-hash",
            "return hashlib.sha256(email.lower().encode()).hexdigest()",
            "return email.lower()",
            MAILS,
        ),
        (
            "addresses-are-the-same-in-capitals",
            "return hashlib.sha256(email.lower().encode())",
            "return hashlib.sha256(email.encode())",
            MAILS,
        ),
    ),
    *in_file(
        "web/mailer.py",
        (
            "few-mails-go-to-what-somebody-typed",
            "if mailing.is_put_off(report):",
            "if False:",
            MAILS,
        ),
    ),
)

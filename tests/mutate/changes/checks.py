"""What checks by machine refuse and hold, and what follows."""

from tests.mutate.mutation import in_file

WORDS = "app/tests/checks/test_refused_words.py"
COMMENTS = "app/tests/checks/test_refused_comments.py"
RATINGS = "app/tests/checks/test_ratings.py"
PEOPLE = "app/tests/checks/test_pictures_of_people.py"
STATED = "app/tests/checks/test_stated.py"
UNREAD = "app/tests/checks/test_unreadable_pictures.py"
LINKS = "app/tests/safety/test_old_links.py"
RIGHTS = "app/tests/safety/test_rights.py"
COMPLAINTS = "app/tests/safety/test_complaints.py"
WORKS = "app/tests/checks/test_works.py"
HELD = "app/tests/checks/test_stated_works.py"

MUTATIONS = (
    *in_file(
        "app/services/orders/contents.py",
        ("quotes-look-at-words", "    prompts.require_allowed(", "    tuple(", WORDS),
    ),
    *in_file(
        "app/services/generation_service.py",
        ("orders-look-at-words", "        prompts.require_allowed(", "        tuple(", WORDS),
        ("unrated-to-begin-with", "else Rating.UNRATED", "else Rating.GENERAL", RATINGS),
    ),
    *in_file(
        "app/services/checks/prompts.py",
        ("children-beside-nudity", "of_list[Reason.MINORS] |= children | sexual", "pass", WORDS),
        ("harmless-phrases", "if harmless.isdisjoint(place)", "if place", WORDS),
        ("names-of-the-artist", "if not lists.is_called(", "if way or lists.is_called(", WORDS),
    ),
    *in_file(
        "app/services/checks/comments.py",
        ("links-of-newcomers", "and has_link(content)", "and not content", COMMENTS),
        ("floods-of-comments", "if len(recent) >= MOST:", "if len(recent) > MOST:", COMMENTS),
        ("the-same-comment", "if [picture_id, parent_id] in same or", "if", COMMENTS),
    ),
    *in_file(
        "app/services/checks/pictures.py",
        ("rated-once", "if picture.rated_at is not None:", "if False:", RATINGS),
        ("blocked-is-private", "        picture.visibility = Visibility.PRIVATE\n", "", RATINGS),
        (
            "owners-are-told",
            "    notification_service.tell_of_rating(\n"
            "        picture, statement_id=stated.statement_id, is_hidden=is_hidden\n    )\n",
            "",
            RATINGS,
        ),
        ("what-was-public", '"visibility": picture.visibility, "rating"', '"rating"', STATED),
        ("blocked-is-at-the-desk", "    if is_hidden:\n", "    if False:\n", STATED),
        ("what-nobody-reads-ends", "        raise Unreadable\n", "        return\n", UNREAD),
    ),
    *in_file(
        "app/services/checks/people.py",
        ("the-next-one-stays", "or not _is_shown(check):", "or False:", PEOPLE),
        ("lifted-beside-another", '_key_of(check) == "" and ', "", PEOPLE),
        (
            "taken-is-stated",
            "case=records.case_apart(act)",
            "case=None",
            "app/tests/checks/test_upheld.py",
        ),
        ("nobody-s-look-is-staff-s", "    if _is_shown(check):\n", "    if False:\n", UNREAD),
        ("kept-for-appeals", "decided_at__lt=before", "decided_at__isnull=False", PEOPLE),
    ),
    *in_file(
        "app/services/uploads/checkers.py",
        (
            "what-is-away-costs-nothing",
            "            return False\n",
            "            is_done = None\n",
            UNREAD,
        ),
        ("given-up-in-the-end", "if failed.attempts < MAX_ATTEMPTS:", "if True:", UNREAD),
    ),
    *in_file(
        "app/services/safety/records.py",
        ("a-machine-decides-no-report", "    if why.is_automated:\n", "    if False:\n", STATED),
    ),
    *in_file(
        "app/services/safety/appeals.py",
        ("ratings-are-taken-back", "acts.rate_general(decision.thing_id, why)", "pass", STATED),
        ("taken-comes-back", "people.restore(decision, why)", "pass", STATED),
        ("held-works-are-trained", "acts.allow_works(decision.thing_id, why)", "pass", HELD),
        ("denied-works-are-refused", "acts.refuse_works(decision.thing_id, because)", "pass", HELD),
        ("refused-works-come-back", "not acts.allow_refused_works(decision, why)", "True", HELD),
        ("denied-images-are-refused", "people.refuse(decision, because)", "pass", STATED),
    ),
    *in_file(
        "app/services/uploads/copy_service.py",
        ("nude-works-are-held", "if each.nudity is not None:", "if False:", WORKS),
        (
            "nudity-is-no-copy",
            "Ground.COPYRIGHT if is_copy else Ground.SEXUAL",
            "Ground.COPYRIGHT",
            HELD,
        ),
    ),
    *in_file(
        "app/services/moderation_service.py",
        (
            "appeals-are-answered-first",
            "        raise InvalidTransition(records.APPEALED)",
            "        pass",
            STATED,
        ),
    ),
    *in_file(
        "app/views/media.py",
        ("old-links-die", " or not closing.may_open(request.user, key)", "", LINKS),
    ),
    *in_file(
        "app/services/safety/closing.py",
        ("owners-still-see", "user.pk == owner_id", "False", LINKS),
        ("links-of-deleted", "_files(_deleted(since))", "()", LINKS),
        ("links-of-the-suspended", "people.add(each.thing_id)", "pass", LINKS),
        ("links-of-styles", "styles.add(each.thing_id)", "pass", LINKS),
        ("links-of-programs", "elif each.before.get(", "elif True or each.before.get(", LINKS),
        ("links-of-taken", 'yield each.before["key"], each.subject_id', "pass", LINKS),
    ),
    *in_file(
        "app/services/safety/deciding.py",
        (
            "complaints-go-to-another",
            "        raise NotAllowed(records.ANOTHER)\n",
            "        pass\n",
            COMPLAINTS,
        ),
    ),
    *in_file(
        "app/services/safety/rights.py",
        ("staff-alone-has-rights", "user.is_staff and ", "", RIGHTS),
    ),
    *in_file(
        "app/admin.py",
        (
            "checks-are-moderated",
            'description="Show it again, with a reason", permissions=["moderate"]',
            'description="Show it again, with a reason", permissions=["operate"]',
            RIGHTS,
        ),
    ),
    *in_file(
        "app/models/reads/picture.py",
        ("veiled-for-others", "found.image_url = found.preview_url = None", "pass", RATINGS),
    ),
    *in_file(
        "app/models/reads/status.py",
        ("veiled-while-polled", "found.image_url = found.preview_url = None", "pass", RATINGS),
    ),
    *in_file(
        "app/services/licences/certificate.py",
        ("veiled-with-a-licence", " and not picture.is_veiled_for(viewer)", "", RATINGS),
    ),
)

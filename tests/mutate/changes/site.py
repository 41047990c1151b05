"""The site: what was typed is kept, each form leads to its page, artists mend what they typed."""

from tests.mutate.mutation import Mutation, in_file

KEPT = "web/tests/test_kept_forms.py"
ORDERS = f"{KEPT}::TestOrders"
FORMS = f"{KEPT}::TestAddressesOfForms"
MENDED = "web/tests/test_mending.py::TestNameAndSignature"
PAGES = "web/tests/test_every_page.py::test_every_page_is_accessible_and_fits"
MINE = "web/tests/test_my_pictures.py"
DETAILS = "web/tests/test_details.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/generation_service.py",
        (
            "shown-together-by-their-buyer-alone",
            "own = Generation.objects.kept_by(user.pk).filter(",
            "own = Generation.objects.filter(",
            f"{MINE}::test_the_chosen_are_published_and_hidden_again",
        ),
        (
            "shown-together-but-for-the-hidden",
            'status=GenerationStatus.COMPLETED, hidden_reason=""',
            "status=GenerationStatus.COMPLETED",
            f"{MINE}::test_the_chosen_are_published_and_hidden_again",
        ),
    ),
    *in_file(
        "web/views/mine.py",
        (
            "zip-of-the-chosen-of-their-buyer-alone",
            "pictures = Generation.objects.of(user, status=GenerationStatus.COMPLETED)",
            'pictures = Generation.objects.filter(status="completed").with_people()',
            f"{MINE}::test_the_chosen_come_as_one_zip_without_those_of_others",
        ),
        (
            "zip-of-what-is-finished-alone",
            "_found(user, form).filter(status=GenerationStatus.COMPLETED)",
            "_found(user, form)",
            f"{MINE}::test_all_that_is_found_comes_as_one_zip",
        ),
    ),
    *in_file(
        "app/models/reads/picture.py",
        (
            "found-until-the-end-of-the-day",
            "datetime.combine(until, time.max, UTC)",
            "datetime.combine(until, time.min, UTC)",
            f"{MINE}::test_pictures_are_found",
        ),
        (
            "walls-take-storage-keys",
            "PictureDetail.of(picture, lambda key: key)",
            "PictureDetail.of(picture)",
            f"{MINE}::test_walls_offer_all_widths",
        ),
    ),
    *in_file(
        "web/kept.py",
        ("kept-for-its-page", "    if path != at:\n        return {}\n", "", ORDERS),
        ("kept-where-asked", "if MARK not in request.GET:", "if False:", ORDERS),
        ("kept-is-signed", "except signing.BadSignature:", "except KeyError:", ORDERS),
        ("kept-fits-a-cookie", "if len(text) <= MAX_BYTES:", "if text:", ORDERS),
        (
            "kept-without-the-longest",
            "max(sent, key=lambda name: sum(map(len, sent[name])))",
            "min(sent, key=lambda name: sum(map(len, sent[name])))",
            ORDERS,
        ),
        ("kept-lists", "else values[-1]", "else values", ORDERS),
        ("kept-lists-whole", "values if isinstance", "values[:1] if isinstance", KEPT),
        ("kept-page-of-a-form", 'f"{request.path}?{MARK}=1"', "request.path", ORDERS),
    ),
    *in_file(
        "web/access.py",
        (
            "form-acts-on-post-alone",
            'if request.method == "POST":\n                return view',
            "if True:\n                return view",
            FORMS,
        ),
        ("form-leads-with-its-query", 'f"?{query}" if query else ""', '""', FORMS),
        ("form-leads-to-its-place", "{asked}{anchor}", "{asked}", FORMS),
        (
            "form-takes-three-methods",
            '@require_http_methods(["GET", "HEAD", "POST"])',
            '@require_http_methods(["GET", "HEAD", "POST", "PUT"])',
            FORMS,
        ),
        (
            "sign-in-keeps-a-form",
            '        if request.method == "POST":\n            kept.keep(request, response)\n',
            "",
            ORDERS,
        ),
    ),
    *in_file(
        "app/services/user_service.py",
        (
            "refused-signature-is-deleted",
            "        storage.delete([new] if new else [])\n        if isinstance",
            "        if isinstance",
            f"{MENDED}::test_what_is_wrong_changes_nothing",
        ),
        (
            "signature-under-way-stays",
            "upload_service.delete_later(user=user, key=artist.signature_image)",
            "storage.delete([artist.signature_image])",
            f"{MENDED}::test_an_order_under_way_finds_the_signature_that_it_was_given",
        ),
        (
            "old-signature-goes",
            "upload_service.delete_later(user=user, key=artist.signature_image)",
            "pass",
            f"{MENDED}::test_are_changed",
        ),
        (
            "new-signature-is-kept",
            "                artist.signature_image = new\n",
            "                pass\n",
            f"{MENDED}::test_are_changed",
        ),
        (
            "name-is-one-of-its-own",
            '                names.choose(artist, "artist_name", artist_name)\n            if new',
            "                artist.artist_name = artist_name\n            if new",
            f"{MENDED}::test_what_is_wrong_changes_nothing",
        ),
    ),
    *in_file(
        "web/static/web/site.css",
        (
            "quiet-words-are-readable",
            "--quiet: light-dark(#6a6158, #a89e92);",
            "--quiet: light-dark(#6a6158, #5a544c);",
            PAGES,
        ),
    ),
    *in_file(
        "web/templates/web/base.html",
        (
            "buttons-have-names",
            '<button aria-label="{% translate "Search" %}">{% icon',
            "<button>{% icon",
            PAGES,
        ),
        (
            "studio-is-marked-inside",
            'if section == "studio"',
            'if request.path == "/studio"',
            DETAILS,
        ),
    ),
    *in_file(
        "nginx/conf.d/default.conf",
        (
            "household-is-one",
            '"~^(?<network>[\\x00-\\xff]{8})[\\x00-\\xff]{8}$"          $network;',
            "",
            "tests/test_nginx.py::test_sign_ins_are_counted_by_household",
        ),
        (
            "mapped-addresses-are-many",
            '"~^\\x00{10}\\xff\\xff(?<mapped_address>[\\x00-\\xff]{4})$" $mapped_address;',
            "",
            "tests/test_nginx.py::test_sign_ins_are_counted_by_household",
        ),
    ),
)

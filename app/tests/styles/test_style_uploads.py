"""A new style: what an upload must be, what hostile ones are told, and what is kept."""

import io
import json
import random
import resource

import pytest
from PIL import Image

from app.exceptions import DomainError
from app.models import Artwork, OutboxMessage, Style, Tag
from app.services.uploads import image_service
from app.tests import ledger
from app.tests.factories import StyleFactory
from app.tests.uploads import check_all, file, files, files_in, picture, style_form
from protocol import TrainingTask, decode_task
from protocol.previews import family
from tests.odd_pictures import bomb

pytestmark = pytest.mark.django_db

MODELS = "/api/models"


def nothing_was_made(media) -> bool:
    return not (Style.objects.exists() or OutboxMessage.objects.exists() or files_in(media))


def animated() -> bytes:
    frames = [Image.new("RGB", (256, 256), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def with_gps() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 59.0)
    return picture(77, kind="JPEG", exif=exif.tobytes())


class TestGoodUploads:
    def test_a_style_is_made_and_its_training_ordered(self, as_artist, artist, media):
        form = style_form(image_tags=json.dumps({"0": ["Portrait"], "3": "Cup, still life"}))
        answer = as_artist.upload(MODELS, form)
        assert answer.status == 201
        style = Style.objects.get()
        made = answer.data
        assert made["task_id"] == str(style.task_id)
        assert (made["id"], made["name"], made["price"]) == (style.pk, "Wet Paper", 10)
        assert made["description"] == "Washes on rough paper."
        assert made["training_status"] == "pending"
        assert (made["is_ready"], made["is_active"], made["usage_count"]) == (False, True, 0)
        assert [(tag["name"], tag["sequence"]) for tag in made["tags"]] == [
            ("sea", 0),
            ("night", 1),
        ]
        assert made["artist"] == {
            "id": artist.pk,
            "username": "mira",
            "profile_image": None,
            "artist_name": "Mira Halden",
        }
        assert [work["position"] for work in made["artworks"]] == list(range(10))
        assert {(work["width"], work["height"]) for work in made["artworks"]} == {(256, 256)}
        assert as_artist.follow_link(made["thumbnail"]).status == 200
        assert len(files_in(media)) == 20

        assert check_all() == 1
        task = decode_task(bytes(OutboxMessage.objects.get().body))
        assert isinstance(task, TrainingTask)
        assert (task.task_id, task.attempt) == (style.task_id, 1)
        assert task.data.image_tags[0] == ["portrait"]
        assert task.data.image_tags[3] == ["cup", "still life"]
        assert [path.rpartition("/")[2] for path in task.data.image_paths] == [
            f"{number:03}.png" for number in range(10)
        ]
        assert task.webhook_url.endswith(f"/api/models/{style.pk}/status")
        assert ledger.snapshot()[1] == 0

    def test_tags_may_be_repeated_fields(self, as_artist):
        made = as_artist.upload(MODELS, style_form(tags=["Deep  Sea", "night"])).data
        assert [tag["name"] for tag in made["tags"]] == ["deep sea", "night"]

    def test_image_tags_may_be_a_list(self, as_artist):
        as_artist.upload(MODELS, style_form(image_tags=json.dumps([["sea"], "boat, sea"])))
        works = Artwork.objects.order_by("position")
        names = [[link.tag.name for link in work.artwork_tags.all()] for work in works]
        assert names[:3] == [["sea"], ["boat", "sea"], []]

    def test_tags_count_only_once_the_style_can_be_found(self, as_artist):
        as_artist.upload(MODELS, style_form())
        assert dict(Tag.objects.values_list("name", "usage_count")) == {"sea": 0, "night": 0}

    def test_a_hundred_images_are_taken(self, as_artist):
        assert as_artist.upload(MODELS, style_form(count=100)).status == 201
        assert Artwork.objects.count() == 100

    @pytest.mark.parametrize(
        ("kind", "mode"),
        [
            *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
            *(("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")),
        ],
    )
    def test_every_mode_of_jpeg_and_png_is_taken(self, as_artist, media, kind, mode):
        if mode == "I;16":
            image = Image.new("I;16", (256, 256), 30_000)
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            content = buffer.getvalue()
        else:
            content = picture(3, kind=kind, mode=mode)
        images = [*files(9, first=100), file(content)]
        made = as_artist.upload(MODELS, style_form(images=images)).data
        preview = as_artist.follow_link(made["artworks"][9]["image_url"])
        with Image.open(io.BytesIO(preview.content)) as shown:
            assert (shown.format, shown.mode, shown.size) == ("WEBP", "RGB", (256, 256))

    def test_a_picture_on_its_side_is_stood_up(self, as_artist):
        exif = Image.Exif()
        exif[0x0112] = 6
        content = picture(5, size=(400, 300), kind="JPEG", exif=exif.tobytes())
        made = as_artist.upload(MODELS, style_form(images=[file(content), *files(9)])).data
        work = made["artworks"][0]
        assert (work["width"], work["height"]) == (300, 400)
        preview = as_artist.follow_link(work["image_url"])
        with Image.open(io.BytesIO(preview.content)) as shown:
            assert shown.size == (300, 400)

    @pytest.mark.parametrize(
        ("size", "shown"),
        [((1600, 1200), [(320, 240), (640, 480)]), ((400, 2000), [(128, 640), (256, 1280)])],
    )
    def test_a_wide_work_has_a_preview_for_small_screens(self, as_artist, media, size, shown):
        images = [file(picture(5, size=size)), *files(9)]
        as_artist.upload(MODELS, style_form(images=images))
        kept = Artwork.objects.order_by("position")[0].preview_path
        assert Style.objects.get().thumbnail == kept
        beside = family(kept)
        assert [width for _, width in beside] == [320, 640]
        for (key, _), expected in zip(beside, shown, strict=True):
            with Image.open(media / key) as preview:
                assert preview.size == expected

    def test_no_place_is_told_in_what_is_shown(self, as_artist):
        assert b"GPS" in with_gps() or Image.open(io.BytesIO(with_gps())).getexif().get_ifd(0x8825)
        made = as_artist.upload(MODELS, style_form(images=[file(with_gps()), *files(9)])).data
        preview = as_artist.follow_link(made["artworks"][0]["image_url"]).content
        with Image.open(io.BytesIO(preview)) as shown:
            assert not shown.getexif()
            assert "exif" not in shown.info
        assert b"Exif" not in preview

    def test_a_name_of_a_deleted_style_is_free_again(self, as_artist, artist):
        StyleFactory(artist=artist.artist, name="Wet Paper", is_active=False)
        assert as_artist.upload(MODELS, style_form()).status == 201

    def test_another_artists_name_is_free(self, as_artist):
        StyleFactory(name="Wet Paper")
        assert as_artist.upload(MODELS, style_form()).status == 201


HOSTILE = {
    "a text named .jpg": (b"I am a picture, believe me.", "INVALID_IMAGE_FORMAT"),
    "a GIF": (picture(9, kind="GIF"), "INVALID_IMAGE_FORMAT"),
    "a WebP": (picture(9, kind="WEBP"), "INVALID_IMAGE_FORMAT"),
    "a TIFF": (picture(9, kind="TIFF"), "INVALID_IMAGE_FORMAT"),
    "a BMP": (picture(9, kind="BMP"), "INVALID_IMAGE_FORMAT"),
    "an SVG": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "INVALID_IMAGE_FORMAT",
    ),
    "a page behind a GIF's header": (b"GIF89a/*<script>*/", "INVALID_IMAGE_FORMAT"),
    "half a JPEG": (picture(9, size=(800, 800), kind="JPEG")[:4000], "INVALID_IMAGE_FORMAT"),
    "half a PNG": (picture(9)[: len(picture(9)) // 2], "INVALID_IMAGE_FORMAT"),
    "a PNG's header alone": (b"\x89PNG\r\n\x1a\n", "INVALID_IMAGE_FORMAT"),
    "nothing": (b"", "INVALID_IMAGE_FORMAT"),
    "an animation": (animated(), "INVALID_IMAGE_FORMAT"),
    "a bomb": (bomb(50_000), "IMAGE_TOO_LARGE"),
    "a bomb just past the limit": (bomb(6_400), "IMAGE_TOO_LARGE"),
    "a bomb within the limit": (bomb(6_000), "INVALID_IMAGE_FORMAT"),
    "10 MB and a byte": (
        picture(9) + b"\0" * (10 * 1024 * 1024 + 1 - len(picture(9))),
        "IMAGE_TOO_LARGE",
    ),
    "255 pixels wide": (picture(9, size=(255, 900)), "IMAGE_TOO_SMALL"),
    "255 pixels high": (picture(9, size=(900, 255), kind="JPEG"), "IMAGE_TOO_SMALL"),
}


class TestHostileUploads:
    @pytest.mark.parametrize("what", HOSTILE)
    def test_it_is_refused_with_its_code_and_index(self, as_artist, media, what):
        content, code = HOSTILE[what]
        images = [*files(7, first=100), file(content, "work.jpg"), *files(3, first=200)]
        answer = as_artist.upload(MODELS, style_form(images=images))
        assert answer.refusal == (400, code)
        [bad] = answer.details["images"]
        assert (bad["index"], bad["code"]) == (7, code)
        assert bad["message"]
        assert nothing_was_made(media)

    def test_a_polyglot_is_shown_only_as_a_clean_preview(self, as_artist):
        """A picture with a page behind it is a picture; nothing of the page is served."""
        content = picture(9) + b"<script>alert(1)</script>"
        made = as_artist.upload(
            MODELS, style_form(images=[file(content), *files(9, first=50)])
        ).data
        shown = as_artist.follow_link(made["artworks"][0]["image_url"])
        assert shown.headers["Content-Type"] == "image/webp"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert b"<script>" not in shown.content

    def test_every_bad_image_is_named_in_one_answer(self, as_artist, media):
        images = files(12)
        images[2] = file(b"text", "2.jpg")
        images[5] = file(picture(0), "copy.png")
        images[11] = file(picture(9, size=(100, 100)), "small.png")
        answer = as_artist.upload(MODELS, style_form(images=images))
        assert answer.refusal == (400, "INVALID_IMAGE_FORMAT")
        assert [(bad["index"], bad["code"]) for bad in answer.details["images"]] == [
            (2, "INVALID_IMAGE_FORMAT"),
            (5, "DUPLICATE_IMAGE"),
            (11, "IMAGE_TOO_SMALL"),
        ]
        assert nothing_was_made(media)

    def test_the_same_image_twice_is_named(self, as_artist, media):
        images = [*files(10), file(picture(4), "again.jpg")]
        answer = as_artist.upload(MODELS, style_form(images=images))
        assert answer.refusal == (400, "DUPLICATE_IMAGE")
        assert answer.details["images"][0]["index"] == 10
        assert "number 4" in answer.details["images"][0]["message"]
        assert nothing_was_made(media)

    @pytest.mark.parametrize(
        ("count", "code"),
        [(0, "INSUFFICIENT_IMAGES"), (9, "INSUFFICIENT_IMAGES"), (101, "TOO_MANY_IMAGES")],
    )
    def test_ten_to_a_hundred_images(self, as_artist, media, count, code):
        images = files(count) or None
        answer = as_artist.upload(MODELS, style_form(images=images))
        assert answer.refusal == (400, code)
        assert str(count) in answer.message
        assert nothing_was_made(media)

    def test_more_files_than_the_server_reads_are_too_large(self, as_artist, media):
        images = [file(b"x", f"{number}.png") for number in range(111)]
        answer = as_artist.upload(MODELS, style_form(images=images))
        assert answer.refusal == (413, "PAYLOAD_TOO_LARGE")
        assert nothing_was_made(media)

    def test_a_bomb_costs_little_memory(self, as_artist):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        images = [file(bomb(6_000 + number)) for number in range(10)]
        assert as_artist.upload(MODELS, style_form(images=images)).status == 400
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 256 * 1024

    def test_text_where_files_belong_is_named(self, as_artist, media):
        answer = as_artist.upload(MODELS, style_form(images=["not a file"] * 10))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert next(iter(answer.details)).startswith("images")
        assert nothing_was_made(media)


class TestRefusals:
    def test_a_second_style_of_the_name_is_refused_in_any_case(self, as_artist, artist, media):
        StyleFactory(artist=artist.artist, name="WET paper")
        answer = as_artist.upload(MODELS, style_form())
        assert answer.refusal == (400, "DUPLICATE_STYLE_NAME")
        assert Style.objects.count() == 1
        assert files_in(media) == set()

    def test_who_is_no_artist_cannot_upload(self, as_buyer, media):
        assert as_buyer.upload(MODELS, style_form()).refusal == (403, "ARTIST_ONLY")
        assert nothing_was_made(media)

    def test_who_is_not_signed_in_cannot_upload(self, as_anyone, media):
        assert as_anyone.upload(MODELS, style_form()).refusal == (401, "UNAUTHENTICATED")
        assert nothing_was_made(media)

    def test_json_is_not_taken(self, as_artist):
        answer = as_artist.post(MODELS, {"name": "Wet Paper"})
        assert answer.refusal == (415, "UNSUPPORTED_MEDIA_TYPE")

    def test_a_storage_that_is_full_makes_nothing(self, as_artist, media):
        media.write_text("a file where the folder belongs")
        answer = as_artist.upload(MODELS, style_form())
        assert answer.refusal == (503, "SERVICE_UNAVAILABLE")
        assert not Style.objects.exists()
        assert not OutboxMessage.objects.exists()

    @pytest.mark.parametrize(
        "image_tags",
        [
            "not json",
            '"sea"',
            "5",
            "null",
            '{"10": ["sea"]}',
            '{"-1": ["sea"]}',
            '{"x": ["sea"]}',
            '{"0": 5}',
            '{"0": [5]}',
            '{"0": {"sea": 1}}',
            '{"0": ["바다"]}',
            '{"0": ["\\u0000"]}',
            json.dumps({"0": ["x" * 51]}),
            json.dumps({"0": [f"tag {n}" for n in range(21)]}),
            json.dumps([["sea"]] * 11),
            "[" * 100_000,
            '{"1e400": []}',
            '{"' + "9" * 5000 + '": []}',
        ],
    )
    def test_image_tags_that_do_not_fit_are_named(self, as_artist, media, image_tags):
        answer = as_artist.upload(MODELS, style_form(image_tags=image_tags))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["image_tags"]
        assert nothing_was_made(media)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_damaged_pictures_are_refused_or_taken_but_never_break_anything(kind):
    draw = random.Random(20261122)
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = picture(5, size=(300, 260), kind=kind, exif=exif.tobytes())
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 3, 20])):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        for check in (image_service.check_image, image_service.check_profile_image):
            try:
                check(io.BytesIO(damaged))
            except DomainError:
                refused += 1
    assert refused > 30


def test_check_image_reads_a_stream_from_its_beginning():
    stream = io.BytesIO(picture(1))
    stream.read()
    assert image_service.check_image(stream).extension == "png"

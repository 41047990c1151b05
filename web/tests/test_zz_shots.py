import pytest
from pathlib import Path
from django.test import Client
from PIL import Image
from tests.browser import DESKTOP, PHONE, Visitor
from web.tests.test_every_page import *  # noqa
from web.tests.test_every_page import DOT

del test_every_page_is_accessible_and_fits  # noqa
OUT = Path("/tmp/sd_shots")


def test_shots(browser, live_server, settings, readers, ids, tmp_path):
    settings.SITE_URL = live_server.url
    OUT.mkdir(exist_ok=True)
    g = lambda n, i=0: ids[n][i]
    pages = {
        "staff": {
            "queue": "/desk",
            "case": f"/desk/cases/{g('case_id')}",
            "case2": f"/desk/cases/{g('case_id', 1)}",
            "works": f"/desk/works/{g('held_style_id')}",
            "appeals": "/desk/appeals",
            "appeal": f"/desk/appeals/{g('appeal_id', 1)}",
        },
        "buyer": {
            "statements": "/statements",
            "statement": f"/statements/{g('statement_id')}",
            "appealform": f"/statements/{g('statement_id')}/appeal",
            "statement2": f"/statements/{g('statement_id', 2)}",
        },
        "stranger": {
            "report": f"/report/picture/{g('thing_id')}",
            "receipt": f"/reports/{g('receipt')}",
            "moderation": "/about/moderation",
            "privacy": "/privacy",
            "picture": f"/pictures/{g('thing_id')}",
            "style": f"/styles/{ids['style_id'][0]}",
            "user": f"/users/{ids['user_id'][0]}",
            "artist": f"/artists/{ids['artist_id'][0]}",
        },
    }
    swatch = tmp_path / "s.png"
    Image.radial_gradient("L").resize((400, 400)).convert("RGB").save(swatch)
    for who, shown in pages.items():
        client = Client()
        if readers[who]:
            client.force_login(readers[who])
        for size, lang, scheme in (
            (DESKTOP, "en", "light"),
            (PHONE, "ko", "dark"),
            (PHONE, "en", "light"),
        ):
            v = Visitor(browser, live_server.url, size, scheme, language=lang)
            v.context.route(
                "**/media/**",
                lambda r: r.fulfill(content_type="image/png", body=swatch.read_bytes()),
            )
            if readers[who]:
                v.use_session(client.cookies["sessionid"].value)
            for name, path in shown.items():
                v.visit(path)
                if name == "report" and scheme == "light":
                    v.page.locator("[value=copy]").check()
                v.page.screenshot(
                    path=str(
                        OUT / f"{name}-{'phone' if size == PHONE else 'desk'}-{lang}-{scheme}.png"
                    ),
                    full_page=True,
                )
                if name == "case" and lang == "en":
                    v.page.locator("[value=hide]").check()
                    v.page.get_by_label("Reason", exact=True).fill("Somebody else made it.")
                    v.press("Go on …")
                    v.page.screenshot(
                        path=str(OUT / f"confirm-{'phone' if size == PHONE else 'desk'}.png"),
                        full_page=True,
                    )
            v.close()

"""nginx and the application: one table of errors, one table of limits."""

from __future__ import annotations

import re

from app.utils.error_bodies import error_body, refusal_body
from devtools.servers.nginx import SHIPPED
from serving.bodies import LARGEST_BODIES, MEGABYTE, largest_body


def test_nginx_says_what_the_application_says() -> None:
    text = (SHIPPED / "conf.d" / "default.conf").read_text()

    def mapped(name: str) -> dict[str, str]:
        found = re.search(rf"map \$status \${name} {{\n(.*?)\n}}", text, re.DOTALL)
        assert found
        return dict(re.findall(r'^ +(\w+) +"?(.*?)"?;$', found[1], re.MULTILINE))

    codes, messages = mapped("error_code"), mapped("error_message")
    assert set(codes) == set(messages)
    statuses = {status for status in codes if status != "default"}
    for status in statuses:
        assert error_body(codes[status], messages[status]) == refusal_body(int(status))
    assert error_body(codes["default"], messages["default"]) == refusal_body(500)
    pages = re.findall(r"error_page ([\d ]+)(?:=(\d+) )?\$(?:error|wait)_place", text)
    answered = {
        one for given, instead in pages for one in ([instead] if instead else given.split())
    }
    assert answered == statuses | {"500"}


def test_nginx_and_the_application_set_the_same_limits() -> None:
    text = (SHIPPED / "conf.d" / "default.conf").read_text()
    [general] = re.findall(r"^    client_max_body_size (\d+)m;", text, re.MULTILINE)
    assert int(general) * MEGABYTE == largest_body("/api/tokens/purchase")
    special = re.findall(
        r"location (?:~ )?(\S+) {\n +client_max_body_size (\d+)m;", text, re.MULTILINE
    )
    assert len(special) == len(LARGEST_BODIES)
    for path in (
        "/api/models",
        "/api/models/",
        "/studio/upload/check",
        "/uploads/1/2.png",
        "/api/models/1",
        "/api/models/1/works",
        "/api/models/1/works/",
        "/verify",
        "/api/verify",
        "/verify/other",
    ):
        [limit] = [int(size) for pattern, size in special if re.match(pattern, path)] or [
            int(general)
        ]
        assert limit * MEGABYTE == largest_body(path), path

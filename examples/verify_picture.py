"""Check a picture off-line: python verify_picture.py PICTURE ROOT.

PICTURE is a PNG, JPEG or WebP. ROOT is the file /.well-known/c2pa-root.pem of the site, fetched
once and kept. With --keys FILE, which is /.well-known/jwks.json of the site, and --certificate
FILE, from the licence's page (“Signed certificate”), it also says under which terms the picture is
licensed, and whether the certificate is about this very file. With --status FILE, a status list
that was fetched from the address in the certificate, it says whether the licence still held then.

It needs c2pa-python and, for certificates, joserfc with verify_certificate.py beside this file
(pip install c2pa-python joserfc); nothing of Style License, and no network. It exits with 0 if the
picture is as it was signed and all that was given with it holds, and with 1 if not.
"""

import argparse
import hashlib
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import c2pa

LICENCE = "org.stylelicense.licence"
BEGINNINGS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
# What was signed by somebody, and not changed since; "Trusted": by a certificate of this root.
TRUSTED, VALID = "Trusted", "Valid"


def manifest_of(picture: Path, root: str) -> tuple[str, dict[str, Any]]:
    """How far to believe the picture's manifest, and what it says of a licence; {} for nothing."""
    try:
        begin = picture.read_bytes()[:4]
    except OSError as error:
        sys.exit(f"{picture} cannot be read: {error.strerror}.")
    kinds = [kind for mark, kind in BEGINNINGS.items() if begin.startswith(mark)]
    if not kinds:
        sys.exit("This is no PNG, JPEG or WebP.")
    verify = {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}
    settings = {"version": 1, "verify": verify, "trust": {"trust_anchors": root}}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            picture.open("rb") as file,
            c2pa.Reader(kinds[0], file, context=context) as reader,
        ):
            report = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return "None", {}
    except c2pa.C2paError as error:
        return f"Invalid ({error})", {}
    manifest = report["manifests"][report["active_manifest"]]
    said = [each["data"] for each in manifest["assertions"] if each["label"] == LICENCE]
    return report["validation_state"], said[0] if len(said) == 1 else {}


def root_in(path: Path) -> str:
    """The root certificates in a file. With others than these, every picture seems changed."""
    try:
        text = path.read_text("ascii")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (OSError, ValueError):
        sys.exit(f"{path} has no certificate: fetch /.well-known/c2pa-root.pem of the site.")
    return text


def said_of(state: str) -> str:
    return {
        TRUSTED: "The picture is as it was signed, by a certificate of this root.",
        VALID: "The picture is as it was signed, but by somebody else than this root vouches for.",
        "None": "The picture has no signed metadata. It may have lost them; ask the site.",
    }.get(state, f"The signed metadata do not fit the picture: it was changed. {state}")


def check_certificate(given: argparse.Namespace, number: str) -> bool:
    """Print what the certificate proves of the picture. Returns whether all of it holds."""
    from verify_certificate import NotProved, keys_in, read, read_licence, still_holds, text_of

    keys = keys_in(given.keys)
    try:
        certificate = read_licence(text_of(given.certificate), keys)
        subject = certificate["credentialSubject"]
        holds = not given.status or still_holds(certificate, read(text_of(given.status), keys))
    except NotProved as error:
        print(error)
        return False
    is_same = subject["number"] == number if number else None
    digest = hashlib.sha256(given.picture.read_bytes()).hexdigest()
    is_file = digest in (subject.get("file_sha256"), subject.get("preview_sha256"))
    terms = subject["terms"]
    print(f"Certificate: {subject['number']}, {terms['key']} version {terms['version']}.")
    if is_same is False:
        print("It is about another picture's licence.")
    print("It names this very file." if is_file else "It does not name this file.")
    if given.status:
        print("The licence was valid." if holds else "The licence is no longer valid.")
    return holds and is_file and is_same is not False


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--status", type=Path)
    given = parser.parse_args()
    if bool(given.keys) != bool(given.certificate) or (given.status and not given.keys):
        parser.error("--certificate and --keys go together, and --status with both.")
    state, licence = manifest_of(given.picture, root_in(given.root))
    print(said_of(state))
    for name in ("number", "artist", "style", "verify_url") if state == TRUSTED else ():
        print(f"  {name}: {licence.get(name)}")
    holds = state == TRUSTED
    if given.certificate:
        number = licence.get("number", "") if state == TRUSTED else ""
        holds = check_certificate(given, number) and holds
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()

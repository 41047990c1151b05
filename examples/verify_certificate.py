"""Check the certificate of a licence off-line: python verify_certificate.py CERTIFICATE KEYS.

CERTIFICATE is a file from a licence's page (“Signed certificate”), KEYS the file
/.well-known/jwks.json of the site, fetched once and kept. It needs only joserfc
(pip install joserfc), and nothing of Style License. With --status FILE, a status list that was
fetched from the address in the certificate, it also says whether the licence still holds.
"""

import argparse
import base64
import gzip
import json
import sys
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet


class NotProved(Exception):
    """The certificate is not what one of these keys signed."""


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path} cannot be read: {getattr(error, 'strerror', 'it is no text')}.")


def keys_in(path: Path) -> KeySet:
    try:
        return KeySet.import_key_set(json.loads(text_of(path)))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        sys.exit(f"{path} has no keys: fetch /.well-known/jwks.json of the site.")


def read(token: str, keys: KeySet) -> dict[str, Any]:
    """What a certificate says. Raises NotProved."""
    try:
        signed = jws.deserialize_compact(token.strip(), keys, algorithms=["ES256"])
    except (JoseError, ValueError) as error:
        raise NotProved(f"No key proves this certificate: {error}") from error
    if signed.headers().get("typ") != "vc+jwt":
        raise NotProved("This is signed, but is no certificate.")
    said: dict[str, Any] = json.loads(signed.payload)
    return said


def read_licence(token: str, keys: KeySet) -> dict[str, Any]:
    """The certificate of a licence. Raises NotProved, also for a status list."""
    said = read(token, keys)
    if "PictureLicenceCredential" not in said.get("type", ()):
        raise NotProved("This is signed, but is no certificate of a licence.")
    return said


def still_holds(certificate: dict[str, Any], status_list: dict[str, Any]) -> bool:
    """Whether the licence was valid when the status list was fetched. Raises NotProved."""
    entry = certificate["credentialStatus"]
    if status_list["id"] != entry["statusListCredential"]:
        raise NotProved("This status list is about other licences.")
    packed = status_list["credentialSubject"]["encodedList"].removeprefix("u")
    bits = gzip.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    byte, bit = divmod(int(entry["statusListIndex"]), 8)
    return not bits[byte] & 0x80 >> bit


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("certificate", type=Path)
    parser.add_argument("keys", type=Path)
    parser.add_argument("--status", type=Path)
    given = parser.parse_args()
    keys = keys_in(given.keys)
    try:
        certificate = read_licence(text_of(given.certificate), keys)
        holds = given.status and still_holds(certificate, read(text_of(given.status), keys))
    except NotProved as error:
        sys.exit(str(error))
    subject = certificate["credentialSubject"]
    print(f"Issued by {certificate['issuer']['id']} on {certificate['validFrom']}:")
    for name in ("number", "artist", "style", "prompt", "prompt_writer", "file_sha256"):
        if name in subject:
            print(f"  {name}: {subject[name]}")
    terms = subject["terms"]
    print(f"  terms: {terms['key']}, version {terms['version']} ({terms['url']})")
    if given.status:
        print("It was valid." if holds else "It is no longer valid.")
    sys.exit(1 if given.status and not holds else 0)


if __name__ == "__main__":
    main()

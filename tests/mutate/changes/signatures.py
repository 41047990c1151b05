"""What is signed, for whom, and what reads as ours."""

from tests.mutate.mutation import Mutation, in_file

ASKED = "app/tests/orders/test_signatures.py"
VERIFIED = "app/tests/licences/test_verification.py::TestByTheFile"
READ = "provenance/tests/test_manifest.py"
MADE = "provenance/tests/test_certificates.py"
WORKER = "worker/tests/test_signed_pictures.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/signature_service.py",
        (
            "signature-for-current-attempt",
            "if locked is None or locked.attempt != request.attempt:",
            "if locked is None:",
            ASKED,
        ),
        (
            "signature-while-under-way",
            "if not locked.is_under_way:",
            "if False:",
            ASKED,
        ),
        (
            "signatures-bounded",
            "if given.count() >= MOST_SIGNATURES:",
            "if False:",
            ASKED,
        ),
        (
            "signature-of-own-licence",
            "claims.require_claim(request.to_sign, request.licence, _facts_told(generation))",
            "pass",
            ASKED,
        ),
        (
            "names-of-the-task",
            "if not isinstance(task, GenerationTask) or task.data.licence is None:",
            "if True:",
            ASKED,
        ),
        (
            "former-signer-signs",
            "    for signer in reversed(_signers()):\n",
            "    for signer in _signers()[-1:]:\n",
            ASKED,
        ),
    ),
    *in_file(
        "provenance/claims.py",
        ("claim-names-assertion", "        len(named) != 1\n", "        False\n", ASKED),
        ("assertion-hash", 'or named[0].get("hash") != expected', "", ASKED),
        ("licence-facts-equal", "or said != licence.claims()", "", ASKED),
        ("algorithm-fixed", "if _header(to_sign).get(_ALGORITHM) != _ES256:", "if False:", ASKED),
    ),
    *in_file(
        "provenance/manifest.py",
        (
            "exact-bytes",
            '    except jumbf.NotOurs:\n        return b""\n',
            '    except jumbf.NotOurs:\n        return b"?"\n',
            READ,
        ),
        ("frame-exact", '== "Trusted" and place.is_exact', '== "Trusted"', READ),
        ("revoked-signers", "    if serial in revoked:\n", "    if False:\n", READ),
        ("trusted-alone-is-ours", "if not succeeded >= _SIGNED_BY_US:", "if False:", READ),
    ),
    *in_file(
        "app/services/licences/verification.py",
        (
            "signatures-are-in-the-log",
            "if not _is_in_log(licence, reading.digest):",
            "if False:",
            VERIFIED,
        ),
        ("moved-manifests-license-nothing", "    if not compared:\n", "    if False:\n", VERIFIED),
        ("what-is-gone-is-not-sure", "    if compared is None:\n", "    if False:\n", VERIFIED),
    ),
    *in_file(
        "provenance/certificates.py",
        ("keys-closed", "mode = 0o600 if secret else 0o644", "mode = 0o644", MADE),
        (
            "keys-never-over",
            "made.rename(folder)",
            "shutil.copytree(made, folder, dirs_exist_ok=True)",
            MADE,
        ),
        (
            "key-belongs",
            "if leaf.public_key() != signer.key.public_key():",
            "if False:",
            MADE,
        ),
        ("expiry-noticed", "if certificate.not_valid_after_utc < now:", "if False:", MADE),
    ),
    *in_file(
        "worker/runner.py",
        (
            "unsigned-may-be-tried-again",
            "return self.job.failed(NOT_SIGNED, retryable=True)",
            "return self.job.failed(NOT_SIGNED, retryable=False)",
            WORKER,
        ),
    ),
    *in_file(
        "worker/output.py",
        (
            "previews-signed",
            "            content = sign_preview(content, origin, licence.chain, sign, source)\n",
            "            pass\n",
            WORKER,
        ),
    ),
)

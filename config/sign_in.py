"""What the environment must say where people sign in with GitHub or Apple."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.problems import Environment, Problem, Rule, value_of


def _complete(name: str, *others: str) -> Problem:
    """Where ``name`` is set, ``others`` are, too."""

    def problem(environment: Environment) -> str:
        missing = [each for each in others if not value_of(environment, each)]
        if not value_of(environment, name) or not missing:
            return ""
        return f"is set, but {', '.join(missing)} is not"

    return problem


def _apple_key(environment: Environment) -> str:
    written = value_of(environment, "APPLE_PRIVATE_KEY").replace("\\n", "\n")
    try:
        is_right = not written or isinstance(
            load_pem_private_key(written.encode(), password=None), EllipticCurvePrivateKey
        )
    except (ValueError, TypeError):
        is_right = False
    return "" if is_right else "is no private key that can be read"


RULES = (
    Rule(
        "GITHUB_CLIENT_ID",
        "GitHub shows the secret with the OAuth app. Or leave both empty.",
        _complete("GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"),
    ),
    Rule(
        "APPLE_CLIENT_ID",
        "Apple shows them with the key for Sign in with Apple. Or leave all empty.",
        _complete("APPLE_CLIENT_ID", "APPLE_KEY_ID", "APPLE_TEAM_ID", "APPLE_PRIVATE_KEY"),
    ),
    Rule(
        "APPLE_PRIVATE_KEY",
        "Put the text of Apple's .p8 file in one line, with \\n for its line ends.",
        _apple_key,
    ),
)

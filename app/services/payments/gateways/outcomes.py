"""How asking a provider may end, other than well."""


class NotYet(Exception):
    """Nothing was done, or nobody knows whether it was: look again later."""


class Away(NotYet):
    """The provider itself does not answer, or answers nobody: others need not be asked now."""


class Refused(Exception):
    """It was not done, and will not be. The text is for whoever asked for it; it may hold what they
    typed, so the log gets ``code`` alone. ``param`` is what was wrong, if one thing was."""

    def __init__(self, text: str = "", *, code: str = "refused", param: str = "") -> None:
        super().__init__(text)
        self.code, self.param = code, param


class Gone(Refused):
    """What it is asked of is not there any more, as an account that was deleted."""


class InvalidSignature(Exception):
    """What was sent is not from the provider, or too old. The text says why."""

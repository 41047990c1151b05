"""How asking a provider may end, other than well."""


class NotYet(Exception):
    """Nothing was done, or nobody knows whether it was: look again later."""


class Away(NotYet):
    """The provider itself does not answer, or answers nobody: others need not be asked now."""


class Refused(Exception):
    """It was not done, and will not be. The text is for whoever asked for it."""


class InvalidSignature(Exception):
    """What was sent is not from the provider, or too old. The text says why."""

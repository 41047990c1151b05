"""Order pictures from Style License, and check what it signs.

``Client`` and ``AsyncClient`` talk to the site; ``webhooks.verify`` and ``certificates.read`` need
no network. README.md has examples.
"""

from style_license import certificates, webhooks
from style_license.aio import AsyncClient, AsyncOrder
from style_license.client import Client, Order
from style_license.errors import (
    ApiError,
    Conflict,
    InvalidRequest,
    KeyReused,
    NotAllowed,
    NotEnoughTokens,
    NotFound,
    NotProved,
    NotSignedIn,
    PriceChanged,
    RateLimited,
    ServerProblem,
    StyleLicenseError,
    TermsChanged,
    TookTooLong,
    UnknownStyle,
    Unreachable,
)
from style_license.models import (
    Collection,
    Item,
    Licence,
    OrderState,
    Picture,
    Quote,
    QuotedItem,
    Style,
    Verdict,
    Wallet,
)
from style_license.version import VERSION as __version__

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncOrder",
    "Client",
    "Collection",
    "Conflict",
    "InvalidRequest",
    "Item",
    "KeyReused",
    "Licence",
    "NotAllowed",
    "NotEnoughTokens",
    "NotFound",
    "NotProved",
    "NotSignedIn",
    "Order",
    "OrderState",
    "Picture",
    "PriceChanged",
    "Quote",
    "QuotedItem",
    "RateLimited",
    "ServerProblem",
    "Style",
    "StyleLicenseError",
    "TermsChanged",
    "TookTooLong",
    "UnknownStyle",
    "Unreachable",
    "Verdict",
    "Wallet",
    "__version__",
    "certificates",
    "webhooks",
]

"""How the OpenAPI schema differs from what drf-spectacular would say by itself."""

from drf_spectacular.openapi import AutoSchema


class EnvelopeSchema(AutoSchema):
    pass

"""How the description of the API is made: settings of drf-spectacular."""

SPECTACULAR_SETTINGS = {
    "TITLE": "Style License API",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "app.http.schema.complete",
    ],
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}},
    "ENUM_NAME_OVERRIDES": {
        **{
            f"{name}Enum": f"app.models.{name}"
            for name in (
                *("TrainingStatus", "GenerationStatus", "NotificationType"),
                *("Visibility", "AspectRatio", "Scope", "TermsKey", "LicenceState"),
                *("WebhookEvent", "DeliveryState", "DisabledReason", "Original", "ReviewState"),
                *("PurchaseStatus", "MoveStatus"),
                *("ThingKind", "ReportReason", "CaseState", "Action", "Ground", "AppealState"),
            )
        },
        "TransactionTypeEnum": "app.models.token.PUBLIC_CHOICES",
        "HealthEnum": ["ok", "error"],
        "LatenessEnum": ["current", "late"],
        "ServerEnum": ["connected", "unavailable"],
        "OptionalServerEnum": ["connected", "unavailable", "unused"],
    },
}

"""Examples for the OpenAPI schema, by operation."""

_ARTIST = {
    "id": 2,
    "username": "mira",
    "profile_image": None,
    "artist_name": "Mira Halden",
}
_STYLE = {
    "id": 7,
    "name": "Wet Paper",
    "artist": _ARTIST,
    "thumbnail": "https://example.org/media/styles/7/previews/000.webp?expires=…&signature=…",
    "price": 10,
    "usage_count": 42,
    "tags": [{"id": 3, "name": "sea", "sequence": 0}],
    "training_status": "completed",
    "created_at": "2026-11-22T09:00:00Z",
}
_PICTURE = {
    "id": 91,
    "image_url": "https://example.org/media/generations/91/image.png?expires=…&signature=…",
    "preview_url": "https://example.org/media/generations/91/preview.webp?expires=…&signature=…",
    "placeholder": "data:image/webp;base64,UklGRh4AAABXRUJQ",
    "width": 512,
    "height": 512,
    "aspect_ratio": "1:1",
    "prompt_tags": ["castle", "sunset"],
    "prompt": None,
    "seed": 5,
    "description": "Where I would like to live.",
    "like_count": 3,
    "comment_count": 1,
    "is_liked_by_current_user": False,
    "user": {"id": 4, "username": "bo", "profile_image": None},
    "style": {"id": 7, "name": "Wet Paper"},
    "artist": _ARTIST,
    "created_at": "2026-11-22T10:00:00Z",
}
_NO_NEIGHBOURS = {"next": None, "previous": None}

REQUESTS: dict[str, object] = {
    "auth_demo": {"username": "buyer"},
    "tokens_purchase": {"amount": 500, "payment_method": "card"},
    "images_generate": {
        "style_id": 7,
        "prompt_tags": ["castle", "sunset"],
        "aspect_ratio": "1:1",
        "seed": 5,
    },
    "images_quote": {
        "items": [{"style_id": 7, "prompt_tags": ["two cats", "throne"], "aspect_ratio": "1:1"}]
    },
    "images_update": {"visibility": "public", "description": "Where I would like to live."},
    "images_report": {
        "task_id": "8d0f3f5e-61c4-4d4e-9b8e-3a51d3f4c1aa",
        "attempt": 1,
        "status": "processing",
        "progress": {"current_step": 3, "total_steps": 10, "progress_percent": 30},
    },
    "models_update": {"name": "Wet Paper II", "cover": 31, "price": 12, "tags": ["sea", "sky"]},
    "models_report": {
        "task_id": "8d0f3f5e-61c4-4d4e-9b8e-3a51d3f4c1ab",
        "attempt": 1,
        "training_status": "failed",
        "failure_reason": "One of the images could not be read.",
    },
    "community_comment": {"content": "Lovely light.", "parent_id": None},
    "notifications_create": {
        "recipient_id": 4,
        "type": "generation_complete",
        "message": "Your picture is ready.",
        "target": {"type": "image", "id": 91},
    },
    "keys_create": {"name": "My script", "scopes": ["read", "generate"]},
    "users_update": {"username": "bo", "bio": "I collect castles."},
    "users_become_artist": {"artist_name": "Mira Halden"},
    "users_update_artist": {"artist_name": "Mira Halden-Berg"},
}

RESPONSES: dict[str, object] = {
    "system_health": {"status": "ok", "database": "connected"},
    "models_list": {**_NO_NEIGHBOURS, "results": [_STYLE]},
    "community_feed": {**_NO_NEIGHBOURS, "results": [_PICTURE]},
    "search_everything": {
        "query": "watercolor",
        "corrected": None,
        "suggestions": [],
        "styles": [_STYLE],
        "artists": [],
        "tags": [{"id": 5, "name": "watercolour", "usage_count": 12}],
        "images": [],
    },
    "community_like": {"is_liked": True, "like_count": 4},
    "images_generate": {
        "generation_id": 91,
        "status": "queued",
        "cost": 10,
        "seed": 5,
        "balance": 90,
        "unknown_words": [],
    },
    "images_quote": {
        "cost": 10,
        "balance_after": 80,
        "items": [{"cost": 10, "unknown_words": ["throne"]}],
    },
    "images_status": {
        "id": 91,
        "status": "queued",
        "progress": None,
        "queue_position": 2,
        "image_url": None,
        "preview_url": None,
        "failure_reason": None,
    },
    "tokens_balance": {"balance": 90},
    "tags_list": [{"id": 3, "name": "sea", "usage_count": 12}],
    "users_follow": {"is_following": True, "follower_count": 8},
    "notifications_mark_all_read": {"updated_count": 3},
}

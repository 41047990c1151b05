"""The statements of the search. Each reads a bounded number of rows for each word."""

# Of each kind and word: its number, ids of what has it, and whether they were found among the most
# popular ones. A bounded number is read, whatever the planner thinks of the texts.
_CANDIDATES = """
    SELECT '{kind}', asked.word, found.id, false FROM asked CROSS JOIN LATERAL ({found}) found
    WHERE asked.is_short = {is_short}
"""
_FOUND = {
    "tag": """SELECT id FROM app_tag WHERE name {like} asked.lower AND is_active
        AND usage_count > 0 LIMIT %(candidates)s""",
    "style": """SELECT id FROM app_style WHERE upper(name) {like} asked.upper AND is_active
        AND training_status = 'completed' LIMIT %(candidates)s""",
    "style ": """SELECT tagged.id FROM (
            SELECT id FROM app_tag WHERE name {like} asked.lower AND is_active
            AND usage_count > 0 LIMIT %(candidates)s
        ) tag CROSS JOIN LATERAL (
            SELECT style_id AS id FROM app_styletag WHERE tag_id = tag.id LIMIT %(candidates)s
        ) tagged LIMIT %(candidates)s""",
    "described": """SELECT id FROM app_style WHERE upper(description) {like} asked.upper
        AND is_active AND training_status = 'completed' LIMIT %(candidates)s""",
    "artist": """SELECT user_id AS id FROM app_artist WHERE upper(artist_name) {like} asked.upper
        LIMIT %(candidates)s""",
    "artist ": """SELECT id FROM app_user WHERE upper(username) {like} asked.upper
        AND role = 'artist' LIMIT %(candidates)s""",
}
CANDIDATES = f"""
    WITH asked AS (
        SELECT * FROM unnest(%(words)s::int[], %(uppers)s::text[], %(lowers)s::text[],
            %(are_short)s::bool[]) AS asked(word, upper, lower, is_short)
    )
    {
    " UNION ".join(
        _CANDIDATES.format(kind=kind.strip(), found=found.format(like=like), is_short=is_short)
        for kind, found in _FOUND.items()
        for like, is_short in (("LIKE", False), ("%%>", True))
    )
}
    UNION SELECT 'tag', asked.word, tag.id, true FROM asked JOIN (
        SELECT id, name FROM app_tag WHERE is_active AND usage_count > 0
        ORDER BY usage_count DESC, name, id LIMIT %(popular)s
    ) tag ON tag.name LIKE asked.lower
    UNION SELECT name.kind, asked.word, style.id, true FROM (
        SELECT id, upper(name) AS name, upper(description) AS description
        FROM app_style WHERE is_active
        ORDER BY usage_count DESC, created_at DESC, id DESC LIMIT %(popular)s
    ) style CROSS JOIN LATERAL (
        SELECT 'style' AS kind, style.name AS name
        UNION ALL SELECT 'described', style.description
        UNION ALL SELECT 'style', upper(tag.name)
        FROM app_styletag CROSS JOIN LATERAL (
            SELECT name FROM app_tag WHERE id = app_styletag.tag_id LIMIT 1
        ) tag
        WHERE style_id = style.id
    ) name JOIN asked ON name.name LIKE asked.upper
"""  # noqa: S608 (our own names)
KNOWN_KEYS = """
    SELECT key FROM unnest(%(keys)s::text[]) WITH ORDINALITY AS asked(key, place)
    WHERE EXISTS (SELECT FROM app_feedentry entry WHERE entry.key = asked.key)
    ORDER BY place
"""
# Counted as far as it takes to tell a rare word from a popular one.
RAREST_FIRST = """
    SELECT asked.key FROM unnest(%(keys)s::text[]) AS asked(key) CROSS JOIN LATERAL (
        SELECT COUNT(*) AS pictures FROM (
            SELECT FROM app_feedentry entry WHERE entry.key = asked.key LIMIT 500
        ) few
    ) counted
    ORDER BY counted.pictures, asked.key
"""
# Pictures that have a key of every word, the most popular first. Each key is looked up by itself:
# joined, all keys of each picture may be read.
PICTURES = """
    WITH asked AS (
        SELECT * FROM unnest(%(words)s::int[], %(keys)s::text[]) AS asked(word, key)
    )
    SELECT candidate.generation_id
    FROM asked CROSS JOIN LATERAL (
        SELECT generation_id, heat FROM app_feedentry WHERE key = asked.key
        ORDER BY heat DESC, generation_id DESC LIMIT %(candidates)s
    ) candidate
    WHERE %(count)s = 1 OR %(count)s = (
        SELECT COUNT(DISTINCT other.word) FROM asked other CROSS JOIN LATERAL (
            SELECT FROM app_feedentry
            WHERE key = other.key AND generation_id = candidate.generation_id LIMIT 1
        ) entry
    )
    GROUP BY candidate.generation_id, candidate.heat
    ORDER BY candidate.heat DESC, candidate.generation_id DESC LIMIT %(limit)s
"""
KNOWN_TAGS = """
    SELECT tag.name FROM unnest(%(words)s::text[]) word CROSS JOIN LATERAL (
        SELECT name, usage_count FROM app_tag
        WHERE name = word AND is_active AND usage_count > 0 LIMIT 1
    ) tag
    ORDER BY tag.usage_count DESC, tag.name
"""
# Names with a part that is like a text, of which a bounded number of each kind is compared.
NAMES_LIKE = """
    SELECT name FROM (
        (SELECT name FROM app_tag
         WHERE name %%> %(lower)s AND is_active AND usage_count > 0 LIMIT 200)
        UNION
        (SELECT lower(name) FROM app_style
         WHERE upper(name) %%> %(upper)s AND is_active AND training_status = 'completed' LIMIT 200)
        UNION
        (SELECT lower(artist_name) FROM app_artist JOIN app_user ON id = user_id
         WHERE upper(artist_name) %%> %(upper)s AND closed_at IS NULL
            AND suspended_at IS NULL LIMIT 200)
    ) alike
    ORDER BY word_similarity(%(lower)s, name) DESC, name LIMIT %(limit)s
"""

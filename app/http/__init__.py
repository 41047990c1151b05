"""Around the views: who asks and how often, bodies, errors, paging, the page cache, the schema."""

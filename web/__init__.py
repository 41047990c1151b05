"""The site for people: templates, htmx and forms over the services, beside the JSON API."""

"""The front door: what nginx passes on, keeps back and hands out itself."""

from tests.mutate.mutation import Mutation, in_file

NGINX = "tests/test_nginx.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "nginx/conf.d/default.conf",
        (
            "forwarded-for-one",
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
            NGINX,
        ),
        ("real-ip", "    proxy_set_header X-Real-IP $remote_addr;\n", "", NGINX),
        (
            "forwarded-proto",
            "    proxy_set_header X-Forwarded-Proto $client_scheme;\n",
            "",
            NGINX,
        ),
        (
            "host-passed-on",
            "proxy_set_header Host $http_host;",
            "proxy_set_header Host $host;",
            NGINX,
        ),
        (
            "request-id-passed-on",
            "    proxy_set_header X-Request-ID $chosen_request_id;\n",
            "",
            NGINX,
        ),
        ("upload-length", "client_max_body_size 1010m;", "client_max_body_size 100m;", NGINX),
        ("upload-with-a-slash", "studio/upload/check)/?$", "studio/upload/check)$", NGINX),
        ("other-lengths", "client_max_body_size 8m;", "client_max_body_size 80m;", NGINX),
        (
            "static-from-the-disk",
            "alias /app/staticfiles/;",
            "proxy_pass http://backend;",
            NGINX,
        ),
        ("static-kept-by-browsers", "max-age=31536000, immutable", "max-age=60", NGINX),
        (
            "static-of-other-versions",
            "        error_page 404 = @application;\n",
            "",
            NGINX,
        ),
        (
            "media-asked-for",
            "location /media/ {\n        proxy_pass http://backend;",
            "location /media/ {\n        alias /app/data/media/;",
            NGINX,
        ),
        (
            "media-kept-inside",
            "internal;\n        alias /app/data/media/;",
            "alias /app/data/media/;",
            NGINX,
        ),
    ),
    *in_file(
        "nginx/upstreams.sh",
        (
            "backend-address",
            "${BACKEND_UPSTREAM:-backend:8000}",
            "${BACKEND_UPSTREAM:-backend:80}",
            "tests/production/test_upstreams.py",
        ),
    ),
)

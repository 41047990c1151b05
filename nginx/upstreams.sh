#!/bin/sh
# Writes for nginx where the web processes and the S3 server are. The image runs it at each start;
# tests name another file as the argument.
#
# BACKEND_UPSTREAM  HOST:PORT of web processes, parted by commas. A name may stand for several.
# FILES_UPSTREAM    HOST:PORT of the S3 server of docker-compose.yml; empty for a bucket elsewhere.
set -eu

upstream() {
    name=$1
    shift
    echo "upstream $name {"
    for server in "$@"; do
        case $server in
            *[!A-Za-z0-9._:-]* | *:*[!0-9]* | :* | *:) valid=no ;;
            *:*) valid=yes ;;
            *) valid=no ;;
        esac
        if [ "$valid" = no ]; then
            echo "upstreams.sh: '$server' is not HOST:PORT, e.g. backend:8000" >&2
            return 1
        fi
        # Names are looked up when nginx starts or reloads.
        echo "    server $server max_fails=3 fail_timeout=5s;"
    done
    # A style of 100 pictures keeps a process busy for longer than a page does.
    echo "    least_conn;"
    echo "}"
}

file=${1:-/etc/nginx/conf.d/upstreams.conf}
backend=$(echo "${BACKEND_UPSTREAM:-backend:8000}" | tr ',' ' ')
files=$(echo "${FILES_UPSTREAM:-}" | tr ',' ' ')

# Lists, so they are not quoted.
# shellcheck disable=SC2086
blocks=$(upstream backend $backend)
if [ -n "$files" ]; then
    # shellcheck disable=SC2086
    blocks="$blocks
$(upstream files $files)
include /etc/nginx/files.conf;"
fi
echo "$blocks" > "$file"

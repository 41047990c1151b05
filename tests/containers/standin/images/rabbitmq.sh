#!/bin/sh
# RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS make the first user.
set -eu

cat > /etc/rabbitmq/conf.d/10-default-user.conf <<END
default_user = $RABBITMQ_DEFAULT_USER
default_pass = $RABBITMQ_DEFAULT_PASS
log.console = true
log.file = false
END
chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
export HOME=/var/lib/rabbitmq
exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$@"

#!/bin/sh
# Runs a Redis server in the foreground. Its settings come through standard input: no password among the arguments.
# REDIS_SERVER   the path of redis-server
# REDIS_PASSWORD the password that clients must give (default: none)
# REDIS_LISTEN   the addresses to listen on (default: 127.0.0.1); REDIS_PORT, the port (default: 6379)
set -eu
: "${REDIS_SERVER:?}"
# A Service called `redis` sets REDIS_PORT to a URL in every Pod of its namespace.
case "${REDIS_PORT:-}" in *[!0-9]*) REDIS_PORT=6379 ;; esac
exec "$REDIS_SERVER" - "$@" <<EOF
bind ${REDIS_LISTEN:-127.0.0.1}
port ${REDIS_PORT:-6379}
${REDIS_PASSWORD:+requirepass "$REDIS_PASSWORD"}
# As the image has it: whether other Pods may come is said by REDIS_LISTEN alone.
protected-mode no
save ""
EOF

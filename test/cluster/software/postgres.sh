#!/bin/sh
# Makes a PostgreSQL database cluster and runs its server in the foreground, as the image `postgres` does.
# POSTGRES_BIN      the folder of initdb and postgres
# POSTGRES_PASSWORD the password of POSTGRES_USER (default: postgres)
# POSTGRES_LISTEN   the addresses to listen on (default: 127.0.0.1); PGPORT, the port (default: 5432)
# PGDATA            the folder of the data (default: a new temporary folder)
set -eu
: "${POSTGRES_BIN:?}" "${POSTGRES_PASSWORD:?}"
# PostgreSQL refuses to run as root: 65534 is `nobody`, whom initdb wants to find in /etc/passwd.
if [ "$(id -u)" = 0 ]; then
  exec setpriv --reuid=65534 --regid=65534 --clear-groups /bin/sh "$0" "$@"
fi
PGDATA=${PGDATA:-$(mktemp -d)}
export PGDATA
cd "$PGDATA"
if [ ! -e PG_VERSION ]; then
  "$POSTGRES_BIN/initdb" --username="${POSTGRES_USER:-postgres}" --pwfile=/dev/stdin --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C --no-sync --no-instructions <<EOF
$POSTGRES_PASSWORD
EOF
  # As the image has it: with POSTGRES_LISTEN set, other Pods may come, with the password.
  echo 'host all all all scram-sha-256' >> pg_hba.conf
fi
unset POSTGRES_PASSWORD
exec "$POSTGRES_BIN/postgres" -c "listen_addresses=${POSTGRES_LISTEN:-127.0.0.1}" -p "${PGPORT:-5432}" \
  -k "$PGDATA" -c fsync=off -c jit=off "$@"

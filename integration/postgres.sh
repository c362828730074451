#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own, and stops the server when the command ends, however it ends.
#
# The server is real (integration/tools.sh postgres), listens on a free port of loopback, and keeps its data in a temporary folder.
# PostgreSQL refuses to run as root: where this script does, the server runs as `nobody`. The command finds it in $OSTIARY_POSTGRES.
#
# usage: integration/postgres.sh COMMAND...
set -euo pipefail

here=${BASH_SOURCE[0]}
[[ $here == */* ]] || here=./$here
root=$(cd "${here%/*}/.." && pwd)
"$root/integration/tools.sh" postgres
bin=$(cd "$root"/.tools/postgres-*/pg/bin && pwd -P)

as=()
data=$(mktemp -d)
if [[ $(id -u) == 0 ]]; then
    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    chown nobody:nogroup "$data"
fi
stop() {
    (cd "$data" && "${as[@]}" "$bin/pg_ctl" -D "$data/db" -m immediate -w stop) >/dev/null 2>&1 || true
    rm -rf "$data"
}
trap stop EXIT
failed() {
    tail -n 20 "$data/log" "$data"/server.log >&2
    exit 1
}
# C is the one locale that every machine has. What is measured is what a server is installed with, so its settings stay as they are.
(cd "$data" && "${as[@]}" "$bin/initdb" -D "$data/db" -U ostiary -A trust -E UTF8 --locale=C) >"$data/log" 2>&1 || failed
# Looked up at the last moment: nothing holds it until the server does.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(
    cd "$data" && "${as[@]}" "$bin/pg_ctl" -D "$data/db" -w -l "$data/server.log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data ${OSTIARY_POSTGRES_OPTIONS:-}" start
) >>"$data/log" 2>&1 || failed

OSTIARY_POSTGRES="postgres://ostiary@127.0.0.1:$port/postgres" "$@"

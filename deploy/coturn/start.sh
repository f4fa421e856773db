#!/bin/sh
# Starts coturn with turnserver.conf, TURN_SECRET and the options that are passed. The secret is written to a file that only this
# user can read: everybody on the host sees the arguments of a process.
set -eu
# Everybody knows the secret of compose.yaml, and could relay with it.
case "${PUBLISHED_ADDRESS:-127.0.0.1}" in
127.* | ::1 | localhost) ;;
*)
    if [ "${SECRET_IS_SET:-}" != set ]; then
        echo "coturn is published at $PUBLISHED_ADDRESS: set TURN_SECRET" >&2
        exit 78
    fi
    ;;
esac
configuration=$(mktemp)
{
    cat "$(dirname "$0")/turnserver.conf"
    echo "static-auth-secret=$TURN_SECRET"
} >"$configuration"
unset TURN_SECRET
exec "${TURNSERVER:-turnserver}" -c "$configuration" "$@"

#!/bin/sh
# Starts coturn with turnserver.conf, TURN_SECRET and the options that are passed. The secret is written to a file that only this
# user can read: everybody on the host sees the arguments of a process.
set -eu
configuration=$(mktemp)
{
    cat "$(dirname "$0")/turnserver.conf"
    echo "static-auth-secret=$TURN_SECRET"
} >"$configuration"
unset TURN_SECRET
exec "${TURNSERVER:-turnserver}" -c "$configuration" "$@"

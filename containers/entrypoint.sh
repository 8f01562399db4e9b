#!/bin/sh
# Runs the command as the user grape. An engine makes a folder that it mounts, and that is missing, as root: it is given to grape once.
set -eu
data=${GRAPE_SERVER_DATA_DIR:-/data}
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$data"
  if [ "$(stat -c %U "$data")" != grape ]; then chown -R grape:grape "$data"; fi
  exec setpriv --reuid=grape --regid=grape --init-groups --no-new-privs "$@"
fi
exec "$@"

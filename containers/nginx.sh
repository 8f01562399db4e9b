#!/bin/sh
# Runs nginx with nginx.conf, and follows the nodes: open-source nginx looks names up once, at its start, and does not start while one of them is unknown.
# Here, a node whose name is not known (a stopped container) is left out of the configuration, and nginx takes a new one whenever a node came, went or
# got another address. Requests under way are finished by the old one.
set -eu
given=/etc/nginx/nginx.conf
made=/tmp/nginx.conf
every_secs=5

hosts() { sed -n 's/^ *server \([a-z0-9.-]*\):[0-9].*/\1/p' "$given" | sort -u; }

addresses() {
  for host in $(hosts); do
    echo "$host $(getent hosts "$host" | cut -d ' ' -f 1 | sort | tr '\n' ' ')"
  done
}

# $1: what `addresses` said.
write() {
  cp "$given" "$made"
  echo "$1" | while read -r host address; do
    [ -n "$address" ] || sed -i "/^ *server $host:/d" "$made"
  done
}

known=$(addresses)
until write "$known" && nginx -t -q -c "$made"; do
  sleep "$every_secs"
  known=$(addresses)
done

nginx -c "$made" -g 'daemon off;' &
server=$!
trap 'kill -QUIT "$server"' TERM INT QUIT
while kill -0 "$server" 2>/dev/null; do
  sleep "$every_secs" &
  wait $! || true
  now=$(addresses)
  if [ "$now" != "$known" ] && write "$now" && nginx -t -q -c "$made"; then
    known=$now
    nginx -s reload -c "$made"
  fi
done
wait "$server"

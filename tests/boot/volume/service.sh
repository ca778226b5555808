#!/bin/sh
# The payload: what is mounted where, and the digest of every file of the volumes.
set -eu
echo "volume: service started"

# list DIRECTORY prints the digest of every file below it; there is no find here.
list() {
  for entry in "$1"/*; do
    if [ -L "$entry" ]; then
      echo "volume: link $entry -> $(readlink "$entry")"
    elif [ -d "$entry" ]; then
      list "$entry"
    else
      echo "volume: file $(sha256sum <"$entry" | cut -c1-64) $entry"
    fi
  done
}

for place in /srv/data /srv/layers; do
  while read -r device path type options _; do
    [ "$path" != "$place" ] || echo "volume: mounted $device $path $type $options"
  done </proc/mounts
  if touch "$place/written" 2>/dev/null; then
    echo "volume: error: $place is writable"
    exit 1
  fi
  list "$place"
done
list /opt/tree
/srv/data/tree/run
echo "volume: everything was read"

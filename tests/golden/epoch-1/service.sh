#!/bin/sh
# The payload of minimal-cvm: says what it runs on, and that its root is the
# read-only one that was verified.
set -eu
echo "minimal-cvm: service started on $(uname -r)"
echo "minimal-cvm: $(curl --version | head -n 1)"
if touch /etc/written 2>/dev/null; then
  echo "minimal-cvm: error: the root file system is writable"
  exit 1
fi
echo "minimal-cvm: root is read-only, $(ls /usr/share/ca-certificates/mozilla | wc -l) CA certificates"

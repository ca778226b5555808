#!/bin/sh
# The service of systemd-cvm: says on the console how the system came up.
set -eu
say() { echo "systemd-cvm: $*"; }

say "running as $(id -un) on $(hostname), Linux $(uname -r)"
if touch /etc/written 2>/dev/null; then
  say "error: the root file system is writable"
  exit 1
fi
state=$(systemctl is-system-running --wait || true)
# The modules of what was found may still be on their way.
udevadm settle
for device in /sys/class/net/*; do
  [ -e "$device/device/driver" ] || continue
  say "network driver $(basename "$(readlink "$device/device/driver")")"
done
systemctl list-units --failed --no-legend --plain | while read -r unit rest; do
  say "failed unit: $unit $rest"
done
say "state: $state"

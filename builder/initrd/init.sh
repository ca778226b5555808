#!/bin/busybox sh
# shellcheck shell=dash
# PID 1 of the initrd. It brings up a root file system that is covered by the
# launch measurement and starts the payload in it:
#   - a disk: EROFS under dm-verity, its root hash on the (measured) kernel
#     command line, in the words of systemd-veritysetup-generator(8);
#   - an AWS Nitro enclave: /rootfs, unpacked from a second (measured) ramdisk.
# Volumes are disks of their own, bound in the same way by tally.volume=, and are
# mounted below the root before the payload starts.
# The host is the adversary: it owns the disk and may change it while we run.
# Whatever goes wrong therefore ends the machine, and nothing ever asks for input.
# There is no udev: devtmpfs and sysfs are enough.
set -u
# The kernel turns unknown words of its command line into our environment, so
# nothing here may rely on a variable it has not set itself.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
roothash='' root_data='' root_hash='' root='' volumes='' stop=poweroff
# The words below are busybox applets; it complains as /proc is not there yet.
/bin/busybox --install -s /bin 2>/dev/null

say() { echo "tally-init: $*"; }

end() {
    say "$*"
    sync
    "$stop" -f
    exit 1 # Without PID 1 the kernel panics: still no payload.
}

die() { end "error: $*"; }

mount_in() {
    mount -t "$2" -o "$3" "$2" "$1" || die "cannot mount $1"
}

mount_api_filesystems() {
    mkdir -p "$1/proc" "$1/sys" "$1/dev" "$1/run" 2>/dev/null # The root is read-only.
    mount_in "$1/proc" proc nosuid,nodev,noexec
    mount_in "$1/sys" sysfs nosuid,nodev,noexec
    mount_in "$1/dev" devtmpfs nosuid,mode=0755
    mount_in "$1/run" tmpfs nosuid,nodev,mode=0755
}

# One image serves several machines, and a driver for hardware that is not there
# (sev-guest, tdx-guest) refuses to load. What is really missing shows up later.
load_modules() {
    while read -r module; do
        insmod "$module" 2>/dev/null || say "module $module not loaded"
    done </etc/tally/modules
}

# A repeated word is joined to the first one and so fails the checks below: with
# "the last one wins", appending to the command line could replace the root hash.
read_command_line() {
    read -r line </proc/cmdline
    for word in $line; do
        case $word in
        roothash=*) roothash=$roothash${word#*=} ;;
        systemd.verity_root_data=PARTUUID=*) root_data=$root_data${word##*=} ;;
        systemd.verity_root_hash=PARTUUID=*) root_hash=$root_hash${word##*=} ;;
        tally.volume=*) volumes="$volumes ${word#*=}" ;;
        esac
    done
}

# Prints the block device of the partition with this GPT id, or nothing. Linux
# has the id in uevent only since after 6.12, so it is read from the partition
# table: entries of 128 bytes from sector 2, their id at byte 16. Nothing here
# needs to be trusted, a wrong device does not match the root hash.
find_partition() {
    # On disk the first three groups are little-endian.
    wanted=$(echo "$1" | tr A-F a-f |
        sed 's/^\(..\)\(..\)\(..\)\(..\)-\(..\)\(..\)-\(..\)\(..\)-\(....\)-/\4\3\2\1\6\5\8\7\9/')
    for dir in /sys/class/block/*; do
        read -r number 2>/dev/null <"$dir/partition" || continue # A whole disk.
        read -r sector <"$dir/../queue/logical_block_size" || continue
        disk=/dev/$(basename "$(realpath "$dir/..")")
        id=$(dd if="$disk" bs=1 skip=$((2 * sector + 128 * (number - 1) + 16)) count=16 \
            2>/dev/null | hexdump -v -e '1/1 "%02x"')
        [ "$id" != "$wanted" ] || echo "/dev/${dir##*/}"
    done | head -n 1
}

wait_for_partition() {
    for _ in $(seq 100); do
        device=$(find_partition "$1")
        [ ! -b "$device" ] || return 0
        sleep 0.1
    done
    die "no partition $1"
}

# open_verified NAME ROOTHASH DATA-PARTUUID HASH-PARTUUID makes /dev/mapper/NAME.
open_verified() {
    case $2 in *[!0-9a-fA-F]*) die "the root hash of $1 is not hexadecimal" ;; esac
    [ ${#2} -eq 64 ] || die "the root hash of $1 is not 64 digits"
    wait_for_partition "$3"
    data_device=$device
    wait_for_partition "$4"
    veritysetup open "$data_device" "$1" "$device" "$2" ||
        die "cannot open the verity device of $1"
    # veritysetup does not check the root hash, the first read does.
    dd if="/dev/mapper/$1" of=/dev/null bs=4096 count=1 2>/dev/null ||
        die "the $1 does not match root hash $2"
    check_size "$1" || die "the verity device of $1 is shorter than the file system"
    make_bad_blocks_fatal "$1" || die "cannot make verity errors of $1 fatal"
}

open_verified_root() {
    [ -n "$root_data" ] || die "no systemd.verity_root_data=PARTUUID= given"
    [ -n "$root_hash" ] || die "no systemd.verity_root_hash=PARTUUID= given"
    open_verified root "$roothash" "$root_data" "$root_hash"
    mkdir -p /sysroot
    mount -t erofs -o ro,nodev /dev/mapper/root /sysroot || die "cannot mount the root"
    root=/sysroot
    say "root verified $roothash"
}

# The verity superblock is not covered by the root hash: with a smaller number of
# blocks in it the host could cut off the end of the device, where reads fail before
# dm-verity can see them. EROFS has its own (verified) number, at byte 1024 + 36.
check_size() {
    blocks=$(dd if="/dev/mapper/$1" bs=4 skip=265 count=1 2>/dev/null | od -An -tu4)
    [ "$(blockdev --getsize64 "/dev/mapper/$1")" -ge $((blocks * 4096)) ]
}

# By default a bad block is an EIO for whoever reads it, and programs survive that
# (a shell takes it for the end of its script). The host can provoke it by changing
# a block or by failing the read, so both must panic. veritysetup 2.6 knows only
# the option for the first, hence dmsetup.
make_bad_blocks_fatal() {
    table=$(dmsetup table "$1") &&
        dmsetup reload "$1" --readonly \
            --table "$table 2 panic_on_corruption panic_on_error" &&
        dmsetup resume "$1"
}

# mount_volume NAME:ROOTHASH:DATA-PARTUUID:HASH-PARTUUID:PATH. Two of one name fail,
# as there is a device of that name already. A place below the root has no links
# in its path, the build saw to that; set-user-ID programs in data are not wanted.
mount_volume() {
    volume=$1
    set -f # Only here: find_partition needs its pattern.
    IFS=:
    # shellcheck disable=SC2086
    set -- $volume
    unset IFS
    set +f
    [ $# -eq 5 ] || die "tally.volume=$volume has not five parts"
    case $5 in *..* | [!/]*) die "tally.volume=$volume has a bad path" ;; esac
    open_verified "volume-$1" "$2" "$3" "$4"
    mount -t erofs -o ro,nodev,nosuid "/dev/mapper/volume-$1" "$root$5" ||
        die "cannot mount volume $1"
    say "volume $1 verified $2"
}

# nitro-cli, on the parent instance (CID 3), takes an enclave for failed unless it
# sends this byte and gets it back. An enclave has no ACPI: it ends by a reset.
send_nitro_heartbeat() {
    command -v socat >/dev/null || return 0
    stop=reboot
    reply=$(printf '\267' | timeout 20 socat -t 10 - VSOCK-CONNECT:3:9000 | od -An -tx1)
    [ "$reply" = " b7" ] || die "the Nitro parent did not answer the heartbeat"
}

# /etc/tally/payload: first line pid1 or service, then argv, one word a line.
run_payload() {
    set --
    {
        read -r mode || die "/etc/tally/payload is empty"
        while IFS= read -r word; do set -- "$@" "$word"; done
    } </etc/tally/payload
    [ $# -gt 0 ] || die "/etc/tally/payload names no command"
    case $mode in
    service) run_service "$@" ;;
    pid1) hand_over "$@" ;;
    *) die "/etc/tally/payload: unknown mode $mode" ;;
    esac
}

# The shell stays PID 1; while it waits for the payload it also reaps orphans.
run_service() {
    mount_api_filesystems "$root"
    mount_in "$root/tmp" tmpfs nosuid,nodev,mode=1777
    env -i PATH="$PATH" HOME=/ chroot "$root" "$@" </dev/null
    end "payload exited with status $?"
}

hand_over() {
    for dir in proc sys dev run; do
        mount -o move "/$dir" "$root/$dir" || die "cannot move /$dir"
    done
    [ "$root" = /rootfs ] || exec env -i PATH="$PATH" HOME=/ switch_root "$root" "$@"
    # switch_root empties the initramfs, which here holds the root itself.
    cd "$root" && mount -o move . / && exec env -i PATH="$PATH" HOME=/ chroot . "$@"
}

mount_api_filesystems ''
load_modules
read_command_line
if [ -n "$roothash" ]; then
    open_verified_root
    for word in $volumes; do mount_volume "$word"; done
elif [ -d /rootfs ]; then
    root=/rootfs
    mount -o bind "$root" "$root" || die "cannot bind $root"
    say "root is in the measured ramdisk"
    send_nitro_heartbeat
else
    die "no roothash= on the kernel command line and no /rootfs in the ramdisk"
fi
run_payload
die "cannot start the payload"

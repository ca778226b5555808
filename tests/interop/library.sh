#!/usr/bin/env bash
# usage: library.sh BUILD
#
# Installs what BUILD (a finished build directory) has into a scratch prefix and
# builds programs of somebody else against it: in C, in C++, and Python through
# ctypes. They are asked about a Nitro document of the shared vectors.
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/../repro/lib.sh"

BUILD=$(realpath -e -- "$1")
VECTORS=${TALLY_VECTORS:-$HERE/../../../shared/vectors}
DOCUMENT=$VECTORS/nitro/anjuna/attester_sample_prod_doc.bin
SCRATCH=$(mktemp -d)
trap 'rm -rf -- "$SCRATCH"' EXIT
PREFIX=$SCRATCH/prefix
# The document is of 2023-09-21.
AT=1700000000
ZEROS=$(printf '%096d' 0)

build() {
  {
    cmake --install "$BUILD" --prefix "$PREFIX" &&
      cmake -G Ninja -S "$HERE/library" -B "$SCRATCH/build" \
        -DCMAKE_PREFIX_PATH="$PREFIX" &&
      cmake --build "$SCRATCH/build"
  } >"$SCRATCH/log" 2>&1
}

# says NAME STATUS TEXT COMMAND...
says() {
  local name=$1 expected=$2 text=$3 status=0
  shift 3
  "$@" >"$SCRATCH/out" 2>&1 || status=$?
  if ((status == expected)) && grep -qF -- "$text" "$SCRATCH/out"; then
    pass "$name"
  else
    fail "$name: status $status, expected $expected and '$text'"
    head -c 600 "$SCRATCH/out"
  fi
}

from_python() {
  local library
  library=$(find "$PREFIX" -name 'libtallystick.so' | head -n 1)
  /usr/bin/python3 - "$library" <<'PYTHON'
import ctypes, sys
tally = ctypes.CDLL(sys.argv[1])
tally.tally_version.restype = ctypes.c_char_p
print("version", tally.tally_version().decode())
answer = ctypes.c_char_p()
sys.exit(tally.tally_match(None, ctypes.byref(answer)))
PYTHON
}

if build; then
  pass "a package that CMake finds, for C and C++"
else
  fail "programs against the installed library do not build"
  tail -n 20 "$SCRATCH/log"
  finish
fi
says "Python calls the library" 2 "version " from_python
if [[ ! -e $DOCUMENT ]]; then
  skip "C and C++: no shared vectors"
  finish
fi
says "C++ reads the registers" 0 "PCR0=" "$SCRATCH/build/match_cpp" "$DOCUMENT" "$AT"
PCR0=$("$SCRATCH/build/match_cpp" "$DOCUMENT" "$AT" | sed -n 's/^PCR0=//p')
says "C: yes" 0 '"matches":true' "$SCRATCH/build/match_c" "$DOCUMENT" "$PCR0" "$AT"
says "C: no" 1 '"matches":false' "$SCRATCH/build/match_c" "$DOCUMENT" "$ZEROS" "$AT"
says "C: no measurement" 2 '"error"' "$SCRATCH/build/match_c" "$DOCUMENT" abc "$AT"
says "C: no evidence" 3 '"error"' "$SCRATCH/build/match_c" "$0" "$ZEROS" "$AT"
finish

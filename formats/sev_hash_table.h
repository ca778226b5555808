// The table of hashes with which a launch binds a kernel that QEMU loads
// directly (-kernel with kernel-hashes=on).
//
// Layout: QEMU target/i386/sev.c, SevHashTable and PaddedSevHashTable; read by
// edk2 OvmfPkg/AmdSev/BlobVerifierLibSevHashes. See docs/formats/ovmf.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

// The table with its padding.
inline constexpr uint64_t kSevHashTableBytes = 176;

struct SevHashes {
  Sha256Digest kernel;
  // Of no bytes if there is no initrd.
  Sha256Digest initrd;
  // With the final NUL.
  Sha256Digest cmdline;

  bool operator==(const SevHashes&) const = default;
};

// HashCmdline hashes as QEMU does: with the final NUL, so that an absent
// command line is a single NUL.
Sha256Digest HashCmdline(std::string_view cmdline);

// HashKernelInputs hashes what QEMU loads; an absent initrd is no bytes.
SevHashes HashKernelInputs(ByteSpan kernel, ByteSpan initrd,
                           std::string_view cmdline);

// EncodeSevHashTable returns the table of kSevHashTableBytes.
Bytes EncodeSevHashTable(const SevHashes& hashes);

// EncodeSevHashPage returns a page of 4096 zero bytes but for the table at
// `offset`, which must leave room for it.
Bytes EncodeSevHashPage(const SevHashes& hashes, uint64_t offset);

}  // namespace tally

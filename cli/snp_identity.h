// SnpIdentity on disk: an ID block with what authenticates it, and its checks.
#pragma once

#include <string>

#include "common/file.h"
#include "formats/snp_id_block.h"
#include "sign/ecdsa_p384.h"

namespace tally {

struct SnpIdentity {
  SnpIdBlock block;
  SnpIdAuth auth;

  bool operator==(const SnpIdentity&) const = default;
};

// These map between the numbers of sign/ and of formats/.
SnpPublicKey ToFormat(const P384Point& point);
SnpSignature ToFormat(const P384Signature& signature);
P384Point FromFormat(const SnpPublicKey& key);
P384Signature FromFormat(const SnpSignature& signature);

// CheckBase64Files: the files of a directory that hold base64, which QEMU is
// given, say what the others say. A difference is a MismatchError.
Status CheckBase64Files(const fs::path& directory, const SnpIdentity& identity);

// CheckSnpSignatures: both signatures verify. A signature that does not is a
// MismatchError that names the key.
Status CheckSnpSignatures(const SnpIdentity& identity);

// AuthorDigest returns AUTHOR_KEY_DIGEST in hexadecimal, or "none".
std::string AuthorDigest(const SnpIdAuth& auth);

// Where an identity is: a directory as `id-block create` writes it, or both
// files.
struct SnpIdentityPlace {
  fs::path directory;
  fs::path id_block;
  fs::path id_auth;
};
// LoadSnpIdentity reads one; it does not check the signatures.
Result<SnpIdentity> LoadSnpIdentity(const SnpIdentityPlace& place);

// CheckIdentityOutput accepts a new name or an empty directory.
Status CheckIdentityOutput(const fs::path& path);
// WriteSnpIdentity writes id-block.bin, id-auth.bin and both as base64 text
// into the directory `path`, all of them or nothing.
Status WriteSnpIdentity(const fs::path& path, const SnpIdentity& identity);

}  // namespace tally

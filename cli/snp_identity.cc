#include "cli/snp_identity.h"

#include <unistd.h>

#include "common/staging_directory.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr const char* kIdBlockBin = "id-block.bin";
constexpr const char* kIdAuthBin = "id-auth.bin";

constexpr const char* kIdBlockBase64 = "id-block.base64";
constexpr const char* kIdAuthBase64 = "id-auth.base64";

// Enough for base64 of either.
constexpr uint64_t kMaxPartBytes = 2 * kSnpIdAuthBytes;

// ReadPart returns the bytes of a file, which may hold them in base64: QEMU is
// given that form.
Result<Bytes> ReadPart(const fs::path& path, uint64_t size_bytes) {
  TALLY_ASSIGN(Bytes bytes, ReadFile(path, kMaxPartBytes));
  if (bytes.size() == size_bytes) return bytes;
  Result<Bytes> decoded = ParseBase64(Trim(AsText(bytes)));
  if (decoded && decoded->size() == size_bytes) return decoded;
  return bytes;  // whoever parses it says what is wrong
}

Status CheckBase64(const fs::path& path, ByteSpan bytes) {
  if (IsAbsent(path)) return Ok();
  TALLY_ASSIGN(const Bytes text, ReadFile(path, kMaxPartBytes));
  if (Trim(AsText(text)) == Base64(bytes)) return Ok();
  return MismatchError(Quote(path.string()) +
                       " is not the base64 of the .bin file beside it");
}

}  // namespace

SnpPublicKey ToFormat(const P384Point& point) {
  return {.x = point.x, .y = point.y};
}
SnpSignature ToFormat(const P384Signature& signature) {
  return {.r = signature.r, .s = signature.s};
}
P384Point FromFormat(const SnpPublicKey& key) {
  return {.x = key.x, .y = key.y};
}
P384Signature FromFormat(const SnpSignature& signature) {
  return {.r = signature.r, .s = signature.s};
}

Status CheckSnpSignatures(const SnpIdentity& identity) {
  const SnpIdAuth& auth = identity.auth;
  Status by_id_key =
      VerifyP384(FromFormat(auth.id_key), EncodeSnpIdBlock(identity.block),
                 FromFormat(auth.id_block_signature));
  if (!by_id_key) {
    return std::move(by_id_key).error().While(
        "checking the signature of the id block by id key " +
        SnpKeyDigest(auth.id_key).hex());
  }
  if (!auth.author) return Ok();
  Status by_author =
      VerifyP384(FromFormat(auth.author->key), EncodeSnpPublicKey(auth.id_key),
                 FromFormat(auth.author->id_key_signature));
  if (by_author) return Ok();
  return std::move(by_author).error().While(
      "checking the signature of the id key by author key " +
      SnpKeyDigest(auth.author->key).hex());
}

std::string AuthorDigest(const SnpIdAuth& auth) {
  return auth.author ? SnpKeyDigest(auth.author->key).hex() : "none";
}

Result<SnpIdentity> LoadSnpIdentity(const SnpIdentityPlace& place) {
  const bool has_files = !place.id_block.empty() && !place.id_auth.empty();
  const bool has_file = !place.id_block.empty() || !place.id_auth.empty();
  if (place.directory.empty() ? !has_files : has_file) {
    return UsageError("expected a directory, or both --id-block and --id-auth");
  }
  const fs::path block_path =
      has_files ? place.id_block : place.directory / kIdBlockBin;
  const fs::path auth_path =
      has_files ? place.id_auth : place.directory / kIdAuthBin;
  TALLY_ASSIGN(const Bytes block_bytes, ReadPart(block_path, kSnpIdBlockBytes));
  TALLY_ASSIGN(const Bytes auth_bytes, ReadPart(auth_path, kSnpIdAuthBytes));
  Result<SnpIdBlock> block = ParseSnpIdBlock(block_bytes);
  if (!block) {
    return std::move(block).error().While("reading " +
                                          Quote(block_path.string()));
  }
  Result<SnpIdAuth> auth = ParseSnpIdAuth(auth_bytes);
  if (!auth) {
    return std::move(auth).error().While("reading " +
                                         Quote(auth_path.string()));
  }
  return SnpIdentity{.block = *block, .auth = *auth};
}

Status CheckBase64Files(const fs::path& directory,
                        const SnpIdentity& identity) {
  TALLY_TRY(CheckBase64(directory / kIdBlockBase64,
                        EncodeSnpIdBlock(identity.block)));
  return CheckBase64(directory / kIdAuthBase64, EncodeSnpIdAuth(identity.auth));
}

Status CheckIdentityOutput(const fs::path& path) {
  if (path.empty()) return UsageError("the output has no name");
  if (IsAbsent(path)) return Ok();
  std::error_code error;
  if (IsDirectory(path) && fs::is_empty(path, error) && !error) return Ok();
  return UsageError("output " + Quote(path.string()) +
                    " exists, expected a new name or an empty directory");
}

Status WriteSnpIdentity(const fs::path& path, const SnpIdentity& identity) {
  const Bytes block = EncodeSnpIdBlock(identity.block);
  const Bytes auth = EncodeSnpIdAuth(identity.auth);
  TALLY_ASSIGN(StagingDirectory staging, StagingDirectory::Create(path));
  const fs::path& directory = staging.path();
  TALLY_TRY(WriteFileAtomic(directory / kIdBlockBin, block));
  TALLY_TRY(WriteFileAtomic(directory / kIdAuthBin, auth));
  TALLY_TRY(WriteFileAtomic(directory / kIdBlockBase64,
                            AsBytes(Base64(block) + "\n")));
  TALLY_TRY(
      WriteFileAtomic(directory / kIdAuthBase64, AsBytes(Base64(auth) + "\n")));
  // Only an empty directory can go; whatever else is there makes Publish fail.
  rmdir(path.c_str());
  return staging.Publish(Existing::kRefuse);
}

}  // namespace tally

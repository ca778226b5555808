// Sources: AMD 56860, SNP_LAUNCH_FINISH; amd/AMD-ASPFW, commit 3ca6650d,
// fw/psp_bl_uapps/sev_uapp/src/sev_mcmd.h, snp_mcmd_launch_finish_id_block_t
// and snp_mcmd_launch_finish_id_auth_page_t; virtee/sev, commit 9cf2adbf,
// src/measurement/idblock_types.rs.
#include "formats/snp_id_block.h"

#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/hash.h"
#include "formats/snp_number.h"
#include "formats/snp_policy.h"

namespace tally {
namespace {

constexpr uint32_t kIdBlockVersion = 1;
constexpr uint32_t kCurveP384 = 2;
constexpr uint64_t kPublicKeyBytes = 0x404;
constexpr uint64_t kSignatureBytes = 0x200;

void WriteSignature(ByteWriter& w, const SnpSignature& signature) {
  const uint64_t end = w.size() + kSignatureBytes;
  WriteSnpNumber(w, signature.r);  // 0x000 R
  WriteSnpNumber(w, signature.s);  // 0x048 S
  w.ZerosUntil(end);               // 0x090 reserved
}

SnpSignature ReadSignature(ByteReader& r, const std::string& field) {
  SnpSignature signature;
  signature.r = ReadSnpNumber(r, field + " r");
  signature.s = ReadSnpNumber(r, field + " s");
  r.Zeros(field + " reserved", kSignatureBytes - 0x90);
  return signature;
}

void WritePublicKey(ByteWriter& w, const SnpPublicKey& key) {
  const uint64_t end = w.size() + kPublicKeyBytes;
  w.U32Le(kCurveP384);       // 0x000 CURVE
  WriteSnpNumber(w, key.x);  // 0x004 QX
  WriteSnpNumber(w, key.y);  // 0x04c QY
  w.ZerosUntil(end);         // 0x094 reserved
}

SnpPublicKey ReadPublicKey(ByteReader& r, const std::string& field) {
  const uint32_t curve = r.U32Le(field + " curve");
  if (r.ok() && curve != kCurveP384) {
    r.Fail(field + " curve",
           "found " + std::to_string(curve) + ", expected 2 (P-384)");
  }
  SnpPublicKey key;
  key.x = ReadSnpNumber(r, field + " qx");
  key.y = ReadSnpNumber(r, field + " qy");
  r.Zeros(field + " reserved", kPublicKeyBytes - 0x94);
  return key;
}

bool IsAllZero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

// ReadAlgorithm accepts 1, and 0 too where nothing is signed.
SnpAlgorithm ReadAlgorithm(ByteReader& r, const std::string& field,
                           bool is_used) {
  const uint32_t value = r.U32Le(field);
  if (r.ok() && value != 1 && (is_used || value != 0)) {
    r.Fail(field, "found " + std::to_string(value) +
                      ", expected 1 (ECDSA P-384 with SHA-384)");
  }
  return static_cast<SnpAlgorithm>(value);
}

}  // namespace

Bytes EncodeSnpIdBlock(const SnpIdBlock& block) {
  ByteWriter w;
  w.Raw(block.launch_digest);  // 0x00 LD
  w.Raw(block.family_id);      // 0x30 FAMILY_ID
  w.Raw(block.image_id);       // 0x40 IMAGE_ID
  w.U32Le(kIdBlockVersion);    // 0x50 VERSION
  w.U32Le(block.guest_svn);    // 0x54 GUEST_SVN
  w.U64Le(block.policy);       // 0x58 POLICY
  TALLY_CHECK(w.size() == kSnpIdBlockBytes);
  return std::move(w).Take();
}

Result<SnpIdBlock> ParseSnpIdBlock(ByteSpan bytes) {
  ByteReader r("id block", bytes);
  SnpIdBlock block;
  block.launch_digest = r.Array<48>("launch digest");
  block.family_id = r.Array<16>("family id");
  block.image_id = r.Array<16>("image id");
  const uint32_t version = r.U32Le("version");
  if (r.ok() && version != kIdBlockVersion) {
    r.Fail("version", "found " + std::to_string(version) + ", expected 1");
  }
  block.guest_svn = r.U32Le("guest svn");
  block.policy = r.U64Le("policy");
  TALLY_TRY(r.Finish());
  Status policy = CheckSnpPolicy(block.policy);
  if (!policy) return std::move(policy).error().While("reading the id block");
  return block;
}

Bytes EncodeSnpPublicKey(const SnpPublicKey& key) {
  ByteWriter w;
  WritePublicKey(w, key);
  return std::move(w).Take();
}

Sha384Digest SnpKeyDigest(const SnpPublicKey& key) {
  return Sha384(EncodeSnpPublicKey(key));
}

Bytes EncodeSnpIdAuth(const SnpIdAuth& auth) {
  ByteWriter w;
  w.U32Le(1);                                                 // 0x000
  w.U32Le(static_cast<uint32_t>(auth.author_key_algorithm));  // 0x004
  w.ZerosUntil(0x40);                                         // reserved
  WriteSignature(w, auth.id_block_signature);                 // 0x040
  WritePublicKey(w, auth.id_key);                             // 0x240
  w.ZerosUntil(0x680);                                        // reserved
  if (auth.author) {
    WriteSignature(w, auth.author->id_key_signature);  // 0x680
    WritePublicKey(w, auth.author->key);               // 0x880
  }
  w.ZerosUntil(kSnpIdAuthBytes);  // reserved
  return std::move(w).Take();
}

Result<SnpIdAuth> ParseSnpIdAuth(ByteSpan bytes) {
  constexpr uint64_t kAuthorAt = 0x680;
  constexpr uint64_t kAuthorBytes = kSignatureBytes + kPublicKeyBytes;
  const bool has_author = bytes.size() >= kAuthorAt + kAuthorBytes &&
                          !IsAllZero(bytes.subspan(kAuthorAt, kAuthorBytes));

  ByteReader r("id auth", bytes);
  SnpIdAuth auth;
  ReadAlgorithm(r, "id key algorithm", true);
  auth.author_key_algorithm =
      ReadAlgorithm(r, "author key algorithm", has_author);
  r.Zeros("reserved", 0x40 - 0x8);
  auth.id_block_signature = ReadSignature(r, "id block signature");
  auth.id_key = ReadPublicKey(r, "id key");
  r.Zeros("reserved", 0x680 - 0x644);
  if (has_author) {
    SnpAuthor author;
    author.id_key_signature = ReadSignature(r, "id key signature");
    author.key = ReadPublicKey(r, "author key");
    auth.author = author;
  } else {
    r.Zeros("author", kAuthorBytes);
  }
  r.Zeros("reserved", kSnpIdAuthBytes - 0xc84);
  TALLY_TRY(r.Finish());
  return auth;
}

}  // namespace tally

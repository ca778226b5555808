// tally id-block: the owner's signed statement about an SEV-SNP guest.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.h"
#include "common/file.h"

namespace tally {

struct IdBlockCreateFlags {
  std::string measurement;  // hexadecimal or base64
  std::string family_id;    // 32 hexadecimal digits; empty: zeros
  std::string image_id;
  std::string policy = "0x30000";  // a number or names
  uint32_t guest_svn = 0;
  fs::path id_key;
  fs::path author_key;  // empty: none
  fs::path output;      // a directory that is absent or empty
};
// RunIdBlockCreate writes id-block.bin, id-auth.bin and both as base64 text,
// all of them or nothing. The keys are only read.
Status RunIdBlockCreate(const IdBlockCreateFlags& flags, Console& console);

struct IdBlockVerifyFlags {
  fs::path directory;  // of `create`; or both files:
  fs::path id_block;
  fs::path id_auth;
  // What the caller expects, hexadecimal or base64; empty: anything.
  std::string measurement;
  std::string id_key_digest;
  std::string author_key_digest;
};
// RunIdBlockVerify checks the form, the signatures and the expectations, and
// prints every field.
Status RunIdBlockVerify(const IdBlockVerifyFlags& flags, Console& console);

}  // namespace tally

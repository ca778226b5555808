// Keys and real bundles for the tests of this folder.
#pragma once

#include "sign/file_signer.h"
#include "tests/support/test_files.h"

namespace tally::test {

// NewSigner draws a fresh key.
inline FileSigner NewSigner(KeyType type = KeyType::kEcdsaP256) {
  return FileSigner::FromPem(GenerateKey(type).value().private_pem).value();
}

inline std::string MustReadText(const fs::path& path) {
  const Bytes bytes = MustRead(path);
  return std::string(AsText(bytes));
}

// Replaced returns `text` with the first `from` turned into `to`; it ends the
// test run if there is none.
inline std::string Replaced(std::string text, const std::string& from,
                            const std::string& to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) {
    std::fprintf(stderr, "test: no %s\n", from.c_str());
    std::abort();
  }
  return text.replace(at, from.size(), to);
}

// Openssl runs the program in a directory.
inline ToolOutput Openssl(const fs::path& program, const fs::path& cwd,
                          const std::vector<std::string>& args) {
  return RunTool({.program = program,
                  .args = args,
                  .env = {{"LC_ALL", "C"}},
                  .cwd = cwd})
      .value();
}

}  // namespace tally::test

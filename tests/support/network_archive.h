// A Debian archive made for one test: packages by dpkg-deb, signed with a key
// made for this run of the tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/file.h"
#include "tests/support/test_files.h"

namespace tally::test {

// TestKeys are made once per process, by gpg.
struct TestKeys {
  std::string good;  // fingerprints
  std::string stranger;
  std::string expired;  // since 2020
  fs::path keyring;     // good and expired
  fs::path stranger_keyring;
};
const TestKeys& Keys();
// ClearSign returns the text signed by the key with this fingerprint, at the
// time of gpg's form "20251231T000000".
std::string ClearSign(const std::string& text, const std::string& fingerprint,
                      const std::string& time = "20251231T000000");

struct TestPackage {
  std::string name;
  std::string version = "1.0";
  std::string fields;  // further fields: "Depends: b\n"
  std::map<std::string, std::string> scripts;
  std::string architecture = "amd64";
};

struct TestRelease {
  std::string suite = "stable";
  std::string codename = "bookworm";
  std::string origin = "Debian";
  std::string date = "Wed, 31 Dec 2025 00:00:00 UTC";
  std::string valid_until;  // no such field if empty
  std::string key;          // Keys().good if empty
  bool by_hash = true;
};

class NetworkArchive {
 public:
  explicit NetworkArchive(const fs::path& root) : root_(root) {}

  const fs::path& root() const { return root_; }
  // Add builds the .deb in the pool and returns its path in the archive.
  std::string Add(const TestPackage& package);
  // Publish writes dists/<codename>: Packages, Packages.xz and InRelease.
  void Publish(const TestRelease& release);

 private:
  fs::path root_;
  std::string packages_;
};

// Run runs a program that must succeed, and returns its stdout.
std::string Run(const std::string& program, std::vector<std::string> args);

}  // namespace tally::test

// TALLY_NEED_ARCHIVE_TOOLS skips the test where an archive cannot be made.
#define TALLY_NEED_ARCHIVE_TOOLS()           \
  TALLY_NEED_PROGRAM(need_gpg, "gpg");       \
  TALLY_NEED_PROGRAM(need_gpgv, "gpgv");     \
  TALLY_NEED_PROGRAM(need_dpkg, "dpkg-deb"); \
  TALLY_NEED_PROGRAM(need_xz, "xz")

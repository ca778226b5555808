// The one text of a lock. Format: docs/formats/lock.md.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "manifests/lock.h"
#include "manifests/text_rules.h"

namespace tally {
namespace {

constexpr std::string_view kHeader =
    "# Written by tally lock: facts, not intent. Review the diff; do not "
    "edit.\n"
    "# Format: docs/formats/lock.md of Tallystick.\n";

// InQuotes writes a double-quoted YAML scalar. '[' and '{' are escaped as well:
// outside of quotes they open what a lock never has, and so a reader may refuse
// them before it knows what is in quotes.
std::string InQuotes(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte > 0x7e || c == '[' || c == '{') {
      quoted += "\\x" + Hex(ByteSpan(&byte, 1));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

bool IsPlainByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view("/._+~-").find(c) != std::string_view::npos;
}

// Scalar writes without quotes what every reader of YAML takes as text.
std::string Scalar(std::string_view text) {
  const bool plain = !text.empty() && !LooksTyped(text) && text[0] != '-' &&
                     text[0] != '~' && std::ranges::all_of(text, IsPlainByte);
  return plain ? std::string(text) : InQuotes(text);
}

// LockWriter appends lines. Items of a list are indented by two, and the first
// key of a record stands behind the dash.
class LockWriter {
 public:
  LockWriter& Line(std::string_view indent, std::string_view key,
                   std::string_view value) {
    text_ += indent;
    text_ += key;
    text_ += value.empty() ? ":" : ": ";
    text_ += value;
    text_ += '\n';
    return *this;
  }
  LockWriter& Item(std::string_view indent, std::string_view value) {
    text_ += indent;
    text_ += "- ";
    text_ += value;
    text_ += '\n';
    return *this;
  }
  // Open writes the key of a list or map, with [] or {} if it is empty.
  LockWriter& Open(std::string_view indent, std::string_view key,
                   size_t num_entries, std::string_view when_empty) {
    return Line(indent, key, num_entries == 0 ? when_empty : "");
  }
  std::string Take() && { return std::move(text_); }

 private:
  std::string text_ = std::string(kHeader);
};

void WriteSuite(LockWriter& out, const LockedSuite& suite) {
  out.Line("  - ", "archive", Scalar(suite.archive))
      .Line("    ", "suite", Scalar(suite.suite))
      .Line("    ", "origin", InQuotes(suite.origin))
      .Line("    ", "codename", Scalar(suite.codename))
      .Line("    ", "date", InQuotes(suite.date))
      .Line("    ", "inrelease_sha256", Scalar(suite.inrelease_sha256.hex()));

  std::vector<std::string> signers = suite.signed_by;
  std::ranges::sort(signers);
  out.Open("    ", "signed_by", signers.size(), "[]");
  for (const std::string& signer : signers) out.Item("      ", Scalar(signer));

  std::vector<LockedIndex> indexes = suite.indexes;
  std::ranges::sort(indexes, {}, &LockedIndex::path);
  out.Open("    ", "indexes", indexes.size(), "[]");
  for (const LockedIndex& index : indexes) {
    out.Line("      - ", "path", Scalar(index.path))
        .Line("        ", "sha256", Scalar(index.sha256.hex()));
  }
}

void WritePackage(LockWriter& out, const LockedPackage& package) {
  out.Line("  - ", "name", Scalar(package.name))
      .Line("    ", "version", InQuotes(package.version))
      .Line("    ", "architecture", Scalar(package.architecture))
      .Line("    ", "archive", Scalar(package.archive))
      .Line("    ", "suite", Scalar(package.suite))
      .Line("    ", "path", Scalar(package.path))
      .Line("    ", "size", std::to_string(package.size_bytes))
      .Line("    ", "sha256", Scalar(package.sha256.hex()))
      .Line("    ", "source", Scalar(package.source))
      .Line("    ", "source_version", InQuotes(package.source_version));
  out.Open("    ", "why", package.why.size(), "{}");
  for (const auto& [tree, chain] : package.why) {
    out.Line("      ", tree, InQuotes(chain));
  }
  out.Open("    ", "scripts", package.scripts.size(), "{}");
  for (const auto& [script, sha256] : package.scripts) {
    out.Line("      ", script, Scalar(sha256.hex()));
  }
}

void WriteFile(LockWriter& out, const LockedFile& file) {
  out.Line("  - ", "path", Scalar(file.path))
      .Line("    ", "size", std::to_string(file.size_bytes))
      .Line("    ", "sha256", Scalar(file.sha256.hex()));
}

}  // namespace

std::string FormatLock(const Lock& lock) {
  LockWriter out;
  out.Line("", "lock", "1")
      .Line("", "format_epoch", std::to_string(lock.format_epoch))
      .Line("", "architecture", Scalar(lock.architecture));

  out.Open("", "archives", lock.suites.size(), "[]");
  for (const LockedSuite& suite : lock.suites) WriteSuite(out, suite);

  std::vector<LockedPackage> packages = lock.packages;
  std::ranges::sort(packages, {}, &LockedPackage::name);
  out.Open("", "packages", packages.size(), "[]");
  for (const LockedPackage& package : packages) WritePackage(out, package);

  std::vector<LockedFile> files = lock.files;
  std::ranges::sort(files, {}, &LockedFile::path);
  out.Open("", "files", files.size(), "[]");
  for (const LockedFile& file : files) WriteFile(out, file);
  return std::move(out).Take();
}

}  // namespace tally

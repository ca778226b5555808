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

// Epoch 1 had a digest for each script and nothing else.
void WriteScriptDigests(LockWriter& out, const LockedPackage& package) {
  out.Open("    ", "scripts", package.scripts.size(), "{}");
  for (const LockedScript& script : package.scripts) {
    out.Line("      ", script.name, Scalar(script.sha256.hex()));
  }
}

void WriteScripts(LockWriter& out, const LockedPackage& package) {
  std::vector<LockedScript> scripts = package.scripts;
  std::ranges::sort(scripts, {}, &LockedScript::name);
  out.Open("    ", "scripts", scripts.size(), "[]");
  for (const LockedScript& script : scripts) {
    out.Line("      - ", "script", Scalar(script.name))
        .Line("        ", "sha256", Scalar(script.sha256.hex()))
        .Line("        ", "disposition", NameOf(script.disposition))
        .Open("        ", "actions", script.actions.size(), "[]");
    for (const std::string& action : script.actions) {
      out.Item("          ", InQuotes(action));
    }
  }
}

void WritePackage(LockWriter& out, const Lock& lock,
                  const LockedPackage& package) {
  out.Line("  - ", "name", Scalar(package.name))
      .Line("    ", "version", InQuotes(package.version))
      .Line("    ", "architecture", Scalar(package.architecture))
      .Line("    ", "archive", Scalar(package.archive))
      .Line("    ", "suite", Scalar(package.suite));
  if (lock.format_epoch > 1) {
    out.Line("    ", "date", InQuotes(package.date));
  }
  out.Line("    ", "path", Scalar(package.path))
      .Line("    ", "size", std::to_string(package.size_bytes))
      .Line("    ", "sha256", Scalar(package.sha256.hex()));
  if (lock.format_epoch > 1) {
    out.Line("    ", "entries", std::to_string(package.num_entries))
        .Line("    ", "tree_sha256", Scalar(package.tree_sha256.hex()));
  }
  out.Line("    ", "source", Scalar(package.source))
      .Line("    ", "source_version", InQuotes(package.source_version));
  out.Open("    ", "why", package.why.size(), "{}");
  for (const auto& [tree, chain] : package.why) {
    out.Line("      ", tree, InQuotes(chain));
  }
  if (lock.format_epoch == 1) {
    WriteScriptDigests(out, package);
  } else {
    WriteScripts(out, package);
  }
}

void WriteIds(LockWriter& out, std::string_view key,
              const std::map<std::string, uint32_t>& ids) {
  out.Open("  ", key, ids.size(), "{}");
  for (const auto& [name, id] : ids) {
    out.Line("    ", Scalar(name), std::to_string(id));
  }
}

void WriteFile(LockWriter& out, const LockedFile& file) {
  out.Line("  - ", "path", Scalar(file.path))
      .Line("    ", "size", std::to_string(file.size_bytes))
      .Line("    ", "sha256", Scalar(file.sha256.hex()));
}

void WriteDownload(LockWriter& out, const LockedDownload& download) {
  out.Line("  - ", "name", Scalar(download.name))
      .Line("    ", "url", InQuotes(download.url))
      .Line("    ", "size", std::to_string(download.size_bytes))
      .Line("    ", "sha256", Scalar(download.sha256.hex()));
}

void WriteDirectory(LockWriter& out, const LockedDirectory& directory) {
  out.Line("  - ", "path", Scalar(directory.path))
      .Line("    ", "entries", std::to_string(directory.num_entries))
      .Line("    ", "size", std::to_string(directory.size_bytes))
      .Line("    ", "sha256", Scalar(directory.sha256.hex()));
}

void WriteBlob(LockWriter& out, std::string_view key, const LockedBlob& blob) {
  out.Line("    ", key, "")
      .Line("      ", "size", std::to_string(blob.size_bytes))
      .Line("      ", "sha256", Scalar(blob.sha256.hex()));
}

void WriteOciImage(LockWriter& out, const LockedOciImage& image) {
  out.Line("  - ", "name", Scalar(image.name));
  if (image.layout) out.Line("    ", "layout", Scalar(*image.layout));
  if (image.registry) out.Line("    ", "registry", InQuotes(*image.registry));
  if (image.index) WriteBlob(out, "index", *image.index);
  WriteBlob(out, "manifest", image.manifest);
  WriteBlob(out, "config", image.config);
  out.Open("    ", "layers", image.layers.size(), "[]");
  for (const LockedLayer& layer : image.layers) {
    out.Line("      - ", "media_type", Scalar(layer.media_type))
        .Line("        ", "size", std::to_string(layer.blob.size_bytes))
        .Line("        ", "sha256", Scalar(layer.blob.sha256.hex()));
  }
}

// WriteSection writes a list that is left out when it is empty.
template <typename T>
void WriteSection(LockWriter& out, std::string_view key, std::vector<T> entries,
                  std::string T::*order,
                  void (*write)(LockWriter& out, const T& entry)) {
  if (entries.empty()) return;
  std::ranges::sort(entries, {}, order);
  out.Line("", key, "");
  for (const T& entry : entries) write(out, entry);
}

}  // namespace

std::string_view NameOf(ScriptDisposition disposition) {
  switch (disposition) {
    case ScriptDisposition::kNone:
      return "none";
    case ScriptDisposition::kKnown:
      return "known";
    case ScriptDisposition::kAcknowledged:
      break;
  }
  return "acknowledged";
}

std::string FormatLock(const Lock& lock) {
  LockWriter out;
  // The version of the text and the epoch went up together.
  out.Line("", "lock", std::to_string(lock.format_epoch))
      .Line("", "format_epoch", std::to_string(lock.format_epoch))
      .Line("", "architecture", Scalar(lock.architecture));

  out.Open("", "archives", lock.suites.size(), "[]");
  for (const LockedSuite& suite : lock.suites) WriteSuite(out, suite);

  std::vector<LockedPackage> packages = lock.packages;
  std::ranges::sort(packages, {}, &LockedPackage::name);
  out.Open("", "packages", packages.size(), "[]");
  for (const LockedPackage& package : packages)
    WritePackage(out, lock, package);

  if (lock.format_epoch > 1) {
    out.Line("", "accounts", "");
    WriteIds(out, "users", lock.accounts.users);
    WriteIds(out, "groups", lock.accounts.groups);
  }

  std::vector<LockedFile> files = lock.files;
  std::ranges::sort(files, {}, &LockedFile::path);
  out.Open("", "files", files.size(), "[]");
  for (const LockedFile& file : files) WriteFile(out, file);
  WriteSection(out, "downloads", lock.downloads, &LockedDownload::name,
               WriteDownload);
  WriteSection(out, "directories", lock.directories, &LockedDirectory::path,
               WriteDirectory);
  WriteSection(out, "oci_images", lock.oci_images, &LockedOciImage::name,
               WriteOciImage);
  return std::move(out).Take();
}

}  // namespace tally

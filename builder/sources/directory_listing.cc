// The listing of a directory: bytes <-> tree. Format: docs/sources.md.
#include <algorithm>

#include "builder/merged_path.h"
#include "builder/sources/directory.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kFirstLine = "tally-directory 1\n";

std::string LineOf(const SourceEntry& entry, uint64_t size_bytes) {
  switch (entry.type) {
    case NodeType::kDirectory:
      return "d\t" + entry.path + "\n";
    case NodeType::kSymlink:
      return "l\t" + entry.path + "\t" + entry.symlink_target + "\n";
    case NodeType::kFile:
      break;
  }
  return std::string((entry.mode & 0100) != 0 ? "x" : "f") + "\t" + entry.path +
         "\t" + std::to_string(size_bytes) + "\t" + entry.content.sha256.hex() +
         "\n";
}

// ReadFileFields fills an entry from size and digest.
Status ReadFileFields(const std::vector<std::string>& fields, uint64_t* size,
                      SourceEntry* entry) {
  TALLY_ASSIGN(*size, ParseUnsigned(fields[2]));
  TALLY_ASSIGN(entry->content.sha256, Sha256Digest::FromHex(fields[3]));
  entry->mode = fields[0] == "x" ? 0755 : 0644;
  return Ok();
}

Result<SourceEntry> ReadLine(const std::string& line, uint64_t* size) {
  const std::vector<std::string> fields = Split(line, '\t');
  const std::string& type = fields[0];
  const size_t expected = type == "d" ? 2 : type == "l" ? 3 : 4;
  if ((type != "d" && type != "l" && type != "f" && type != "x") ||
      fields.size() != expected) {
    return InputError("found " + Quote(line) + ", expected an entry");
  }
  SourceEntry entry;
  TALLY_ASSIGN(entry.path, NormalPath(fields[1]));
  if (entry.path.empty()) return InputError("found no path, expected one");
  entry.mode = 0755;
  if (type == "d") {
    entry.type = NodeType::kDirectory;
  } else if (type == "l") {
    entry.type = NodeType::kSymlink;
    entry.mode = 0777;
    entry.symlink_target = fields[2];
  } else {
    TALLY_TRY(ReadFileFields(fields, size, &entry));
  }
  return entry;
}

}  // namespace

std::string FormatListing(const SourceTree& tree) {
  std::string text(kFirstLine);
  for (const SourceEntry& entry : tree)
    text += LineOf(entry, entry.content.size_bytes());
  return text;
}

Result<SourceTree> ParseDirectoryListing(
    std::string_view text, std::map<std::string, uint64_t>* sizes) {
  if (!text.starts_with(kFirstLine) || !text.ends_with('\n')) {
    return InputError("listing: found no first line 'tally-directory 1'");
  }
  std::vector<std::string> lines = Split(text.substr(kFirstLine.size()), '\n');
  lines.pop_back();
  if (lines.size() > kMaxListingEntries) {
    return InputError("listing: more than " +
                      std::to_string(kMaxListingEntries) + " entries");
  }
  SourceTree tree;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string where = "listing line " + std::to_string(i + 2);
    uint64_t size = 0;
    Result<SourceEntry> entry = ReadLine(lines[i], &size);
    if (!entry) return InputError(where + ": " + entry.error().message());
    if (LineOf(*entry, size) != lines[i] + "\n") {
      return InputError(where + ": found " + Quote(lines[i]) +
                        ", expected the one form of an entry");
    }
    if (!tree.empty() && tree.back().path >= entry->path) {
      return InputError(where + ": found " + Quote(entry->path) + " after " +
                        Quote(tree.back().path) +
                        ", expected each once, sorted by bytes");
    }
    if (entry->type == NodeType::kFile) (*sizes)[entry->path] = size;
    tree.push_back(*std::move(entry));
  }
  return tree;
}

}  // namespace tally

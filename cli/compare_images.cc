#include "cli/compare_images.h"

#include <algorithm>
#include <array>

#include "builder/images.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/cpio.h"
#include "formats/eif.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"
#include "release/release.h"

namespace tally {
namespace {

using Found = std::optional<Difference>;

constexpr size_t kShownBytes = 16;

// Comparison collects the first difference of a list of fields.
class Comparison {
 public:
  explicit Comparison(std::string place) : place_(std::move(place)) {}

  Comparison& Text(const char* field, const std::string& first,
                   const std::string& second) {
    if (!found_ && first != second) {
      found_ = Difference{place_, field, first, second};
    }
    return *this;
  }
  Comparison& Number(const char* field, uint64_t first, uint64_t second) {
    return Text(field, std::to_string(first), std::to_string(second));
  }
  Comparison& Mode(const char* field, unsigned first, unsigned second) {
    const auto octal = [](unsigned mode) {
      std::string text;
      for (; mode != 0; mode >>= 3) {
        text.insert(text.begin(), static_cast<char>('0' + (mode & 7)));
      }
      return "0" + text;
    };
    return Text(field, octal(first), octal(second));
  }
  Comparison& Content(const char* field, ByteSpan first, ByteSpan second);

  const Found& found() const { return found_; }

 private:
  std::string place_;
  Found found_;
};

size_t FirstUnequal(ByteSpan first, ByteSpan second) {
  const auto at = std::ranges::mismatch(first, second);
  return static_cast<size_t>(at.in1 - first.begin());
}

// BytesAt shows a few bytes, or that there are none.
std::string BytesAt(ByteSpan bytes, size_t at) {
  if (at >= bytes.size()) {
    return "the end, after " + std::to_string(bytes.size()) + " bytes";
  }
  return Hex(bytes.subspan(at, std::min(kShownBytes, bytes.size() - at)));
}

Comparison& Comparison::Content(const char* field, ByteSpan first,
                                ByteSpan second) {
  if (found_ || std::ranges::equal(first, second)) return *this;
  const size_t at = FirstUnequal(first, second);
  found_ = Difference{place_, std::string(field) + " at " + HexNumber(at),
                      BytesAt(first, at), BytesAt(second, at)};
  return *this;
}

Found Offset(ByteSpan first, ByteSpan second) {
  if (std::ranges::equal(first, second)) return {};
  const size_t at = FirstUnequal(first, second);
  return Difference{"offset " + HexNumber(at), "bytes", BytesAt(first, at),
                    BytesAt(second, at)};
}

// Within puts the place of a part before what was found inside of it.
Found Within(const std::string& place, Found found) {
  if (found) found->place = place + ", " + found->place;
  return found;
}

std::string TypeText(NodeType type) {
  if (type == NodeType::kDirectory) return "directory";
  return type == NodeType::kSymlink ? "symbolic link" : "file";
}

std::string XattrText(const FileNode& node) {
  std::string text;
  for (const auto& [name, value] : node.xattrs) {
    text += (text.empty() ? "" : " ") + Quote(name) + "=" + Hex(value);
  }
  return text.empty() ? "none" : text;
}

ByteSpan ContentOf(const FileList& files, const FileNode& node) {
  return node.hard_link_of ? files[*node.hard_link_of].content : node.content;
}

std::string LinkText(const FileList& files, const FileNode& node) {
  return node.hard_link_of ? Quote("/" + files[*node.hard_link_of].path)
                           : std::string("none");
}

Found CompareNodes(const FileList& first, const FileNode& a,
                   const FileList& second, const FileNode& b) {
  return Comparison("/" + a.path)
      .Text("type", TypeText(a.type), TypeText(b.type))
      .Mode("mode", a.mode, b.mode)
      .Number("uid", a.uid, b.uid)
      .Number("gid", a.gid, b.gid)
      .Number("mtime", static_cast<uint64_t>(a.mtime),
              static_cast<uint64_t>(b.mtime))
      .Text("target", Quote(a.symlink_target), Quote(b.symlink_target))
      .Text("extended attributes", XattrText(a), XattrText(b))
      .Text("hard link of", LinkText(first, a), LinkText(second, b))
      .Content("content", ContentOf(first, a), ContentOf(second, b))
      .found();
}

Difference OnlyOn(const std::string& path, bool in_first) {
  const char* there = "there";
  const char* absent = "absent";
  return {path, "presence", in_first ? there : absent,
          in_first ? absent : there};
}

// CompareLists walks two file lists in path order.
Found CompareLists(const FileList& first, const FileList& second) {
  auto a = first.begin();
  auto b = second.begin();
  while (a != first.end() || b != second.end()) {
    if (b == second.end() || (a != first.end() && a->path < b->path)) {
      return OnlyOn("/" + a->path, true);
    }
    if (a == first.end() || b->path < a->path) {
      return OnlyOn("/" + b->path, false);
    }
    Found found = CompareNodes(first, *a, second, *b);
    if (found) return found;
    ++a, ++b;
  }
  return {};
}

Found CompareErofs(ByteSpan first, ByteSpan second) {
  const Result<ErofsImage> a = ReadErofs(first);
  const Result<ErofsImage> b = ReadErofs(second);
  if (!a || !b) return {};
  Found found = CompareLists(a->files, b->files);
  if (found) return found;
  return Comparison("superblock")
      .Text("UUID", FormatUuid(a->options.uuid), FormatUuid(b->options.uuid))
      .Text("volume name", Quote(a->options.volume_name),
            Quote(b->options.volume_name))
      .Number("build time", static_cast<uint64_t>(a->options.build_time),
              static_cast<uint64_t>(b->options.build_time))
      .found();
}

Found CompareCpioEntries(const CpioEntry& a, const CpioEntry& b) {
  return Comparison("/" + a.name)
      .Mode("type", a.mode & ~07777u, b.mode & ~07777u)
      .Mode("mode", a.mode & 07777u, b.mode & 07777u)
      .Number("uid", a.uid, b.uid)
      .Number("gid", a.gid, b.gid)
      .Number("mtime", a.mtime, b.mtime)
      .Number("nlink", a.nlink, b.nlink)
      .Number("ino", a.ino, b.ino)
      .Number("dev major", a.dev_major, b.dev_major)
      .Number("dev minor", a.dev_minor, b.dev_minor)
      .Number("rdev major", a.rdev_major, b.rdev_major)
      .Number("rdev minor", a.rdev_minor, b.rdev_minor)
      .Content("content", a.content, b.content)
      .found();
}

// CompareCpio: what is on one side only comes first, as it moves all the rest.
Found CompareCpio(ByteSpan first, ByteSpan second) {
  const auto a = ParseCpio(first);
  const auto b = ParseCpio(second);
  if (!a || !b) return {};
  const auto names = [](const std::vector<CpioEntry>& entries) {
    std::vector<std::string> sorted;
    for (const CpioEntry& entry : entries) sorted.push_back(entry.name);
    std::ranges::sort(sorted);
    return sorted;
  };
  const std::vector<std::string> in_first = names(*a);
  const std::vector<std::string> in_second = names(*b);
  std::vector<std::string> one_sided;
  std::ranges::set_symmetric_difference(in_first, in_second,
                                        std::back_inserter(one_sided));
  if (!one_sided.empty()) {
    return OnlyOn("/" + one_sided[0],
                  std::ranges::binary_search(in_first, one_sided[0]));
  }
  for (size_t i = 0; i < a->size() && i < b->size(); ++i) {
    if ((*a)[i].name != (*b)[i].name) {
      return Difference{"entry " + std::to_string(i + 1), "name",
                        Quote((*a)[i].name), Quote((*b)[i].name)};
    }
    Found found = CompareCpioEntries((*a)[i], (*b)[i]);
    if (found) return found;
  }
  return {};
}

Found CompareVerity(ByteSpan first, ByteSpan second) {
  const auto a = ParseVeritySuperblock(first);
  const auto b = ParseVeritySuperblock(second);
  if (!a || !b) return {};
  Found found =
      Comparison("superblock")
          .Text("UUID", FormatUuid(a->uuid), FormatUuid(b->uuid))
          .Number("data blocks", a->num_data_blocks, b->num_data_blocks)
          .Text("salt", Hex(a->salt), Hex(b->salt))
          .found();
  if (found) return found;
  const size_t at = FirstUnequal(first, second);
  return Difference{"hash block " + std::to_string(at / kVerityBlockSize),
                    "bytes at " + HexNumber(at), BytesAt(first, at),
                    BytesAt(second, at)};
}

Found CompareAny(ByteSpan first, ByteSpan second);

ByteSpan PartOf(ByteSpan disk, const Gpt& gpt, size_t i) {
  return disk.subspan(gpt.partition_offsets[i], gpt.partitions[i].size_bytes);
}

Found CompareGpt(ByteSpan first, ByteSpan second) {
  const auto a = ParseGpt(first);
  const auto b = ParseGpt(second);
  if (!a || !b) return {};
  const size_t count = std::min(a->partitions.size(), b->partitions.size());
  Found table =
      Comparison("partition table")
          .Text("disk GUID", FormatUuid(a->disk_guid), FormatUuid(b->disk_guid))
          .Number("partitions", a->partitions.size(), b->partitions.size())
          .found();
  for (size_t i = 0; i < count; ++i) {
    const GptPartition& x = a->partitions[i];
    const GptPartition& y = b->partitions[i];
    const std::string place =
        "partition " + std::to_string(i + 1) + " " + Quote(x.name);
    Found found =
        Within(place, CompareAny(PartOf(first, *a, i), PartOf(second, *b, i)));
    if (found) return found;
    found =
        Comparison(place)
            .Text("type GUID", FormatUuid(x.type_guid), FormatUuid(y.type_guid))
            .Text("GUID", FormatUuid(x.unique_guid), FormatUuid(y.unique_guid))
            .Text("name", Quote(x.name), Quote(y.name))
            .Number("size", x.size_bytes, y.size_bytes)
            .Number("attributes", x.attributes, y.attributes)
            .Number("offset", a->partition_offsets[i], b->partition_offsets[i])
            .found();
    if (found) return found;
  }
  return table;
}

Found CompareEif(ByteSpan first, ByteSpan second) {
  const auto a = ParseEif(first);
  const auto b = ParseEif(second);
  if (!a || !b) return {};
  const size_t count = std::min(a->sections.size(), b->sections.size());
  for (size_t i = 0; i < count; ++i) {
    const EifSection& x = a->sections[i];
    const EifSection& y = b->sections[i];
    const std::string place = "section " + std::to_string(i + 1) + " (" +
                              std::string(EifSectionTypeName(x.type)) + ")";
    if (x.type != y.type) {
      return Difference{place, "type", std::string(EifSectionTypeName(x.type)),
                        std::string(EifSectionTypeName(y.type))};
    }
    Found found = Within(place, CompareAny(x.bytes, y.bytes));
    if (found) return found;
  }
  return Comparison("header")
      .Number("sections", a->sections.size(), b->sections.size())
      .Number("architecture", static_cast<uint64_t>(a->architecture),
              static_cast<uint64_t>(b->architecture))
      .Number("default memory", a->default_memory_bytes,
              b->default_memory_bytes)
      .Number("default CPUs", a->default_cpus, b->default_cpus)
      .found();
}

// CompareLines: for text files.
Found CompareLines(ByteSpan first, ByteSpan second) {
  const std::vector<std::string> a = Split(AsText(first), '\n');
  const std::vector<std::string> b = Split(AsText(second), '\n');
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const auto line = [&](const std::vector<std::string>& lines) {
      return i < lines.size() ? Quote(lines[i]) : std::string("the end");
    };
    if (line(a) == line(b)) continue;
    return Difference{"line " + std::to_string(i + 1), "text", line(a),
                      line(b)};
  }
  return {};
}

bool HasAt(ByteSpan bytes, uint64_t at, std::string_view magic) {
  return bytes.size() >= at + magic.size() &&
         AsText(bytes.subspan(at, magic.size())) == magic;
}

bool IsText(ByteSpan bytes) {
  return bytes.size() <= (uint64_t{256} << 20) && IsUtf8(AsText(bytes)) &&
         std::ranges::find(bytes, uint8_t{0}) == bytes.end();
}

// CompareAny goes by the magic of both sides.
Found CompareAny(ByteSpan first, ByteSpan second) {
  if (std::ranges::equal(first, second)) return {};
  struct Kind {
    uint64_t at;
    std::string_view magic;
    Found (*compare)(ByteSpan, ByteSpan);
  };
  // EROFS_SUPER_MAGIC_V1 0xe0f5e1e2; the others are text.
  constexpr std::array<Kind, 5> kKinds = {{
      {1024, "\xe2\xe1\xf5\xe0", CompareErofs},
      {0, "070701", CompareCpio},
      {0, "verity", CompareVerity},
      {512, "EFI PART", CompareGpt},
      {0, ".eif", CompareEif},
  }};
  for (const Kind& kind : kKinds) {
    if (!HasAt(first, kind.at, kind.magic) ||
        !HasAt(second, kind.at, kind.magic)) {
      continue;
    }
    Found found = kind.compare(first, second);
    // Where all fields are the same, the layout is not.
    return found ? found : Offset(first, second);
  }
  if (IsText(first) && IsText(second)) return CompareLines(first, second);
  return Offset(first, second);
}

}  // namespace

std::string Difference::ToString() const {
  return place + ": " + field + "\n   first " + first + "\n  second " + second;
}

std::optional<Difference> FindDifference(std::string_view name, ByteSpan first,
                                         ByteSpan second) {
  return Within(Quote(name), CompareAny(first, second));
}

int CauseRank(std::string_view name) {
  const std::string folder = std::string(kArtifactsDirectory) + "/";
  if (!name.starts_with(folder)) {
    // The documents are made from the artifacts, and these from the inputs.
    const bool is_input = name == kManifestFile || name == kLockFile ||
                          name.starts_with(kSourcesDirectory);
    return is_input ? 0 : 20;
  }
  constexpr std::array<std::string_view, 8> kOrder = {
      kRootArtifact,   kInitrdArtifact,  kKernelArtifact, kFirmwareArtifact,
      kVerityArtifact, kCmdlineArtifact, kDiskArtifact,   kEifArtifact};
  const auto found = std::ranges::find(kOrder, name.substr(folder.size()));
  return 1 + static_cast<int>(found - kOrder.begin());
}

}  // namespace tally

#include "cli/boot_disk.h"

#include <algorithm>

#include "builder/boot_partition.h"
#include "common/text.h"
#include "formats/gpt.h"

namespace tally {
namespace {

// FAT's names are the same in either case.
bool IsSameName(std::string_view a, std::string_view b) {
  const auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  return std::ranges::equal(a, b, {}, upper, upper);
}

Result<ByteSpan> FindSystemPartition(ByteSpan disk) {
  TALLY_ASSIGN(const Gpt gpt, ParseGpt(disk));
  std::vector<ByteSpan> found;
  for (size_t i = 0; i < gpt.partitions.size(); ++i) {
    if (gpt.partitions[i].type_guid != kGptEfiSystem) continue;
    found.push_back(
        disk.subspan(gpt.partition_offsets[i], gpt.partitions[i].size_bytes));
  }
  if (found.size() == 1) return found.front();
  return InputError("disk: found " + std::to_string(found.size()) +
                    " EFI system partitions, expected 1");
}

}  // namespace

Result<BootDisk> FindBootImage(ByteSpan disk) {
  TALLY_ASSIGN(const ByteSpan partition, FindSystemPartition(disk));
  BootDisk found;
  TALLY_ASSIGN(found.esp, ReadFat32(partition));
  const std::string path = DefaultBootPath("amd64");
  for (size_t i = 0; i < found.esp.nodes.size(); ++i) {
    const Fat32Node& node = found.esp.nodes[i];
    if (node.type != NodeType::kFile || !IsSameName(node.path, path)) continue;
    found.image = found.esp.contents[i];
    return found;
  }
  return InputError("EFI system partition: there is no file " + Quote(path));
}

Result<std::optional<PciPlace>> ParseBootDiskPci(const std::string& text) {
  if (text.empty()) return std::optional<PciPlace>();
  const std::vector<std::string> parts = Split(text, '.');
  if (parts.size() == 2) {
    const Result<uint64_t> device = ParseUnsigned(parts[0]);
    const Result<uint64_t> function = ParseUnsigned(parts[1]);
    if (device && function && *device < 32 && *function < 8) {
      return std::optional<PciPlace>(
          PciPlace{.device = static_cast<uint8_t>(*device),
                   .function = static_cast<uint8_t>(*function)});
    }
  }
  return UsageError("--boot-disk-pci: found " + Quote(text) +
                    ", expected a device and its function on the root bus, "
                    "such as 1.0 or 0x1f.2");
}

}  // namespace tally

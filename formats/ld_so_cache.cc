// Follows glibc 2.36: sysdeps/generic/dl-cache.h (layout), elf/cache.c (order,
// extensions), elf/stringtable.c (strings) and _dl_cache_libcmp in
// elf/dl-cache.c. See docs/generators/ld-so-cache.md.
#include "formats/ld_so_cache.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/text.h"
#include "formats/digits.h"

namespace tally {
namespace {

constexpr std::string_view kLdSoCacheMagic = "glibc-ld.so.cache1.1";
constexpr uint8_t kLittleEndian = 2;
constexpr uint64_t kCacheHeaderSize = 48;  // struct cache_file_new
constexpr uint64_t kCacheEntrySize = 24;   // struct file_entry_new
constexpr uint64_t kSectionSize = 16;      // struct cache_extension_section
constexpr uint64_t kHwcapExtension = uint64_t{1} << 62;
constexpr unsigned kMaxIsaLevel = 1023;           // 10 bits
constexpr uint32_t kExtensionMagic = 0xeaa42174;  // -358342284
constexpr uint32_t kGenerator = 0;                // cache_extension_tag_…
constexpr uint32_t kGlibcHwcaps = 1;

// TakeNumber reads digits as glibc does, in an int that may wrap.
uint32_t TakeNumber(std::string_view& text) {
  uint32_t value = 0;
  while (!text.empty() && IsDigit(text.front())) {
    value = value * 10 + static_cast<uint32_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return value;
}

char First(std::string_view text) { return text.empty() ? '\0' : text.front(); }

// CompareEntries is `compare` of elf/cache.c.
int CompareEntries(const LdSoCacheEntry& a, const LdSoCacheEntry& b) {
  // Names go down, so that the loader's binary search goes up.
  const int names = CompareLibraryNames(b.soname, a.soname);
  if (names != 0) return names;
  const auto flags_a = static_cast<int32_t>(a.flags);
  const auto flags_b = static_cast<int32_t>(b.flags);
  if (flags_a != flags_b) return flags_a < flags_b ? 1 : -1;
  // The loader stops at the first entry without hwcaps.
  if (a.hwcaps.empty() != b.hwcaps.empty()) return a.hwcaps.empty() ? 1 : -1;
  return a.hwcaps.compare(b.hwcaps);
}

// Sorted inserts one after the other, as ldconfig does: with numbers that wrap,
// the comparison is no strict order, and std::sort would not be defined.
std::vector<const LdSoCacheEntry*> Sorted(
    const std::vector<LdSoCacheEntry>& entries) {
  std::vector<const LdSoCacheEntry*> sorted;
  sorted.reserve(entries.size());
  for (const LdSoCacheEntry& entry : entries) {
    const auto after =
        std::ranges::find_if(sorted, [&](const LdSoCacheEntry* other) {
          return CompareEntries(*other, entry) > 0;
        });
    sorted.insert(after, &entry);
  }
  return sorted;
}

// Strings is a string table in which a string may be the tail of another.
class Strings {
 public:
  explicit Strings(const std::set<std::string>& strings) {
    // By the reversed string, downwards: what ends in a string precedes it.
    std::vector<std::string> order(strings.begin(), strings.end());
    std::ranges::sort(order, [](const std::string& a, const std::string& b) {
      return std::lexicographical_compare(
          b.rbegin(), b.rend(), a.rbegin(), a.rend(), [](char x, char y) {
            return static_cast<uint8_t>(x) < static_cast<uint8_t>(y);
          });
    });
    std::string_view last;
    for (const std::string& text : order) {
      if (!last.empty() && last.ends_with(text)) {
        offsets_[text] =
            offsets_[std::string(last)] + last.size() - text.size();
      } else {
        offsets_[text] = bytes_.size();
        bytes_ += text + '\0';
      }
      last = offsets_.find(text)->first;
    }
  }

  uint64_t Offset(const std::string& text) const {
    return offsets_.find(text)->second;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::map<std::string, uint64_t> offsets_;
  std::string bytes_;
};

Status CheckName(std::string_view name) {
  for (const char c : name) {
    if (c >= 0x20 && c < 0x7f) continue;
    return InputError("ld.so.cache: found name " + Quote(name) +
                      ", expected printable ASCII");
  }
  return Ok();
}

Status CheckEntry(const LdSoCacheEntry& entry) {
  for (const std::string& name : {entry.soname, entry.path, entry.hwcaps}) {
    TALLY_TRY(CheckName(name));
  }
  if (entry.soname.empty() || entry.path.empty()) {
    return InputError(
        "ld.so.cache: found an empty name, expected a SONAME and "
        "a path");
  }
  if (entry.isa_level > kMaxIsaLevel ||
      (entry.isa_level > 0 && entry.hwcaps.empty())) {
    return InputError("ld.so.cache: library " + Quote(entry.path) +
                      " has ISA level " + std::to_string(entry.isa_level) +
                      ", expected at most 1023, and 0 outside of glibc-hwcaps");
  }
  return Ok();
}

void WriteExtensions(const Strings& strings, uint64_t strings_at,
                     const std::vector<std::string>& hwcaps,
                     const std::string& generator, ByteWriter& writer) {
  const uint64_t num_sections = hwcaps.empty() ? 1 : 2;
  const uint64_t hwcaps_at = writer.size() + 8 + num_sections * kSectionSize;
  const uint64_t generator_at = hwcaps_at + hwcaps.size() * 4;
  const auto section = [&writer](uint32_t tag, uint64_t offset, uint64_t size) {
    writer.U32Le(tag);  // tag
    writer.U32Le(0);    // flags
    writer.U32Le(static_cast<uint32_t>(offset));
    writer.U32Le(static_cast<uint32_t>(size));
  };
  writer.U32Le(kExtensionMagic);                      // magic
  writer.U32Le(static_cast<uint32_t>(num_sections));  // count
  section(kGenerator, generator_at, generator.size());
  if (!hwcaps.empty()) section(kGlibcHwcaps, hwcaps_at, hwcaps.size() * 4);
  for (const std::string& name : hwcaps) {
    writer.U32Le(static_cast<uint32_t>(strings_at + strings.Offset(name)));
  }
  writer.Text(generator);
}

// CacheExtensions are the two extensions.
struct CacheExtensions {
  std::string generator;
  std::vector<std::string> hwcaps;
};

Result<std::string> StringAt(ByteSpan bytes, uint64_t offset) {
  const std::string_view text = AsText(bytes);
  const size_t end = offset < text.size() ? text.find('\0', offset) : text.npos;
  if (end == text.npos) {
    return InputError("ld.so.cache: no string at " + HexNumber(offset));
  }
  return std::string(text.substr(offset, end - offset));
}

Result<CacheExtensions> ParseExtensions(ByteSpan bytes, uint64_t offset) {
  if (offset > bytes.size()) {
    return InputError("ld.so.cache: extension offset is " + HexNumber(offset) +
                      ", the file has " + std::to_string(bytes.size()) +
                      " bytes");
  }
  ByteReader reader("ld.so.cache extensions", bytes.subspan(offset), offset);
  if (reader.U32Le("magic") != kExtensionMagic) {
    reader.Fail("magic", "not an extension directory");
  }
  CacheExtensions sections;
  const uint64_t count = reader.Count("count", reader.U32Le("count"), 2);
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t tag = reader.U32Le("tag");
    reader.Zeros("flags", 4);
    const uint64_t at = reader.U32Le("offset");
    const uint64_t size_bytes = reader.U32Le("size");
    if (at > bytes.size() || size_bytes > bytes.size() - at) {
      reader.Fail("size", "outside of the file");
    }
    TALLY_TRY(reader.status());
    const ByteSpan part = bytes.subspan(at, size_bytes);
    if (tag == kGenerator) sections.generator = AsText(part);
    if (tag != kGlibcHwcaps) continue;
    ByteReader names("ld.so.cache hwcaps", part, at);
    while (names.ok() && names.remaining() > 0) {
      TALLY_ASSIGN(std::string name, StringAt(bytes, names.U32Le("name")));
      sections.hwcaps.push_back(std::move(name));
    }
    TALLY_TRY(names.Finish());
  }
  TALLY_TRY(reader.status());
  return sections;
}

Result<LdSoCacheEntry> ParseEntry(ByteSpan bytes,
                                  const CacheExtensions& sections,
                                  ByteReader& reader) {
  LdSoCacheEntry entry;
  entry.flags = reader.U32Le("flags");
  const uint32_t key = reader.U32Le("key");
  const uint32_t value = reader.U32Le("value");
  reader.Zeros("osversion_unused", 4);
  const uint64_t hwcap = reader.U64Le("hwcap");
  if (hwcap != 0) {
    const uint64_t index = hwcap & 0xffffffff;
    const uint64_t level = (hwcap & ~kHwcapExtension) >> 32;
    if ((hwcap & kHwcapExtension) == 0 || level > kMaxIsaLevel ||
        index >= sections.hwcaps.size()) {
      reader.Fail("hwcap", "found " + HexNumber(hwcap) +
                               ", expected 0 or an index of glibc-hwcaps");
    } else {
      entry.hwcaps = sections.hwcaps[index];
      entry.isa_level = static_cast<unsigned>(level);
    }
  }
  TALLY_TRY(reader.status());
  TALLY_ASSIGN(entry.soname, StringAt(bytes, key));
  TALLY_ASSIGN(entry.path, StringAt(bytes, value));
  return entry;
}

// CheckCanonical compares with what the writer makes of `cache`.
Status CheckCanonical(ByteSpan bytes, const LdSoCache& cache) {
  TALLY_ASSIGN(const Bytes expected, EncodeLdSoCache(cache));
  const auto [at, unused] = std::ranges::mismatch(bytes, expected);
  if (at == bytes.end() && expected.size() == bytes.size()) return Ok();
  const auto offset = static_cast<uint64_t>(at - bytes.begin());
  return InputError("ld.so.cache: at " + HexNumber(offset) +
                    " the order of entries, strings or sections is not "
                    "ldconfig's");
}

}  // namespace

int CompareLibraryNames(std::string_view a, std::string_view b) {
  while (!a.empty()) {
    if (IsDigit(a.front()) != IsDigit(First(b))) {
      return IsDigit(a.front()) ? 1 : -1;
    }
    if (IsDigit(a.front())) {
      const uint32_t difference = TakeNumber(a) - TakeNumber(b);
      if (difference != 0) return static_cast<int32_t>(difference);
      continue;
    }
    if (a.front() != First(b)) break;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return static_cast<uint8_t>(First(a)) - static_cast<uint8_t>(First(b));
}

Result<Bytes> EncodeLdSoCache(const LdSoCache& cache) {
  std::set<std::string> strings;
  std::set<std::string> hwcaps_set;
  for (const LdSoCacheEntry& entry : cache.entries) {
    TALLY_TRY(CheckEntry(entry));
    strings.insert(entry.soname);
    strings.insert(entry.path);
    if (!entry.hwcaps.empty()) hwcaps_set.insert(entry.hwcaps);
  }
  TALLY_TRY(CheckName(cache.generator));
  strings.insert(hwcaps_set.begin(), hwcaps_set.end());
  const std::vector<std::string> hwcaps(hwcaps_set.begin(), hwcaps_set.end());
  const Strings table(strings);
  const uint64_t strings_at =
      kCacheHeaderSize + cache.entries.size() * kCacheEntrySize;
  const uint64_t strings_end = strings_at + table.bytes().size();
  if (strings_end + cache.generator.size() > INT32_MAX) {
    return InputError("ld.so.cache: more than 2 GiB");
  }

  ByteWriter writer;
  writer.Text(kLdSoCacheMagic);                               // magic, version
  writer.U32Le(static_cast<uint32_t>(cache.entries.size()));  // nlibs
  writer.U32Le(static_cast<uint32_t>(table.bytes().size()));  // len_strings
  writer.U8(kLittleEndian);                                   // flags
  writer.Zeros(3);                                            // padding_unsed
  writer.U32Le(static_cast<uint32_t>(AlignUp(strings_end, 4)));
  writer.Zeros(12);  // unused
  for (const LdSoCacheEntry* entry : Sorted(cache.entries)) {
    const auto index = static_cast<uint64_t>(
        std::ranges::lower_bound(hwcaps, entry->hwcaps) - hwcaps.begin());
    writer.U32Le(entry->flags);
    writer.U32Le(
        static_cast<uint32_t>(strings_at + table.Offset(entry->soname)));
    writer.U32Le(static_cast<uint32_t>(strings_at + table.Offset(entry->path)));
    writer.U32Le(0);  // osversion_unused
    writer.U64Le(entry->hwcaps.empty()
                     ? 0
                     : kHwcapExtension | uint64_t{entry->isa_level} << 32 |
                           index);
  }
  writer.Text(table.bytes()).PadTo(4);
  WriteExtensions(table, strings_at, hwcaps, cache.generator, writer);
  return std::move(writer).Take();
}

Result<LdSoCache> ParseLdSoCache(ByteSpan bytes) {
  ByteReader reader("ld.so.cache", bytes);
  const std::string_view magic =
      AsText(reader.Take("magic and version", kLdSoCacheMagic.size()));
  if (magic != kLdSoCacheMagic) {
    reader.Fail("magic and version", "found " + Quote(magic) + ", expected " +
                                         Quote(kLdSoCacheMagic));
  }
  const uint64_t num_entries = reader.Count("nlibs", reader.U32Le("nlibs"),
                                            bytes.size() / kCacheEntrySize);
  reader.Skip("len_strings", 4);  // compared at the end
  if (reader.U8("flags") != kLittleEndian) {
    reader.Fail("flags", "not a little-endian cache");
  }
  reader.Zeros("padding", 3);
  const uint64_t extensions_at = reader.U32Le("extension_offset");
  reader.Zeros("unused", 12);
  TALLY_TRY(reader.status());

  TALLY_ASSIGN(const CacheExtensions sections,
               ParseExtensions(bytes, extensions_at));
  LdSoCache cache = {.generator = sections.generator};
  for (uint64_t i = 0; i < num_entries; ++i) {
    TALLY_ASSIGN(LdSoCacheEntry entry, ParseEntry(bytes, sections, reader));
    cache.entries.push_back(std::move(entry));
  }
  TALLY_TRY(CheckCanonical(bytes, cache));
  return cache;
}

}  // namespace tally

#include "tests/support/make_elf.h"

#include <utility>

namespace tally::test {
namespace {

class Maker {
 public:
  explicit Maker(const ElfSpec& spec) : spec_(spec) {}

  Bytes Make() {
    CollectDynamic();
    const uint64_t num_segments = 1u + (spec_.interpreter.empty() ? 0 : 1) +
                                  (spec_.isa_needed == 0 ? 0 : 1) +
                                  (spec_.dynamic ? 1 : 0);
    const uint64_t interpreter_at = HeaderSize() + num_segments * SegmentSize();
    const std::string interpreter =
        spec_.interpreter.empty() ? "" : spec_.interpreter + '\0';
    const uint64_t note_at = AlignUp(interpreter_at + interpreter.size(), 8);
    const uint64_t note_size = spec_.isa_needed == 0 ? 0 : 32;
    const uint64_t dynamic_at = note_at + note_size;
    const uint64_t dynamic_size =
        spec_.dynamic ? (entries_.size() + 3) * 2 * WordSize() : 0;
    const uint64_t strings_at = dynamic_at + dynamic_size;

    Header(num_segments);
    Segment(1, 0, strings_at + strings_.size(), 4096);
    if (!interpreter.empty()) Segment(3, interpreter_at, interpreter.size(), 1);
    if (note_size > 0) Segment(0x6474e553, note_at, note_size, WordSize());
    if (spec_.dynamic) Segment(2, dynamic_at, dynamic_size, WordSize());
    elf_.Text(interpreter).ZerosUntil(note_at);
    if (note_size > 0) Note();
    if (spec_.dynamic) {
      for (const auto& [tag, value] : entries_) Entry(tag, value);
      Entry(5, strings_at);
      Entry(10, strings_.size());
      Entry(0, 0);
    }
    elf_.Text(strings_);
    return std::move(elf_).Take();
  }

 private:
  uint64_t WordSize() const { return spec_.is_64 ? 8 : 4; }
  uint64_t HeaderSize() const { return spec_.is_64 ? 64 : 52; }
  uint64_t SegmentSize() const { return spec_.is_64 ? 56 : 32; }

  void Word(uint64_t value) {
    if (spec_.is_64) {
      elf_.U64Le(value);
    } else {
      elf_.U32Le(static_cast<uint32_t>(value));
    }
  }

  void AddString(uint64_t tag, const std::string& text) {
    entries_.emplace_back(tag, strings_.size());
    strings_ += text + '\0';
  }

  void CollectDynamic() {
    strings_.assign(1, '\0');
    for (const std::string& name : spec_.needed) AddString(1, name);
    if (spec_.soname) AddString(14, *spec_.soname);
    if (spec_.rpath) AddString(15, *spec_.rpath);
    if (spec_.runpath) AddString(29, *spec_.runpath);
  }

  void Header(uint64_t num_segments) {
    elf_.U8(0x7f).Text("ELF").U8(spec_.is_64 ? 2 : 1).U8(1).U8(1).Zeros(9);
    elf_.U16Le(spec_.type).U16Le(spec_.machine).U32Le(1);
    Word(0);             // e_entry
    Word(HeaderSize());  // e_phoff
    Word(0);             // e_shoff
    elf_.U32Le(0).U16Le(static_cast<uint16_t>(HeaderSize()));
    elf_.U16Le(static_cast<uint16_t>(SegmentSize()));
    elf_.U16Le(static_cast<uint16_t>(num_segments));
    elf_.U16Le(0).U16Le(0).U16Le(0);
  }

  void Segment(uint32_t type, uint64_t offset, uint64_t size_bytes,
               uint64_t alignment) {
    elf_.U32Le(type);
    if (spec_.is_64) elf_.U32Le(4);
    for (const uint64_t value :
         {offset, offset, offset, size_bytes, size_bytes}) {
      Word(value);
    }
    if (!spec_.is_64) elf_.U32Le(4);
    Word(alignment);
  }

  void Note() {
    elf_.U32Le(4).U32Le(16).U32Le(5).Text("GNU").U8(0);
    elf_.U32Le(0xc0008002).U32Le(4).U32Le(spec_.isa_needed).U32Le(0);
  }

  void Entry(uint64_t tag, uint64_t value) {
    Word(tag);
    Word(value);
  }

  const ElfSpec& spec_;
  ByteWriter elf_;
  std::string strings_;
  std::vector<std::pair<uint64_t, uint64_t>> entries_;
};

}  // namespace

Bytes MakeElf(const ElfSpec& spec) { return Maker(spec).Make(); }

}  // namespace tally::test

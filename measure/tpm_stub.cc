#include "measure/tpm_stub.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

struct MeasuredSection {
  std::string_view name;
  unsigned since;
};

// systemd src/fundamental/uki.h, in measured order; the versions follow pull
// requests 27358 (.uname), 28187 (.sbat), 31872 (.ucode), 35091 (.efifw) and
// systemd-measure(1) of 257. 252 leaves .sbat out although its stub has one:
// seen in its event log.
constexpr std::array<MeasuredSection, 14> kSections = {{{".linux", 252},
                                                        {".osrel", 252},
                                                        {".cmdline", 252},
                                                        {".initrd", 252},
                                                        {".ucode", 256},
                                                        {".splash", 252},
                                                        {".dtb", 252},
                                                        {".uname", 254},
                                                        {".sbat", 254},
                                                        {".pcrpkey", 252},
                                                        {".profile", 257},
                                                        {".dtbauto", 257},
                                                        {".hwids", 257},
                                                        {".efifw", 258}}};

constexpr unsigned kOldestStub = 252;
// The first version that starts the kernel itself (systemd pull request 37372,
// "stub: call inner kernel directly").
constexpr unsigned kStartsKernelItself = 258;
// The first version that puts .osrel and .profile into the initrd as files.
constexpr unsigned kPacksOsRelease = 257;

const UkiSection* Find(const UkiProfile& profile, std::string_view name) {
  for (const UkiSection& section : profile.sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

BootEvent ContentEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                       uint32_t type, std::string what,
                       const UkiSection& section, const SectionDigests& known) {
  const auto found = known.find(section.name);
  return {.pcr = pcr,
          .type = type,
          .what = std::move(what),
          .digests = found != known.end() ? found->second
                                          : HashBanks(banks, section.content)};
}

Bytes TextBytes(std::string_view text) { return ToBytes(AsBytes(text)); }

// Utf16Le decodes checked UTF-8; nothing for characters beyond the 16 bits that
// systemd's own converter knows.
std::optional<Bytes> Utf16Le(std::string_view text) {
  if (!IsUtf8(text)) return std::nullopt;
  ByteWriter out;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
    if (first >= 0xf0) return std::nullopt;
    uint32_t code = length == 1 ? first : first & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      code = (code << 6) | (static_cast<uint8_t>(text[i + k]) & 0x3fu);
    }
    out.U16Le(static_cast<uint16_t>(code));
    i += length;
  }
  return std::move(out).Take();
}

bool IsControl(char c) { return static_cast<uint8_t>(c) < 0x20; }

// systemd src/boot/util.c, mangle_stub_cmdline: control characters become
// spaces, and white space at the end goes.
std::string MangledCommandLine(std::string_view text) {
  std::string line(text.substr(0, text.find('\0')));
  for (char& c : line) {
    if (IsControl(c)) c = ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Result<BootEvent> CommandLineEvent(std::span<const HashAlgorithm> banks,
                                   const UkiProfile& profile,
                                   unsigned stub_version) {
  const UkiSection* section = Find(profile, ".cmdline");
  if (section == nullptr) {
    return InputError(
        "the image has no .cmdline: the boot option gives the command line");
  }
  const std::string line = MangledCommandLine(AsText(section->content));
  if (line.empty()) return InputError("the command line is empty");
  // 252 keeps it, seen in its event log; later ones are not known to.
  if (line.front() == ' ' && stub_version != kOldestStub) {
    return InputError("the command line begins with white space");
  }
  std::optional<Bytes> utf16 = Utf16Le(line);
  if (!utf16) {
    return InputError(
        "the command line is not UTF-8 with characters of 16 bits");
  }
  utf16->insert(utf16->end(), 2, 0);
  return HashedEvent(banks, kPcrKernelStub, kEvEventTag, "kernel command line",
                     *utf16);
}

// What the stub adds to the initrd: /.extra, as cpio archives of its own.
std::string AddedToInitrd(const UkiProfile& profile, unsigned stub_version) {
  for (const std::string_view name : {".pcrsig", ".pcrpkey", ".ucode"}) {
    if (Find(profile, name) != nullptr) return std::string(name);
  }
  if (stub_version < kPacksOsRelease) return "";
  for (const std::string_view name : {".osrel", ".profile"}) {
    if (Find(profile, name) != nullptr) return std::string(name);
  }
  return "";
}

}  // namespace

std::optional<unsigned> FindStubVersion(const Pe& pe) {
  constexpr std::string_view kMagic = "LoaderInfo: systemd-stub ";
  for (const PeSection& section : pe.sections) {
    if (section.name != ".sdmagic") continue;
    const std::string_view text = AsText(PeContent(pe, section));
    const size_t at = text.find(kMagic);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(at + kMagic.size());
    const size_t end = rest.find_first_not_of("0123456789");
    const Result<uint64_t> number = ParseUnsigned(rest.substr(0, end));
    if (!number || *number > 9999) return std::nullopt;
    return static_cast<unsigned>(*number);
  }
  return std::nullopt;
}

bool IsMeasuredByStub(std::string_view section, unsigned stub_version) {
  return std::ranges::any_of(kSections, [&](const MeasuredSection& known) {
    return known.name == section && known.since <= stub_version;
  });
}

std::vector<BootEvent> StubSectionEvents(std::span<const HashAlgorithm> banks,
                                         const UkiProfile& profile,
                                         unsigned stub_version,
                                         const SectionDigests& known_digests) {
  std::vector<BootEvent> events;
  for (const MeasuredSection& known : kSections) {
    const UkiSection* section = Find(profile, known.name);
    if (section == nullptr || known.since > stub_version) continue;
    Bytes name = TextBytes(known.name);
    name.push_back(0);
    const std::string what(known.name);
    events.push_back(
        HashedEvent(banks, kPcrUki, kEvIpl, "name of section " + what, name));
    events.push_back(ContentEvent(banks, kPcrUki, kEvIpl, "section " + what,
                                  *section, known_digests));
  }
  return events;
}

std::vector<BootEvent> BootPhaseEvents(std::span<const HashAlgorithm> banks,
                                       std::span<const std::string> phases) {
  std::vector<BootEvent> events;
  for (const std::string& phase : phases) {
    events.push_back(HashedEvent(banks, kPcrUki, kEvIpl,
                                 "boot phase " + Quote(phase),
                                 TextBytes(phase)));
  }
  return events;
}

Result<std::vector<BootEvent>> KernelStubEvents(
    std::span<const HashAlgorithm> banks, const UkiProfile& profile,
    unsigned stub_version, const SectionDigests& known) {
  TALLY_ASSIGN(BootEvent cmdline,
               CommandLineEvent(banks, profile, stub_version));
  const std::string added = AddedToInitrd(profile, stub_version);
  if (!added.empty()) {
    return InputError("systemd-stub " + std::to_string(stub_version) +
                      " adds what is in " + added + " to the initrd");
  }
  std::vector<BootEvent> events = {std::move(cmdline)};
  const UkiSection* initrd = Find(profile, ".initrd");
  if (initrd != nullptr) {
    events.push_back(ContentEvent(banks, kPcrKernelStub, kEvEventTag, "initrd",
                                  *initrd, known));
  }
  return events;
}

bool StubLoadsKernelImage(unsigned stub_version, SecureBootState secure_boot) {
  return stub_version < kStartsKernelItself &&
         secure_boot == SecureBootState::kOff;
}

}  // namespace tally

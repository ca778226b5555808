#include "formats/uki.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace tally {
namespace {

// systemd v257, src/fundamental/uki.c, unified_sections; ".pcrsig" is not
// measured (unified_section_measure).
constexpr std::array<std::string_view, 15> kUkiSectionNames = {
    ".linux",   ".osrel",   ".cmdline", ".initrd", ".ucode",
    ".splash",  ".dtb",     ".uname",   ".sbat",   ".pcrsig",
    ".pcrpkey", ".profile", ".dtbauto", ".hwids",  ".efifw"};

// These may be there several times: one for each machine.
bool MayRepeat(std::string_view name) {
  return name == ".dtbauto" || name == ".efifw" || name == ".hwids";
}

size_t Rank(std::string_view name) {
  return static_cast<size_t>(std::ranges::find(kUkiSectionNames, name) -
                             kUkiSectionNames.begin());
}

bool Has(const std::vector<UkiSection>& sections, std::string_view name) {
  return std::ranges::find(sections, name, &UkiSection::name) != sections.end();
}

// Group is the base, or one profile from its ".profile" on.
using Group = std::vector<UkiSection>;

Result<std::vector<Group>> Groups(const std::vector<UkiSection>& sections) {
  std::vector<Group> groups(1);
  for (const UkiSection& section : sections) {
    if (section.name == ".profile") groups.emplace_back();
    if (Has(groups.back(), section.name) && !MayRepeat(section.name)) {
      return InputError("UKI: found section " + Quote(section.name) +
                        " twice, expected it once in a profile");
    }
    groups.back().push_back(section);
  }
  return groups;
}

// Combine lets the profile's sections take the place of the base's.
UkiProfile Combine(const Group& base, const Group& own) {
  UkiProfile profile{own};
  for (const UkiSection& section : base) {
    if (!Has(own, section.name)) profile.sections.push_back(section);
  }
  std::ranges::stable_sort(profile.sections, {}, [](const UkiSection& section) {
    return Rank(section.name);
  });
  return profile;
}

}  // namespace

std::span<const std::string_view> UkiSectionNames() { return kUkiSectionNames; }

bool IsUkiSection(std::string_view name) {
  return Rank(name) < kUkiSectionNames.size();
}

Result<Uki> ReadUki(ByteSpan bytes) {
  Uki uki;
  TALLY_ASSIGN(uki.pe, ParsePe(bytes));
  for (const PeSection& section : uki.pe.sections) {
    if (!IsUkiSection(section.name)) continue;
    if (section.virtual_size > section.raw_size) {
      return InputError("UKI: found section " + Quote(section.name) + " with " +
                        std::to_string(section.virtual_size) +
                        " bytes in memory and " +
                        std::to_string(section.raw_size) +
                        " in the file, expected all of them in the file");
    }
    uki.sections.push_back({section.name, PeContent(uki.pe, section)});
  }
  TALLY_ASSIGN(const std::vector<Group> groups, Groups(uki.sections));
  if (groups.size() == 1) uki.profiles.push_back(Combine(groups[0], {}));
  for (size_t i = 1; i < groups.size(); ++i) {
    uki.profiles.push_back(Combine(groups[0], groups[i]));
  }
  return uki;
}

const UkiSection* FindUkiSection(const Uki& uki, std::string_view name) {
  const std::vector<UkiSection>& sections = uki.profiles.front().sections;
  const auto found = std::ranges::find(sections, name, &UkiSection::name);
  return found == sections.end() ? nullptr : &*found;
}

}  // namespace tally

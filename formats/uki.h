// Unified kernel images: a stub, a kernel and what it needs in one PE file.
//
// Follows UAPI.5, "Unified Kernel Image (UKI)", version 1, and systemd's
// src/fundamental/uki.{c,h} (v257) for the order in which the stub measures.
// See docs/formats/uki.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "formats/pe.h"

namespace tally {

// UkiSection is one section of a UKI, without the stub's own code.
struct UkiSection {
  std::string name;  // ".linux"
  ByteSpan content;
};

// UkiSectionNames returns the names that UAPI.5 knows, in the order in which
// systemd-stub measures them. ".pcrsig" is among them, though it is never
// measured.
std::span<const std::string_view> UkiSectionNames();

bool IsUkiSection(std::string_view name);

// UkiProfile is what boots if one profile is chosen: the sections of the base,
// with those of the profile in their place.
struct UkiProfile {
  std::vector<UkiSection> sections;  // in measured order
};

// Uki is a parsed view; it does not own the bytes.
struct Uki {
  Pe pe;
  // In file order, ".profile" and what follows it included.
  std::vector<UkiSection> sections;
  // One for each ".profile", or one for a file that has none.
  std::vector<UkiProfile> profiles;
};

// ReadUki reads a PE file with a ".linux" section, or add-ons and stubs without
// one. A section that is there twice in the base or in one profile is an input
// error.
Result<Uki> ReadUki(ByteSpan bytes);

// FindUkiSection returns the section of the first profile, or null.
const UkiSection* FindUkiSection(const Uki& uki, std::string_view name);

// WriteUki appends the sections to the stub in the canonical layout: in the
// given order, each from the next page of memory and the next file alignment.
// Unknown names, names that the stub or an earlier section of the same profile
// has, empty contents, stubs with certificates or without room for the section
// headers are input errors. Memory grows with the stub only.
Status WriteUki(ByteSpan stub, std::span<const UkiSection> sections,
                ByteSink& sink);

}  // namespace tally

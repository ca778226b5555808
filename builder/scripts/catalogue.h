// The catalogue: what the hand-written parts of common packages' maintainer
// scripts do to a fresh system. Data, in catalogue_*.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.h"

namespace tally {

// CatalogueRow translates one residue (builder/scripts/maintainer_script.h).
struct CatalogueRow {
  std::string_view package;
  std::string_view script;          // "postinst", or "preinst"
  std::string_view residue_sha256;  // hexadecimal
  std::string_view note;            // what it does; what is left out, and why
  std::string_view actions;         // builder/action.h, each line ends in '\n'
};

// The rows in byte order of package, script and digest.
std::span<const CatalogueRow> CatalogueAToK();
std::span<const CatalogueRow> CatalogueLToZ();

// FindInCatalogue returns null if nobody has read this text yet.
const CatalogueRow* FindInCatalogue(std::string_view package,
                                    std::string_view script,
                                    const Sha256Digest& residue_sha256);

// CatalogueActions returns the actions of a row, in order.
std::vector<std::string> CatalogueActions(const CatalogueRow& row);

}  // namespace tally

#include "builder/scripts/catalogue.h"

#include <algorithm>

#include "common/text.h"

namespace tally {

const CatalogueRow* FindInCatalogue(std::string_view package,
                                    std::string_view script,
                                    const Sha256Digest& residue_sha256) {
  const std::string digest = residue_sha256.hex();
  for (const std::span<const CatalogueRow> rows :
       {CatalogueAToK(), CatalogueLToZ()}) {
    const auto row = std::ranges::find_if(rows, [&](const CatalogueRow& known) {
      return known.package == package && known.script == script &&
             known.residue_sha256 == digest;
    });
    if (row != rows.end()) return &*row;
  }
  return nullptr;
}

std::vector<std::string> CatalogueActions(const CatalogueRow& row) {
  if (row.actions.empty()) return {};
  std::vector<std::string> actions = Split(row.actions, '\n');
  actions.pop_back();  // behind the last '\n'
  return actions;
}

}  // namespace tally

// SPDX 2.3, JSON. See docs/formats/sbom.md.
#pragma once

#include <string>

#include "sbom/components.h"

namespace tally {

// FormatSpdx returns sbom.spdx.json: the same bytes for the same document.
std::string FormatSpdx(const SbomDocument& document);

}  // namespace tally
